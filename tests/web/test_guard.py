"""Who comes in and who does not (RELIABILITY case 150): token, Host, origin, path, size; and the policy on every answer."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import httpx
import pytest

from monitor.config import parse_config
from monitor.errors import ConfigError, UsageError
from monitor.web.desk import Route
from monitor.web.guard import is_known_host, known_hosts
from monitor.web.keys import keys_of
from monitor.web.pages import ROUTES
from tests.web.serving import TOKEN, Dashboard

OPEN = {"/login", "/static/{name}"}
STRANGE_HOSTS = ("evil.example", "evil.example:8765", "127.0.0.1.evil.example", "localhost.evil.example", "", "127.0.0.2", "a@127.0.0.1")
PATHS = (
    "/static/../keys.py",
    "/static/..%2f..%2fkeys.py",
    "/static/%2e%2e/keys.py",
    "/static/....//keys.py",
    "/static//etc/passwd",
    "/static/%2fetc%2fpasswd",
    "/static/monitor.css%00.js",
    "/static/..\\keys.py",
    "/../monitor.db",
    "/monitor.db.token",
)


def filled(path: str) -> str:
    """A path of the table with every variable filled in."""
    return re.sub(r"\{\w+(:\w+)?\}", "1", path)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.methods[0]} {route.path}")
def test_case_150_every_route_asks_who_you_are(stranger: httpx.Client, route: object) -> None:
    """Without a token every page and every change answers 401; only the login form, our own style, keys and sign, and from this machine the probes
    are open."""
    assert isinstance(route, Route)
    headers = {"sec-fetch-site": "same-origin"}
    for method in route.methods:
        answer = stranger.request(method, filled(route.path), headers=headers)
        expected = {401} if route.path not in OPEN and route.access != "probe" else {200, 401, 404}
        assert answer.status_code in expected, (method, route.path)


def test_only_entrances_are_open() -> None:
    """The table of routes opens nothing else without a session: the probes to this machine alone."""
    assert {route.path for route in ROUTES if route.access == "open"} == OPEN
    assert {route.path for route in ROUTES if route.access == "probe"} == {"/healthz", "/liveness", "/readyz", "/readiness"}


@pytest.mark.parametrize("host", STRANGE_HOSTS)
def test_case_150_a_strange_host_header_is_refused(dashboard: Dashboard, host: str) -> None:
    """A name that somebody points at this machine (DNS rebinding) gets 421, with the right token too."""
    with dashboard.stranger() as client:
        answer = client.get("/", headers={"host": host, "authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 421
    assert "web.hosts" in answer.text


def test_own_names_are_known(dashboard: Dashboard) -> None:
    """localhost and the loopback addresses are answered, with any port, in any case, with a dot at the end."""
    port = dashboard.address.rpartition(":")[2]
    with dashboard.stranger() as client:
        for host in (f"localhost:{port}", f"LOCALHOST:{port}", "localhost.", f"127.0.0.1:{port}", f"[::1]:{port}", "[::1]"):
            assert client.get("/login", headers={"host": host}).status_code == 200, host


def test_configured_names_are_known() -> None:
    """The address it listens on and the names of web.hosts are answered; a wildcard is no name."""
    web = settings('listen = "192.0.2.7:80"\ntoken = "env:T"\nhosts = ["Desk.example.org"]')
    assert is_known_host("desk.example.org", known_hosts(web))
    assert is_known_host("192.0.2.7:80", known_hosts(web))
    assert not is_known_host("0.0.0.0", known_hosts(settings('listen = "0.0.0.0:80"\ntoken = "env:T"\nhosts = ["a.example"]')))


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://[bad"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {},
    ],
    ids=str,
)
def test_case_150_a_change_from_another_origin_is_refused(dashboard: Dashboard, headers: dict[str, str]) -> None:
    """A POST that no page of ours sent gets 403 although the session's cookie came along."""
    with dashboard.person() as client:
        client.headers.pop("sec-fetch-site")
        answer = client.post("/logout", headers=headers)
        assert answer.status_code == 403
        assert client.get("/").status_code == 200


def test_a_change_from_our_own_page_is_taken(dashboard: Dashboard) -> None:
    """`Origin` of this site is enough where a browser sends no Sec-Fetch-Site."""
    with dashboard.person() as client:
        client.headers.pop("sec-fetch-site")
        assert client.post("/logout", headers={"origin": dashboard.address}).status_code == 303
        assert client.get("/").status_code == 401


