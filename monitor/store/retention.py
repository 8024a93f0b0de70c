"""What goes with time, and what stays: texts of articles that matched nothing, and the program's own log. Hits, stories, digests and identity stay for ever.

Each rule selects the keys of what may go; sweeping deletes them batch by batch, each batch in a transaction of its own that asks again. Texts and what
copies are recognised by are dropped hour by hour where the daemon runs (store/articles.py), so that no tick reads all of history for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from monitor.hours import to_text
from monitor.store.driver import Store, Value
from monitor.store.steps import fact, set_fact

BATCH = 500
"""Rows a transaction: a sweep never holds the others back for long."""

MOST_BATCHES = 5
"""Batches a rule and tick, which may take 50 ms; what is left goes with the next one."""

SWEEP_EVERY = timedelta(hours=23)

ROBOTS_DAYS = 7
"""A robots.txt is asked for anew after a day: an older copy is of a host where nothing is read."""

_LIVES_KEPT = 5

_TEXTS = """
select a.id from articles a where a.first_seen_at < :before and a.matched_rev > 0
  and exists (select 1 from texts t where t.article_id = a.id) and not exists (select 1 from hits h where h.article_id = a.id)
  and not exists (select 1 from articles c where c.text_of = a.id
    and (c.first_seen_at >= :before or c.matched_rev = 0 or exists (select 1 from hits h where h.article_id = c.id)))
"""
# Numbers of articles follow the times at which they were first seen.
_TOO_OLD = "article_id < (select coalesce(min(id), 0) from articles where first_seen_at >= :before)"
_EVENTS = "select id from events where happened_at < :before"
_LIVES = f"""
select id from daemons where coalesce(stopped_at, seen_at) < :before
  and id not in (select id from daemons order by started_at desc limit {_LIVES_KEPT})
"""
_ALARMS = "select id from alarms where over_at < :before"
_ALARM_MESSAGES = """
select m.id from messages m where m.kind = 'alarm' and m.created_at < :before
  and not exists (select 1 from deliveries d where d.message_id = m.id and d.state in ('pending', 'sending', 'parked'))
"""
_VERSIONS = """
select v.id from watchlist_versions v where v.created_at < :before and v.rev < (select max(rev) from watchlist_versions)
  and not exists (select 1 from hits h where h.version_id = v.id)
