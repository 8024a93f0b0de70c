"""Which measured proposals are worth showing, and in which order."""

from __future__ import annotations

from monitor.hits.tuning import Candidate, Marked, Proposal, combined, measured, ranked
from monitor.model import Verdict
from monitor.toml_edit import Edit


def marked(hit: int, useful: bool) -> Marked:
    return Marked(
        hit=hit, useful=useful, reason="", text="", verdict=Verdict(watchlist="w", watchlist_digest="", band="alert", score=5.0, rule="")
    )


def edit(name: str) -> Edit:
    return Edit(table=("mask",), key="names", add=(name,))


def proposal(name: str, drops: int, loses: int = 0, cut: int = 0, asked: bool = False) -> Proposal:
    return Proposal(
        text=name, edits=(edit(name),), drops=tuple(range(drops)), loses=tuple(range(100, 100 + loses)), others=(), cut=cut, asked=asked
    )


def test_the_cost_is_what_is_in_no_band_afterwards() -> None:
    """Hits that were in a band and are in none are dropped or lost by their mark; unmarked ones are told apart; lowered ones are no cost."""
    hits = [marked(1, useful=False), marked(2, useful=True), marked(3, useful=False)]
    found = measured(
        Candidate(text="x", edits=()), hits, {1: "alert", 2: "alert", 3: "alert", 4: "review"}, {1: None, 2: None, 3: "review", 4: None}
    )
    assert (found.drops, found.loses, found.others) == ((1,), (2,), (4,))
    assert found.told() == "x: drops 1, loses 1, drops 1 unmarked"


def test_free_ones_first_and_chance_left_out() -> None:
    """Nothing useful lost comes first, then many drops, then the smaller cut; one drop is chance unless a reader asked for it."""
    given = [
        proposal("costly", 9, loses=1),
        proposal("wide", 4, cut=3),
        proposal("small", 4),
        proposal("once", 1),
        proposal("even", 2, loses=2),
    ]
    assert [one.text for one in ranked([*given, proposal("asked", 1, asked=True)])] == ["small", "wide", "asked", "costly"]


def test_together_only_what_adds() -> None:
    """Free proposals are joined where the joint edit, measured as a whole, drops more and still loses nothing."""
    one, two, loses = proposal("one", 2), proposal("two", 3), proposal("loses", 9, loses=1)

    def measure(candidate: Candidate) -> Proposal:
        names = [each.add[0] for each in candidate.edits]
        return proposal("; ".join(names), 5 if len(names) == 2 else 3, loses=int("bad" in names))

    both = combined([two, proposal("one", 4)], measure)
    assert both is not None
    assert (both.text, len(both.drops)) == ("two; one", 5)
    assert combined([loses], measure) is None
    assert combined([two, one], measure) is not None
