"""Messages, deliveries and attempts: who is due, who holds it, how it ended. Claims are leased and fenced by an epoch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from monitor.hours import HORIZON, from_text, from_text_or_none
from monitor.model import Attempt, Delivery, Message, SendVerdict
from monitor.store.driver import Row, Store

# Of every destination only the oldest open delivery may be claimed: order within a destination, no waiting between destinations. One that two
# channels serve counts for each: what waits for a channel that is no longer configured holds up nothing of the other.
# A time beyond the horizon was set by a clock that ran ahead: such a delivery is due, else it would wait until then.
_DUE = """
select d.id, d.state from deliveries d
where d.id = (select min(x.id) from deliveries x
    where x.destination = d.destination and x.channel = d.channel and x.state in ('pending', 'sending', 'parked'){held})
  and (cast(:destination as text) is null or d.destination = :destination){busy}
  and ((d.state in ('pending', 'parked') and (d.next_attempt_at <= :now or d.next_attempt_at > :horizon))
    or (d.state = 'sending' and (d.lease_until_at <= :now or d.lease_until_at > :horizon)))
order by d.id limit :limit {skip}
"""
# What a subscription tells by its schedule waits while it is quiet there; a digest that a person asked for does not.
_HELD = """
 and not exists (select 1 from messages m join digests g on g.id = m.digest_id left join slots l on l.id = g.slot_id
   join subscriptions s on s.id = g.subscription_id
   where m.id = x.message_id and coalesce(l.label, '') not like 'manual-%' and g.kind || ':' || s.name in ({names}))"""
_CLAIM = """
update deliveries set state = 'sending', epoch = epoch + 1, attempts = attempts + 1, owner = :owner, lease_until_at = :until,
  first_attempt_at = coalesce(first_attempt_at, :now) where id = :id
"""
_ATTEMPT = "insert into attempts(delivery_id, epoch, started_at) values (:id, :epoch, :now) returning id"
_LEASE = "update deliveries set lease_until_at = :until where id = :id and epoch = :epoch"
_ENDED = "update attempts set ended_at = :now, outcome = :outcome, code = :code, detail = :detail where id = :id"
_SETTLE = """
update deliveries set state = :state, owner = null, lease_until_at = null, next_attempt_at = :next, last_code = :code, last_error = :error,
  delivered_at = :delivered where id = :id and epoch = :epoch and state = 'sending'
"""
_GIVE_BACK = """
update deliveries set state = :state, owner = null, lease_until_at = null, next_attempt_at = :now where id = :id and epoch = :epoch and state = 'sending'
"""
_RELEASE = "update deliveries set state = 'pending', owner = null, lease_until_at = null, next_attempt_at = :now where state = 'sending'"
_RETRY = """
update deliveries set state = 'pending', next_attempt_at = :now, first_attempt_at = null, attempts = 0
where id = :id and state in ('rejected', 'parked', 'expired', 'pending')
"""
_DELIVERY = """
select id, message_id, channel, destination, state, attempts, epoch, next_attempt_at, created_at, delivered_at, last_code, last_error,
  first_attempt_at from deliveries
"""
_ONE = f"{_DELIVERY} where id = :id"
_MESSAGE = "select id, uid, digest_id, form, part, parts, subject, body, sha256, created_at from messages where id = :id"
_ATTEMPTS = "select id, delivery_id, epoch, started_at, ended_at, outcome, code, detail from attempts where delivery_id = :id order by id"
_LIST = """
select d.id, d.channel, d.destination, d.state, d.attempts, d.next_attempt_at, d.created_at, d.delivered_at, d.last_code, d.last_error,
  m.subject, m.uid, m.digest_id as digest
from deliveries d join messages m on m.id = d.message_id
where d.created_at >= :since{failed} order by d.created_at desc, d.id desc limit :limit
"""
_ONLY_FAILED = """
  and d.state in ('rejected', 'parked', 'expired', 'pending', 'sending') and (d.state not in ('pending', 'sending') or d.attempts > 0)"""
_TELLS = """
select g.kind || ':' || s.name as name from deliveries d join messages m on m.id = d.message_id join digests g on g.id = m.digest_id
left join slots l on l.id = g.slot_id join subscriptions s on s.id = g.subscription_id
where d.id = :id and coalesce(l.label, '') not like 'manual-%'
"""
_FAILED = "select id from deliveries where state in ('rejected', 'parked', 'expired') order by id"
_WAITING = "select count(*) as n from deliveries where state in ('pending', 'sending')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that this process may send until its lease ends, with its message and the attempt already logged. `was`: its state before."""

    delivery: Delivery
    message: Message
    attempt_id: int
    first_attempt_at: datetime
    was: str = "pending"


def claim(
    store: Store,
    now: datetime,
    until: datetime,
    owner: str,
    limit: int,
    destination: str | None = None,
    held: tuple[str, ...] = (),
    busy: Collection[int] = (),
) -> tuple[Claim, ...]:
    """Claims the oldest due delivery of each destination (or of one), at most `limit`. The attempt is logged in the same transaction, before any network.

    `held`: what must be quiet, as `kind:subscription` (`digest:morning`); what did not go through before is tried again when that is over.
    `busy`: deliveries that this process is sending: a clock that was set ahead ends no lease of theirs.
    """
    numbers = {f"busy_{place}": number for place, number in enumerate(sorted(busy))}
    under_way = f" and d.id not in ({', '.join(f':{name}' for name in numbers)})" if numbers else ""
    names = {f"held_{number}": name for number, name in enumerate(held)}
    clause = _HELD.replace("{names}", ", ".join(f":{name}" for name in names)) if names else ""
    with store.write():
        sql = _DUE.replace("{held}", clause).replace("{busy}", under_way).replace("{skip}", store.skip_locked)
        due = store.all(sql, now=now, horizon=now + HORIZON, limit=limit, destination=destination, **names, **numbers)
        return tuple(_claim(store, row["id"], row["state"], now, until, owner) for row in due)


