"""Structured logs of the daemon: one event a line, text for people or JSON for machines, secrets masked."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO

from monitor.lean import hidden

# structlog would draw tracebacks with rich: 60 ms, and a log is no place for boxes.
with hidden("rich"):
    import structlog

Event = MutableMapping[str, Any]


class _Masked:
    """Second net under `Secret`: takes known secret values out of every text of an event."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secret for secret in secrets if len(secret) >= 4)

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        for name, value in event.items():
            if isinstance(value, str):
                for secret in self._secrets:
                    value = value.replace(secret, "***")
                event[name] = value
        return event


class _Quiet:
    """Writes lines to a stream; a closed pipe or a full disk never stops the daemon (RELIABILITY case 16).

    Without a stream of its own it writes to what standard error is at that moment: a live status line puts itself in its place and moves down.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def msg(self, message: str) -> None:
        stream = self._stream or sys.stderr
        try:
            stream.write(message + "\n")
            stream.flush()
        except (OSError, ValueError):
            return

    log = debug = info = warning = error = critical = exception = failure = fatal = msg


def configure(level: str = "info", form: str = "text", secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Sets up logging once, at start: `level` debug..error, `form` text or json, values in `secrets` never appear."""
    number = logging.getLevelNamesMapping()[level.upper()]
    target = stream or sys.stderr
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=target.isatty(), pad_event_to=24)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _Masked(secrets),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _Quiet(stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=target, format="%(message)s", force=True)


def logger(**bound: object) -> structlog.typing.FilteringBoundLogger:
    """A logger with values bound to every event (feed, article, delivery)."""
    bound_logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**bound)
    return bound_logger
