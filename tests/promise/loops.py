"""The Nth-failure loop (SQLite's own method): run a scenario, let it fail at point N, start again, look for loss and doubles; N = 1, 2, 3 ..."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from monitor.errors import StoreError
from monitor.store.driver import Store
from tests.promise.engines import Database, Sqlite
from tests.promise.faults import Faults, FaultyStore, Killed, Mode
from tests.promise.world import World, complaints, endpoints

ARTICLES = frozenset({1, 2, 3, 4})
"""What the world's feeds show."""

Life = Callable[[World, Store], object]


@dataclass
class Loop:
    """What a loop saw: the points at which it failed the program, and what was wrong afterwards, by point."""

    points: list[str] = field(default_factory=list)
    wrong: dict[int, list[str]] = field(default_factory=dict)
    repeats: int = 0


def one_life(world: World, store: Store) -> object:
    """The whole program once."""
    return world.cycle(store)


class Runner:
    """Runs a life with a fault and a second one without, on a copy of an empty database each time."""

    def __init__(self, folder: Path, life: Life = one_life, engine: type[Database] = Sqlite) -> None:
        self.world = World(folder)
        self.life = life
        self.database = engine(folder)

    def run(self, faults: Faults) -> list[str]:
        """What is wrong after a life that ended at the fault and one that followed it."""
        self.database.fresh()
        web = self.world.fresh()
        store = self.database.open()
        try:
            web.on_network = faults.point
            with contextlib.suppress(Killed, StoreError):
                self.life(self.world, FaultyStore(store, faults))
            web.on_network = lambda what: None
            for minutes in (20, 24 * 60):
                self.world.clock.at += timedelta(minutes=minutes)
                self.life(self.world, store)
            return complaints(store, web.accepted, endpoints(self.world.config), ARTICLES)
        finally:
            store.close()

    def repeats(self) -> int:
        """How often an endpoint was offered what it had accepted before, in the last run."""
        taken = [(each.host, each.id) for each in self.world.web.accepted]
        return len(taken) - len(set(taken))

    def loop(self, mode: Mode, every: int = 1, first: int = 1) -> Loop:
        """Fails at point `first`, then at every `every`th, until the scenario ends before it reaches its point."""
        found = Loop()
        at = first
        while True:
            faults = Faults(at, mode)
            wrong = self.run(faults)
            if len(faults.points) < at:
                return found
            found.points.append(faults.points[at - 1])
            found.repeats += self.repeats()
            if wrong:
                found.wrong[at] = wrong
            at += every

    def hunt(self, pattern: str) -> list[str]:
        """What is wrong after the first fault, among the points whose names match, that leaves anything wrong; [] where none does."""
        faults = Faults()
        if wrong := self.run(faults):
            return wrong
        for at, point in enumerate(faults.points, 1):
            if re.search(pattern, point) and (wrong := self.run(Faults(at))):
                return [f"after {point}", *wrong]
        return []
