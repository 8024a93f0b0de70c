"""Issue 7: several workers on one PostgreSQL lose nothing, double nothing and never crowd a host, whatever happens to them; and more are faster."""

from __future__ import annotations

import os

import pytest

from tests import postgres
from tests.simulation.__main__ import faulty
from tests.simulation.run import FAULTS, Outcome, Plan, run


def ran(plan: Plan) -> Outcome:
    """Runs a plan; skips, or fails where CI asks for PostgreSQL, where there is none."""
    postgres.server_address()
    outcome = run(plan)
    print(f"\n{outcome}")
    return outcome


def test_a_worker_dies_while_its_message_is_under_way() -> None:
    """The endpoint kills a worker at its first POST, with visits under way: the other one does the rest, under the same identities."""
    outcome = ran(Plan(workers=2, fault="post", hosts=10, articles=5, in_flight=4, lease_s=10.0))
    assert outcome.wrong == ()
    assert outcome.posts > outcome.identities, "nobody was killed between a POST and its commit"


def test_a_worker_stands_still_while_clocks_differ() -> None:
    """Of two workers whose clocks are ten minutes apart one stands still for more than two leases, and then goes on with what it thinks it holds:
    leases go by the server's clock, so the other one takes over when they end, not before.
    """
    outcome = ran(Plan(workers=2, fault="skew+pause", hosts=10, articles=5, in_flight=4, lease_s=4.0))
    assert outcome.wrong == ()


@pytest.mark.slow
@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "none"])
def test_nothing_is_lost_or_doubled(fault: str) -> None:
    """Three workers and one fault at 30 per cent of the pages, while the papers publish more."""
    outcome = ran(faulty(fault))
    assert outcome.wrong == ()


@pytest.mark.slow
def test_more_workers_are_faster() -> None:
    """Where the papers' pace is the limit, two workers do 1.7 times as much as one, and four three times; nothing is asked for twice."""
    one, two, four = (ran(Plan(workers=count, lease_s=15.0)) for count in (1, 2, 4))
    print(f"two: {two.per_s / one.per_s:.2f}, four: {four.per_s / one.per_s:.2f}; load {os.getloadavg()[0]:.1f}")
    for each in (one, two, four):
        assert each.wrong == ()
        assert each.fetched_again == 0
    assert two.per_s >= 1.7 * one.per_s
    assert four.per_s >= 3 * one.per_s
