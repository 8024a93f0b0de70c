"""A long history made of nothing but a number: what the store holds after years of work, as rows for bulk loading into any engine.

`History(articles=1_000_000).tables()` yields every table with its columns and rows, in an order in which references hold; values are text, numbers,
bytes and None. The same numbers give the same rows. `fill_sqlite` loads them into a database file that the program has made.

`python -m tests.bench.history PATH [ARTICLES]` makes a database to look at, for example with the dashboard.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.hours import to_text
from monitor.model import Mention, ScorePart, Snippet, Verdict
from monitor.store.hits import verdict_text
from monitor.store.sqlite import open_sqlite
from monitor.stories.fingerprint import HitText, Hubs, fingerprint
from monitor.stories.novelty import Known, told
from monitor.stories.step import claim_of, record_of
from tests.promise.world import FIRMS

ENDS_AT = datetime(2024, 9, 26, 7, 0, tzinfo=UTC)
_SAID = (
    "minister plant chips grid export talks capital power engineers supplier licence research network policy market growth province summit fund "
    "design model training energy customs tariff harbour bridge school satellite cloud bank river Hanoi Nhật Bình đầu tư hợp tác sản xuất công nghệ"
)
WORDS = _SAID.split()
_KEPT, _SKETCHED = 90, 30
"""Days for which texts without a hit and the log are kept, and the values of sketches: as the program does unless told otherwise."""

_WORDS_OF_A_TEXT = " ".join(WORDS[::2])
_SOME_TIME = "AT-SOME-TIME"
_MANY = 0x9E3779B97F4A7C15
Value = str | int | float | bytes | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one table, for `insert` or COPY."""

    name: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[Value, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Every second article is a hit with ten mentions; a story has two or three hits; each subscription has told all of them, a digest a day.

    version and rev: the watchlist's version in force and its revision, where the database knows one already (`hits.step.register`).
    subscriptions: their numbers, in the database already. `stale`: so many of the latest hits are not told yet.
    """

    articles: int = 1_000_000
    days: int = 1000
    feeds: int = 300
    ends_at: datetime = ENDS_AT
    watchlist: str = "pair"
    version: int = 1
    rev: int = 1
    subscriptions: Sequence[int] = (1,)
    known_version: bool = False
    stale: int = 0
    first_feed: int = 1001
    entities: int = 2000
    instants: list[str] = field(default_factory=list)

    @property
    def hits(self) -> int:
        """How many hits there are."""
        return self.articles // 2

    @property
    def stories(self) -> int:
        """How many stories there are."""
        return (self.hits * 2 + 4) // 5

    def tables(self) -> Iterator[Table]:
        """All tables, in an order in which references hold."""
        if not self.known_version:
            columns = _columns("id watchlist title digest engine source_json rev created_at")
            row = (self.version, self.watchlist, self.watchlist, "0" * 64, "1", "{}", self.rev, self._at(0))
            yield Table("watchlist_versions", columns, [row])
        yield Table("sites", ("id", "host", "due_at", "created_at"), self._sites())
        columns = _columns("id site_id name url configured_url lang state title interval_s next_poll_at last_polled_at")
        yield Table("feeds", (*columns, "last_success_at", "last_new_at", "baseline_at", "polls", "created_at"), self._feeds())
        yield Table("arrivals", ("feed_id", "hour_at", "entries"), self._arrivals())
        yield Table("articles", _ARTICLE, self._articles())
        yield Table("texts", ("article_id", "text", "folded"), self._texts())
        yield Table("sketch_values", ("value", "article_id"), self._sketches())
        yield Table("entries", _ENTRY, self._entries())
        yield Table("stories", _STORY, self._stories())
        yield Table("hits", _HIT, self._hits())
        yield Table("mentions", _MENTION, self._mentions())
        yield from self._told()
        yield Table("events", ("happened_at", "kind", "subject", "detail"), self._events())

    def _at(self, number: int) -> str:
        """When article `number` was first seen: evenly over the days, the last one just before the end."""
        seconds = int(self.days * 86400 * (self.articles - number) / self.articles)
        return to_text(self.ends_at - timedelta(seconds=max(1, seconds)))

    def _all_at(self) -> list[str]:
        """The instants of all articles, made once."""
        if not self.instants:
            self.instants.extend(self._at(number) for number in range(self.articles + 1))
        return self.instants

    def _sites(self) -> Iterator[tuple[Value, ...]]:
        later = to_text(self.ends_at + timedelta(days=5))
        for number in range(self.feeds):
            yield (self.first_feed + number, f"paper{number}.example", later, self._at(0))

    def _feeds(self) -> Iterator[tuple[Value, ...]]:
        later, before = to_text(self.ends_at + timedelta(days=5)), to_text(self.ends_at - timedelta(minutes=10))
        for number in range(self.feeds):
            url = f"https://paper{number}.example/feed.xml"
            state = "removed" if number % 10 == 9 else "active"
            yield (
                *(self.first_feed + number, self.first_feed + number, f"paper{number}", url, url, ("vi", "en", "fr")[number % 3], state),
                *(
                    f"The Paper {number}",
                    3600,
                    later if state == "active" else None,
                    before,
                    before,
                    before,
                    self._at(0),
                    9000,
                    self._at(0),
                ),
            )

    def config(self) -> str:
        """The feeds as tables of config.toml, for a program that shall know them."""
        return "".join(f'[feed.paper{n}]\nurl = "https://paper{n}.example/feed.xml"\n' for n in range(self.feeds) if n % 10 != 9)

    def _arrivals(self) -> Iterator[tuple[Value, ...]]:
        hour = self.ends_at.replace(minute=0, second=0, microsecond=0)
        hours = [to_text(hour - timedelta(hours=back)) for back in range(1, 28 * 24, 3)]
        return ((self.first_feed + number, at, 2) for number in range(self.feeds) for at in hours)

    def _articles(self) -> Iterator[tuple[Value, ...]]:
        at, sketch = self._all_at(), bytes(512)
        kept_from = self.articles - self.articles * _KEPT // self.days
        for n in range(1, self.articles + 1):
            host = n % self.feeds
            url, title = f"https://paper{host}.example/{n % 97}/story-{n}.html", self.title(n)
            key = f"{n * _MANY % (1 << 64):016x}" * 4
            lang = ("vi", "en", "fr")[host % 3]
            copy = n - 7 if n % 40 == 0 and n > 7 else None
            yield (
                *(
                    n,
                    self.first_feed + host,
                    key,
                    url,
                    url,
                    key,
                    title,
                    f"{title}. {WORDS[n % 41]} {WORDS[n % 37]}.",
                    "",
                    f"paper{host}.example",
                ),
                *(lang, "page", at[n], at[n], at[n], "done" if n % 25 else "failed", "article", "page" if n % 25 else "feed", 200, 1),
                *(key[::-1], sketch if n % 2 == 0 or n > kept_from else None, 60, copy, 0, self.rev),
            )

    def title(self, n: int) -> str:
        """The headline of article n."""
        return f"{FIRMS[n % 10]} {WORDS[n % 43]} {WORDS[n // 43 % 41]} {WORDS[n // 7 % 37]} {n}"

    def _texts(self) -> Iterator[tuple[Value, ...]]:
        kept_from = self.articles - self.articles * _KEPT // self.days
        for n in range(1, self.articles + 1):
            if n % 2 == 0 or n > kept_from:
                words = " ".join(WORDS[(n * step) % 43] for step in (1, 3, 7, 11, 13, 17, 19, 23, 29, 31))
                text = f"{FIRMS[n % 10]} of Northland {words} in Southland. {FIRMS[(n + 3) % 10]} {words}. Reference {n}."
                yield n, text, f"{self.title(n)}\n{text}".lower()

    def _sketches(self) -> Iterator[tuple[Value, ...]]:
        kept_from = self.articles - self.articles * _SKETCHED // self.days
        for n in range(kept_from + 1, self.articles + 1):
            for place in range(16):
                yield (n * 16 + place) * _MANY % (1 << 62), n

    def _entries(self) -> Iterator[tuple[Value, ...]]:
        at = self._all_at()
        for n in range(1, self.articles + 1):
            host = n % self.feeds
            url, title = f"https://paper{host}.example/{n % 97}/story-{n}.html", self.title(n)
            key = f"{n * _MANY % (1 << 64):016x}" * 4
            yield n, self.first_feed + host, key, n, f"{n}", url, key, title, title.lower(), "", "", "en", at[n], at[n], key, at[n]

    def _story_of(self, hit: int) -> int:
        """Hits 1 and 2 are one story, 3 to 5 the next, 6 and 7 ..."""
        whole, rest = divmod(hit - 1, 5)
        return whole * 2 + (1 if rest < 2 else 2)

    def _stories(self) -> Iterator[tuple[Value, ...]]:
        at = self._all_at()
        records = [self._record(kind) for kind in range(10)]
        for story in range(1, self.stories + 1):
            first = min(self.hits, (story - 1) // 2 * 5 + (1 if story % 2 else 3))
            last = min(self.hits, first + (1 if story % 2 else 2))
            article = first * 2
            record = records[article % 10].replace(_SOME_TIME, at[last * 2])
            yield story, self.watchlist, self.title(article), "en", None, at[article], at[last * 2], last - first + 1, record, at[article]

    def _record(self, kind: int) -> str:
        """What a story remembers of its reports, as the grouping step writes it."""
        text = f"{_WORDS_OF_A_TEXT} {FIRMS[kind]} of Northland signs for US$20{kind} million. " * 2
        mentions = self._verdict(kind).mentions
        reports = [
            fingerprint(
                HitText(
                    key=str(n), title=f"{FIRMS[kind]} {WORDS[n]}", text=text, lang="en", at=ENDS_AT, mentions=mentions, publisher=f"p{n}"
                ),
                Hubs(),
            )
            for n in range(2)
        ]
        return json.dumps(record_of(reports, told(Known(), reports[0]), [claim_of(each) for each in reports])).replace(
            to_text(ENDS_AT), _SOME_TIME
        )

    def _hits(self) -> Iterator[tuple[Value, ...]]:
        at, verdicts = self._all_at(), [verdict_text(self._verdict(kind)) for kind in range(10)]
        for hit in range(1, self.hits + 1):
            article, story = hit * 2, self._story_of(hit)
            new = hit == 1 or self._story_of(hit - 1) != story
            band, score = ("alert", 6.0) if hit % 3 else ("review", 2.5)
            key = f"{article * _MANY % (1 << 64):016x}" * 4
            verdict = verdicts[article % 10]
            yield (
                hit,
                self.watchlist,
                article,
                self.version,
                band,
                score,
                0,
                verdict,
                key,
                at[article],
                story,
                "new" if new else "echo",
                "[]",
                "{}",
            )

    def _verdict(self, kind: int) -> Verdict:
        mentions = tuple(
            Mention(**each, start=place, end=place + 5) for place, each in enumerate(_mention(kind, place) for place in range(4))
        )
        text = f"{FIRMS[kind]} of Northland builds a dam in Southland."
        parts = (ScorePart(name="names", points=4.0), ScorePart(name="topic", points=2.0))
        return Verdict(
            watchlist=self.watchlist,
            watchlist_digest="0" * 64,
            band="alert",
            score=6.0,
            rule="north and south and works",
            parts=parts,
            mentions=mentions,
            snippet=Snippet(text=text, marks=((0, len(FIRMS[kind])),)),
            reasons=("two sides in one sentence", "a topic of weight 3"),
            engine="1",
        )

    def _mentions(self) -> Iterator[tuple[Value, ...]]:
        for hit in range(1, self.hits + 1):
            for place in range(10):
                # A few names are everywhere, most are rare.
                name = f"firm-{hit % 10}" if place < 2 else f"entity-{(hit * 31 + place * 977) ** 2 % self.entities * (hit % 7) // 7}"
                yield hit, "entity", name, "north" if place % 2 else "south", name, name, place * 40, place * 40 + 9, place, "body"

    def _told(self) -> Iterator[Table]:
        days = max(1, min(self.days, self.hits // 5))
        told = self.hits - self.stale
        per_day = -(-told // days)
        slots, digests, members, messages, deliveries, attempts = [], [], [], [], [], []
        number = message = 0
        for subscription in self.subscriptions:
            for day in range(days):
                number += 1
                first, last = day * per_day + 1, min(told, (day + 1) * per_day)
                at = self._all_at()[min(self.articles, last * 2)]
                label = f"{at[:10]}T{day:06} history"
                slots.append((number, subscription, label, at, at, at, at, 0, last - first + 1))
                payload = json.dumps({"uid": f"digest-{number}"})
                digests.append(
                    (
                        number,
                        f"digest-{number}",
                        subscription,
                        number,
                        "digest",
                        f"Digest {number}",
                        payload,
                        "0" * 64,
                        at,
                        at,
                        last - first + 1,
                        at,
                    )
                )
                members.append((subscription, number, first, last, at))
                for form, channel, destination in (("json", "hook", "webhook:hook"), ("file", "desk", "file:desk")):
                    message += 1
                    body = json.dumps({"subject": "s", "text": "t" * 3000, "html": "h" * 9000}).encode()
                    messages.append((message, f"message-{message}", number, form, f"Digest {number}", body, "0" * 64, at))
                    deliveries.append((message, message, channel, destination, "delivered", 1, 1, None, at, at, at, "200"))
                    attempts.append((message, message, 1, at, at, "sent", "200", ""))
        columns: tuple[str, ...] = _columns("id subscription_id label due_at planned_at covers_from_at covers_to_at missed hit_count")
        yield Table("slots", columns, slots)
        columns = ("id", "uid", "subscription_id", "slot_id", "kind", "subject", "payload", "sha256", "covers_from_at", "covers_to_at")
        yield Table("digests", (*columns, "hit_count", "created_at"), digests)
        columns = ("subscription_id", "hit_id", "digest_id", "story_id", "shown_as", "position", "created_at")
        yield Table("digest_hits", columns, self._members(members))
        columns = ("id", "uid", "digest_id", "form", "subject", "body", "sha256", "created_at")
        yield Table("messages", columns, messages)
        columns = ("id", "message_id", "channel", "destination", "state", "attempts", "epoch", "next_attempt_at", "first_attempt_at")
        yield Table("deliveries", (*columns, "created_at", "delivered_at", "last_code"), deliveries)
        yield Table("attempts", ("id", "delivery_id", "epoch", "started_at", "ended_at", "outcome", "code", "detail"), attempts)

    def _members(self, spans: Sequence[tuple[int, int, int, int, str]]) -> Iterator[tuple[Value, ...]]:
        for subscription, digest, first, last, at in spans:
            for hit in range(first, last + 1):
                shown = "new" if hit % 3 else "review"
                yield subscription, hit, digest, self._story_of(hit), shown, hit - first + 1, at

    def _events(self) -> Iterator[tuple[Value, ...]]:
        kept_from = self.articles - self.articles * _KEPT // self.days
        return (
            (self._at(number), "feed.gap", f"paper{number % self.feeds}", "items may have been missed")
            for number in range(kept_from, self.articles, max(1, self.articles // 200_000))
        )


def _columns(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ARTICLE = _columns(
    "id site_id url_key url canonical_url canonical_key title summary author publisher lang lang_source published_at first_seen_at "
    "fetched_at state kind text_source http_status attempts text_hash sketch sketch_size copy_of quiet matched_rev"
)
_ENTRY = _columns(
    "id feed_id key article_id guid url url_key title title_key summary author lang published_at published_raw content_hash first_seen_at"
)
_STORY = _columns("id watchlist title lang lead_hit_id first_seen_at last_seen_at hit_count fingerprint_json created_at")
_HIT = _columns(
    "id watchlist article_id version_id band score quiet verdict_json text_hash created_at story_id novelty delta_json joined_json"
)
_MENTION = ("hit_id", "kind", "name", "side", "title", "alias", "start_char", "end_char", "sentence", "zone")


def _mention(kind: int, place: int) -> dict[str, str | int]:
    name = FIRMS[(kind + place) % 10]
    fields: Mapping[str, str | int] = {"kind": "entity", "id": f"firm-{(kind + place) % 10}", "side": "north", "title": name, "alias": name}
    return {**fields, "sentence": place, "zone": "body"}


def fill_sqlite(path: Path, history: History) -> None:
    """Loads a history into a database that the program has made and that nobody has open. Not durable while it runs: a file to throw away."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000", "temp_store=MEMORY"):
        connection.execute(f"pragma {pragma}")
    made = connection.execute("select type, name, sql from sqlite_master where type in ('index', 'trigger') and sql is not null").fetchall()
    for kind, name, _ in made:
        connection.execute(f"drop {kind} {name}")
    connection.execute("begin")
    for table in history.tables():
        marks = ", ".join("?" for _ in table.columns)
        connection.executemany(f"insert into {table.name}({', '.join(table.columns)}) values ({marks})", table.rows)
    settled = history.hits - history.stale
    connection.execute("update subscriptions set settled_hit_id = ?", (settled,))
    connection.execute("update stories set lead_hit_id = (id - 1) / 2 * 5 + case when id % 2 = 1 then 1 else 3 end")
    connection.execute("update subscriptions set since_at = ?", (history.instants[0],))
    connection.execute("update subscription_watchlists set since_at = ?", (history.instants[0],))
    connection.execute("commit")
    connection.execute("insert into texts_fts(texts_fts) values('rebuild')")
    for _, _, sql in made:
        connection.execute(sql)
    connection.execute("pragma journal_mode=WAL")
    connection.close()


if __name__ == "__main__":
    where = Path(sys.argv[1])
    open_sqlite(where).close()
    fill_sqlite(where, History(articles=int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000, subscriptions=()))
