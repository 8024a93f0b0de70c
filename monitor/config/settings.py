"""The tables of config.toml and their defaults. Every duration and size carries its unit in its name."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from monitor import __version__
from monitor.config.values import (
    Address,
    DatabasePlace,
    FilePath,
    Lang,
    OptionalAddress,
    Ports,
    Ranges,
    SecretAddress,
    SecretRef,
    Table,
    Zone,
)

LEAST_TOKEN_CHARS = 16
LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})


class FetchSettings(Table):
    """How we meet other people's servers."""

    contact: str = ""
    user_agent: str = ""
    per_host_pause_s: float = Field(1.0, ge=0, le=3600)
    in_flight: int = Field(32, ge=1, le=200)
    allow_private: Ranges = ()
    ports: Ports = ()

    @property
    def agent(self) -> str:
        """The User-Agent sent: the configured one, or the program's name with the configured contact."""
        contact = f" (+{self.contact})" if self.contact else ""
        return self.user_agent or f"Monitor/{__version__}{contact}"


class FeedsSettings(Table):
    """Defaults for all feeds."""

    interval_min: int = Field(60, ge=5, le=7 * 24 * 60)
    min_interval_min: int = Field(15, ge=5, le=24 * 60)
    max_interval_h: int = Field(24, ge=1, le=7 * 24)
    alert_window_h: int = Field(48, ge=1, le=24 * 60)
    max_entries: int = Field(1000, ge=10, le=20000)
    timezone: Zone = "UTC"
    timeout_s: float = Field(30.0, gt=0, le=300)


class FeedSettings(Table):
    """One feed. `name` is its key in the file."""

    name: str = ""
    url: Address
    title: str = ""
    lang: Lang = ""
    interval_min: int | None = Field(None, ge=5, le=7 * 24 * 60)
    timezone: Zone | None = None
    enabled: bool = True
    trust: float = Field(1.0, ge=0, le=2)
    allow_private: Ranges = ()
    ports: Ports = ()
    user_agent: str = ""
    headers: dict[str, SecretRef] = Field(default_factory=dict)
    username: str = ""
    password: SecretRef | None = None


class ArticlesSettings(Table):
    """How article pages are read and kept."""

    fetch: Literal["all", "candidates", "none"] = "all"
    languages: tuple[Lang, ...] = ("vi", "en", "fr")
    robots: bool = True
    keep_text_days: int = Field(90, ge=1)
    per_visit: int = Field(50, ge=1, le=1000)
    timeout_s: float = Field(30.0, gt=0, le=300)


class StorageSettings(Table):
    """The disk under the database, where that is a file."""

    min_free_mib: int = Field(200, ge=0)
    min_free_percent: float = Field(2.0, ge=0, le=50)
    network: bool = False
    backup_every_h: int = Field(24, ge=0, le=24 * 31)
    backups_kept: int = Field(7, ge=1, le=1000)
    keep_log_days: int = Field(90, ge=15)


class AlarmSettings(Table):
    """How the operator hears of what does not work."""

    channels: tuple[str, ...] = ()
    after_failures: int = Field(3, ge=1, le=100)
    step_after_min: int = Field(15, ge=1, le=24 * 60)
    silent_after_d: int = Field(14, ge=1, le=365)
    ping_url: SecretAddress | None = None
    ping_method: Literal["GET", "POST"] = "GET"
    ping_every_min: int = Field(5, ge=1, le=24 * 60)
    allow_private: Ranges = ()
    ports: Ports = ()


class DigestSettings(Table):
    """How digests look."""

    templates: FilePath | None = None


class OutputSettings(Table):
    """The stories of each watchlist as feeds for other readers, in files."""

    folder: FilePath | None = None
    formats: tuple[Literal["atom", "json"], ...] = ("atom", "json")
    items: int = Field(50, ge=1, le=500)
    review: bool = False
    lang: Literal["en", "vi", "fr"] = "en"
    base_url: OptionalAddress = ""


class LogSettings(Table):
    """What the daemon writes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if (
        not host
        or not (port.isascii() and port.isdigit() and int(port) < 65536)
        or (":" in host and not re.fullmatch(r"\[[0-9a-fA-F:.]+\]", host))
    ):
        raise ValueError(f"{value!r} is not an address to listen on such as 127.0.0.1:8765 or [::1]:8765")
    return value


def _host_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\]", value):
        raise ValueError(f"{value!r} is not a host name such as monitor.example.org (no port, no https://)")
    return value.lower()


class WebSettings(Table):
    """The dashboard. `token`: None means one that is made at the first start and kept beside the database."""

    enabled: bool = False
    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8765"
    token: SecretRef | None = None
    hosts: tuple[Annotated[str, AfterValidator(_host_name)], ...] = ()

    @property
    def host(self) -> str:
        """The host part of `listen`, an IPv6 address without its brackets."""
        return self.listen.rpartition(":")[0].strip("[]").lower()

    @property
    def port(self) -> int:
        """The port of `listen`; 0: any free one."""
        return int(self.listen.rpartition(":")[2])

    @property
    def is_wildcard(self) -> bool:
        """True where it listens on every address of the machine."""
        return self.host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound

    @model_validator(mode="after")
    def _beyond_this_machine(self) -> WebSettings:
        """Whoever reaches the port must not find the token that a first start made up, and must be known by name."""
        token = self.token
        if token is not None and len(token.reveal()) < LEAST_TOKEN_CHARS:
            raise ValueError(f"web.token has fewer than {LEAST_TOKEN_CHARS} characters; make one with: openssl rand -hex 32")
        if self.host not in LOOPBACK_NAMES and token is None:
            raise ValueError(f'listening on {self.listen}, beyond this machine, needs a token of your own: token = "env:NAME"')
        if self.is_wildcard and not self.hosts:
            raise ValueError(f"listening on {self.listen} needs hosts: the names by which people reach it")
        return self


class SubscriptionSettings(Table):
    """Who is told what, when. See model.Subscription."""

    title: str = ""
    watchlists: tuple[str, ...] = Field(min_length=1)
    channels: tuple[str, ...] = Field(min_length=1)
    at: tuple[str, ...] = Field(("07:00",), min_length=1)
    days: str = "mon-sun"
    timezone: Zone = "UTC"
    quiet: str = ""
    lang: Literal["en", "vi", "fr"] = "en"
    review: bool = True
    max_items: int = Field(12, ge=1, le=100)
    heartbeat: bool = False
    urgent: float = Field(0.0, ge=0)
    urgent_names: tuple[str, ...] = ()
    urgent_after_min: int = Field(3, ge=0, le=60)
    urgent_cooldown_min: int = Field(60, ge=0, le=24 * 60)
    urgent_in_quiet: bool = False


class RootSettings(Table):
    """The keys of the file that are not named tables."""

    database: DatabasePlace = Field("monitor.db", validate_default=True)
    watchlists: tuple[FilePath, ...] = Field(min_length=1)
    fetch: FetchSettings = FetchSettings()
    feeds: FeedsSettings = FeedsSettings()
    articles: ArticlesSettings = ArticlesSettings()
    storage: StorageSettings = StorageSettings()
    alarm: AlarmSettings = AlarmSettings()
    digest: DigestSettings = DigestSettings()
    output: OutputSettings = OutputSettings()
    log: LogSettings = LogSettings()
    web: WebSettings = WebSettings()
