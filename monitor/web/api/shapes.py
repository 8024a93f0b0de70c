"""The shapes of what the API answers: six nouns as they stand in lists, and each with all that is known of it. Declarations only."""

from __future__ import annotations

from dataclasses import replace

from monitor.web.api.declare import FLAG, INSTANT, NUMBER, OBJECT, TEXT, TEXTS, WHOLE, WHOLES, Field, Shape, maybe, one_of

_AT = "2024-09-26T00:05:00.000000Z"


def _number(name: str = "id", said: str = "Its number.", example: int = 12) -> Field:
    return Field(name=name, said=said, schema=WHOLE, example=example)


def _maybe_number(name: str, said: str, example: int | None = None) -> Field:
    return Field(name=name, said=said, schema=maybe(WHOLE), example=example)


def _text(name: str, said: str, example: str) -> Field:
    return Field(name=name, said=said, schema=TEXT, example=example)


def _maybe_text(name: str, said: str, example: str | None = None) -> Field:
    return Field(name=name, said=said, schema=maybe(TEXT), example=example)


def _at(name: str, said: str) -> Field:
    return Field(name=name, said=said, schema=INSTANT, example=_AT)


def _maybe_at(name: str, said: str, example: str | None = _AT) -> Field:
    return Field(name=name, said=said, schema=maybe(INSTANT), example=example)


def _flag(name: str, said: str) -> Field:
    return Field(name=name, said=said, schema=FLAG, example=False)


_WATCHLIST = _text("watchlist", "The watchlist.", "vietnam-us-tech")
_TITLE = _text("title", "The headline, as the outlet has it.", "Nvidia builds a research centre in Vietnam")
_URL = _text("url", "Where it is.", "https://news.example/nvidia")
_PUBLISHER = _text("publisher", "The outlet.", "news.example")
_LANG = _text("lang", "Its language (ISO 639-1), empty where it is not known.", "en")
_BAND = Field(name="band", said="alert: a new development; review: worth a look.", schema=one_of("alert", "review"), example="alert")
_SCORE = Field(name="score", said="Points.", schema=NUMBER, example=7.5)
_QUIET = _flag("quiet", "Stored, and never told as news: it was old when it was found.")
_NOVELTY = Field(
    name="novelty",
    said="What it brings to its story; null until it is grouped.",
    schema=maybe(one_of("new", "update", "echo")),
    example="new",
)
_PUBLISHED = _maybe_at("published_at", "When it was published, where that can be believed.")
_SEEN = _at("first_seen_at", "When a feed first showed it.")
_KIND = _text("kind", "entity, topic or cue.", "entity")

