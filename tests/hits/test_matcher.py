"""Verdicts: bands, bonds, named parts of the score, reasons and snippets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.hits.changes import changes
from monitor.hits.compile import compile_matcher
from monitor.hits.explain import explain
from monitor.model import Side, Verdict
from monitor.text import clean
from tests.hits.world import matcher, watchlist

MATCHER = matcher()


def verdict(title: str, text: str = "", lang: str = "en", weak: bool = False, **fields: object) -> Verdict:
    chosen = matcher(**fields) if fields else MATCHER
    return chosen.verdict_of("vn-us", title, text, lang, weak)


def points(found: Verdict) -> dict[str, float]:
    return {part.name: part.points for part in found.parts}


GOOD = ("FPT and Nvidia sign AI deal in Hanoi", "The two firms will build an AI factory in Vietnam.")


def test_the_score_is_the_sum_of_its_named_parts() -> None:
    """Every point has a name, and the names say where it came from."""
    found = verdict(*GOOD)
    assert found.band == "alert"
    assert found.score == pytest.approx(sum(points(found).values()), abs=0.011)
    assert points(found) == {
        "bond": 1.0,
        "topics": 1.0,
        "verbs": 0.5,
        "named actor: vietnam": 0.5,
        "named actor: us": 0.5,
        "in the title: vietnam": 0.6,
        "in the title: us": 0.6,
        "in the title: tech": 0.6,
        "told again": 0.25,
    }


def test_reasons_are_plain_words() -> None:
    """A reader can check each reason against the text."""
    assert verdict(*GOOD).reasons == ("FPT, Hà Nội and NVIDIA in the title", "topic ai", "verb sign")


@pytest.mark.parametrize(
    ("title", "text", "near"),
    [
        ("Chips", "FPT met Apple on chips.", 1.0),
        ("News", "FPT met Apple. Chips were the subject.", 0.8),
        ("FPT meets Apple", "Chips were the subject.", 0.8),
        ("News", "FPT came. It rained. Apple makes chips.", None),
    ],
)
def test_sides_bind_in_one_sentence_or_with_a_neighbour(title: str, text: str, near: float | None) -> None:
    """One sentence binds fully, a neighbour or the title less, more distance not at all."""
    found = verdict(title, text)
    assert points(found).get("bond") == near
    if near is None:
        assert "too far apart" in found.reasons[0]


def test_a_wider_bond_is_a_choice_of_the_watchlist() -> None:
    """`bond = "near"` takes neighbours at full value, `bond = "article"` any distance."""
    apart = ("News", "FPT came. It rained. Apple makes chips.")
    assert verdict(*apart, bond="near").band is None
    assert points(verdict(*apart, bond="article"))["bond"] == 1.0
    assert points(verdict("News", "FPT met Apple. Chips were the subject.", bond="near"))["bond"] == 1.0


def test_an_article_that_comes_back_to_the_subject_scores_more() -> None:
    """Each further sentence that names two sides adds a quarter point, four at most; a mention in passing stays one."""
    again = "FPT is to make chips. "
    scores = [points(verdict("News", "FPT met Apple on chips. " + again * n)).get("told again", 0.0) for n in (0, 1, 4, 9)]
    assert scores == [0.0, 0.25, 1.0, 1.0]


def test_a_text_without_end_is_read_to_sixty_thousand_characters() -> None:
    """A page of any size costs a bounded time."""
    found = verdict("News", "Words and words. " * 4000 + "FPT met Apple on chips.")
    assert found.mentions == ()
    assert verdict("T" * 70_000, "FPT met Apple on chips.").band is None


@pytest.mark.parametrize("title", ["Nvidia invests in Vietnam", "Nvidia talks of Vietnam", "Nvidia talks with To Lam"])
def test_a_firm_implies_its_topic(title: str) -> None:
    """A firm of one field stands for it, whatever it does: headlines name the firm and leave the field out."""
    assert {m.id for m in verdict(title).mentions if m.kind == "topic"} == {"ai"}


def test_a_topic_that_is_only_implied_counts_half() -> None:
    """Without a strong verb a firm's subject is a guess: half its weight, and the title is not said to name it."""
    guessed, proven = points(verdict("Nvidia talks with FPT")), points(verdict("Nvidia signs with FPT"))
    assert (guessed["topics"], proven["topics"]) == (0.5, 1.0)
    assert ("in the title: tech" in guessed, "in the title: tech" in proven) == (False, True)


