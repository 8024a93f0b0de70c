"""What is late, failing or stuck: read from the store, judged with the alarms' own judgement, told in plain words with the time since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.alarms.seen import Seen
from monitor.alarms.step import look
from monitor.alarms.trouble import DAEMON_SILENT, Patience, Trouble, judge
from monitor.store.counted import COUNTED, count
from monitor.store.driver import Store
from monitor.store.steps import StepRun, step_runs
from monitor.store.workers import Worker, workers

_COUNTS = """
select (select count(*) from feeds where state = 'active') as feeds,
  (select count(*) from articles where state = 'pending' and state <> 'done') as pending,
  (select count(*) from articles where state = 'dead' and state <> 'done') as dead,
  (select count(*) from digests where kind <> 'none') as digests, (select count(*) from deliveries where state = 'delivered') as delivered
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of the whole: what was looked at, and what follows from it. `workers` with what each holds; `steps` with their counts."""

    seen: Seen
    troubles: tuple[Trouble, ...]
    steps: tuple[StepRun, ...]
    workers: tuple[Worker, ...]
    counts: dict[str, int]

    @property
    def ok(self) -> bool:
        """True where nobody needs to act."""
        return not any(trouble.problem for trouble in self.troubles)


def read_health(store: Store, now: datetime) -> Health:
    """The health of the instance behind a store at an instant."""
    seen = look(store, now)
    return Health(
        seen=seen,
        troubles=_shown(seen, now),
        steps=step_runs(store),
        workers=workers(store, now - DAEMON_SILENT),
        counts={**(store.one(_COUNTS) or {}), **{table: count(store, table) for table in COUNTED}},
    )


def troubles(store: Store, now: datetime) -> tuple[Trouble, ...]:
    """Everything that is wrong or worth knowing, problems first."""
    return _shown(look(store, now), now)


def _shown(seen: Seen, now: datetime) -> tuple[Trouble, ...]:
    return tuple(trouble for trouble in judge(seen, Patience(), now) if trouble.level != "hidden")


def is_alive(store: Store, now: datetime, host: str) -> bool:
    """True where a daemon runs and wrote to the database within the last three minutes; of several machines, one on `host`."""
    return any(store.path is not None or worker.host == host for worker in workers(store, now - DAEMON_SILENT))
