"""Two designs found in the wild, a few lines each, in the loop that Monitor passes: one loses, the other repeats under a second identity."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor import pipeline
from monitor.daemon import take_over
from monitor.fetch import Request
from monitor.store.driver import Store
from tests.promise.faults import Faults
from tests.promise.loops import ARTICLES, Runner
from tests.promise.world import Web, World, title

HOST = "hook.example"
_UNTOLD = "select h.id, a.title from hits h join articles a on a.id = h.article_id where h.id not in (select hit from told) order by h.id"

_MORNING = """
select m.uid from messages m join digests d on d.id = m.digest_id join subscriptions s on s.id = d.subscription_id where s.name = 'morning'
"""


def mark_then_send(world: World, store: Store) -> None:
    """Marks a hit as told, then tells it: one identity, and a death in between loses it."""
    for row in _found(world, store):
        _mark(store, row["id"])
        _post(world, f"hit-{row['id']}", row["title"])


def send_then_mark(world: World, store: Store) -> None:
    """Tells a hit under a fresh identity, then marks it: a death in between tells it again as another thing."""
    for row in _found(world, store):
        _post(world, world.new_id(), row["title"])
        _mark(store, row["id"])


def monitor(world: World, store: Store) -> None:
    """The program itself."""
    world.cycle(store)


def _found(world: World, store: Store) -> list[dict[str, str]]:
    take_over(store, world.clock())
    with store.write():
        store.run("create table if not exists told(hit integer primary key)")
    app = world.app(store)
    for name in ("visit", "match", "group"):
        asyncio.run(pipeline.once(app, only=name))
    return store.all(_UNTOLD)


def _mark(store: Store, hit: str) -> None:
    with store.write():
        store.run("insert into told(hit) values (:hit)", hit=hit)


def _post(world: World, identity: str, text: str) -> None:
    headers = (("webhook-id", identity),)
    asyncio.run(world.web.send(Request(url=f"https://{HOST}/in", method="POST", headers=headers, body=text.encode())))


def counted(web: Web, owners: Callable[[str], bool]) -> Counter[str]:
    """Articles lost (told under no identity) and doubled (under two)."""
    found: Counter[str] = Counter()
    for number in ARTICLES:
        taken = {each.id for each in web.accepted if each.host == HOST and title(number).encode() in each.body and owners(each.id)}
        found["lost"] += not taken
        found["doubled"] += len(taken) > 1
    return found


def tally(folder: Path, life: Callable[[World, Store], None], pattern: str) -> Counter[str]:
    """Runs with a loss and runs with a double, over all points whose names match."""
    runner = Runner(folder, life)
    faults = Faults()
    runner.run(faults)
    found: Counter[str] = Counter()
    for at, point in enumerate(faults.points, 1):
        if not any(word in point for word in pattern.split("|")):
            continue
        runner.run(Faults(at))
        seen = counted(runner.world.web, _morning(runner.database.open()) if life is monitor else _all)
        found += Counter(points=1, lost=int(seen["lost"] > 0), doubled=int(seen["doubled"] > 0))
    print(f"{life.__name__}: {found['points']} points, lost in {found['lost']}, doubled in {found['doubled']}")
    return found


def _all(identity: str) -> bool:
    return True


def _morning(store: Store) -> Callable[[str], bool]:
    """The identities of one subscription: two of them tell the same endpoint, and each is a promise of its own."""
    known = {row["uid"] for row in store.all(_MORNING)}
    store.close()
    return known.__contains__


@pytest.mark.parametrize(
    ("life", "loses", "doubles"), [(mark_then_send, True, False), (send_then_mark, False, True), (monitor, False, False)]
)
def test_side_by_side(tmp_path: Path, life: Callable[[World, Store], None], loses: bool, doubles: bool) -> None:
    """Death at every point around the sending: marking first loses, sending first doubles, Monitor does neither."""
    found = tally(tmp_path, life, "post|commit of told")
    assert (found["lost"] > 0, found["doubled"] > 0) == (loses, doubles)
    assert found["points"] >= 9
