"""The token that opens the dashboard, and what is derived from it: sessions of a browser, keys of single addresses."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from monitor.config import Config, Secret
from monitor.errors import UsageError
from monitor.store.driver import Store

SESSION = timedelta(days=30)
"""How long a browser stays logged in."""

LEAST_CHARS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Everything that opens something. Without the token nothing derived from it can be made; another token ends all of it."""

    token: Secret

    def opens(self, given: str) -> bool:
        """True for the token itself, compared in constant time."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.reveal().encode())

    def session(self, now: datetime) -> str:
        """The value of a session's cookie, good for `SESSION` from now."""
        until = str(int((now + SESSION).timestamp()))
        return f"{until}.{self._sign('session', until)}"

    def is_session(self, cookie: str, now: datetime) -> bool:
        """True for a session that has not run out."""
        until, _, signature = cookie.partition(".")
        if not (until.isascii() and until.isdigit() and len(until) < 12):
            return False
        good = hmac.compare_digest(signature.encode("utf-8", "replace"), self._sign("session", until).encode())
        return good and now < datetime.fromtimestamp(int(until), UTC)

    def link(self, path: str, turn: int = 0) -> str:
        """The key that opens one path and nothing else, for programs that can only be given an address (feed readers): `PATH?key=KEY`.

        turn: how often the keys of that path were taken back.
        """
        return self._sign("link", f"{path}#{turn}" if turn else path)[:32]

    def is_link(self, path: str, key: str, turn: int = 0) -> bool:
        """True for the key of a path, compared in constant time."""
        return hmac.compare_digest(key.encode("utf-8", "replace"), self.link(path, turn).encode())

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self.token.reveal().encode(), f"{purpose}:{text}".encode(), sha256).hexdigest()


def token_file(store: Store, config: Config) -> Path:
    """Where the token of a dashboard lies: beside the database where that is a file, else beside the configuration."""
    place = store.path or config.beside
    return place.with_name(place.name + ".token")


def keys_of(configured: Secret | None, path: Path, new_token: Callable[[], str]) -> Keys:
    """The keys by the configured token, else by the one of the file at `path`, which is made the first time (0600).

    Raises UsageError where that file can be read by others or is empty, OSError where it cannot be made.
    """
    if configured is not None:
        return Keys(token=configured)
    if not path.exists():
        _write(path, new_token())
    if path.stat().st_mode & 0o077:
        raise UsageError(f"the token file {path} can be read by others; run: chmod 600 {path}")
    token = path.read_text(encoding="utf-8").strip()
    if len(token) < LEAST_CHARS:
        raise UsageError(f"the token file {path} holds no token of {LEAST_CHARS} characters; remove it, and a new one is made")
    return Keys(token=Secret(token))


def _write(path: Path, token: str) -> None:
    """Writes the file under another name first: of two processes that start together one wins, and nobody reads half a token."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(token + "\n")
    try:
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink()
