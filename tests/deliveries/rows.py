"""Messages and deliveries as the plan leaves them, and channels that answer what a test wants."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.model import Message, SendVerdict
from monitor.store.driver import Store

BEGAN = datetime(2024, 9, 26, 0, 0, tzinfo=UTC)

SUBJECT = "[VN-US tech] 1 new: Hãng chip mở nhà máy ở Đà Nẵng"
TEXT = "Hãng chip mở nhà máy ở Đà Nẵng\r\n.\r\n..two dots\nline"
HTML = "<!doctype html><p>Hãng chip mở nhà máy ở Đà Nẵng</p>"


def mail_body(subject: str = SUBJECT, text: str = TEXT, html: str = HTML, title: str = "VN-US tech") -> bytes:
    """The frozen body of a mail message."""
    content = {"subject": subject, "text": text, "html": html, "lang": "vi", "title": title, "preheader": ""}
    return json.dumps(content, ensure_ascii=False).encode()


def message(body: bytes | None = None, uid: str = "6f1c2f6e-0000-4000-8000-000000000001", form: str = "mail") -> Message:
    """A message as it is read from the store."""
    content = mail_body() if body is None else body
    return Message(
        id=1,
        uid=uid,
        digest_id=None,
        form=form,
        part=1,
        parts=1,
        subject=SUBJECT,
        body=content,
        sha256=hashlib.sha256(content).hexdigest(),
        created_at=BEGAN,
    )


def add_message(store: Store, uid: str, *destinations: tuple[str, str], body: bytes | None = None, form: str = "mail") -> list[int]:
    """Writes a message with its deliveries, due at once; the deliveries' numbers."""
    content = mail_body() if body is None else body
    with store.write():
        row = store.one(
            "insert into messages(uid, form, subject, body, sha256, created_at) values (:uid, :form, 's', :body, :sha, :now) returning id",
            uid=uid,
            form=form,
            body=content,
            sha=hashlib.sha256(content).hexdigest(),
            now=BEGAN,
        )
        assert row is not None
        made = [
            store.one(
                "insert into deliveries(message_id, channel, destination, next_attempt_at, created_at)"
                " values (:message, :channel, :destination, :now, :now) returning id",
                message=row["id"],
                channel=channel,
                destination=destination,
                now=BEGAN,
            )
            for channel, destination in destinations
        ]
    return [each["id"] for each in made if each]


def states(store: Store) -> list[str]:
    """The states of all deliveries, oldest first."""
    return [row["state"] for row in store.all("select state from deliveries order by id")]


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at: datetime = BEGAN

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


SENT = SendVerdict(outcome="sent", code="250")
AGAIN = SendVerdict(outcome="again", code="451")


@dataclass
class FakeChannel:
    """Answers in turn (the last answer repeats) and remembers what it was offered as (destination, uid)."""

    answers: list[SendVerdict | BaseException] = field(default_factory=lambda: [SENT])
    schedule: tuple[int, ...] = (60, 300)
    lease: timedelta = timedelta(minutes=5)
    patience: timedelta = timedelta(days=5)
    offered: list[tuple[str, str]] = field(default_factory=list)
    by_destination: dict[str, SendVerdict] = field(default_factory=dict)

    async def send(self, message: Message, destination: str, now: datetime) -> SendVerdict:
        self.offered.append((destination, message.uid))
        if destination in self.by_destination:
            return self.by_destination[destination]
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer
