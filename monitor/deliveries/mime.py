"""A frozen message as the bytes of one mail: the same message to the same recipient is always the same bytes. Pure.

No text from outside can add a header: control characters leave, `=?` is broken up, and the result is parsed again and its header names compared.
"""

from __future__ import annotations

import email
import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from monitor.model import Message
from monitor.text import digest, one_line

HEADERS = frozenset(
    {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "List-ID",
        "List-Unsubscribe",
        "Auto-Submitted",
        "Precedence",
        "X-Monitor-Digest",
        "MIME-Version",
        "Content-Type",
    }
)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SUBJECT_CHARS = 200
_SPECIALS = re.compile(r'[()<>\[\]:;@\\,"]+')
"""RFC 5322 3.2.3. Python's library leaves the quotes off a long display name, so that such a sign would end the name and begin an address."""


def header_safe(text: str) -> str:
    """Text that is one header value and nothing else (RELIABILITY 4.2; CVE-2024-6923)."""
    return one_line(_CONTROLS.sub(" ", text).replace("=?", "= ?"), _SUBJECT_CHARS)


def message_id(uid: str, recipient: str, domain: str) -> str:
    """The Message-ID of a message to one recipient: the same at every attempt."""
    return f"<{uid}.{digest(recipient)[:16]}@{domain}>"


def mail_bytes(message: Message, *, sender: str, recipient: str, list_id: str) -> bytes:
    """The RFC 5322 bytes of `message` (body: JSON with subject, text, html) for one recipient, CRLF line ends.

    Raises ValueError where the bytes would not carry exactly the expected headers.
    """
    content = json.loads(message.body)
    mail = EmailMessage(policy=SMTP)
    domain = sender.rpartition("@")[2]
    for name, value in _headers(message, content, sender, domain, list_id).items():
        mail[name] = value
    mail["To"] = Address(addr_spec=recipient)
    mail["Message-ID"] = message_id(message.uid, recipient, domain)
    mail.set_content(_body(content["text"]), charset="utf-8", cte="quoted-printable")
    mail.add_alternative(_body(content["html"]), subtype="html", charset="utf-8", cte="quoted-printable")
    mail.set_boundary(f"=_{digest(message.uid, recipient)[:40]}")
    found = mail.as_bytes()
    _verify(found)
    return found


def _headers(message: Message, content: Mapping[str, Any], sender: str, domain: str, list_id: str) -> dict[str, object]:
    name = header_safe(_SPECIALS.sub(" ", str(content.get("title") or ""))).lstrip(". ") or "Monitor"
    return {
        "From": Address(display_name=name, addr_spec=sender),
        "Subject": header_safe(str(content["subject"])) or "Digest",
        "Date": _date(message.created_at),
        "List-ID": f"<{re.sub(r'[^a-z0-9.-]+', '-', (list_id or f'monitor.{domain}').lower())}>",
        "List-Unsubscribe": f"<mailto:{sender}?subject=unsubscribe>",
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
        "X-Monitor-Digest": header_safe(message.uid),
    }


def _date(at: datetime) -> str:
    return format_datetime(at)


def _body(text: str) -> str:
    """Line ends in one form, no lone CR or NUL (SMTP smuggling, RELIABILITY case 133)."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _verify(found: bytes) -> None:
    names = [name.lower() for name in email.message_from_bytes(found, policy=SMTP)]
    if sorted(names) != sorted(name.lower() for name in HEADERS):
        raise ValueError(f"the mail would carry unexpected headers: {sorted(set(names) ^ {name.lower() for name in HEADERS})}")


def eml_name(message: Message) -> str:
    """A file name made of the message's own date and id, never of what a feed said."""
    return f"{message.created_at:%Y-%m-%d}-{re.sub(r'[^A-Za-z0-9-]', '', message.uid)[:36]}"
