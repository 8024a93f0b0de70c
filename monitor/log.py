"""Structured logs of the daemon: one event a line, text for people or JSON for machines, secrets masked."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO

from monitor.lean import hidden

# structlog would draw tracebacks with rich: 60 ms, and a log is no place for boxes.
with hidden("rich"):
    import structlog

Event = MutableMapping[str, Any]

_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


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


def _tamed(_logger: object, _method: str, event: Event) -> Event:
    """One event stays one line, and no text of a stranger's commands a terminal; a traceback keeps its lines. Other values are shown by `repr`."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = (_COMMANDS if name == "exception" else _BREAKS).sub(lambda found: ascii(found[0])[1:-1], value)
    return event


class _Json:
    """An event as one line of JSON, its letters as they are; what a terminal would obey as an escape."""

    def __init__(self) -> None:
        self._render = structlog.processors.JSONRenderer(ensure_ascii=False)

    def __call__(self, log: object, method: str, event: Event) -> str:
        return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", str(self._render(log, method, event)))


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
    _set_up(level, form, secrets, stream)
    logging.basicConfig(level=logging.WARNING, stream=stream or sys.stderr, format="%(message)s", force=True)


def _set_up(level: str, form: str, secrets: Iterable[str], stream: TextIO | None) -> None:
    target = stream or sys.stderr
    text = (_tamed, structlog.dev.ConsoleRenderer(colors=target.isatty(), pad_event_to=24))
    renderers: tuple[Any, ...] = (_Json(),) if form == "json" else text
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _Masked(secrets),
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: _Quiet(stream),
        cache_logger_on_first_use=False,
    )


def logger(**bound: object) -> structlog.typing.FilteringBoundLogger:
    """A logger with values bound to every event (feed, article, delivery)."""
    bound_logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**bound)
    return bound_logger


# Until a program sets logging up: structlog's own tracebacks may show what variables hold.
_set_up("info", "text", (), None)
