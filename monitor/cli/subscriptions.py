"""`monitor subscriptions`: who is told what, and when next."""

from __future__ import annotations

from datetime import datetime

import click

from monitor.cli.output import document, emit, listing, show
from monitor.cli.session import Session, open_session
from monitor.errors import NothingSelected
from monitor.model import Subscription


@click.group()
def subscriptions() -> None:
    """Who is told what, and when next."""


@subscriptions.command("list")
@listing()
@click.pass_context
def list_subscriptions(ctx: click.Context, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """List subscriptions with their channels, next time and latest digest.

    \b
    Example:
      monitor subscriptions list
    """
    session = open_session(ctx)
    rows = [_row(session, each) for each in session.config.subscription[:limit]]
    emit(rows, ("name", "watchlists", "channels", "schedule", "next_at", "latest_at"), as_json, as_jsonl)


@subscriptions.command("show")
@click.argument("name")
@document
@click.pass_context
def show_subscription(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show one subscription: its schedule, when it began, what waits to be told.

    \b
    Example:
      monitor subscriptions show morning
    """
    from dataclasses import asdict

    from monitor.store.digests import waiting
    from monitor.store.subscriptions import get

    session = open_session(ctx)
    subscription = chosen(session, name)
    row = get(session.store, name)
    began = (
        {"since_at": row.since_at, "waiting_hits": len(waiting(session.store, row.id))} if row else {"since_at": None, "waiting_hits": 0}
    )
    show({**asdict(subscription), **_row(session, subscription), **began}, as_json)


@subscriptions.command("next")
@click.argument("name", required=False)
@listing(default=5)
@click.pass_context
def next_times(ctx: click.Context, name: str | None, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """Show the coming times of one or all subscriptions, in order; quiet hours move a time to their end.

    \b
    Example:
      monitor subscriptions next morning
    """
    from monitor.hours import next_slots, quiet_until, schedule_of

    session = open_session(ctx)
    found: list[dict[str, object]] = []
    for subscription in [chosen(session, name)] if name else session.config.subscription:
        schedule = schedule_of(subscription)
        for slot in next_slots(schedule, session.now(), min(limit, 1000)):
            sent_at = quiet_until(schedule, slot.due_at) or slot.due_at
            found.append({"subscription": subscription.name, "slot": slot.label, "due_at": slot.due_at, "sent_at": sent_at})
    found.sort(key=lambda row: (str(row["sent_at"]), str(row["subscription"])))
    emit(found[:limit], ("subscription", "slot", "sent_at"), as_json, as_jsonl)


def chosen(session: Session, name: str) -> Subscription:
    """The configured subscription of that name. Raises NothingSelected, naming those there are."""
    for subscription in session.config.subscription:
        if subscription.name == name:
            return subscription
    names = ", ".join(each.name for each in session.config.subscription) or "none"
    raise NothingSelected(f"there is no subscription {name!r} in {session.config.source}; there is: {names}")


def _row(session: Session, subscription: Subscription) -> dict[str, object]:
    from monitor.hours import from_text_or_none, next_slots, schedule_of
    from monitor.store.subscriptions import told

    sent = told(session.store).get(subscription.name, {"digests": 0, "latest_at": None})
    latest: datetime | None = from_text_or_none(sent["latest_at"])
    quiet = f", quiet {subscription.quiet}" if subscription.quiet else ""
    return {
        "name": subscription.name,
        "title": subscription.title,
        "watchlists": subscription.watchlists,
        "channels": subscription.channels,
        "schedule": f"{' '.join(subscription.at)} {subscription.days} {subscription.timezone}{quiet}",
        "next_at": next_slots(schedule_of(subscription), session.now(), 1)[0].due_at,
        "digests": sent["digests"],
        "latest_at": latest,
    }