def test_more_names_count_a_little() -> None:
    """Each further actor in the bonded sentence adds a quarter point, three at most."""
    assert points(verdict("FPT meets Apple and Intel on AI"))["more actors"] == 0.25
    assert points(verdict("FPT, Vingroup and Apple, Intel, Nvidia and Amazon talk of AI"))["more actors"] == 0.75


def test_third_countries_count_against() -> None:
    """A third country in the title without one of the sides costs most; beside both sides only a little."""
    off = verdict("Samsung expands in Vietnam", "Samsung of Vietnam and Intel make chips.")
    assert points(off)["title names a third country"] == -2.0
    both = verdict("US and Vietnam agree on chips despite China")
    assert "title names a third country" not in points(both)
    assert points(both)["third country"] == -0.4


def test_consumer_cues_count_outside_names_only() -> None:
    """The firm Visa is no visa; prices count against, at most three points."""
    assert "cue: consumer" not in points(verdict("Visa Inc and FPT build AI"))
    assert points(verdict("FPT and Apple AI: price and prices on sale"))["cue: consumer"] == -3.0


def test_a_title_without_a_side_costs_a_point() -> None:
    """A text that only touches the subject says so in its headline."""
    assert points(verdict("What a week", "FPT and Apple build chips."))["title names no side"] == -1.0


def test_bands_and_the_teaser_penalty() -> None:
    """From `alert` a new development, from `review` worth a look; a teaser needs a point more."""
    found = verdict(*GOOD)
    assert verdict(*GOOD, alert=found.score).band == "alert"
    assert verdict(*GOOD, alert=found.score + 0.01).band == "review"
    assert verdict(*GOOD, alert=9.0, review=found.score + 0.01).band is None
    weak = verdict(*GOOD, weak=True)
    assert weak.score == pytest.approx(found.score - 1)
    assert points(weak)["teaser only"] == -1.0


def test_a_roundup_never_alerts() -> None:
    """An item of a roundup is worth a look at most, and its neighbours lend it nothing."""
    item = "FPT và Nvidia ký hợp tác AI, đầu tư bán dẫn ở Việt Nam và Mỹ"
    found = verdict(f"Điểm tin 6h: Mưa lớn | {item}", "", "vi")
    assert found.band == "review"
    assert "one item of a roundup" in points(found)
    assert verdict("Điểm tin 6h: FPT tăng giá | Apple làm chip", "", "vi").band is None


def test_the_rule_decides_before_the_score() -> None:
    """However strong the bond, a text that the match line excludes is a miss."""
    assert verdict(*GOOD, match="vietnam and us and not tech").band is None
    assert verdict(*GOOD, match="vietnam near/3 us and tech").band == "alert"
    assert verdict(*GOOD, match="vietnam near/0 us and tech").band is None


def test_one_name_may_stand_for_two_sides() -> None:
    """An entity listed on two sides is a mention of both."""
    vietnam, us, _ = watchlist().sides
    nvidia = next(entity for entity in us.entities if entity.id == "nvidia")
    sides = (vietnam, us, Side(id="tech", title="", entities=(nvidia,)))
    found = compile_matcher([watchlist(sides=sides)]).verdict_of("vn-us", "Nvidia in Vietnam", "", "en")
    assert {m.side for m in found.mentions if m.id == "nvidia"} == {"us", "tech"}
    assert found.score > 0


def test_a_long_sentence_is_cut_around_its_names() -> None:
    """A snippet has at most 240 characters, and its marks point at the names."""
    text = "Words " * 60 + "and FPT met Apple on chips in Vietnam " + "and so on " * 40 + "."
    shown = verdict("News", text).snippet
    assert len(shown.text) <= 240
    assert shown.text.startswith("…")
    assert shown.text.endswith("…")
    assert [shown.text[start:end] for start, end in shown.marks] == ["FPT", "Apple", "chips", "Vietnam"]


