"""Web addresses: parsed the way browsers do (WHATWG URL, special schemes), joined, compared, named. Nothing here raises on any text.

One parser serves checking and using, so that a link cannot look harmless here and lead elsewhere later.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote, urljoin

MAX_URL = 4096
"""Longest address that is fetched, in characters (RELIABILITY 4.2)."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ABSOLUTE = re.compile(r"(https?):[/\\]*([^/\\?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_EDGES = "".join(map(chr, range(0x21))) + "\u00a0\u200b\u200c\u200d\u2060\ufeff"
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_PATH_SAFE = "%/:@!$&'()*+,;=~|[]"
_QUERY_SAFE = _PATH_SAFE + "?`{}^\\"
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

# Parameters that say where a reader came from, never what the page shows.
_TRACKER = re.compile(
    r"(utm|at|mc|pk|mtm|piwik|matomo|hsa|guce)_.*|vn_(source|medium|campaign).*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid"
    r"|ttclid|igshid|igsh|li_fat_id|mkt_tok|xtor|cmpid|ocid|ncid|ito|smid|ref_(src|url)|s_cid|guccounter|wt_z?mc|vero_(id|conv)"
    r"|oly_(anon|enc)_id|_hsenc|_hsmi|_ga|_gl|__twitter_impression|sr_share",
    re.IGNORECASE | re.DOTALL,
)

_SECOND_LEVEL = re.compile("com|net|org|gov|edu|co|ac|or|ne|go|gob|gouv|int|info|name|mil|biz|nom|asso|health|pro")
_SHARED_HOSTS = re.compile(
    r"(github|gitlab)\.io|(blogspot|wordpress|substack|medium|tumblr|typepad)\.com|(netlify|vercel)\.app|pages\.dev",
)
_MIRRORS = ("www.", "m.", "amp.", "mobile.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A parsed http(s) address: lower-case ASCII host (IPv6 in brackets), `port` None where it is the scheme's own, encoded path and query."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str
    fragment: str
    userinfo: str

    @property
    def effective_port(self) -> int:
        """The TCP port a connection would use."""
        return self.port or _DEFAULT_PORTS[self.scheme]

    @property
    def origin(self) -> str:
        """Scheme, host and port: what credentials are bound to (RFC 6454)."""
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port else "")

    def text(self) -> str:
        """The address as it is requested: without user info and fragment."""
        return self.origin + self.path + (f"?{self.query}" if self.query else "")


@lru_cache(maxsize=1024)
def parse(url: str) -> Address | None:
    """The parts of an absolute http(s) address, or None where `url` is not one. The latest answers are kept: each address is asked several times."""
    found = _ABSOLUTE.fullmatch(_tidy(url))
    if not found:
        return None
    scheme, authority, path, query, fragment = (part or "" for part in found.groups())
    userinfo, _, hostport = authority.rpartition("@")
    split = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([0-9]{0,6}))?", hostport)
    host = _host(split[1]) if split else None
    if not split or not host:
        return None
    scheme = scheme.lower()
    port = int(split[2]) if split[2] else None
    if port is not None and not 0 < port < 65536:
        return None
    return Address(
        scheme=scheme,
        host=host,
        port=None if port == _DEFAULT_PORTS[scheme] else port,
        path=_without_dots(quote(path.replace("\\", "/") or "/", safe=_PATH_SAFE, errors="replace")),
        query=quote(query[1:], safe=_QUERY_SAFE, errors="replace"),
        fragment=quote(fragment[1:], safe=_QUERY_SAFE, errors="replace"),
        userinfo=userinfo,
    )


def canonical(url: str) -> str:
    """One spelling for all addresses of a page: tracker parameters, fragment, user info and needless escapes off; the order of the rest kept.

    Idempotent. What is no http(s) address comes back trimmed.
    """
    address = parse(url)
    if address is None:
        return _tidy(url)
    query = "&".join(part for part in _plain(address.query).split("&") if part and not _is_tracker(part))
    return address.origin + _without_dots(_plain(address.path)) + (f"?{query}" if query else "")


@lru_cache(maxsize=1024)
def url_key(url: str) -> str:
    """sha256 hex that is the same for http and https, www., m. and amp. hosts, a trailing slash or /amp, and any tracker: one page, one key."""
    plain = canonical(url)
    address = parse(plain)
    if address is not None:
        path = address.path.rstrip("/")
        if path.count("/") > 1:
            path = path.removesuffix("/amp")
        plain = (
            _without_mirror(address.host)
            + (f":{address.port}" if address.port else "")
            + path
            + (f"?{address.query}" if address.query else "")
        )
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()


def join(base: str, link: str) -> str:
    """`link` as found on the page `base`, as an absolute http(s) address without user info; "" for mailto:, javascript:, data: and garbage."""
    link = _tidy(link)
    if not link:
        return ""
    if link.lower().startswith("www."):
        link = f"http://{link}"
    if not _SCHEME.match(link):
        start = parse(base)
        if start is None:
            return ""
        head, mark, tail = re.fullmatch(r"([^?#]*)([?#]?)(.*)", link, re.DOTALL).groups()  # type: ignore[union-attr]
        try:
            link = urljoin(start.text(), head.replace("\\", "/") + mark + tail)
        except ValueError:
            return ""
    address = parse(link)
    if address is None:
        return ""
    return address.text() + (f"#{address.fragment}" if address.fragment else "")


def host(url: str) -> str:
    """The host of an address in lower-case ASCII without its port, or ""."""
    address = parse(url)
    return address.host if address else ""


def publisher(host: str) -> str:
    """A short name for who runs a host: `e.vnexpress.net` gives `vnexpress.net`, `www.mic.gov.vn` gives `mic.gov.vn`."""
    host = host.lower().strip(".")
    labels = host.split(".")
    if len(labels) <= 2 or host.startswith("[") or labels[-1].isdigit():
        return host
    pair = ".".join(labels[-2:])
    country = len(labels[-1]) == 2 and _SECOND_LEVEL.fullmatch(labels[-2])
    keep = 3 if country or _SHARED_HOSTS.fullmatch(pair) else 2
    return ".".join(labels[-keep:])


def same_origin(a: str, b: str) -> bool:
    """True where both are http(s) addresses of one scheme, host and port."""
    first, second = parse(a), parse(b)
    return first is not None and second is not None and first.origin == second.origin


def redact(url: str) -> str:
    """The address fit for a log: user info, query values and path parts that look like tokens are masked."""
    address = parse(url)
    if address is None:
        return re.sub(r"\?.*", "?***", re.sub(r"//[^/@]*@", "//***@", _tidy(url)), flags=re.DOTALL)[:200]
    scheme, _, rest = address.origin.partition("://")
    path = "/".join("***" if _is_token(part) else part for part in address.path.split("/"))
    query = "&".join(part.partition("=")[0] + "=***" for part in address.query.split("&")) if address.query else ""
    return f"{scheme}://{'***@' if address.userinfo else ''}{rest}{path}" + (f"?{query}" if query else "")


def is_fetchable(url: str) -> bool:
    """True where the fetch door takes the address: http(s), a valid host, no user info, not longer than MAX_URL."""
    address = parse(url)
    return address is not None and not address.userinfo and len(address.text()) <= MAX_URL


def _tidy(url: str) -> str:
    return re.sub(r"[\t\n\r]", "", url.strip(_EDGES)).strip(_EDGES)


@lru_cache(maxsize=1024)
def _host(raw: str) -> str | None:
    if raw.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(raw[1:-1].partition('%')[0]).compressed}]"
        except ValueError:
            return None
    name = unquote(raw, errors="replace")[:1024]
    if not name.isascii():
        name = _idna(name)
    name = name.lower().removesuffix(".")
    if len(name) > 253 or not _HOST.fullmatch(name):
        return None
    return _ipv4(name) if _NUMBER.fullmatch(name.rpartition(".")[2]) else name


