"""What a channel is: something that makes one attempt and answers with a verdict. It never retries, waits or remembers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from monitor.config import AppriseChannel, ChannelSettings, ChatChannel, EmailChannel, FileChannel, TelegramChannel, WebhookChannel
from monitor.deliveries.apprise import AppriseSender
from monitor.deliveries.chat import ChatSender
from monitor.deliveries.file import FileSender
from monitor.deliveries.webhook import WebhookSender
from monitor.fetch.polite import Sender
from monitor.model import Message, SendVerdict


class Channel(Protocol):
    """One configured way out. `schedule` holds the seconds between attempts, `lease` how long one attempt may take at most,
    `patience` how long a delivery may fail before it is parked."""

    schedule: tuple[int, ...]
    lease: timedelta
    patience: timedelta

    async def send(self, message: Message, destination: str, now: datetime) -> SendVerdict:
        """Makes one attempt to hand `message` to `destination`. Remote failures are verdicts, never exceptions."""


def build_channels(settings: tuple[ChannelSettings, ...], door: Sender) -> Mapping[str, Channel]:
    """The configured channels by name. The libraries of mail are loaded where there is any: a tenth of what a start takes."""
    return {each.name: _build(each, door) for each in settings}


def _build(settings: ChannelSettings, door: Sender) -> Channel:
    match settings:
        case EmailChannel():
            from monitor.deliveries.email import EmailSender

            return EmailSender(settings)
        case WebhookChannel():
            return WebhookSender(settings, door)
        case FileChannel():
            return FileSender(settings)
        case ChatChannel() | TelegramChannel():
            return ChatSender(settings, door)
        case AppriseChannel():
            return AppriseSender(settings)
