"""Rows as the earlier steps leave them: sources, articles, hits with evidence, stories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.config import ChannelSettings, EmailChannel, FileChannel, Secret, WebhookChannel
from monitor.hours import to_text
from monitor.model import Mention, Snippet, Subscription, Verdict
from monitor.store.driver import Store
from monitor.store.hits import verdict_text
from monitor.store.sqlite import SqliteStore

SEVEN = datetime(2024, 9, 26, 0, 0, tzinfo=UTC)
"""07:00 in Hanoi."""

BEGAN = SEVEN - timedelta(days=3)


def subscription(**fields: object) -> Subscription:
    """A daily subscription at 07:00 in Hanoi, and some fields of one's own."""
    defaults: dict[str, object] = {
        "name": "morning",
        "title": "VN-US tech",
        "watchlists": ("vn-us",),
        "channels": ("desk",),
        "at": ("07:00",),
        "days": "mon-sun",
        "timezone": "Asia/Ho_Chi_Minh",
    }
    return Subscription(**{**defaults, **fields})  # type: ignore[arg-type]


def channels(folder: Path = Path("outbox")) -> tuple[ChannelSettings, ...]:
    """A folder, a mail channel with two recipients and a webhook."""
    mail = EmailChannel(type="email", name="mail", host="localhost", sender="m@example.org", to=("a@example.org", "b@example.org"))
    hook = WebhookChannel.model_construct(type="webhook", name="hook", url="https://example.org/h", secret=Secret("whsec_x"))
    desk = FileChannel.model_construct(type="file", name="desk", folder=folder)
    return desk, mail, hook


@dataclass
class Rows:
    """Writes rows into a store; every call adds one thing."""

    store: Store
    watchlist: str = "vn-us"

    def __post_init__(self) -> None:
        with self.store.write():
            self.version = self._insert(
                "insert into watchlist_versions(watchlist, title, digest, engine, source_json, rev, created_at)"
                " values (:w, :w, 'd', '1', '{}', 1, :now) returning id",
                w=self.watchlist,
                now=to_text(BEGAN),
            )
        self.articles = 0

    def _insert(self, sql: str, **values: object) -> int:
        with self.store.write():
            row = self.store.one(sql, **values)  # type: ignore[arg-type]
        assert row is not None
        return int(row["id"])

    def source(self, name: str, title: str = "", failing_since: datetime | None = None, kind: str | None = None) -> int:
        """A feed, healthy or failing."""
        site = self._insert(
            "insert into sites(host, created_at) values (:host, :now) returning id", host=f"{name}.example", now=to_text(BEGAN)
        )
        return self._insert(
            "insert into feeds(site_id, name, url, title, interval_s, failing_since_at, error_kind, created_at)"
            " values (:site, :name, :url, :title, 3600, :failing, :kind, :now) returning id",
            site=site,
            name=name,
            url=f"https://{name}.example/rss",
            title=title,
            failing=None if failing_since is None else to_text(failing_since),
            kind=kind,
            now=to_text(BEGAN),
        )

    def story(self, title: str = "A story") -> int:
        """A story without members."""
        return self._insert(
            "insert into stories(watchlist, title, lang, first_seen_at, last_seen_at, created_at) values (:w, :t, 'en', :n, :n, :n) returning id",
            w=self.watchlist,
            t=title,
            n=to_text(SEVEN),
        )

    def article(self, title: str, url: str, publisher: str, lang: str, seen: datetime, copy_of: int | None = None) -> int:
        """A page that was read."""
        self.articles += 1
        return self._insert(
            "insert into articles(url_key, url, title, publisher, lang, published_at, first_seen_at, state, copy_of, matched_rev)"
            " values (:key, :url, :title, :publisher, :lang, :seen, :seen, 'done', :copy, 1) returning id",
            key=f"key-{self.watchlist}-{self.articles}",
            url=url,
            title=title,
            publisher=publisher,
            lang=lang,
            seen=to_text(seen),
            copy=copy_of,
        )

    def hit(
        self,
        title: str = "FPT and Nvidia build a plant",
        *,
        story: int | None,
        article: int | None = None,
        url: str = "",
        publisher: str = "news.example",
        lang: str = "en",
        band: str = "alert",
        score: float = 7.0,
        novelty: str | None = "new",
        delta: tuple[str, ...] = (),
        quiet: bool = False,
        seen: datetime = SEVEN - timedelta(hours=2),
        copy_of: int | None = None,
        sentence: str = "",
        names: tuple[tuple[str, str, str], ...] = (),
        topics: tuple[str, ...] = ("semiconductors",),
    ) -> int:
        """A hit with its article. `names`: (side, title, alias) triples; aliases found in the sentence are marked."""
        if article is None:
            article = self.article(title, url or f"https://{publisher}/{self.articles + 1}", publisher, lang, seen, copy_of)
        verdict = evidence(self.watchlist, band, score, sentence or title, names, topics)
        return self._insert(
            "insert into hits(watchlist, article_id, version_id, band, score, quiet, verdict_json, text_hash, created_at, story_id, novelty, delta_json)"
            " values (:w, :article, :version, :band, :score, :quiet, :verdict, '', :seen, :story, :novelty, :delta) returning id",
            w=self.watchlist,
            article=article,
            version=self.version,
            band=band,
            score=score,
            quiet=quiet,
            verdict=verdict_text(verdict),
            seen=to_text(seen),
            story=story,
            novelty=novelty,
            delta=delta,
        )


def evidence(
    watchlist: str, band: str, score: float, sentence: str, names: tuple[tuple[str, str, str], ...], topics: tuple[str, ...]
) -> Verdict:
    """A verdict that quotes `sentence` with its names marked."""
    marks = []
    mentions = []
    for side, title, alias in names:
        at = sentence.find(alias)
        start = max(at, 0)
        mentions.append(
            Mention(
                kind="entity",
                id=title.lower(),
                side=side,
                title=title,
                alias=alias,
                start=start,
                end=start + len(alias),
                sentence=1,
                zone="lead",
            )
        )
        if at >= 0:
            marks.append((at, at + len(alias)))
    for topic in topics:
        mentions.append(Mention(kind="topic", id=topic, side="tech", title=topic, alias=topic, start=0, end=1, sentence=1, zone="lead"))
    return Verdict(
        watchlist=watchlist,
        watchlist_digest="d",
        band="alert" if band == "alert" else "review",
        score=score,
        rule="",
        mentions=tuple(mentions),
        snippet=Snippet(text=sentence, marks=tuple(marks)),
    )


def counter() -> object:
    """A maker of ids that are known beforehand: id-1, id-2."""
    made = 0

    def new_id() -> str:
        nonlocal made
        made += 1
        return f"id-{made}"

    return new_id


def rows_of(store: SqliteStore, sql: str) -> list[dict[str, object]]:
    """All rows of a query."""
    return store.all(sql)
