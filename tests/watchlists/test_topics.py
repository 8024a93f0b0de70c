"""Topics that seeds speak of, and phrases that they repeat."""

from monitor.model import Topic
from monitor.watchlists.blocks import Part, Parts
from monitor.watchlists.topics import known_topics, phrases

CHIPS = Topic(id="chips", title="Chips", words=(("en", ("chip", "chips", "semiconductor*")), ("vi", ("bán dẫn",))))
AI = Topic(id="ai", title="AI", words=(("en", ("AI",)),))
PARTS = Parts(parts={"tech": Part(name="tech", title="Tech", side="tech", topics=(CHIPS, AI))})
LINES = [
    ("1", "en", "The plant will make semiconductors for data centers and use renewable energy."),
    ("2", "en", "A data center needs chips; renewable energy feeds it. They ai at nothing."),
    ("3", "fr", "Le lithium du pays, encore le lithium."),
]


def test_known_topics() -> None:
    """Words of a topic are found with their endings, in their case, and counted by seed."""
    (found,) = known_topics(LINES, PARTS)
    assert (found.topic.id, found.side, found.seeds, found.count, found.forms) == (
        "chips",
        "tech",
        ("1", "2"),
        2,
        ("chips", "semiconductors"),
    )


def test_phrases() -> None:
    """Phrases of two seeds are found in the singular and plural as one; words of a known topic and of names are not."""
    found = {phrase.text: phrase for phrase in phrases(LINES, [CHIPS])}
    assert found["data center*"].seeds == ("1", "2")
    assert found["renewable energy"].seeds == ("1", "2")
    assert found["lithium"].words == (("fr", "lithium"),)
    assert not any("chip" in text or "semiconductor" in text for text in found)
    assert "center" not in found


def test_blanked_names() -> None:
    """What stands on both sides of a name is no phrase."""
    lines = [("1", "en", "turbine ||||| pipeline"), ("2", "en", "turbine ||||| pipeline")]
    assert {phrase.text for phrase in phrases(lines, [])} == {"turbine", "pipeline"}