def test_a_sentence_that_says_it_all_is_quoted() -> None:
    """Where the title and a later sentence score highest together, the sentence that names every side by itself is quoted all the same."""
    lead = "FPT of Vietnam and Nvidia of the United States spoke about chips."
    shown = verdict(
        "Nvidia and FPT sign and build a chip plant in Vietnam", f"{lead} They signed in Hanoi and will build and invest."
    ).snippet
    assert shown.text == lead


def test_several_watchlists_share_one_reading() -> None:
    """Each watchlist has its own verdict, masks and names."""
    other = watchlist(id="other", match="us and tech", masks=("AI deal",))
    both = compile_matcher([watchlist(), other])
    assert {v.watchlist for v in both.verdicts(*GOOD, "en")} == {"vn-us", "other"}
    assert both.verdict_of("vn-us", *GOOD, "en") == verdict(*GOOD)
    assert both.best_score("Rain", "It rained.", "en") == 0.0
    assert both.best_score(*GOOD, "en") == verdict(*GOOD).score
    with pytest.raises(KeyError):
        both.verdict_of("none", "", "", "")


def test_nothing_to_find_is_no_error() -> None:
    """A watchlist of empty sides, an empty text and an empty title give a miss."""
    assert verdict("", "").band is None
    assert compile_matcher([]).verdicts("a", "b", "en") == ()


def test_a_miss_says_what_is_lacking() -> None:
    """The side that nothing names, and what does stand there."""
    assert verdict("FPT builds AI").reasons == ("nothing names United States", "Vietnam: FPT", "technology: ai")


def test_explain_shows_text_score_and_refusals() -> None:
    """The lines hold the marked sentences, every part of the score, and every refused name with its reason."""
    title, text = "FPT meets Nvidia on AI", "Tell us more. They build in Vietnam."
    lines = "\n".join(explain(verdict(title, text), watchlist(), title, text))
    assert "HIT vn-us" in lines
    assert "title: [FPT|fpt] [meets|deal] [Nvidia|nvidia,ai] on [AI|ai]" in lines
    assert "+1.00  bond" in lines
    assert "'us' for us: upper and lower case differ" in lines


@pytest.mark.parametrize(
    ("title", "text", "change"),
    [
        ("FPT and Visa build AI", "", None),
        ("Visa builds AI in Vietnam", "", "exact_names of visa: add 'Visa'"),
        ("MongoDB builds AI in Vietnam", "", "side us: add the name 'MongoDB'"),
        ("FPT and Apple sign agreement", "", "side tech: add the word 'agreement'"),
        ("FPT came", "It rained. It met Apple. It rained. It makes chips.", 'bond = "article"'),
        ("Samsung in Vietnam", "Apple makes chips and AI in Vietnam.", "review = "),
        ("Apple AI price in Vietnam on sale", "Prices.", "without the cue consumer"),
    ],
)
def test_a_change_that_is_proposed_works(title: str, text: str, change: str | None) -> None:
    """For a miss the smallest changes are named, each tried before it is told; a hit needs none."""
    found = changes(watchlist(), title, text, "en")
    if change is None:
        assert found == ()
    else:
        assert any(each.text.startswith(change) for each in found), found


_words = st.lists(
    st.sampled_from((*"ab.\n|;", "Vietnam", "Mỹ", "Tô Lâm", "Visa", "chip", "US$", "Điểm tin", "and Lam", "FPT")), max_size=12
).map(" ".join)


@given(st.one_of(_words, st.text(max_size=30)), st.one_of(_words, st.text(max_size=60)))
def test_any_text_has_a_verdict_and_the_same_one_twice(title: str, text: str) -> None:
    """Verdicts are total and deterministic, and their offsets lie in the text."""
    title, text = clean(title).replace("\n", " "), clean(text)
    first = MATCHER.verdict_of("vn-us", title, text, "vi")
    whole = f"{title}\n{text}"
    assert first == MATCHER.verdict_of("vn-us", title, text, "vi")
    assert all(whole[m.start : m.end] == m.alias for m in first.mentions)
    assert all(0 <= start < end <= len(first.snippet.text) for start, end in first.snippet.marks)
