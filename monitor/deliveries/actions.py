"""What a person asks of deliveries: a test of a channel, there and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from monitor.config import ChannelSettings, destinations_of
from monitor.config.present import masked, secret_values
from monitor.deliveries.channel import build_channels
from monitor.deliveries.ping import ping_message
from monitor.fetch.polite import Sender
from monitor.model import SendVerdict


async def ping(channel: ChannelSettings, door: Sender, new_id: Callable[[], str], now: datetime) -> tuple[tuple[str, SendVerdict], ...]:
    """Sends a test to every destination of a channel, once, past the outbox: (destination, verdict) pairs. Nothing is recorded or tried again."""
    sender = build_channels((channel,), door)[channel.name]
    secrets = secret_values((channel,))
    found = []
    for _, destination in destinations_of(channel):
        verdict = await sender.send(ping_message(channel, new_id(), now), destination, now)
        found.append((destination, replace(verdict, detail=masked(verdict.detail, secrets))))
    return tuple(found)
