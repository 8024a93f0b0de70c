"""Offers due deliveries to their destinations: several destinations at once, one message after the other within each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from monitor.config import ChannelSettings
from monitor.config.present import masked, secret_values
from monitor.deliveries.channel import Channel, build_channels
from monitor.deliveries.settle import Settlement, settlement
from monitor.errors import StoreError
from monitor.fetch.polite import Sender
from monitor.log import logger
from monitor.model import Message, SendVerdict
from monitor.store import deliveries as stored
from monitor.store.deliveries import Claim
from monitor.store.driver import Store
from monitor.store.steps import record_event

ALARM_AFTER = 3
"""Failed attempts after which a destination is reported as failing, once."""

_IN_A_ROW = 5
"""Messages to one destination in one run: with a tick every five seconds about one per second after an outage."""

_SETTLE_AGAIN_S = (0.2, 1.0, 5.0)
"""Pauses between attempts to record a verdict that the store refused: unrecorded, the message would be sent once more."""

_LAST_WORD_S = 2.0
"""How long a stop waits for a verdict to be recorded."""

_LEASE = timedelta(minutes=2)
_NO_CHANNEL_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverCounts:
    """Attempts of one run by how they ended."""

    delivered: int = 0
    again: int = 0
    rejected: int = 0
    parked: int = 0


async def deliver(
    *,
    store: Store,
    door: Sender,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    jitter: Callable[[], float],
    channels: tuple[ChannelSettings, ...],
    limit: int,
    held: Callable[[datetime], tuple[str, ...]] = lambda now: (),
    under_way: set[int] | None = None,
) -> DeliverCounts:
    """Makes the due attempts, at most `limit` destinations at once, and records each verdict. A slow destination delays no other.

    `held` names what must be quiet at an instant, as `kind:subscription`: it waits. `under_way` holds what runs of this process, which may
    overlap, are sending: none takes it from another, whatever the clock says.
    """
    busy = set() if under_way is None else under_way
    sending = _Sending(store, build_channels(channels, door), secret_values(channels), clock, new_id, jitter, held, busy)
    now = clock()
    claimed = await asyncio.to_thread(stored.claim, store, now, now + _LEASE, new_id(), limit, None, held(now), tuple(busy))
    busy.update(each.delivery.id for each in claimed)
    ended = await asyncio.gather(*(sending.destination(each) for each in claimed), return_exceptions=True)
    states: list[str] = []
    for each in ended:
        if isinstance(each, BaseException):
            raise each
        states += each
    return DeliverCounts(
        delivered=states.count("delivered"),
        again=states.count("pending"),
        rejected=states.count("rejected"),
        parked=states.count("parked"),
    )


class _Sending:
    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        secrets: tuple[str, ...],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        jitter: Callable[[], float],
        held: Callable[[datetime], tuple[str, ...]],
        busy: set[int],
    ) -> None:
        self._store = store
        self._channels = channels
        self._secrets = secrets
        self._clock = clock
        self._new_id = new_id
        self._jitter = jitter
        self._held = held
        self._busy = busy

    async def destination(self, claimed: Claim) -> list[str]:
        """Sends a claimed delivery and the next ones of the same destination, oldest first, until one does not go through."""
        states = [await self._one(claimed)]
        while states[-1] in ("delivered", "rejected") and len(states) < _IN_A_ROW:
            now = self._clock()
            args = (self._store, now, now + _LEASE, self._new_id(), 1, claimed.delivery.destination, self._held(now), tuple(self._busy))
            following = await asyncio.to_thread(stored.claim, *args)
            if not following:
                break
            self._busy.add(following[0].delivery.id)
            states.append(await self._one(following[0]))
        return states

    async def _one(self, claimed: Claim) -> str:
        """One attempt, from claim to verdict. Broken off (a stop, a reload), it gives its claim back, unless there is a verdict: that is recorded."""
        try:
            return await self._sent(claimed)
        finally:
            self._busy.discard(claimed.delivery.id)

    async def _sent(self, claimed: Claim) -> str:
        try:
            verdict, schedule, patience = await self._verdict(claimed)
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.to_thread(self._give_back, claimed))
            raise
        now = self._clock()
        settled = settlement(verdict, claimed.delivery.attempts, claimed.first_attempt_at, schedule, patience, self._jitter(), now)
        recording = asyncio.ensure_future(self._settle(claimed, verdict, settled, now))
        try:
            await asyncio.shield(recording)
        except asyncio.CancelledError:
            await asyncio.wait({recording}, timeout=_LAST_WORD_S)
            raise
        return settled.state

    def _give_back(self, claimed: Claim) -> None:
        try:
            stored.give_back(self._store, claimed, self._clock())
        except StoreError as error:
            logger(delivery=claimed.delivery.id).warning("claim not given back, its lease will end", error=str(error))

    async def _verdict(self, claimed: Claim) -> tuple[SendVerdict, tuple[int, ...], timedelta]:
        channel = self._channels.get(claimed.delivery.channel)
        if channel is None:
            detail = f"channel {claimed.delivery.channel} is no longer configured"
            verdict = SendVerdict(outcome="parked", code="channel", detail=detail, retry_after_s=_NO_CHANNEL_S)
            return verdict, (_NO_CHANNEL_S,), timedelta.max
        if not _is_whole(claimed.message):
            detail = "the stored bytes are not those that were frozen: look at the database with `monitor db check`"
            return SendVerdict(outcome="refused", code="damaged", detail=detail), channel.schedule, channel.patience
        await asyncio.to_thread(stored.extend, self._store, claimed, self._clock() + channel.lease)
        return await self._attempt(channel, claimed), channel.schedule, channel.patience

    async def _settle(self, claimed: Claim, verdict: SendVerdict, settled: Settlement, now: datetime) -> None:
        for pause_s in _SETTLE_AGAIN_S:
            try:
                return await asyncio.to_thread(self._record, claimed, verdict, settled.state, settled.next_attempt_at, now)
            except StoreError as error:
                logger(delivery=claimed.delivery.id).warning("verdict not recorded yet", error=str(error))
                await asyncio.sleep(pause_s)
        return await asyncio.to_thread(self._record, claimed, verdict, settled.state, settled.next_attempt_at, now)

    async def _attempt(self, channel: Channel, claimed: Claim) -> SendVerdict:
        try:
            verdict = await channel.send(claimed.message, claimed.delivery.destination, self._clock())
            return replace(verdict, detail=masked(verdict.detail, self._secrets))
        except Exception as error:  # noqa: BLE001 - the edge of one delivery: a bug met here must not stop the others
            logger(delivery=claimed.delivery.id, destination=claimed.delivery.destination).exception("delivery failed")
            return SendVerdict(outcome="again", code=type(error).__name__, detail="an unexpected error; see the log")

    def _record(self, claimed: Claim, verdict: SendVerdict, state: str, next_attempt_at: datetime | None, now: datetime) -> None:
        delivery = claimed.delivery
        with self._store.write():
            if not stored.settle(self._store, claimed, verdict, state, next_attempt_at, now):
                return
            if state in ("rejected", "parked") and state != claimed.was:
                record_event(self._store, now, f"delivery.{state}", delivery.destination, verdict.detail)
            elif state == "pending" and delivery.attempts == ALARM_AFTER:
                record_event(self._store, now, "delivery.failing", delivery.destination, verdict.detail)
            elif state == "delivered" and (claimed.was == "parked" or delivery.attempts > ALARM_AFTER):
                record_event(self._store, now, "delivery.recovered", delivery.destination, f"after {delivery.attempts} attempts")


def _is_whole(message: Message) -> bool:
    """True where a message has the bytes it was frozen with: under one identity nothing else may go out."""
    return not message.sha256 or sha256(message.body).hexdigest() == message.sha256
