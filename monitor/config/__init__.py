"""Configuration: one TOML file becomes one frozen `Config`, or a ConfigError that lists every problem with its place."""

from monitor.config.channels import (
    AppriseChannel,
    ChannelSettings,
    ChatChannel,
    EmailChannel,
    FileChannel,
    TelegramChannel,
    WebhookChannel,
    destinations_of,
    form_of,
)
from monitor.config.load import Config, Reading, find_config, listening, load_config, parse_config, read_config
from monitor.config.secrets import Secret
from monitor.config.settings import (
    AlarmSettings,
    ArticlesSettings,
    FeedSettings,
    FeedsSettings,
    FetchSettings,
    LogSettings,
    OutputSettings,
    StorageSettings,
    WebSettings,
)

__all__ = [
    "AlarmSettings",
    "AppriseChannel",
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
    "OutputSettings",
    "Reading",
    "Secret",
    "StorageSettings",
    "TelegramChannel",
    "WebSettings",
    "WebhookChannel",
    "destinations_of",
    "find_config",
    "form_of",
    "listening",
    "load_config",
    "parse_config",
    "read_config",
]
