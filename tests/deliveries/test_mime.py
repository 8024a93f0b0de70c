"""The bytes of a mail: the headers of CONVENTIONS 2.8, one identity, and nothing that a feed said outside its place (fault matrix G)."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deliveries.mime import HEADERS, eml_name, header_safe, mail_bytes
from tests.deliveries.rows import SUBJECT, mail_body, message

HOSTILE = [
    "=?utf-8?q?Hi=0D=0ABcc:_x@evil.example?=",
    "x\r\nBcc: victim@example.org",
    "x\nBcc: victim@example.org\n\nbody",
    "x\rBcc: v@example.org",
    "x\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029Bcc: v@example.org",
    "=?utf-8?b?DQpCY2M6IHZAZXhhbXBsZS5vcmc=?=",
    "=?us-ascii?q?=0ABcc=3A?= =?utf-8?q?=0D?=",
    "\x00\x00",
    "=?" * 200,
    "đ" * 100_000,
    "\ud800 lone surrogate",
    '"quoted" <v@example.org>, other@example.org',
    "",
]


def made(subject: str = SUBJECT, title: str = "VN-US tech", recipient: str = "analyst@example.org", **fields: str) -> bytes:
    body = mail_body(subject=subject.encode("utf-8", "replace").decode(), title=title.encode("utf-8", "replace").decode(), **fields)
    return mail_bytes(message(body), sender="monitor@example.org", recipient=recipient, list_id="")


def read(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_the_headers() -> None:
    """One recipient, a stable Message-ID, the date the message was frozen, a List-ID, a way out, and no answer asked of machines."""
    mail = read(made())
    assert mail["To"] == "analyst@example.org"
    assert mail["From"] == "VN-US tech <monitor@example.org>"
    assert mail["Subject"] == SUBJECT
    assert mail["Date"] == "Thu, 26 Sep 2024 00:00:00 +0000"
    assert re.fullmatch(r"<6f1c2f6e-0000-4000-8000-000000000001\.[0-9a-f]{16}@example\.org>", mail["Message-ID"].strip())
    assert mail["List-ID"] == "<monitor.example.org>"
    assert mail["List-Unsubscribe"] == "<mailto:monitor@example.org?subject=unsubscribe>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Precedence"] == "bulk"
    assert mail["X-Monitor-Digest"] == "6f1c2f6e-0000-4000-8000-000000000001"
    assert mail.get("Cc") is None
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_same_message_same_bytes() -> None:
    """The same message to the same recipient is byte for byte the same; another recipient gets another Message-ID."""
    assert made() == made()
    assert read(made())["Message-ID"] != read(made(recipient="desk@example.org"))["Message-ID"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_title_adds_a_header(text: str) -> None:
    """Line ends, encoded words that hide them, controls, lone surrogates: exactly our headers stand in the bytes (case 115, CVE-2024-6923)."""
    content = made(subject=text, title=text)
    assert sorted(read(content).keys()) == sorted(HEADERS)
    head = content.split(b"\r\n\r\n")[0]
    assert b"\r\nbcc" not in head.lower()
    assert b"\x00" not in content
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))


@pytest.mark.parametrize("title", ['"a" <v@example.org>, other@example.org' + " and more" * 20, ".. x", "a; b: c@d", "Đọc <b>"])
def test_a_title_is_a_name_and_no_address(title: str) -> None:
    """However long, the title in From is a name before our address: never an address of its own, a list or a group."""
    found = read(made(title=title))["From"]
    assert [each.addr_spec for each in found.addresses] == ["monitor@example.org"]


@given(st.text(max_size=300), st.text(max_size=80))
def test_any_text_keeps_the_headers(subject: str, title: str) -> None:
    """For any text at all the header names are exactly ours, every line is short, and no bare CR or LF stands anywhere."""
    content = made(subject=subject, title=title)
    assert sorted(read(content).keys()) == sorted(HEADERS)
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    rest = content.replace(b"\r\n", b"")
    assert b"\r" not in rest
    assert b"\n" not in rest


@given(st.text(max_size=400))
def test_any_body_survives(text: str) -> None:
    """What the text part says arrives, line ends in one form and NUL gone (cases 118, 133)."""
    shown = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    part = read(made(text=shown)).get_body(("plain",))
    assert part is not None
    # The email package ends a body with a line end of its own and splits on more than CR and LF only when it reads, not when it writes.
    assert part.get_payload(decode=True).decode("utf-8").replace("\r\n", "\n").rstrip("\n") == shown.rstrip("\n")


def test_a_header_value_is_one_short_line() -> None:
    """Controls become spaces, encoded words are broken up, and the length is bounded."""
    assert header_safe("a\r\n b =?utf-8?q?c?=") == "a b = ?utf-8?q?c?="
    assert len(header_safe("x" * 5000)) <= 200


def test_file_names_come_from_us() -> None:
    """A file is named after the message's date and id; nothing a feed said can be in it."""
    assert eml_name(message()) == "2024-09-26-6f1c2f6e-0000-4000-8000-000000000001"
    assert eml_name(message(uid="../../etc/passwd")) == "2024-09-26-etcpasswd"
