"""The tables of channels, the form of the messages each takes, and where it leads."""

from __future__ import annotations

import importlib.util
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from monitor.config.secrets import Secret
from monitor.config.values import Address, FilePath, Ports, Ranges, SecretRef, Table, resolved


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+", value):
        raise ValueError(f"{value!r} is not a mail address such as desk@example.org")
    return value


def _chat(value: object) -> object:
    """A chat is named by a number or by @name; numbers are usually written without quotes."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"-?\d{1,20}|@\w{4,64}", text):
        raise ValueError("should be a chat's number (such as -1001234567890) or its @name")
    return text


def _apprise_address(value: object, info: ValidationInfo) -> object:
    if importlib.util.find_spec("apprise") is None:
        raise ValueError("channels of this type need a further package: pip install 'monitor-news[apprise]'")
    return resolved(value, info)


EmailAddress = Annotated[str, AfterValidator(_mail_address)]


class EmailChannel(Table):
    """Mail by SMTP: one message per recipient."""

    name: str = ""
    type: Literal["email"]
    host: str = Field(min_length=1)
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretRef | None = None
    sender: EmailAddress
    to: tuple[EmailAddress, ...] = Field(min_length=1)
    list_id: str = ""
    timeout_s: float = Field(60.0, gt=0, le=600)


class WebhookChannel(Table):
    """A signed POST (Standard Webhooks) to one endpoint."""

    name: str = ""
    type: Literal["webhook"]
    url: Address
    secret: SecretRef
    previous_secret: SecretRef | None = None
    allow_private: Ranges = ()
    ports: Ports = ()
    timeout_s: float = Field(20.0, gt=0, le=120)


class FileChannel(Table):
    """Files in a folder: needs no account."""

    name: str = ""
    type: Literal["file"]
    folder: FilePath
    formats: tuple[Literal["html", "txt", "eml"], ...] = ("html", "txt", "eml")


class ChatChannel(Table):
    """An incoming webhook of Slack, Discord or Microsoft Teams (a Workflows address). The address is the secret."""

    name: str = ""
    type: Literal["slack", "discord", "teams"]
    url: SecretRef
    allow_private: Ranges = ()
    ports: Ports = ()
    timeout_s: float = Field(20.0, gt=0, le=120)


class TelegramChannel(Table):
    """A Telegram bot that writes to one chat. `server` is where the bot API answers."""

    name: str = ""
    type: Literal["telegram"]
    token: SecretRef
    chat: Annotated[str, BeforeValidator(_chat)]
    server: Address = "https://api.telegram.org"
    allow_private: Ranges = ()
    ports: Ports = ()
    timeout_s: float = Field(20.0, gt=0, le=120)


class AppriseChannel(Table):
    """One address of Apprise (an extra package): any service it knows. The address is a secret."""

    name: str = ""
    type: Literal["apprise"]
    url: Annotated[Secret, BeforeValidator(_apprise_address)]


ChannelSettings = EmailChannel | WebhookChannel | FileChannel | ChatChannel | TelegramChannel | AppriseChannel

CHANNELS: dict[str, type[ChannelSettings]] = {
    "email": EmailChannel,
    "webhook": WebhookChannel,
    "file": FileChannel,
    "slack": ChatChannel,
    "discord": ChatChannel,
    "teams": ChatChannel,
    "telegram": TelegramChannel,
    "apprise": AppriseChannel,
}


def form_of(channel: ChannelSettings) -> str:
    """The form of the messages that a channel takes: mail, json, file, or the name of a chat service."""
    return {"email": "mail", "webhook": "json"}.get(channel.type, channel.type)


def destinations_of(channel: ChannelSettings) -> tuple[tuple[str, str], ...]:
    """(channel, destination) pairs: one per recipient; an endpoint by its channel's name, since its address may hold a secret."""
    if isinstance(channel, EmailChannel):
        return tuple((channel.name, f"mail:{address}") for address in channel.to)
    return ((channel.name, f"{channel.type}:{channel.name}"),)
