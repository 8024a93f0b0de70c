"""`monitor digests`: what was told, what would be told now, and telling it now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.output import duration, emit, json_text, listing, say
from monitor.cli.session import Session, open_session
from monitor.cli.subscriptions import chosen
from monitor.errors import NothingSelected, UsageError

if TYPE_CHECKING:
    from monitor.digests.document import Document
    from monitor.digests.render import Mail
    from monitor.model import Subscription
    from monitor.pipeline import App

FORMS = ("webhook", "slack", "discord", "telegram", "teams", "apprise")


@click.group()
def digests() -> None:
    """List, show, preview and send digests."""


@digests.command("list")
@click.option("--since", default="30d", show_default=True, help="Made within this time (24h, 7d).")
@click.option("--subscription", help="Of this subscription only.")
@click.option("--empty", is_flag=True, help="Also the slots in which there was nothing to send.")
@listing()
@click.pass_context
def list_digests(ctx: click.Context, since: str, subscription: str | None, empty: bool, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """List digests, newest first.

    \b
    Example:
      monitor digests list --since 30d
    """
    from monitor.store.digests import listed

    session = open_session(ctx)
    rows = listed(session.store, session.now() - duration(since), limit, subscription, empty)
    emit(rows, ("id", "created_at", "subscription", "hits", "delivered", "deliveries", "subject"), as_json, as_jsonl)


@digests.command("show")
@click.argument("digest_id")
@click.option("--text", "form", flag_value="text", default="text", help="The text as it was sent (default).")
@click.option("--html", "form", flag_value="html", help="The HTML as it was sent.")
@click.option("--json", "form", flag_value="json", help="One JSON document: content, every hit's place, deliveries.")
@click.pass_context
def show_digest(ctx: click.Context, digest_id: str, form: str) -> None:
    """Show a digest by number or id.

    \b
    Example:
      monitor digests show 12
    """
    from monitor.digests.payload import from_json, plain
    from monitor.digests.render import render_mails
    from monitor.store import digests as stored

    store = open_session(ctx).store
    digest = stored.get(store, digest_id)
    if digest is None:
        raise NothingSelected(f"there is no digest {digest_id}; see `monitor digests list`")
    if form == "json":
        content = {
            "id": digest.id,
            "subject": digest.subject,
            "sha256": digest.sha256,
            "document": plain(digest.payload),
            "hits": stored.members(store, digest.id),
            "deliveries": stored.sent_to(store, digest.id),
        }
        click.echo(json_text(content, indent=2))
    elif form == "html":
        click.echo(stored.html_of(store, digest.id) or render_mails(from_json(digest.payload))[0].html)
    else:
        sent = stored.text_of(store, digest.id)
        click.echo(sent or "\n".join(mail.text for mail in render_mails(from_json(digest.payload))), nl=False)


@digests.command("preview")
@click.argument("subscription", required=False)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the HTML to this file.")
@click.option("--eml", type=click.Path(dir_okay=False, path_type=Path), help="Write the mail to this file.")
@click.option(
    "--channel", type=click.Choice(FORMS), help="Print the exact payload of this kind of channel, one JSON document for each part."
)
@click.pass_context
def preview_digest(ctx: click.Context, subscription: str | None, html: Path | None, eml: Path | None, channel: str | None) -> None:
    """Show what would be sent now. Nothing is written to the database.

    Example: monitor digests preview morning --channel slack
    """
    session = open_session(ctx)
    found = _preview(session, _subscription(session, subscription))
    if channel is not None:
        for body in _payloads(found, channel):
            click.echo(body.decode("utf-8"))
    for path, content in ((html, _html), (eml, _eml)):
        if path is not None:
            path.write_bytes(content(_mails(session, found)[0], found))
            say(f"written: {path}")
    if not (channel or html or eml):
        _print(_mails(session, found))


def _mails(session: Session, found: Document) -> tuple[Mail, ...]:
    """The mails as they would be sent; where a template of the operator's fails, that is said and the built-in look is shown."""
    from monitor.digests.render import render_mails
    from monitor.digests.template import TemplateFault

    try:
        return render_mails(found, session.templates)
    except TemplateFault as fault:
        say(f"the built-in look is used: {fault}")
        return render_mails(found)