def _idna(name: str) -> str:
    import idna  # its tables cost 10 ms, and hardly any host needs them

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError:
        return ""


def _ipv4(name: str) -> str | None:
    """An IPv4 address in any spelling browsers accept (0x7f.1, 2130706433, 0177.0.0.1), dotted; None where it is out of range."""
    parts = name.split(".")
    if len(parts) > 4 or not all(map(_NUMBER.fullmatch, parts)):
        return None
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return None
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        return None
    value = numbers[-1] + sum(number << (8 * (3 - place)) for place, number in enumerate(numbers[:-1]))
    return str(ipaddress.IPv4Address(value))


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if len(part) > 1 and part.startswith("0") else int(part)


def _without_dots(path: str) -> str:
    if "/." not in path and "%" not in path:
        return path
    parts = path.split("/")[1:]
    kept: list[str] = []
    for place, part in enumerate(parts):
        plain = re.sub("%2e", ".", part, flags=re.IGNORECASE)
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(part)
            continue
        if place == len(parts) - 1:
            kept.append("")
    return "/" + "/".join(kept)


def _plain(text: str) -> str:
    """Escapes in upper case, those of unreserved characters resolved (RFC 3986 6.2.2), a stray % escaped."""
    if "%" not in text:
        return text
    text = re.sub(r"%(?![0-9a-fA-F]{2})", "%25", text)
    return re.sub(r"%([0-9a-fA-F]{2})", _plain_escape, text)


def _plain_escape(found: re.Match[str]) -> str:
    char = chr(int(found[1], 16))
    return char if char in _UNRESERVED else f"%{found[1].upper()}"


def _is_tracker(part: str) -> bool:
    return _TRACKER.fullmatch(part.partition("=")[0]) is not None


def _is_token(part: str) -> bool:
    return len(part) >= 24 and all(re.search(kind, part) for kind in ("[a-z]", "[A-Z]", "[0-9]"))


def _without_mirror(host: str) -> str:
    for prefix in _MIRRORS:
        if host.startswith(prefix) and host.count(".") > 1:
            return host.removeprefix(prefix)
    return host