def test_a_wrong_token_opens_nothing(stranger: httpx.Client) -> None:
    """Another token, an empty one or a part of the right one is answered with the form again, and no cookie."""
    for token in ("", "wrong", TOKEN[:-1], TOKEN + "x", "\u0111" * 40):
        answer = stranger.post("/login", data={"token": token}, headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code == 401
        assert "not the token" in answer.text
        assert "set-cookie" not in answer.headers


def test_the_session_cookie_is_strict(stranger: httpx.Client) -> None:
    """The cookie is for this site alone, out of reach of scripts, and not the token."""
    answer = stranger.post("/login", data={"token": TOKEN}, headers={"sec-fetch-site": "same-origin"})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie


def test_sessions_end_and_cannot_be_made(dashboard: Dashboard) -> None:
    """A session is good for thirty days; one with a later end written into it, or of another token, is none."""
    from datetime import timedelta

    keys, now = dashboard.keys, dashboard.desk.clock()
    cookie = keys.session(now)
    assert keys.is_session(cookie, now + timedelta(days=29))
    assert not keys.is_session(cookie, now + timedelta(days=31))
    until, _, signature = cookie.partition(".")
    assert not keys.is_session(f"{int(until) + 1}.{signature}", now)
    for other in ("", ".", "9" * 11, f"{until}.", "x.y", f"{'9' * 40}.{signature}", f"²{until}.{signature}"):
        assert not keys.is_session(other, now)


def test_a_bearer_token_opens_without_a_cookie(stranger: httpx.Client) -> None:
    """Scripts send the token in `Authorization`; a wrong one there counts whatever cookie comes along."""
    assert stranger.get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert stranger.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert stranger.get("/", headers={"authorization": f"Basic {TOKEN}"}).status_code == 401


def test_a_browser_that_comes_from_elsewhere_asks_once_more(stranger: httpx.Client) -> None:
    """A link in a mail leads here without the strict cookie: the answer reloads itself once, then shows the form."""
    headers = {"accept": "text/html", "sec-fetch-site": "cross-site"}
    first = stranger.get("/?subscription=morning", headers=headers)
    assert first.status_code == 401
    assert 'content="0;url=/?subscription=morning&amp;again=1"' in first.text
    second = stranger.get("/?subscription=morning&again=1", headers=headers)
    assert "refresh" not in second.text
    assert 'value="/?subscription=morning"' in second.text


@pytest.mark.parametrize("place", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\r\nx: y", ""])
def test_login_leads_to_this_site_only(stranger: httpx.Client, place: str) -> None:
    """Where to go after the login is a place of this site, whatever the address says."""
    answer = stranger.post("/login", data={"token": TOKEN, "next": place}, headers={"sec-fetch-site": "same-origin"})
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("path", PATHS)
def test_case_150_no_path_leads_out(dashboard: Dashboard, path: str) -> None:
    """What looks like a way to a file of this machine is answered 404 and gives nothing."""
    host, port = dashboard.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    status = int(answer.split(b" ", 2)[1])
    assert status in {400, 404}
    assert b"import" not in answer
    assert TOKEN.encode() not in answer
    assert b"root:" not in answer


def test_every_answer_carries_the_policy(dashboard: Dashboard, person: httpx.Client) -> None:
    """Pages, refusals and faults alike forbid inline scripts, frames and foreign loads; pages are not kept by any cache."""
    with dashboard.stranger() as other:
        answers = [person.get("/"), person.get("/nothere"), other.get("/"), other.get("/", headers={"host": "evil.example"})]
        answers += [other.post("/login"), person.get("/digests/999")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"


def test_no_page_has_inline_code(person: httpx.Client) -> None:
    """No style attribute, no handler attribute, no script or style without an address: the policy would drop them."""
    for path in ("/", "/login", "/digests/1"):
        html = person.get(path).text
        assert not re.search(r"<[^>]+\s(style|on\w+)=", html)
        assert not re.search(r"<style|<script(?![^>]*\ssrc=\"/static/)", html)


def test_a_large_body_is_refused(stranger: httpx.Client) -> None:
    """A form of more than 64 KiB gets 413; one that is no form gets 400."""
    headers = {"sec-fetch-site": "same-origin"}
    assert stranger.post("/login", data={"token": "x" * 70_000}, headers=headers).status_code == 413
    assert stranger.post("/login", content=b"\xff\xfe=\xff", headers=headers).status_code == 400
    assert stranger.post("/login", data={str(n): "x" for n in range(200)}, headers=headers).status_code == 400


def test_other_methods_are_not_known(person: httpx.Client) -> None:
    """PUT, DELETE and TRACE change nothing; a page is not posted to."""
    for method in ("PUT", "DELETE", "PATCH", "POST"):
        assert person.request(method, "/").status_code == 405
    assert person.head("/").status_code == 200


def test_what_is_wrong_is_told_escaped(person: httpx.Client) -> None:
    """A page that is not there says so in plain words; nothing of the address comes back as markup."""
    answer = person.get("/digests/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_the_token_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    """The first start makes a token that only its owner can read; later ones take the same; an open or spoilt file is refused."""
    path = tmp_path / "monitor.db.token"
    first = keys_of(None, path, lambda: "m" * 40)
    assert keys_of(None, path, lambda: "n" * 40) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["monitor.db.token"]
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        keys_of(None, path, lambda: "o" * 40)
    path.chmod(0o600)
    path.write_text("short")
    with pytest.raises(UsageError, match="remove it"):
        keys_of(None, path, lambda: "o" * 40)


GOOD = """\
watchlists = ["w.toml"]
[web]
"""


def settings(text: str, token: str = "0123456789abcdef") -> object:
    return parse_config(GOOD + text, Path("/etc/monitor/config.toml"), {"T": token}).web


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('listen = "0.0.0.0:8765"', "needs a token of your own"),
        ('listen = "192.0.2.7:8765"', "needs a token of your own"),
        ('listen = "[::]:8765"\ntoken = "env:T"', "needs hosts"),
        ('listen = "8765"', "not an address to listen on"),
        ('listen = "127.0.0.1:99999"', "not an address to listen on"),
        ('listen = "::1:8765"', "not an address to listen on"),
        ('hosts = ["https://desk.example.org"]', "not a host name"),
        ('hosts = ["desk.example.org:80"]', "not a host name"),
        ('token = "0123456789abcdef"', "by reference"),
    ],
)
def test_case_150_wider_binding_needs_a_token(text: str, told: str) -> None:
    """Listening beyond this machine is refused without a token of one's own, and everywhere without names; nonsense is told plainly."""
    with pytest.raises(ConfigError, match=told):
        settings(text)


def test_a_short_token_is_refused() -> None:
    """A token that could be guessed is a fault of the configuration."""
    with pytest.raises(ConfigError, match="fewer than 16"):
        settings('token = "env:T"', token="short")
