"""`monitor deliveries`: what was sent where, and what waits."""

from __future__ import annotations

import click

from monitor.cli.output import document, duration, emit, listing, plain, say, show
from monitor.cli.session import open_session
from monitor.errors import NothingSelected, UsageError


@click.group()
def deliveries() -> None:
    """What was sent where, and what waits."""


@deliveries.command("list")
@click.option("--since", default="30d", show_default=True, help="Planned within this time (90m, 24h, 7d).")
@click.option("--failed", is_flag=True, help="Only what did not go through at once.")
@listing()
@click.pass_context
def list_deliveries(ctx: click.Context, since: str, failed: bool, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """List deliveries, newest first.

    \b
    Example:
      monitor deliveries list --failed
    """
    from monitor.store.deliveries import listed

    session = open_session(ctx)
    rows = listed(session.store, session.now() - duration(since), limit, failed)
    emit(rows, ("id", "created_at", "destination", "state", "attempts", "next_attempt_at", "last_code", "subject"), as_json, as_jsonl)


@deliveries.command("show")
@click.argument("delivery_id", type=int)
@click.option("--eml", is_flag=True, help="Write the mail as it was sent to standard output.")
@document
@click.pass_context
def show_delivery(ctx: click.Context, delivery_id: int, eml: bool, as_json: bool) -> None:
    """Show one delivery with the log of its attempts.

    \b
    Example:
      monitor deliveries show 7
    """
    from dataclasses import asdict

    from monitor.store.deliveries import attempts, get, get_message

    session = open_session(ctx)
    delivery = get(session.store, delivery_id)
    message = get_message(session.store, delivery.message_id) if delivery else None
    if delivery is None or message is None:
        raise NothingSelected(f"there is no delivery {delivery_id}; see `monitor deliveries list`")
    if eml:
        from monitor.config import EmailChannel
        from monitor.deliveries.mime import mail_bytes

        channel = next((each for each in session.config.channel if each.name == delivery.channel), None)
        if not isinstance(channel, EmailChannel):
            raise UsageError(f"delivery {delivery_id} is no mail: it goes to {delivery.destination}")
        recipient = delivery.destination.removeprefix("mail:")
        click.echo(mail_bytes(message, sender=channel.sender, recipient=recipient, list_id=channel.list_id), nl=False)
        return
    log = [asdict(attempt) for attempt in attempts(session.store, delivery_id)]
    if as_json:
        show({**asdict(delivery), "uid": message.uid, "subject": message.subject, "log": log}, as_json=True)
        return
    show({**asdict(delivery), "identity": message.uid, "subject": message.subject})
    for attempt in log:
        ended = f"{attempt['outcome']} {plain(attempt['code'])} {plain(attempt['detail'])}" if attempt["ended_at"] else "outcome unknown"
        click.echo(f"attempt {attempt['epoch']} at {plain(attempt['started_at'])}: {ended}")


@deliveries.command("ping")
@click.argument("channel")
@click.option("--dry-run", is_flag=True, help="Print what would be sent; send nothing.")
@click.pass_context
def ping_channel(ctx: click.Context, channel: str, dry_run: bool) -> int:
    """Send a test to every destination of a channel, once. Exits with 1 where one did not take it.

    Example: monitor deliveries ping hook
    """
    session = open_session(ctx)
    names = [each.name for each in session.config.channel]
    chosen = next((each for each in session.config.channel if each.name == channel), None)
    if chosen is None:
        raise NothingSelected(f"there is no channel {channel!r}; there is {', '.join(names)}")
    if dry_run:
        from monitor.deliveries.ping import ping_message

        click.echo(ping_message(chosen, "preview", session.now()).body.decode("utf-8"))
        return 0
    answers = session.ping(chosen)
    rows = [{"destination": to, "outcome": said.outcome, "code": said.code, "detail": said.detail} for to, said in answers]
    emit(rows, ("destination", "outcome", "code", "detail"))
    return 0 if all(said.outcome == "sent" for _, said in answers) else 1


@deliveries.command()
@click.argument("delivery_ids", type=int, nargs=-1)
@click.option("--all-failed", is_flag=True, help="Every delivery that ended without success.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent again; change nothing.")
@click.pass_context
def retry(ctx: click.Context, delivery_ids: tuple[int, ...], all_failed: bool, dry_run: bool) -> None:
    """Make deliveries due now, under their old identity and with the same bytes.

    \b
    Example:
      monitor deliveries retry 7
    """
    from monitor.pipeline import quiet
    from monitor.store import deliveries as stored

    session = open_session(ctx)
    held = quiet(session.config.subscription, session.now())
    chosen = stored.failed_ids(session.store) if all_failed else delivery_ids
    if not chosen:
        raise NothingSelected("nothing to retry: name deliveries, or use --all-failed")
    for delivery_id in chosen:
        if stored.get(session.store, delivery_id) is None:
            raise NothingSelected(f"there is no delivery {delivery_id}; see `monitor deliveries list`")
    for delivery_id in chosen:
        if dry_run:
            say(f"delivery {delivery_id} would be sent again")
        elif stored.retry(session.store, delivery_id, session.now()):
            told = stored.tells(session.store, delivery_id)
            quiet_of = told.partition(":")[2] if told in held else ""
            say(f"delivery {delivery_id} is due {f'when the quiet hours of {quiet_of} are over' if quiet_of else 'now'}")
        else:
            say(f"delivery {delivery_id} is delivered or under way: nothing changed")
