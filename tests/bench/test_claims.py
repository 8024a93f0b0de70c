"""Issue 7: a claim stays quick however many sites are due and however many are taken. The normal run looks at query plans, the slow one takes the time."""

from __future__ import annotations

import os
import re
import statistics
import time
from datetime import datetime, timedelta

import pytest

from monitor.store import sites
from monitor.store.driver import Store, rows_of

DUE, LEASED = 100_000, 40_000
MEDIAN_MS = 5.0
LEASE = timedelta(minutes=5)
_SITES = "insert into sites(host, due_at, created_at) values {rows}"
_FEEDS = """
insert into feeds(site_id, name, url, interval_s, next_poll_at, created_at) select id, host, host, 3600, due_at, created_at from sites
"""


def fill(store: Store, count: int, due_at: datetime) -> None:
    """So many sites that are all due at one instant, as after the first start with a long list of feeds."""
    for first in range(0, count, 1000):
        rows = [{"host": f"paper{number}.example", "at": due_at} for number in range(first, min(count, first + 1000))]
        sql, values = rows_of(_SITES, "(:host, :at, :at)", rows)
        with store.write():
            store.run(sql, **values)
    with store.write():
        store.run(_FEEDS)
        store.run("analyze")


def plan(store: Store, sql: str, now: datetime) -> str:
    """What the engine's planner says of a claim's statement."""
    values = {"now": now, "until": now + LEASE, "owner": "nobody", "limit": 1}
    with store.write():
        if store.engine == "sqlite":
            return "\n".join(row["detail"] for row in store.all(f"explain query plan {sql}", **values))
        return "\n".join(row["QUERY PLAN"] for row in store.all(f"explain {sql}", **values))


@pytest.mark.parametrize("feeds_only", [False, True])
def test_a_claim_reads_no_more_than_it_takes(store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch, feeds_only: bool) -> None:
    """The statement walks the index of due times in its own order: no sort, no look at all sites, although all are due at one instant."""
    fill(store, 5000, now)
    said: list[str] = []
    monkeypatch.setattr(type(store), "all", lambda self, sql, /, **values: said.append(sql) or [])
    sites.claim(store, now, now + LEASE, 1, "nobody", feeds_only=feeds_only)
    monkeypatch.undo()
    told = plan(store, said[0], now)
    assert "sites_due" in told, told
    assert not re.search(r"Sort|TEMP B-TREE|Seq Scan on sites|SCAN sites(?! USING)", told), told


@pytest.mark.slow
def test_claims_stay_flat(store: Store, now: datetime) -> None:
    """100,000 sites due at one instant: the median of a claim is below 5 ms, and the same when 40,000 of them are leased."""
    fill(store, DUE, now)
    first = claims_ms(store, now, 500)
    taken = 500
    while taken < LEASED:
        taken += len(sites.claim(store, now, now + LEASE, 100, f"owner-{taken}"))
    last = claims_ms(store, now, 500)
    print(
        f"\n{store.engine}: a claim of {DUE} takes {statistics.median(first):.2f} ms, with {LEASED} leased {statistics.median(last):.2f} ms "
        f"(medians; worst {max(first + last):.1f} ms), load {os.getloadavg()[0]:.1f}"
    )
    assert statistics.median(last) < MEDIAN_MS
    assert statistics.median(last) < 2 * statistics.median(first) + 0.2


def claims_ms(store: Store, now: datetime, count: int) -> list[float]:
    """How long each of so many claims of one site took."""
    found = []
    for number in range(count):
        began_s = time.perf_counter()
        claimed = sites.claim(store, now, now + LEASE, 1, f"single-{number}")
        found.append((time.perf_counter() - began_s) * 1000)
        assert len(claimed) == 1
    return found
