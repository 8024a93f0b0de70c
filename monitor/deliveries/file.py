"""Digests as files in a folder: .html, .txt and .eml, written whole or not at all; the same message always to the same names."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta

from monitor.backoff import FILE, WEBHOOK_PATIENCE
from monitor.config import FileChannel
from monitor.files import keep_names, write_whole
from monitor.model import Message, SendVerdict
from monitor.text import one_line

_SENDER = "monitor@localhost.localdomain"


class FileSender:
    """A configured folder."""

    schedule = FILE
    patience = WEBHOOK_PATIENCE
    lease = timedelta(seconds=60)

    def __init__(self, settings: FileChannel) -> None:
        self._settings = settings

    async def send(self, message: Message, destination: str, now: datetime) -> SendVerdict:
        """Writes the files. Again where the folder cannot be written (full disk, missing rights)."""
        try:
            names = await asyncio.to_thread(self._write, message)
        except OSError as error:
            return SendVerdict(
                outcome="again", code=type(error).__name__, detail=one_line(f"{self._settings.folder}: {error.strerror}", 300)
            )
        except ValueError as error:
            return SendVerdict(outcome="refused", code="message", detail=one_line(str(error)))
        return SendVerdict(outcome="sent", code="written", detail=", ".join(names))

    def _write(self, message: Message) -> list[str]:
        from monitor.deliveries.mime import eml_name

        content = json.loads(message.body)
        self._settings.folder.mkdir(parents=True, exist_ok=True)
        names = []
        for form in self._settings.formats:
            path = self._settings.folder / f"{eml_name(message)}.{form}"
            write_whole(path, _content(message, content, form))
            names.append(path.name)
        keep_names(self._settings.folder)
        return names


def _content(message: Message, content: dict[str, str], form: str) -> bytes:
    match form:
        case "eml":
            from monitor.deliveries.mime import mail_bytes

            return mail_bytes(message, sender=_SENDER, recipient=_SENDER, list_id="")
        case "html":
            return content["html"].encode("utf-8", "replace")
        case _:
            return content["text"].encode("utf-8", "replace")
