"""The store under anything that may happen, in any order: hypothesis looks for a sequence that breaks a rule of the promise.

Written against the narrow port: each engine runs through the same machine.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from monitor import pipeline
from monitor.backoff import WEBHOOK, WEBHOOK_PATIENCE
from monitor.daemon import take_over
from monitor.deliveries.settle import settlement
from monitor.hours import from_text
from monitor.model import SendVerdict
from monitor.pipeline import App
from monitor.store import deliveries, sites
from monitor.store.deliveries import Claim
from monitor.store.driver import Store
from monitor.store.invariants import check_invariants
from tests.promise.engines import ENGINES, Database, Sqlite
from tests.promise.faults import Faults, FaultyStore, Killed
from tests.promise.world import MORNING, World

VERDICTS = {
    "sent": SendVerdict(outcome="sent", code="200"),
    "4xx": SendVerdict(outcome="again", code="429", retry_after_s=900),
    "5xx": SendVerdict(outcome="again", code="503"),
    "refused": SendVerdict(outcome="refused", code="550"),
    "parked": SendVerdict(outcome="parked", code="410"),
    "probed": SendVerdict(outcome="parked", code="535", retry_after_s=3600),
}
NUMBERS = st.integers(1, 9)


class Promise(RuleBasedStateMachine):
    """Feeds grow and change, steps run or die, deliveries end in every way, clocks jump, the configuration changes. After each rule I1 to I4 hold."""

    engine: type[Database] = Sqlite

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="promise-"))
        self.world = World(self.folder)
        self.database = self.engine(self.folder)
        self.store: Store = self.database.open()
        self.other: Store = self.database.open()
        self.held: list[Claim] = []
        self.accepted: dict[tuple[str, str], set[bytes]] = {}
        self.delivered: set[int] = set()
        self.offered: dict[str, list[int]] = {}
        self.subscribed = ("morning", "noon")
        self.app: App = self.world.app(self.store)
        self.configure()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.other.close()
            self.database.close()
            shutil.rmtree(self.folder)

    def configure(self) -> None:
        chosen = tuple(each for each in self.world.config.subscription if each.name in self.subscribed)
        self.app = replace(self.app, config=replace(self.world.config, subscription=chosen))

    def step(self, name: str, store: Store | None = None) -> None:
        asyncio.run(pipeline.once(replace(self.app, store=store or self.store), only=name))

    @property
    def now(self) -> datetime:
        return self.world.clock.at

    # --- what comes in ---

    @rule(host=st.sampled_from(["one.example", "two.example"]), number=NUMBERS)
    def a_feed_shows_an_article(self, host: str, number: int) -> None:
        items = self.world.web.items[host]
        if number not in items:
            items.append(number)

    @rule(host=st.sampled_from(["one.example", "two.example"]))
    def a_feed_forgets_its_oldest(self, host: str) -> None:
        del self.world.web.items[host][:1]

    @rule(name=st.sampled_from(["visit", "match", "group", "plan"]))
    def a_step(self, name: str) -> None:
        self.step(name)

    @rule(name=st.sampled_from(["visit", "match", "group", "plan"]), at=st.integers(1, 25))
    def a_step_dies(self, name: str, at: int) -> None:
        faults = Faults(at)
        self.world.web.on_network = faults.point
        try:
            self.step(name, FaultyStore(self.store, faults))
        except Killed:
            pass
        finally:
            self.world.web.on_network = lambda what: None

    @rule()
    def a_new_life(self) -> None:
        take_over(self.store, self.now)

    # --- what goes out ---

    @rule(second=st.booleans(), limit=st.integers(1, 4))
    def a_worker_claims(self, second: bool, limit: int) -> None:
        store = self.other if second else self.store
        owner = self.world.new_id()
        for claimed in deliveries.claim(store, self.now, self.now + timedelta(minutes=5), owner, limit):
            assert claimed.delivery.id not in self.delivered, "a delivered delivery was claimed"
            older = [each["id"] for each in store.all(_OLDER, destination=claimed.delivery.destination, id=claimed.delivery.id)]
            assert older == [], f"{claimed.delivery.id} overtakes {older}"
            self.held.append(claimed)

    @precondition(lambda self: self.held)
    @rule(pick=st.integers(0, 9), said=st.sampled_from(sorted(VERDICTS)), share=st.floats(0, 0.99))
    def a_worker_settles(self, pick: int, said: str, share: float) -> None:
        claimed = self.held.pop(pick % len(self.held))
        verdict = VERDICTS[said]
        if said == "sent":
            self._accept(claimed)
        settled = settlement(verdict, claimed.delivery.attempts, claimed.first_attempt_at, WEBHOOK, WEBHOOK_PATIENCE, share, self.now)
        if deliveries.settle(self.store, claimed, verdict, settled.state, settled.next_attempt_at, self.now) and said == "sent":
            self.delivered.add(claimed.delivery.id)

    @precondition(lambda self: self.held)
    @rule(pick=st.integers(0, 9), accepted=st.booleans())
    def a_worker_dies(self, pick: int, accepted: bool) -> None:
        """Ambiguous when the endpoint had accepted."""
        claimed = self.held.pop(pick % len(self.held))
        if accepted:
            self._accept(claimed)

    @rule(pick=st.integers(0, 30))
    def a_person_retries(self, pick: int) -> None:
        ids = [row["id"] for row in self.store.all("select id from deliveries order by id")]
        if ids:
            deliveries.retry(self.store, ids[pick % len(ids)], self.now)

    def _accept(self, claimed: Claim) -> None:
        self.accepted.setdefault((claimed.delivery.destination, claimed.message.uid), set()).add(claimed.message.body)

    # --- time and configuration ---

    @rule(hours=st.sampled_from([0.1, 1, 5, 24, 24 * 9]))
    def time_passes(self, hours: float) -> None:
        self.world.clock.at += timedelta(hours=hours)

    @rule(days=st.sampled_from([1, 2000]))
    def the_clock_jumps_ahead_and_a_tick_happens(self, days: int) -> None:
        right = self.now
        self.world.clock.at += timedelta(days=days)
        self.step("plan")
        deliveries.claim(self.store, self.now, self.now + timedelta(minutes=5), self.world.new_id(), 5)
        self.world.clock.at = right

    @rule(hours=st.sampled_from([1, 30]))
    def the_clock_goes_back(self, hours: float) -> None:
        self.world.clock.at = max(MORNING, self.now - timedelta(hours=hours))

    @rule(names=st.sampled_from([("morning",), ("noon",), ("morning", "noon"), ()]))
    def the_configuration_changes(self, names: tuple[str, ...]) -> None:
        self.subscribed = names
        self.configure()

    # --- the promise ---

    @invariant()
    def every_rule_holds(self) -> None:
        if hasattr(self, "store"):
            assert check_invariants(self.store) == ()

    @invariant()
    def delivered_stays_delivered(self) -> None:
        if hasattr(self, "store"):
            states = {row["id"]: row["state"] for row in self.store.all("select id, state from deliveries")}
            assert {number for number in self.delivered if states[number] != "delivered"} == set()

    @invariant()
    def an_identity_has_one_content(self) -> None:
        if hasattr(self, "accepted"):
            assert [key for key, bodies in self.accepted.items() if len(bodies) > 1] == []

    def settle_down(self) -> None:
        """From any state: with the whole configuration back, the clock right and every endpoint well, everything that was found is told."""
        self.subscribed = ("morning", "noon")
        self.configure()
        for _ in range(3):
            self.a_day()
        self.world.clock.at = max([self.now, *self.taken()])
        self.a_day()
        for number in deliveries.failed_ids(self.store):
            deliveries.retry(self.store, number, self.now)
        self.step("deliver")
        assert self.store.all(_WAITING) == []
        assert self.store.all("select id from deliveries where state <> 'delivered'") == []
        assert sites.free_all(self.store, self.now) == 0

    def a_day(self) -> None:
        """A new life runs all steps, and a day passes."""
        take_over(self.store, self.now)
        for name in ("visit", "match", "group", "plan", "deliver"):
            self.step(name)
        self.world.clock.at += timedelta(days=1)

    def taken(self) -> list[datetime]:
        """The slots ahead that a clock ahead took: they are not told again (RELIABILITY 2.7), and what waits goes with the first after them."""
        slots = [from_text(row["due_at"]) for row in self.store.all("select due_at from slots where due_at > :now", now=self.now)]
        return [due_at + timedelta(days=1) for due_at in slots if due_at < self.now + timedelta(days=1000)]


_OLDER = "select id from deliveries where destination = :destination and id < :id and state in ('pending', 'sending', 'parked')"
_WAITING = """
select h.id, s.name from hits h join subscription_watchlists w on w.watchlist = h.watchlist join subscriptions s on s.id = w.subscription_id
where not exists (select 1 from digest_hits d where d.subscription_id = s.id and d.hit_id = h.id)
"""


class Ending(Promise):
    """The same machine, ended in order: nothing may be left behind."""

    def teardown(self) -> None:
        try:
            if hasattr(self, "store"):
                self.settle_down()
        finally:
            super().teardown()


def test_the_promise_holds_in_any_order(engine: str) -> None:
    """A few sequences in the normal run; `HYPOTHESIS_PROFILE=deep` with -m slow looks at many more."""
    Ending.engine = ENGINES[engine]
    run_state_machine_as_test(
        Ending,
        settings=settings(
            max_examples=6 if engine == "sqlite" else 3, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.slow
def test_the_promise_holds_in_many_orders(engine: str) -> None:
    """A hundred and fifty sequences of thirty rules."""
    Ending.engine = ENGINES[engine]
    run_state_machine_as_test(
        Ending, settings=settings(max_examples=150, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    )