HIT = Shape(
    name="Hit",
    said="An article that satisfies a watchlist.",
    fields=(
        _number(),
        _WATCHLIST,
        _BAND,
        _SCORE,
        _QUIET,
        _maybe_number("story", "Its story; null until it is grouped.", 3),
        _NOVELTY,
        _text("sentence", "The sentence that matched.", "Nvidia will build a research centre in Hanoi."),
        Field(name="names", said="Whom it names.", schema=TEXTS, example=["Nvidia", "Hanoi"]),
        Field(name="topics", said="What it is about.", schema=TEXTS, example=["Semiconductors"]),
        Field(name="mark", said="What somebody thought of it last.", schema=maybe(one_of("useful", "useless")), example=None),
        _number("article", "Its article.", 40),
        _TITLE,
        _URL,
        _PUBLISHER,
        _LANG,
        _PUBLISHED,
        _SEEN,
        _at("created_at", "When it became a hit."),
    ),
)
_PART = Shape(name="ScorePart", said="One term of a score.", fields=(_text("name", "Its name.", "bond"), replace(_SCORE, name="points")))
_MENTION = Shape(
    name="Mention",
    said="A name or word that was found; places count characters of the title, a line break and the text.",
    fields=(
        _KIND,
        _text("id", "What it stands for.", "nvidia"),
        _text("side", "For which side of the watchlist.", "us"),
        _text("title", "Its name.", "Nvidia"),
        _text("alias", "As it is listed.", "nvidia"),
        _number("start", "Where it begins.", 0),
        _number("end", "Where it ends.", 6),
        _number("sentence", "In which sentence; 0 is the title.", 0),
        _text("zone", "title, lead or body.", "title"),
    ),
)
_REJECTED = Shape(
    name="Rejected",
    said="A string that looked like a name and was not taken.",
    fields=(
        _text("id", "For whom.", "apple"),
        _text("alias", "As it is listed.", "apple"),
        _number("start", "Where it begins.", 90),
        _number("end", "Where it ends.", 95),
        _text("reason", "Why.", "case"),
    ),
)
_MARK = Shape(
    name="Mark",
    said="What somebody thought of a hit.",
    fields=(
        Field(name="verdict", said="useful or useless.", schema=one_of("useful", "useless"), example="useful"),
        _text("reason", "Why, in their words.", ""),
        _at("created_at", "When."),
    ),
)
HIT_WHOLE = Shape(
    name="HitWithEvidence",
    said="A hit with all its evidence.",
    fields=(
        *HIT.fields,
        _text("rule", "The rule that was satisfied.", "vietnam and us and technology"),
        _text("watchlist_digest", "The version of the watchlist that judged it.", "9f2c"),
        _text("engine", "The version of the matcher that judged it.", "7"),
        Field(name="parts", said="The terms of its score.", shape=_PART),
        Field(name="reasons", said="Why, in words.", schema=TEXTS, example=["both sides in one sentence"]),
        Field(name="mentions", said="What was found.", shape=_MENTION),
        Field(name="rejected", said="What was not taken.", shape=_REJECTED),
        Field(name="brings", said="What it told that its story did not know.", schema=TEXTS, example=["figure:usd 299"]),
        Field(name="marks", said="What people thought of it.", shape=_MARK),
    ),
)
STORY = Shape(
    name="Story",
    said="The hits of one watchlist that report one development.",
    fields=(
        _number(example=3),
        _WATCHLIST,
        _TITLE,
        _LANG,
        _number("hits", "How many reports it has.", 6),
        _maybe_number("earlier", "The story that it goes on from."),
        _at("first_seen_at", "When its first report came."),
        _at("last_seen_at", "When its latest report came."),
        _at("created_at", "When it was made."),
    ),
)
_REPORT = Shape(
    name="Report",
    said="One hit of a story.",
    fields=(
        _number("hit", "The hit.", 12),
        _number("article", "Its article.", 40),
        *(_BAND, _SCORE, _QUIET, _NOVELTY, _TITLE, _LANG, _PUBLISHER, _URL, _PUBLISHED, _SEEN),
        _maybe_number("copy_of", "The article whose text it repeats."),
    ),
)
STORY_WHOLE = Shape(
    name="StoryWithReports",
    said="A story with its reports, first to last.",
    fields=(*STORY.fields, Field(name="reports", said="Its reports.", shape=_REPORT)),
)
ARTICLE = Shape(
    name="Article",
    said="One page, read once however many feeds showed it.",
    fields=(
        _number(example=40),
        *(_URL, _TITLE, _text("author", "Who wrote it.", ""), _PUBLISHER, _LANG),
        Field(
            name="state",
            said="pending: to be read; done: read; failed, dead: given up, the feed's text is kept.",
            schema=one_of("pending", "done", "failed", "dead"),
            example="done",
        ),
        _text("text_source", "Where its text comes from.", "page"),
        *(_PUBLISHED, _SEEN, _maybe_at("fetched_at", "When its page was read.")),
        _maybe_number("copy_of", "The article whose text it repeats."),
        _QUIET,
        _maybe_text("error_kind", "Why its page was not read."),
        _maybe_text("error", "The same in words."),
    ),
)
_SIGHTING = Shape(
    name="Sighting",
    said="What one feed said of an article.",
    fields=(
        _text("feed", "The feed.", "times"),
        _TITLE,
        _URL,
        _PUBLISHED,
        _SEEN,
        _number("revision", "How often it was revised, plus one.", 1),
    ),
)
ARTICLE_WHOLE = Shape(
    name="ArticleWithText",
    said="An article with its text, the feeds that showed it and its hits.",
    fields=(
        *ARTICLE.fields,
        _text("canonical_url", "The address that the page itself names.", ""),
        _text("text", "The text as it was matched; empty where it has expired.", "Nvidia will build a research centre in Hanoi."),
        Field(name="sightings", said="What feeds said of it, first to last.", shape=_SIGHTING),
        Field(name="hits", said="Its hits.", schema=WHOLES, example=[12]),
    ),
)
FEED = Shape(
    name="Feed",
    said="A document that is polled.",
    fields=(
        _number(example=5),
        _text("name", "Its key in config.toml.", "times"),
        _text("url", "Its address.", "https://news.example/rss"),
        _text("title", "What it calls itself.", "The Times"),
        _LANG,
        Field(
            name="state",
            said="paused: by a person; gone: it said so for good; removed: not configured any more.",
            schema=one_of("active", "paused", "gone", "removed"),
            example="active",
        ),
        _number("interval_s", "How often it is asked, in seconds.", 3600),
        *(_maybe_at(name, said) for name, said in (("next_poll_at", "When it is due."), ("last_polled_at", "When it was last asked."))),
        *(
            _maybe_at(name, said)
            for name, said in (("last_success_at", "When it was last read."), ("last_new_at", "When it last had news."))
        ),
        _maybe_at("silent_since_at", "Since when it is silent beyond its habit.", None),
        _number("polls", "How often it was asked.", 900),
        _number("fail_count", "How often in a row it failed.", 0),
        _maybe_at("failing_since_at", "Since when it fails.", None),
        _maybe_text("error_kind", "Why it fails."),
        _maybe_text("error", "The same in words."),
        _text("note", "What its last poll remarked.", ""),
        _at("created_at", "When it was first configured."),
    ),
)
_ENTRY = Shape(
    name="Entry",
    said="What the feed said of one article.",
    fields=(
        *(_number("article", "The article.", 40), _TITLE, _URL, _LANG, _PUBLISHED, _SEEN),
        _text("state", "The article's state.", "done"),
        _text("text_source", "Where the article's text comes from.", "page"),
        _maybe_number("hit", "The article's first hit.", 12),
    ),
)
_EVENT = Shape(
    name="Event",
    said="Something that happened to a feed.",
    fields=(
        _at("happened_at", "When."),
        replace(_KIND, said="What.", example="feed.failing"),
        _text("detail", "The same in words.", "timeout"),
    ),
)
FEED_WHOLE = Shape(
    name="FeedWithEntries",
    said="A feed with its newest entries and events.",
    fields=(
        *FEED.fields,
        Field(name="entries", said="Its newest entries.", shape=_ENTRY),
        Field(name="events", said="What happened to it, newest first.", shape=_EVENT),
    ),
)
DIGEST = Shape(
    name="Digest",
    said="What a subscription was told in a slot.",
    fields=(
        _number(example=2),
        _text("uid", "Its identity, the same in every message.", "1f6e0a52-7d1c-4a3e-9b7e-2d8a54c0f3b1"),
        _text("subscription", "The subscription.", "morning"),
        _maybe_text("slot", "The slot, in local time.", "2024-09-26T07:00 Asia/Ho_Chi_Minh"),
        _text("kind", "digest, urgent, or none where there was nothing to tell.", "digest"),
        _text("subject", "Its subject.", "VN-US tech: 3 new"),
        _number("hits", "How many hits it holds.", 9),
        _maybe_at("covers_from_at", "From when on it tells."),
        _at("covers_to_at", "Until when it tells."),
        _at("created_at", "When it was made."),
    ),
)
_SENT = Shape(
    name="Sent",
    said="One message of a digest on its way to one destination.",
    fields=(
        _text("channel", "The channel.", "mail"),
        _text("destination", "Where to.", "mail:analyst@example.org"),
        _text("state", "How it stands.", "delivered"),
        _number("attempts", "How often it was tried.", 1),
        _maybe_at("delivered_at", "When it was accepted."),
        _maybe_text("last_error", "Why it was not."),
        _number("part", "Which part of the digest.", 1),
    ),
)
DIGEST_WHOLE = Shape(
    name="DigestWithDocument",
    said="A digest with the document that all its messages were made from.",
    fields=(
        *DIGEST.fields,
        Field(name="document", said="The document; `monitor digests schema` describes it.", schema=OBJECT, example={"uid": "1f6e0a52"}),
        Field(name="sent", said="Its messages.", shape=_SENT),
    ),
)
DELIVERY = Shape(
    name="Delivery",
    said="One message on its way to one destination.",
    fields=(
        _number(example=7),
        _text("channel", "The channel.", "hook"),
        _text("destination", "Where to.", "webhook:hook"),
        Field(
            name="state",
            said="How it stands.",
            schema=one_of("pending", "sending", "delivered", "rejected", "parked", "expired"),
            example="delivered",
        ),
        _number("attempts", "How often it was tried.", 1),
        _maybe_at("next_attempt_at", "When it is tried next.", None),
        _text("message", "The message's identity, as the receiver sees it.", "5d2f8a10-64b1-4c57-8a44-0e8f6f1d2c3b"),
        _text("subject", "The message's subject.", "VN-US tech: 3 new"),
        _maybe_number("digest", "The digest that it tells.", 2),
        _at("created_at", "When it was made."),
        _maybe_at("delivered_at", "When it was accepted."),
        _maybe_text("last_code", "What the destination answered last.", "200"),
        _maybe_text("last_error", "The same in words."),
    ),
)
_ATTEMPT = Shape(
    name="Attempt",
    said="One try of a delivery.",
    fields=(
        _at("started_at", "When it began."),
        _maybe_at("ended_at", "When it ended; null where nobody saw that."),
        _maybe_text("outcome", "sent, again, refused or parked.", "sent"),
        _maybe_text("code", "What the destination answered.", "200"),
        _maybe_text("detail", "The same in words.", ""),
    ),
)
DELIVERY_WHOLE = Shape(
    name="DeliveryWithAttempts",
    said="A delivery with the log of its attempts.",
    fields=(*DELIVERY.fields, Field(name="log", said="Its attempts, first to last.", shape=_ATTEMPT)),
)
