"""What a digest tells, in which order, and that every hit gets one place."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.digests.select import Candidate, Selection, independent, select
from tests.digests.rows import SEVEN


def hit(number: int, **fields: object) -> Candidate:
    """A new alert of its own story, and some fields of one's own."""
    defaults: dict[str, object] = {
        "hit": number,
        "watchlist": "vn-us",
        "story": number,
        "band": "alert",
        "score": 6.0,
        "novelty": "new",
        "delta": (),
        "created_at": SEVEN,
        "article": number,
        "title": f"Headline number {number}",
        "url": f"https://news.example/{number}",
        "publisher": f"p{number}.example",
        "lang": "en",
        "published_at": None,
        "first_seen_at": SEVEN - timedelta(hours=2),
        "copy_of": None,
    }
    return Candidate(**{**defaults, **fields})  # type: ignore[arg-type]


def chosen(*candidates: Candidate, lang: str = "en", review: bool = True, max_items: int = 12) -> Selection:
    return select(candidates, lang=lang, review=review, max_items=max_items, now=SEVEN)


def places(selection: Selection) -> dict[int, str]:
    return {place.hit: place.shown_as for place in selection.places}


candidates = st.builds(
    hit,
    st.integers(1, 60),
    story=st.integers(1, 12),
    article=st.integers(1, 40),
    band=st.sampled_from(("alert", "review")),
    score=st.floats(3, 10),
    novelty=st.sampled_from(("new", "update", "echo", None)),
    delta=st.sampled_from(((), ("figure:USD:5",))),
    lang=st.sampled_from(("en", "vi", "fr")),
    title=st.sampled_from(("A headline here", "VOV", "")),
    told=st.sampled_from((0, 1, 2)),
    backfill=st.booleans(),
)


@given(st.lists(candidates, max_size=40, unique_by=lambda c: c.hit), st.booleans(), st.integers(1, 5))
def test_every_hit_has_one_place(found: list[Candidate], review: bool, size: int) -> None:
    """Whatever waits: each hit is placed once, items are at most the size, and a story leads one item only."""
    selection = chosen(*found, review=review, max_items=size)
    assert sorted(place.hit for place in selection.places) == sorted(c.hit for c in found)
    assert len(selection.items) - len(selection.of("found")) <= size
    leads = [item.lead.story for item in (*selection.items, *selection.overflow)]
    assert len(set(leads)) == len(leads)
    told = [place.position for place in selection.places if place.shown_as in {"new", "update", "review", "found"} and place.position]
    assert told == list(range(1, len(selection.items) + 1))


@given(st.lists(candidates, max_size=30, unique_by=lambda c: c.hit), st.randoms())
def test_the_order_of_arrival_does_not_matter(found: list[Candidate], random: object) -> None:
    """The same hits in any order give the same digest."""
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert chosen(*shuffled) == chosen(*found)


def test_one_story_is_one_item_led_by_its_best_hit() -> None:
    """The best hit leads; the others are folded into it."""
    selection = chosen(hit(1, story=1, score=5.5), hit(2, story=1, score=8.0), hit(3, story=1, score=6.0, novelty="echo"))
    (item,) = selection.items
    assert (item.kind, item.lead.hit, len(item.members)) == ("new", 2, 3)
    assert places(selection) == {1: "echo", 2: "new", 3: "echo"}
    assert selection.echoes == 2


def test_the_headline_is_in_the_readers_language() -> None:
    """A real headline in the reader's language is shown; a bare name is none, and then the lead's is."""
    found = (
        hit(1, story=1, score=8.0),
        hit(2, story=1, score=6.0, lang="vi", title="Tin về nhà máy"),
        hit(3, story=1, score=7.0, lang="fr", title="VOV"),
    )
    assert chosen(*found, lang="vi").items[0].shown.hit == 2
    assert chosen(*found, lang="fr").items[0].shown.hit == 1
    assert chosen(*found, lang="vi").items[0].lead.hit == 1