"""
_ROBOTS = "select id from sites where robots is not null and robots_at < :before"

_ATTEMPTS_OF = "delete from attempts where delivery_id in (select id from deliveries where message_id in ({chosen}))"
_DELIVERIES_OF = "delete from deliveries where message_id in ({chosen})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How many days what goes is kept: texts of articles that matched nothing, marks by which their copies are recognised, and the log."""

    text_days: int = 90
    sketch_days: int = 30
    log_days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that goes: `select` gives what is older than `:before`; `acts` remove what `{chosen}` names, found in the column `key`.

    Without a `key` the one act removes everything at once. `days` says how long it is kept; `what` says to people what goes; `hourly`: the daemon
    has another way to it; `walks`: much that is old stays, so each batch goes on where the last one ended instead of by an index on the time.
    """

    name: str
    what: str
    days: Callable[[Keeping], int]
    select: str
    acts: tuple[str, ...]
    key: str = "id"
    hourly: bool = False
    walks: bool = False


RULES = (
    Rule(
        name="texts",
        what="texts of articles that matched nothing (articles.keep_text_days)",
        days=lambda keeping: keeping.text_days,
        select=_TEXTS,
        key="a.id",
        hourly=True,
        walks=True,
        acts=("delete from texts where article_id in ({chosen})",),
    ),
    Rule(
        name="sketches",
        what="marks by which copies of a text are recognised, some sixteen a text",
        days=lambda keeping: keeping.sketch_days,
        select=f"select article_id as id from sketch_values where {_TOO_OLD}",
        acts=(f"delete from sketch_values where {_TOO_OLD}",),
        key="",
        hourly=True,
    ),
    Rule(
        name="robots",
        what="robots.txt of hosts where nothing was read",
        days=lambda _: ROBOTS_DAYS,
        select=_ROBOTS,
        acts=("update sites set robots = null, robots_at = null where id in ({chosen})",),
    ),
    Rule(
        name="events",
        what="events of the log (storage.keep_log_days)",
        days=lambda keeping: keeping.log_days,
        select=_EVENTS,
        acts=("delete from events where id in ({chosen})",),
    ),
    Rule(
        name="lives",
        what="lives of the daemon, but for the newest five (storage.keep_log_days)",
        days=lambda keeping: keeping.log_days,
        select=_LIVES,
        acts=("delete from daemons where id in ({chosen})",),
    ),
    Rule(
        name="alarms",
        what="alarms that are over (storage.keep_log_days)",
        days=lambda keeping: keeping.log_days,
        select=_ALARMS,
        acts=("delete from alarms where id in ({chosen})",),
    ),
    Rule(
        name="alarm-messages",
        what="messages of alarms with their deliveries, unless one still waits (storage.keep_log_days)",
        days=lambda keeping: keeping.log_days,
        select=_ALARM_MESSAGES,
        key="m.id",
        acts=(_ATTEMPTS_OF, _DELIVERIES_OF, "delete from messages where id in ({chosen})"),
    ),
    Rule(
        name="versions",
        what="former versions of watchlists without a hit (storage.keep_log_days)",
        days=lambda keeping: keeping.log_days,
        select=_VERSIONS,
        key="v.id",
        acts=("delete from watchlist_versions where id in ({chosen})",),
    ),
)

STAYS: Mapping[str, str] = MappingProxyType(
    {
        "articles": "identity: what was seen once is never news again",
        "entries": "identity: what each feed showed",
        "hits": "evidence of what matched; their texts stay too",
        "mentions": "evidence of what matched",
        "stories": "what was told as one development",
        "placements": "what people decided of stories",
        "labels": "what people marked",
        "slots": "each due time has its record",
        "digests": "what was told, as it was told",
        "digest_hits": "what was told to whom",
        "messages": "the bytes that were sent",
        "deliveries": "the ledger",
        "attempts": "the ledger",
    }
)
"""What grows with what is read and told, and stays for ever, with the reason."""

BOUNDED: Mapping[str, str] = MappingProxyType(
    {
        "meta": "one row a fact",
        "steps": "one row a step",
        "feeds": "one row a feed that was ever configured",
        "sites": "one row a host that was ever linked to",
        "subscriptions": "one row a subscription that was ever configured",
        "subscription_watchlists": "one row a watchlist of a subscription",
        "saved_searches": "one row a search that somebody saved",
        "arrivals": "one row a feed and hour, for as long as rhythms are learned from (alarms/rhythm.py)",
    }
)
"""What does not grow with time."""


def stale(store: Store, keeping: Keeping, now: datetime) -> dict[str, int]:
    """How many things each rule would remove now; nothing is changed."""
    counted = {}
    for rule in RULES:
        row = store.one(f"select count(*) as n from ({rule.select}) stale", before=_before(rule, keeping, now))
        counted[rule.name] = 0 if row is None else int(row["n"])
    return counted


def sweep(store: Store, keeping: Keeping, now: datetime, most_batches: int = MOST_BATCHES, rules: Sequence[Rule] = RULES) -> dict[str, int]:
    """Removes what each rule selects, at most `most_batches` batches of it, and returns how many things went."""
    return {rule.name: _apply(store, rule, _before(rule, keeping, now), most_batches) for rule in rules}


def sweep_when_due(store: Store, keeping: Keeping, now: datetime) -> dict[str, int]:
    """Sweeps once a day, and again at the next call where one sweep was not enough. What goes hour by hour is left alone."""
    last = fact(store, "swept_at")
    if last is not None and to_text(now - SWEEP_EVERY) < last <= to_text(now):
        return {}
    went = sweep(store, keeping, now, rules=[rule for rule in RULES if not rule.hourly])
    if max(went.values()) < BATCH * MOST_BATCHES:
        with store.write():
            set_fact(store, "swept_at", to_text(now))
    return went


def sizes(store: Store) -> dict[str, int]:
    """Rows of each table that stays for ever."""
    return {table: int((store.one(f"select count(*) as n from {table}") or {"n": 0})["n"]) for table in STAYS}


def _apply(store: Store, rule: Rule, before: datetime, most_batches: int) -> int:
    if not rule.key:
        with store.write():
            return sum(store.run(act, before=before) for act in rule.acts)
    went = 0
    keys: list[Value] = []
    for _ in range(most_batches):
        # Looked for outside the transaction: on a large table that takes longer than anybody should wait.
        on = f"{rule.select} and {rule.key} > :after" if keys and rule.walks else rule.select
        after: dict[str, Value] = {"after": keys[-1]} if keys and rule.walks else {}
        order = f" order by {rule.key}" if rule.walks else ""
        keys = [row["id"] for row in store.all(f"{on}{order} limit {BATCH}", before=before, **after)]
        if keys:
            with store.write():
                went += _remove(store, rule, keys, before)
        if len(keys) < BATCH:
            break
    return went


def _remove(store: Store, rule: Rule, keys: Sequence[Value], before: datetime) -> int:
    """Removes those of `keys` that the rule still selects."""
    again, values = f"{rule.select} and {rule.key} in ({_named(keys)})", _values(keys)
    chosen = [row["id"] for row in store.all(again, before=before, **values)]
    if chosen:
        for act in rule.acts:
            store.run(act.replace("{chosen}", _named(chosen)), **_values(chosen))
    return len(chosen)


def _named(keys: Sequence[Value]) -> str:
    return ", ".join(f":key_{place}" for place in range(len(keys)))


def _values(keys: Sequence[Value]) -> dict[str, Value]:
    return {f"key_{place}": key for place, key in enumerate(keys)}


def _before(rule: Rule, keeping: Keeping, now: datetime) -> datetime:
    return now - timedelta(days=rule.days(keeping))
