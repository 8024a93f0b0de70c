"""Configuration: one TOML file becomes one frozen `Config`, or a ConfigError that lists every problem with its place."""

from monitor.config.load import Config, Reading, find_config, load_config, parse_config, read_config
from monitor.config.secrets import Secret
from monitor.config.settings import (
    ArticlesSettings,
    ChannelSettings,
    ChatChannel,
    EmailChannel,
    FeedSettings,
    FeedsSettings,
    FetchSettings,
    FileChannel,
    LogSettings,
    TelegramChannel,
    WebhookChannel,
)

__all__ = [
    "ArticlesSettings",
    "ChannelSettings",
    "ChatChannel",
    "Config",
    "EmailChannel",
    "FeedSettings",
    "FeedsSettings",
    "FetchSettings",
    "FileChannel",
    "LogSettings",
    "Reading",
    "Secret",
    "TelegramChannel",
    "WebhookChannel",
    "find_config",
    "load_config",
    "parse_config",
    "read_config",
]