def _payloads(found: Document, channel: str) -> list[bytes]:
    from monitor.digests.chat import render_chat
    from monitor.digests.render import render_events

    return list(render_events(found)) if channel == "webhook" else [part.body for part in render_chat(found, channel)]


def _html(mail: Mail, _found: Document) -> bytes:
    return mail.html.encode("utf-8")


def _eml(mail: Mail, found: Document) -> bytes:
    from monitor.deliveries.mime import mail_bytes
    from monitor.hours import from_text
    from monitor.model import Message

    made_at = from_text(found.made_at)
    fields = {"id": 0, "uid": found.uid, "digest_id": None, "form": "mail", "part": 1, "parts": 1, "sha256": ""}
    message = Message(subject=mail.subject, body=mail.body(), created_at=made_at, **fields)  # type: ignore[arg-type]
    return mail_bytes(message, sender="monitor@localhost.localdomain", recipient="reader@localhost.localdomain", list_id="")


def _print(mails: Sequence[Mail]) -> None:
    click.echo(f"Subject: {mails[0].subject}\n")
    click.echo("\n".join(mail.text for mail in mails), nl=False)


@digests.command("schema")
def schema() -> None:
    """Print the JSON Schema of what webhooks receive.

    Example: monitor digests schema > webhook.schema.json
    """
    from monitor.alarms.schema import alarm_schemas
    from monitor.deliveries.ping import ping_schema
    from monitor.digests.schema import webhook_schema

    click.echo(json.dumps(webhook_schema((*alarm_schemas(), ping_schema())), ensure_ascii=False, indent=2))


@digests.command("send")
@click.argument("subscription")
@click.option("--now", "at_once", is_flag=True, help="Say that you mean it: made and sent now, whatever the schedule says.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent; send nothing.")
@click.pass_context
def send_digest(ctx: click.Context, subscription: str, at_once: bool, dry_run: bool) -> int:
    """Make a digest of what waits and send it. The next scheduled one goes on from there. Exits with 3 where nothing waits.

    \b
    Example:
      monitor digests send morning --now
    """
    session = open_session(ctx)
    wanted = chosen(session, subscription)
    if dry_run:
        _print(_mails(session, _preview(session, wanted)))
        return 0
    if not at_once:
        raise UsageError(
            f"a digest goes out by its schedule; to send now: monitor digests send {subscription} --now (or --dry-run to look)"
        )
    return _send(session, wanted)


def _send(session: Session, subscription: Subscription) -> int:
    from dataclasses import replace

    from monitor import pipeline
    from monitor.store.digests import newest, sent_to

    async def work(app: App) -> int:
        planned = await pipeline.plan(replace(app, force_plan=subscription.name))
        if planned["digests"]:
            await pipeline.once(app, only="deliver")
        return planned["digests"]

    if not session.run(work):
        raise NothingSelected(f"nothing waits to be told to {subscription.name!r}")
    digest = newest(session.store, subscription.name)
    assert digest is not None
    rows = sent_to(session.store, digest.id)
    say(digest.subject)
    emit(rows, ("channel", "destination", "state", "last_error"))
    return 0 if all(row["state"] == "delivered" for row in rows) else 1


def _preview(session: Session, subscription: Subscription) -> Document:
    from monitor.digests.step import preview

    found = preview(session.store, subscription, session.now())
    if found is None:
        raise NothingSelected(f"subscription {subscription.name!r} has not begun yet: run `monitor once` or `monitor run` first")
    return found


def _subscription(session: Session, name: str | None) -> Subscription:
    if name is not None:
        return chosen(session, name)
    found = session.config.subscription
    if len(found) != 1:
        names = ", ".join(each.name for each in found) or "none"
        raise UsageError(f"say which subscription; there is: {names}")
    return found[0]
