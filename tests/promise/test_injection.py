"""R7: no text from outside becomes a header, a tag, a link, a mention, a terminal command, a formula, a log line or a setting, in any renderer.

A case is one hostile text that went through one renderer. The normal run takes a slice; `pytest -m slow -n 0 -s` takes more than a million.
Each renderer has an oracle of its own that knows nothing of how the renderer escapes: a grammar of what may stand in its output.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from monitor import log
from monitor.alarms.decide import Alarm
from monitor.alarms.trouble import Trouble
from monitor.alarms.words import told
from monitor.cli import output
from monitor.cli.hits import _EXPORTED, _csv
from monitor.deliveries.mime import mail_bytes
from monitor.digests.chat import render_chat
from monitor.digests.coverage import Blind, coverage_of
from monitor.digests.document import Document, Occasion, document
from monitor.digests.render import Mail, render_json, render_mails
from monitor.digests.select import select
from monitor.feeds.edit import add_feeds
from monitor.feeds.opml import NAMESPACE, write_opml
from monitor.hours import to_text
from monitor.notify import _line as status_line
from tests.deliveries.rows import message
from tests.digests.rows import SEVEN, evidence, subscription
from tests.digests.test_select import hit
from tests.promise.hostile_text import Hostile
from tests.promise.oracles import (
    CHATS,
    CONTROL,
    HTML,
    check_bytes,
    check_discord,
    check_json,
    check_lines,
    check_mail,
    check_slack,
    check_teams,
    check_telegram,
)


def dossier(texts: Hostile) -> Document:
    """A digest in which everything that can come from outside is hostile."""
    rnd = texts.random
    hits = [
        hit(
            number,
            story=number // 2 + 1,
            band=rnd.choice(("alert", "review")),
            novelty=rnd.choice(("new", "new", "update", "echo")),
            told=rnd.choice((0, 2)),
            title=texts.stored(),
            url=texts.url(),
            publisher=texts.stored(),
            lang=rnd.choice(("en", "vi", texts.stored()[:20])),
        )
        for number in range(1, 7)
    ]
    wanted = subscription(title=texts.stored(), lang=rnd.choice(("en", "vi", "fr")))
    sentence = texts.stored()
    cut = rnd.randrange(len(sentence) + 1)
    verdict = evidence(
        "vn-us",
        "alert",
        7.0,
        sentence,
        (("vietnam", texts.stored(), sentence[:cut]), ("us", texts.stored(), sentence[cut:])),
        (texts.stored(),),
    )
    failing = to_text(SEVEN - timedelta(hours=41))
    rows: list[dict[str, object]] = [
        {"name": f"f{n}", "title": texts.stored(), "state": "active", "failing_since_at": failing, "error_kind": texts.stored()}
        for n in range(2)
    ]
    blind = Blind(silent=(("f0", SEVEN),), gaps=(("f1", SEVEN),))
    occasion = Occasion(
        uid="u-1", label="2024-09-26T07:00 Asia/Ho_Chi_Minh", due_at=SEVEN, made_at=SEVEN, covers_from_at=SEVEN - timedelta(days=1)
    )
    selection = select(hits, lang=wanted.lang, review=True, max_items=wanted.max_items, now=SEVEN)
    return document(wanted, occasion, selection, {each.hit: verdict for each in hits}, coverage_of(rows, 612, 0, blind))


def digests(texts: Hostile) -> Iterator[tuple[str, int]]:
    """A digest as mail text, HTML, bytes of mail, JSON and four chats. Yields (renderer, cases)."""
    before = texts.made
    found = dossier(texts)
    cases = texts.made - before
    for mail in render_mails(found):
        check_mail(mail)
        check_bytes(mail_bytes(message(mail.body()), sender="monitor@example.org", recipient="a@example.org", list_id=""))
    body = check_json(render_json(found))
    assert set(body) == {"type", "timestamp", "data"}
    assert all(re.fullmatch(r"(https?://\S*)?", item["url"]) for item in (*body["data"]["items"], *body["data"]["also"]))
    for service, check in CHATS.items():
        for part in render_chat(found, service):
            check(check_json(part.body))
    for renderer in ("text", "html", "mail", "json", *CHATS):
        yield renderer, cases


def alarms(texts: Hostile) -> Iterator[tuple[str, int]]:
    """An alarm about things with hostile names, in every form."""
    troubles = [Trouble(subject=texts.text(), kind="feed", text=texts.text(), since_at=SEVEN, mend="monitor doctor") for _ in range(2)]
    count = texts.random.randrange(1, 3)
    made = told("u-1", [Alarm(trouble=each, seen_at=SEVEN) for each in troubles[:count]], over=texts.random.random() < 0.3, now=SEVEN)
    for form, content in made.bodies.items():
        if form in CHATS:
            CHATS[form](check_lines(content))
        elif form == "json":
            check_json(content)
        elif form == "apprise":
            assert not CONTROL.search("".join(check_json(content).values()))
        else:
            fields = json.loads(content)
            assert HTML.fullmatch(fields["html"]), "HTML beyond the grammar"
            assert not CONTROL.search(fields["text"] + fields["html"] + fields["subject"])
            check_bytes(mail_bytes(message(content), sender="monitor@example.org", recipient="a@example.org", list_id=""))
        yield f"alarm {form}", 2 * count


def headers(texts: Hostile) -> Iterator[tuple[str, int]]:
    """A frozen mail whose every field is raw: what the sender makes of it does not lean on what came before."""
    fields = {name: texts.stored() for name in ("subject", "title", "text", "html")}
    content = json.dumps({**fields, "lang": "en", "preheader": ""}, ensure_ascii=False).encode("utf-8")
    check_bytes(mail_bytes(message(content), sender="monitor@example.org", recipient="a@example.org", list_id=texts.stored()))
    yield "raw mail", 5


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def written_to(stream: io.StringIO) -> Iterator[io.StringIO]:
    """Standard output and error go to `stream`."""
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = stream
    try:
        yield stream
    finally:
        sys.stdout, sys.stderr = before


def commands(texts: Hostile) -> Iterator[tuple[str, int]]:
    """Lists and pages of the command line: on a terminal, piped, as JSON; messages."""
    rows = [{"id": number, "title": texts.text(), "names": [texts.text()], "error": texts.text()} for number in range(3)]
    with written_to(io.StringIO()) as piped:
        output.emit(rows, ("id", "title", "names", "error"))
        output.show({"title": texts.text()})
        output.item("1. ", texts.text())
    lines = piped.getvalue().split("\n")
    assert len(lines) == 1 + 3 + 1 + 1 + 1, lines
    assert [line.count("\t") for line in lines[:4]] == [3, 3, 3, 3]
    assert not CONTROL.search(piped.getvalue())
    with written_to(io.StringIO()) as listed:
        output.emit(rows, (), as_jsonl=True)
    assert len(listed.getvalue().split("\n")) == 4
    assert not CONTROL.search(listed.getvalue()), "control in JSON lines"
    with written_to(io.StringIO()) as said:
        output.say(texts.text())
    assert not CONTROL.search(said.getvalue())
    yield "command line, piped", 9 + 3
    yield "command line, JSON", 9


def terminals(texts: Hostile) -> Iterator[tuple[str, int]]:
    """A table drawn on a terminal: no escape code but those of colour and weight that the table itself has."""
    rows = [{"id": number, "title": texts.text(), "error": texts.text()} for number in range(5)]
    with written_to(Terminal()) as drawn:
        output.emit(rows, ("id", "title", "error"))
        output.show({"title": texts.text()})
    plain = re.sub(r"\x1b\[[0-9;]*m", "", drawn.getvalue())
    assert not CONTROL.search(plain)
    yield "command line, terminal", 11


def files(texts: Hostile) -> Iterator[tuple[str, int]]:
    """OPML and config.toml, read back by a reader that is not ours."""
    feeds = [{"name": f"f{n}", "url": f"https://news.example/{n}", "title": texts.text(), "lang": texts.text()[:20]} for n in range(3)]
    root = ET.fromstring(write_opml(texts.text(), feeds))
    assert [each.tag for each in root.iter()] == ["opml", "head", "title", "body", "outline", "outline", "outline"]
    ours = {f"{{{NAMESPACE}}}name", f"{{{NAMESPACE}}}lang"}
    assert all(set(each.attrib) <= {"text", "title", "type", "xmlUrl", "language"} | ours for each in root.iter("outline"))
    yield "OPML", 7
    titles = {f"f{n}": {"url": f"https://news.example/{n}", "title": texts.stored()} for n in range(3)}
    assert tomllib.loads(add_feeds("# mine\n", titles)) == {"feed": titles}
    yield "config.toml", 3


def sheets(texts: Hostile) -> Iterator[tuple[str, int]]:
    """CSV as a spreadsheet reads it: so many rows and columns, and no cell that it would take for a formula."""
    rows = [{name: texts.text() for name in _EXPORTED} for _ in range(2)]
    written = _csv(rows)
    read = list(csv.reader(io.StringIO(written, newline="")))
    assert [len(row) for row in read] == [len(_EXPORTED)] * 3
    assert not CONTROL.search(written)
    assert not any(cell[:1] in set("=+-@\t\r") and cell != "-" for row in read[1:] for cell in row)
    yield "CSV", 2 * len(_EXPORTED)


def logs(texts: Hostile) -> Iterator[tuple[str, int]]:
    """One event is one line, in text and in JSON; what the service manager is told is one line."""
    for form in ("text", "json"):
        stream = io.StringIO()
        log.configure(form=form, stream=stream)
        log.logger(feed=texts.text()).warning("event", error=texts.text(), many=[texts.text()])
        written = stream.getvalue()
        assert written.count("\n") == 1, written
        assert not CONTROL.search(written), written
        yield f"log, {form}", 3
    status = status_line(texts.text())
    assert "\n" not in status
    yield "service manager", 1


RENDERERS = (digests, alarms, headers, commands, terminals, files, sheets, logs)


def fuzz(seed: int, rounds: dict[str, int]) -> Counter[str]:
    """Runs each kind of renderer as often as `rounds` says; cases by renderer. Fails with the seed and round that found something."""
    found: Counter[str] = Counter()
    for kind in RENDERERS:
        for number in range(rounds[kind.__name__]):
            texts = Hostile(random.Random(f"{seed} {kind.__name__} {number}").randrange(1 << 60))
            try:
                for renderer, cases in kind(texts):
                    found[renderer] += cases
            except Exception as error:
                raise AssertionError(f"{kind.__name__}, seed {seed}, round {number}: {type(error).__name__} {error}") from error
    return found


@pytest.fixture(autouse=True)
def _quiet_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    yield
    log.configure()


def share(parts: int) -> dict[str, int]:
    """So many rounds of each kind; 100 parts are more than a million cases."""
    whole = {"digests": 25, "alarms": 15, "headers": 40, "commands": 80, "terminals": 10, "files": 50, "sheets": 30, "logs": 60}
    return {kind: rounds * parts for kind, rounds in whole.items()}


def test_r7_a_slice_of_the_injections() -> None:
    """Some thousands of hostile texts through every renderer."""
    found = fuzz(7, share(2))
    print(dict(found))
    assert sum(found.values()) > 20_000


@pytest.mark.slow
def test_r7_a_million_injections() -> None:
    """More than a million, and at least ten thousand in each renderer but those that are slow to read back."""
    found = fuzz(8, share(100))
    print(f"{sum(found.values()):,} cases: {dict(found)}")
    assert sum(found.values()) > 1_000_000


BROKEN_MAIL = b"From: x <monitor@example.org>\r\nBcc: v@example.org\r\nSubject: x\r\n\r\n"


@pytest.mark.parametrize(
    ("check", "output"),
    [
        (check_bytes, BROKEN_MAIL),
        (check_json, b'{"a": "\xc2\x9b"}'),
        (check_slack, {"blocks": [{"text": {"text": "<!channel>", "verbatim": True}}], "text": ""}),
        (check_slack, {"blocks": [{"text": {"text": "a *<https://e.example|x>* <@U1>", "verbatim": True}}], "text": ""}),
        (check_discord, {"allowed_mentions": {"parse": []}, "content": "[x](https://evil.example)"}),
        (check_discord, {"allowed_mentions": {"parse": []}, "content": "```\nx```[x](https://evil.example)\n```"}),
        (check_telegram, {"parse_mode": "HTML", "text": "<b>x</b><tg-spoiler>"}),
        (check_telegram, {"parse_mode": "HTML", "text": '<a href="javascript:x">y</a>'}),
        (check_teams, {"attachments": [{"content": {"body": [{"type": "TextBlock", "text": "[x](https://evil.example)"}]}}]}),
        (check_mail, Mail(subject="x", text="x\x1b[31m", html="<!doctype html>", lang="en", title="", preheader="")),
        (check_mail, Mail(subject="x", text="x", html="<!doctype html><b onclick=x>", lang="en", title="", preheader="")),
        (check_mail, Mail(subject="x", text="x", html="<!doctype html><script>1</script>", lang="en", title="", preheader="")),
        (check_mail, Mail(subject="x", text="x", html='<!doctype html><a href="javascript:x">y</a>', lang="en", title="", preheader="")),
        (check_mail, Mail(subject="x\nBcc: y", text="x", html="<!doctype html>", lang="en", title="", preheader="")),
    ],
)
def test_the_oracles_see_what_they_must_see(check: Callable[[Any], object], output: object) -> None:
    """An output with an injection in it is refused by its oracle."""
    with pytest.raises(AssertionError):
        check(output)