def _claim(store: Store, delivery_id: int, was: str, now: datetime, until: datetime, owner: str) -> Claim:
    store.run(_CLAIM, id=delivery_id, owner=owner, until=until, now=now)
    row = store.one(_ONE, id=delivery_id)
    assert row is not None
    message = get_message(store, row["message_id"])
    assert message is not None
    attempt = store.one(_ATTEMPT, id=delivery_id, epoch=row["epoch"], now=now)
    assert attempt is not None
    return Claim(
        delivery=_delivery(row), message=message, attempt_id=attempt["id"], first_attempt_at=from_text(row["first_attempt_at"]), was=was
    )


def extend(store: Store, claimed: Claim, until: datetime) -> None:
    """Sets the lease to what the channel needs; does nothing once somebody else has claimed."""
    with store.write():
        store.run(_LEASE, id=claimed.delivery.id, epoch=claimed.delivery.epoch, until=until)


def settle(store: Store, claimed: Claim, verdict: SendVerdict, state: str, next_attempt_at: datetime | None, now: datetime) -> bool:
    """Records how an attempt ended. False where the lease was lost: then only the attempt is recorded, the delivery is somebody else's."""
    done = state == "delivered"
    with store.write():
        store.run(_ENDED, id=claimed.attempt_id, now=now, outcome=verdict.outcome, code=verdict.code, detail=verdict.detail)
        changed = store.run(
            _SETTLE,
            id=claimed.delivery.id,
            epoch=claimed.delivery.epoch,
            state=state,
            next=next_attempt_at,
            code=verdict.code,
            error=None if done else verdict.detail,
            delivered=now if done else None,
        )
        return changed == 1


def give_back(store: Store, claimed: Claim, now: datetime) -> bool:
    """Frees a claim whose attempt was broken off here; it is due at once. False where a verdict was recorded or the lease was lost: that stands."""
    state = "parked" if claimed.was == "parked" else "pending"
    with store.write():
        if not store.run(_GIVE_BACK, id=claimed.delivery.id, epoch=claimed.delivery.epoch, state=state, now=now):
            return False
        detail = "broken off before an answer came: the program stopped or took up a new configuration"
        store.run(_ENDED, id=claimed.attempt_id, now=now, outcome="again", code="cut", detail=detail)
    return True


def release_all(store: Store, now: datetime) -> int:
    """Frees every claim at the start of the only process of this database: whoever held them is dead. Their attempts stay open in the log."""
    with store.write():
        return store.run(_RELEASE, now=now)


def retry(store: Store, delivery_id: int, now: datetime) -> bool:
    """Makes an ended or waiting delivery due now, under its old identity, its schedule begun anew. False where it is delivered or under way."""
    with store.write():
        return store.run(_RETRY, id=delivery_id, now=now) == 1


def tells(store: Store, delivery_id: int) -> str | None:
    """What a delivery tells by a schedule, as `claim` is given what must be quiet (`digest:morning`); None for what no quiet hours hold."""
    row = store.one(_TELLS, id=delivery_id)
    return None if row is None else str(row["name"])


def failed_ids(store: Store) -> tuple[int, ...]:
    """Deliveries that ended without success, oldest first."""
    return tuple(row["id"] for row in store.all(_FAILED))


def get(store: Store, delivery_id: int) -> Delivery | None:
    """One delivery, or None."""
    row = store.one(_ONE, id=delivery_id)
    return None if row is None else _delivery(row)


def get_message(store: Store, message_id: int) -> Message | None:
    """One message with its bytes, or None."""
    row = store.one(_MESSAGE, id=message_id)
    if row is None:
        return None
    return Message(
        id=row["id"],
        uid=row["uid"],
        digest_id=row["digest_id"],
        form=row["form"],
        part=row["part"],
        parts=row["parts"],
        subject=row["subject"],
        body=bytes(row["body"]),
        sha256=row["sha256"],
        created_at=from_text(row["created_at"]),
    )


def attempts(store: Store, delivery_id: int) -> tuple[Attempt, ...]:
    """The log of a delivery, first to last."""
    return tuple(
        Attempt(
            id=row["id"],
            delivery_id=row["delivery_id"],
            epoch=row["epoch"],
            started_at=from_text(row["started_at"]),
            ended_at=from_text_or_none(row["ended_at"]),
            outcome=row["outcome"],
            code=row["code"],
            detail=row["detail"],
        )
        for row in store.all(_ATTEMPTS, id=delivery_id)
    )


def listed(store: Store, since: datetime, limit: int, failed: bool = False) -> list[Row]:
    """Rows for a list, newest first; `failed`: only what did not go through."""
    return store.all(_LIST.replace("{failed}", _ONLY_FAILED if failed else ""), since=since, limit=limit)


def waiting(store: Store) -> int:
    """Number of deliveries still to be made."""
    row = store.one(_WAITING)
    return 0 if row is None else int(row["n"])


def _delivery(row: Row) -> Delivery:
    return Delivery(
        id=row["id"],
        message_id=row["message_id"],
        channel=row["channel"],
        destination=row["destination"],
        state=row["state"],
        attempts=row["attempts"],
        epoch=row["epoch"],
        next_attempt_at=from_text_or_none(row["next_attempt_at"]),
        created_at=from_text(row["created_at"]),
        delivered_at=from_text_or_none(row["delivered_at"]),
        last_code=row["last_code"],
        last_error=row["last_error"],
    )
