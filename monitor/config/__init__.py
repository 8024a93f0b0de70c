"""Configuration: one TOML file becomes one frozen `Config`, or a ConfigError that lists every problem with its place."""

from monitor.config.load import Config, Reading, find_config, load_config, parse_config, read_config
from monitor.config.secrets import Secret
from monitor.config.settings import (
    ArticlesSettings,
    ChannelSettings,
    EmailChannel,
    FeedSettings,
    FeedsSettings,
    FetchSettings,
    FileChannel,
    LogSettings,
    WebhookChannel,
)

__all__ = [
    "ArticlesSettings",
    "ChannelSettings",
    "Config",
    "EmailChannel",
    "FeedSettings",
    "FeedsSettings",
    "FetchSettings",
    "FileChannel",
    "LogSettings",
    "Reading",
    "Secret",
    "WebhookChannel",
    "find_config",
    "load_config",
    "parse_config",
    "read_config",
]
