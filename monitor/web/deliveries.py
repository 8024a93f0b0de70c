"""Deliveries: the ledger of what goes where, each attempt of one delivery, and sending again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.config.present import masked, secrets_in
from monitor.errors import NothingSelected, UsageError
from monitor.model import Attempt, Delivery
from monitor.store import deliveries as stored
from monitor.store.driver import Row
from monitor.web.desk import Answer, Asked, see_other
from monitor.web.render import page

LOOK_BACK = timedelta(days=60)
MOST = 200
MAY_RETRY = frozenset({"rejected", "parked", "expired", "pending"})


def deliveries(asked: Asked) -> Answer:
    """The ledger, newest first; `?failed=1`: only what did not go through at once."""
    failed = asked.query.get("failed") == "1"
    rows = stored.listed(asked.desk.store, asked.now - LOOK_BACK, MOST, failed)
    return page(
        asked,
        "deliveries.html",
        "Deliveries",
        rows=[_safe(asked, row) for row in rows],
        failed=failed,
        waiting=stored.waiting(asked.desk.store),
        ended=len(stored.failed_ids(asked.desk.store)),
        full=len(rows) == MOST,
        may_retry=MAY_RETRY,
        days=LOOK_BACK.days,
    )


def delivery(asked: Asked) -> Answer:
    """One delivery with the log of its attempts."""
    found = _found(asked)
    message = stored.get_message(asked.desk.store, found.message_id)
    if message is None:
        raise NothingSelected("there is no such delivery")
    secrets = secrets_in(asked.desk.config)
    return page(
        asked,
        "delivery.html",
        f"Delivery {found.id} to {found.destination}",
        delivery=replace(found, last_error=masked(found.last_error or "", secrets)),
        message=message,
        attempts=[_quiet(attempt, secrets) for attempt in reversed(stored.attempts(asked.desk.store, found.id))],
        may_retry=found.state in MAY_RETRY,
    )


def retry(asked: Asked) -> Answer:
    """Makes a delivery due now, under its old identity and with the same bytes."""
    found = _found(asked)
    if not stored.retry(asked.desk.store, found.id, asked.now):
        raise UsageError("this delivery is delivered or under way: nothing was changed")
    return see_other(f"/deliveries/{found.id}")


def _found(asked: Asked) -> Delivery:
    found = stored.get(asked.desk.store, asked.number())
    if found is None:
        raise NothingSelected("there is no such delivery")
    return found


def _safe(asked: Asked, row: Row) -> Row:
    return {**row, "last_error": masked(row["last_error"] or "", secrets_in(asked.desk.config))}


def _quiet(attempt: Attempt, secrets: tuple[str, ...]) -> Attempt:
    return replace(attempt, detail=masked(attempt.detail or "", secrets))
