"""The delivery promise as queries: each asks for rows that break one rule. A sound store gives none, whatever happened to the process before.

I1  every hit is in exactly one digest of each subscription that follows its watchlist, or still waits for one
I2  every digest that has something to say is on its way to every destination, or ended in a state that is shown and can be retried
I3  an identity stands for one content for ever; each attempt is logged
I4  what a feed said is kept, and nothing waits without a time at which somebody looks at it
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from monitor.store.driver import Store

RULES: Mapping[str, str] = MappingProxyType(
    {
        "I1 a hit passed over: the subscription's mark is beyond it and no digest has it": """
select s.name as subject, h.id as item from subscriptions s join subscription_watchlists w on w.subscription_id = s.id
  join hits h on h.watchlist = w.watchlist and h.created_at >= w.since_at and h.id <= s.settled_hit_id
  left join digest_hits d on d.subscription_id = s.id and d.hit_id = h.id where d.hit_id is null
""",
        "I1 a membership without a digest, or in another subscription's": """
select m.hit_id as subject, m.digest_id as item from digest_hits m left join digests d on d.id = m.digest_id
where d.id is null or d.subscription_id <> m.subscription_id
""",
        "I1 a digest that counts other hits than it has": """
select d.id as subject, d.hit_count as item from digests d
where d.hit_count <> (select count(*) from digest_hits m where m.digest_id = d.id and m.shown_as <> 'quiet')
""",
        "I1 a hit told before its story was known": """
select m.hit_id as subject, m.digest_id as item from digest_hits m join hits h on h.id = m.hit_id where h.story_id is null
""",
        "I1 a planned slot without exactly one digest": """
select l.id as subject, l.label as item from slots l
where l.missed = 0 and (select count(*) from digests d where d.slot_id = l.id and d.subscription_id = l.subscription_id) <> 1
""",
        "I1 a slot that was missed has a digest of its own": """
select l.id as subject, l.label as item from slots l join digests d on d.slot_id = l.id where l.missed <> 0
""",
        "I2 a digest with nothing to say has messages, or tells hits as items": """
select d.id as subject, d.kind as item from digests d
where d.kind = 'none' and (exists (select 1 from messages m where m.digest_id = d.id)
  or exists (select 1 from digest_hits h where h.digest_id = d.id and h.position > 0))
""",
        "I2 a message that goes nowhere": """
select m.id as subject, m.uid as item from messages m left join deliveries d on d.message_id = m.id where d.id is null
""",
        "I2 parts of a digest are missing": """
select m.digest_id as subject, m.form as item from messages m where m.digest_id is not null group by m.digest_id, m.form
having count(*) <> max(m.parts) or min(m.parts) <> max(m.parts) or max(m.part) <> max(m.parts)
""",
        "I2 parts of a digest go to different places": """
select m.digest_id as subject, d.destination as item from messages m join deliveries d on d.message_id = m.id where m.digest_id is not null
group by m.digest_id, m.form, d.destination having count(*) <> max(m.parts)
""",
        "I2 a delivery waits without a time": """
select id as subject, destination as item from deliveries
where (state = 'pending' and next_attempt_at is null) or (state = 'sending' and lease_until_at is null)
""",
        "I2 a delivery counts as made without an accepted attempt": """
select d.id as subject, d.destination as item from deliveries d
where (d.state = 'delivered') <> (d.delivered_at is not null) or (d.state = 'delivered'
  and not exists (select 1 from attempts a where a.delivery_id = d.id and a.outcome = 'sent'))
""",
        "I2 a delivery ended unseen: no attempt says why": """
select d.id as subject, d.state as item from deliveries d where d.state in ('rejected', 'parked')
  and not exists (select 1 from attempts a where a.delivery_id = d.id and a.ended_at is not null)
""",
        "I3 claims and logged attempts differ": """
select d.id as subject, d.epoch as item from deliveries d
where d.epoch <> (select count(*) from attempts a where a.delivery_id = d.id)
  or d.epoch <> (select count(distinct a.epoch) from attempts a where a.delivery_id = d.id)
""",
        "I3 one message twice on its way to one destination": """
select message_id as subject, destination as item from deliveries group by message_id, destination having count(*) > 1
""",
        "I4 an entry without its article": """
select e.id as subject, e.feed_id as item from entries e left join articles a on a.id = e.article_id where a.id is null
""",
        "I4 an article waits to be read without a time": """
select id as subject, url as item from articles where state = 'pending' and (next_read_at is null or site_id is null)
""",
        "I4 a site with work that nobody will visit": """
select s.id as subject, s.host as item from sites s where s.due_at is null and (
  exists (select 1 from feeds f where f.site_id = s.id and f.state = 'active' and f.next_poll_at is not null)
  or exists (select 1 from articles a where a.site_id = s.id and a.state = 'pending'))
""",
        "I4 an active feed that is never polled": """
select id as subject, name as item from feeds where state = 'active' and next_poll_at is null
""",
        "I4 validators kept of a feed that was never read": """
select id as subject, name as item from feeds where (etag is not null or last_modified is not null) and last_success_at is null
""",
    }
)

_SHOWN = 5
_DIGESTS = "select id, payload as content, sha256 from digests where id > :after order by id limit :limit"
_MESSAGES = "select id, body as content, sha256 from messages where id > :after order by id limit :limit"
_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A rule that does not hold: how many rows break it, and the first of them."""

    rule: str
    count: int
    examples: tuple[str, ...]


def check_invariants(store: Store) -> tuple[Broken, ...]:
    """Every rule that does not hold in a store. Reads all rows of history: for tests and `monitor db check`."""
    found = [_broken(rule, [f"{row['subject']}: {row['item']}" for row in store.all(sql)]) for rule, sql in RULES.items()]
    for name, sql in (("digest", _DIGESTS), ("message", _MESSAGES)):
        found.append(_broken(f"I3 a {name} changed after it was frozen", _altered(store, sql)))
    return tuple(each for each in found if each.count)


def _broken(rule: str, rows: list[str]) -> Broken:
    return Broken(rule=rule, count=len(rows), examples=tuple(rows[:_SHOWN]))


def _altered(store: Store, sql: str) -> list[str]:
    altered: list[str] = []
    after = 0
    while rows := store.all(sql, after=after, limit=_BATCH):
        for row in rows:
            content = row["content"].encode() if isinstance(row["content"], str) else bytes(row["content"])
            if hashlib.sha256(content).hexdigest() != row["sha256"]:
                altered.append(f"{row['id']}: {row['sha256'][:16]}")
        after = rows[-1]["id"]
    return altered
