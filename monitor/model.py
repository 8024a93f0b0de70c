"""Every noun of the program, in the order of the flow: seed, watchlist, feed, entry, article, hit, story, digest, delivery.
All are frozen. Instants are aware UTC and end in `_at`. Text offsets count code points. A field `id` is the row's key in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

EntityType = Literal["person", "company", "body", "place", "agreement", "event", "product", "other"]
Band = Literal["alert", "review"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """An example article that shows what to watch. `text` is cleaned; `dropped` holds the lines taken for boilerplate."""

    id: str
    title: str
    text: str
    lang: str
    publisher: str = ""
    published_on: date | None = None
    captions: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """An office that a person held, with the days of its validity (None: open)."""

    title: str
    since_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Whom to look for: one person, firm, body or place under all its names.
    names        full names; a trailing * allows endings; a capital in the name asks for a capital in the text
    exact_names  like names, but upper and lower case must be as written (US, Mỹ)
    short, loose  count only after a full name (Lam), only beside another organisation (Visa), in the same article
    never        longer strings that look like this entity and are not (Lam Research)
    exact, hub   case as written for all names; so common that sharing it says nothing (countries, heads of state)
    implies      topics that this entity stands for, fully beside a strong verb, else by half"""

    id: str
    title: str
    type: EntityType = "other"
    names: tuple[str, ...] = ()
    exact_names: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    exact: bool = False
    hub: bool = False
    implies: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    seeds: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A subject area: words by language (`words` maps language to words; a trailing * allows endings)."""

    id: str
    title: str
    weight: float = 1.0
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    seeds: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One party of the match rule (Vietnam, US, technology): entities and topics, any of which stands for it."""

    id: str
    title: str
    entities: tuple[Entity, ...] = ()
    topics: tuple[Topic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """Words that raise or lower a score by `points` each, at most `limit` times."""

    id: str
    points: float
    limit: int = 2
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchlist:
    """What to watch: sides, the rule that joins them, masks, cues and the two score bands.
    match   expression over side ids: and or not near/n same-sentence at-least-n title: lead:
    bond    how close the sides must stand: sentence | near | article
    alert, review  points from which a hit is a new development, worth a look
    contrast  countries and firms that belong to no side: a text about one of them is less likely meant
    digest  sha256 over the watchlist's whole meaning (sides, masks, cues and gazetteer parts included)"""

    id: str
    title: str
    match: str
    bond: Literal["sentence", "near", "article"] = "sentence"
    alert: float = 5.0
    review: float = 3.0
    expect: str = ""
    sides: tuple[Side, ...] = ()
    masks: tuple[str, ...] = ()
    cues: tuple[Cue, ...] = ()
    contrast: tuple[Entity, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One host. Its lease (`due_at`, `owner`) lets one visitor at a time poll and read there, over all machines."""

    id: int
    host: str
    due_at: datetime | None
    owner: str | None
    blocked_until_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A document we poll. `name` is its key in the configuration; the rest is what we learnt about it.
    state: active | paused (by a person) | gone (410) | removed (no longer in the configuration)."""

    id: int
    site_id: int
    name: str
    url: str
    lang: str
    state: str
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    title: str
    interval_s: int
    next_poll_at: datetime | None
    last_polled_at: datetime | None
    last_success_at: datetime | None
    last_new_at: datetime | None
    baseline_at: datetime | None
    fail_count: int
    failing_since_at: datetime | None
    error_kind: str | None
    error: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a feed said about one article, one row per (feed, identity). `url`: absolute or empty; `published_at`: None where it is not believable."""

    key: str
    guid: str
    url: str
    url_key: str
    title: str
    summary: str
    author: str
    lang: str
    published_at: datetime | None
    published_raw: str
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One page, read once however many feeds showed it.
    state        pending (to be read) | done (page text) | failed (given up: feed text only) | dead (poison page: feed text only)
    text_source  page | page-full (second, slower extraction) | page-flat (too large or deep: its longer lines) | feed
    quiet        True: old when first seen (baseline); its hits are stored and shown on request, never alerted
    matched_rev  revision of the watchlists that last saw this text; 0: never matched"""

    id: int
    url: str
    canonical_url: str
    title: str
    author: str
    publisher: str
    lang: str
    published_at: datetime | None
    first_seen_at: datetime
    fetched_at: datetime | None
    state: str
    text_source: str
    text: str
    text_hash: str
    copy_of: int | None
    quiet: bool
    matched_rev: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An alias found in a text. `start` and `end` are offsets into the matched text; sentence 0 is the title.
    kind: entity | topic | cue.  zone: title | lead | body."""

    kind: str
    id: str
    side: str
    title: str
    alias: str
    start: int
    end: int
    sentence: int
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A string that looked like an alias and was not taken, with the reason: case, marks, guard, mask, never, short, loose."""

    id: str
    alias: str
    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    """One term of a score, by name, in points."""

    name: str
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """The sentence that matched, at most 240 characters, with the (start, end) offsets of the names to mark in it."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one watchlist says of one text, with all its evidence. `band` is None where nothing matched."""

    watchlist: str
    watchlist_digest: str
    band: Band | None
    score: float
    rule: str
    parts: tuple[ScorePart, ...] = ()
    mentions: tuple[Mention, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    snippet: Snippet = Snippet(text="")
    reasons: tuple[str, ...] = ()
    text_hash: str = ""
    engine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An article that satisfies a watchlist, unique. novelty: None (not grouped yet) | new | update | echo; quiet: stored, never sent as news."""

    id: int
    watchlist: str
    article_id: int
    band: Band
    score: float
    quiet: bool
    verdict: Verdict
    created_at: datetime
    story_id: int | None = None
    novelty: str | None = None
    delta: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The hits of one watchlist that report one development."""

    id: int
    watchlist: str
    title: str
    lang: str
    first_seen_at: datetime
    last_seen_at: datetime
    hit_count: int
    publishers: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who is told what, when: watchlists, channels and a schedule in a zone of its own.
    at  local wall-clock times "HH:MM";  days "mon-fri" or "mon,wed";  quiet "22:00-06:00" or "";  urgent  see digests/urgent.py"""

    name: str
    title: str
    watchlists: tuple[str, ...]
    channels: tuple[str, ...]
    at: tuple[str, ...]
    days: str
    timezone: str
    quiet: str = ""
    lang: str = "en"
    review: bool = True
    max_items: int = 12
    heartbeat: bool = False
    urgent: float = 0.0
    urgent_names: tuple[str, ...] = ()
    urgent_after_min: int = 3
    urgent_cooldown_min: int = 60
    urgent_in_quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One due time of a schedule. `label` is the local wall time with its zone, e.g. `2026-10-25T07:00 Europe/Paris`: unique per subscription."""

    label: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What one subscription is told in one slot: frozen at plan, never changed. `payload` is the JSON document all messages were rendered from."""

    id: int
    uid: str
    subscription: str
    slot_label: str
    subject: str
    payload: str
    sha256: str
    created_at: datetime
    covers_from_at: datetime | None
    covers_to_at: datetime
    hit_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The frozen bytes of one part of a digest in one form: mail (JSON of subject, text, html), json (webhook body), file (JSON as mail)."""

    id: int
    uid: str
    digest_id: int | None
    form: str
    part: int
    parts: int
    subject: str
    body: bytes
    sha256: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way to one destination. `epoch` grows with each claim: a late sender with an older one cannot settle.
    state: pending | sending | delivered | rejected (refused for good) | parked (waits for the operator or a probe) | expired."""

    id: int
    message_id: int
    channel: str
    destination: str
    state: str
    attempts: int
    epoch: int
    next_attempt_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None
    last_code: str | None
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendVerdict:
    """What a channel answers to one attempt. refused: for good; parked: the endpoint waits; again: on the schedule, not before `retry_after_s`."""

    outcome: Literal["sent", "again", "refused", "parked"]
    code: str
    detail: str = ""
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a delivery, logged before the network call. An attempt without `ended_at` is one whose outcome nobody saw."""

    id: int
    delivery_id: int
    epoch: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    code: str | None
    detail: str | None
