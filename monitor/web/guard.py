"""Who may come in, and what no answer goes without. Pure rules; site.py applies them.

Host: only names we know, else a page of a stranger could point its own name at this machine and read (DNS rebinding). Changes: only from our own
pages, by `Sec-Fetch-Site` or `Origin`, besides the SameSite cookie. Every answer carries a policy that lets a browser run and load our own files only.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from monitor.config import WebSettings

COOKIE = "monitor_session"
MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_S = 10.0

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)
# `same-origin` and not `no-referrer`: with the latter a browser sends `Origin: null` with our own forms.
HEADERS = (
    ("content-security-policy", "; ".join(_POLICY)),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("cache-control", "no-store"),
)


def known_hosts(settings: WebSettings) -> frozenset[str]:
    """The names by which this site may be asked: those of loopback, the address it listens on, and the configured ones."""
    own = {settings.host} if not settings.is_wildcard else set()
    return LOOPBACK | {bracketed(name.lower()) for name in (*own, *settings.hosts)}


def bracketed(host: str) -> str:
    """An IPv6 address in the brackets that it has in a Host header."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def is_known_host(header: str, hosts: frozenset[str]) -> bool:
    """True where a Host header names one of `hosts`, with or without a port."""
    name, colon, port = header.rpartition(":")
    if not colon or header.endswith("]"):
        name, port = header, ""
    return name.lower().rstrip(".") in hosts and (not port or (port.isascii() and port.isdigit()))


def may_change(headers: Mapping[str, str]) -> bool:
    """True where a POST comes from a page of ours. Scripts that carry the token in `Authorization` are asked nothing: no page can make a browser do that."""
    if "authorization" in headers:
        return True
    if (fetched := headers.get("sec-fetch-site")) is not None and fetched != "same-origin":
        return False
    if (origin := headers.get("origin")) is not None:
        return _is_origin_of(origin, headers.get("host", ""))
    return fetched is not None


def _is_origin_of(origin: str, host: str) -> bool:
    try:
        found = urlsplit(origin)
    except ValueError:
        return False
    return found.scheme in {"http", "https"} and bool(host) and found.netloc.lower() == host.lower()


def bearer(headers: Mapping[str, str]) -> str:
    """The token of an `Authorization: Bearer` header, or ""."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
