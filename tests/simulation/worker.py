"""`python -m tests.simulation.worker LEASE_S SKEW_S ARGUMENTS...`: the program itself, `monitor ARGUMENTS...`, in a hurry and with a wrong clock.

Only constants are other than in the program: leases and second tries after seconds instead of minutes, ticks five times
as often. SKEW_S moves this machine's clock.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from monitor import app, keeper, pipeline
from monitor.articles import retry
from monitor.articles import step as articles
from monitor.cli import main
from monitor.deliveries import step as deliveries
from monitor.deliveries import webhook
from monitor.feeds import step as feeds
from monitor.store import postgres


def hurry(lease_s: float) -> None:
    """Leases, looks and second tries of seconds; the server throws out who holds rows and says nothing for as long."""
    assert "'60s'" in postgres._SESSION
    postgres._SESSION = postgres._SESSION.replace("'60s'", f"'{int(lease_s * 1000)}ms'")
    lease = timedelta(seconds=lease_s)
    pipeline.LEASE = feeds._LEASE = articles._LEASE = deliveries._LEASE = lease
    webhook.MARGIN = lease
    retry.SCHEDULE = (lease / 2,) * len(retry.SCHEDULE)
    keeper.BEAT_S, keeper.DEGRADED_BEAT_S = 2, 1
    steps = pipeline.STEPS
    assert isinstance(steps, dict)
    for name, step in steps.items():
        steps[name] = replace(step, every_s=max(1, step.every_s // 5))


def set_clock(skew: timedelta) -> None:
    """Moves the clock of this process, which is asked in one module only."""

    class Wrong(datetime):
        @classmethod
        def now(cls, zone: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(zone) + skew

    app.datetime = Wrong  # type: ignore[misc,attr-defined]


if __name__ == "__main__":
    _, lease_s, skew_s, *arguments = sys.argv
    hurry(float(lease_s))
    set_clock(timedelta(seconds=float(skew_s)))
    sys.argv = ["monitor", *arguments]
    main()