def test_a_told_story_returns_only_with_something_new() -> None:
    """Of a story told before, an update is an item with its facts, an echo is folded away."""
    update = hit(1, story=1, told=2, novelty="update", delta=("figure:USD:200000000",))
    selection = chosen(update, hit(2, story=1, told=2, novelty="echo", score=9.0), hit(3, story=2, told=2, novelty="echo"))
    (item,) = selection.items
    assert (item.kind, item.lead.hit, item.delta) == ("update", 1, ("figure:USD:200000000",))
    assert places(selection) == {1: "update", 2: "echo", 3: "echo"}


def test_a_story_seen_for_a_look_becomes_news() -> None:
    """What was only worth a look is a new development once it passes the alert line, and is not looked at twice without news."""
    assert chosen(hit(1, told=1)).items[0].kind == "new"
    assert chosen(hit(1, told=1, band="review", novelty="echo")).items == ()
    assert chosen(hit(1, told=1, band="review", novelty="update")).items[0].kind == "review"


def test_size_cuts_the_least_and_says_so() -> None:
    """Beyond the size the lowest ranked overflow; news goes before what is worth a look."""
    found = [hit(n, score=5.0 + n) for n in range(1, 5)] + [hit(9, band="review", score=4.9)]
    selection = chosen(*found, max_items=3)
    assert [item.lead.hit for item in selection.items] == [4, 3, 2]
    assert [item.lead.hit for item in selection.overflow] == [1, 9]
    assert places(selection)[9] == "overflow"


def test_without_review_low_scores_are_counted() -> None:
    """A subscription without the review band lists nothing of it, and counts it."""
    selection = chosen(hit(1, band="review"), review=False)
    assert (selection.items, selection.overflow, selection.below) == ((), (), 1)
    assert places(selection) == {1: "overflow"}


def test_copies_of_one_text_count_once() -> None:
    """Independent voices raise an item; copies and a publisher's second text do not."""
    one = hit(1, story=1, publisher="vna.vn")
    copies = [hit(n, story=1, copy_of=1, publisher=f"c{n}.vn") for n in range(2, 6)]
    assert independent([one, *copies]) == 1
    assert independent([one, hit(7, publisher="vna.vn"), hit(8, publisher="afp.com")]) == 2
    rivals = chosen(one, *copies, hit(10, story=2), hit(11, story=2), hit(12, story=2))
    assert [item.lead.story for item in rivals.items] == [2, 1]


def test_fresh_goes_before_old() -> None:
    """At equal scores the development seen last comes first."""
    selection = chosen(hit(1, first_seen_at=SEVEN - timedelta(days=2)), hit(2))
    assert [item.lead.hit for item in selection.items] == [2, 1]


def test_an_article_of_two_watchlists_is_told_once() -> None:
    """Stories of two watchlists that share an article are one item."""
    selection = chosen(
        hit(1, story=1, article=5), hit(2, story=2, article=5, watchlist="chips"), hit(3, story=2, article=6, watchlist="chips")
    )
    assert len(selection.items) == 1
    assert sorted(places(selection).values()) == ["echo", "echo", "new"]


@given(st.lists(candidates, max_size=40, unique_by=lambda c: c.hit))
def test_what_a_new_rule_found_in_history_is_never_news(found: list[Candidate]) -> None:
    """A find in history leads no item but one of its own kind, and is placed as found or as an echo."""
    selection = chosen(*found)
    old = {c.hit for c in found if c.backfill}
    assert all((item.lead.hit in old) == (item.kind == "found") for item in selection.items)
    assert {places(selection)[hit] for hit in old} <= {"found", "echo"}
    assert not any(item.lead.hit in old for item in selection.overflow)


def test_finds_beyond_twenty_are_counted() -> None:
    """The section shows the twenty best; the others are told as a number, and every hit has its place."""
    selection = chosen(*(hit(n, backfill=True, score=4.0 + n) for n in range(1, 26)))
    assert (len(selection.of("found")), selection.found_more) == (20, 5)
    assert [item.lead.hit for item in selection.items[:2]] == [25, 24]
    assert len(places(selection)) == 25
