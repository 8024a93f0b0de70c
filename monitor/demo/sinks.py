"""Where the demo's digests arrive: a mailbox that speaks SMTP and a webhook endpoint. Both can be told to misbehave."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One accepted mail: envelope and bytes (CRLF line ends, dots unstuffed)."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One whole POST: lower-case header names."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int


class _Sink:
    """A server on loopback while its context is open. `received` is set when something came whole, before it is answered."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self.received = asyncio.Event()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1024 * 1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            writer.close()

    @abstractmethod
    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection to its end."""


class Mailbox(_Sink):
    """An SMTP server on loopback (RFC 5321, without TLS or login).

    rcpt_answers   answer to RCPT for an address, e.g. {"a@b": "550 no such user"}
    data_answers   answers to the final dot, in turn; the last one repeats
    delay_s        seconds to wait before the answer to the final dot
    folder         where each mail is also written as a file
    """

    def __init__(
        self,
        *,
        rcpt_answers: Mapping[str, str] | None = None,
        data_answers: Sequence[str] = ("250 2.0.0 accepted",),
        delay_s: float = 0.0,
        folder: Path | None = None,
    ) -> None:
        super().__init__()
        self._rcpt_answers = dict(rcpt_answers or {})
        self._data_answers = list(data_answers)
        self._delay_s = delay_s
        self._folder = folder
        self.messages: list[Mail] = []

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Conversation(self, reader, writer).run()

    def rcpt_answer(self, recipient: str) -> str:
        """What RCPT is answered for an address."""
        return self._rcpt_answers.get(recipient, "250 2.1.5 ok")

    async def accept(self, mail: Mail) -> str:
        """The answer to the final dot; keeps the mail where it is a good one."""
        self.received.set()
        await asyncio.sleep(self._delay_s)
        answer = self._data_answers.pop(0) if len(self._data_answers) > 1 else self._data_answers[0]
        if answer.startswith("2"):
            self.messages.append(mail)
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
                (self._folder / f"{len(self.messages):03}.eml").write_bytes(mail.content)
        return answer


class _Conversation:
    """One SMTP connection."""

    def __init__(self, mailbox: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._mailbox = mailbox
        self._reader = reader
        self._writer = writer
        self._sender = ""
        self._recipients: list[str] = []

    async def run(self) -> None:
        await self._say("220 mailbox ready")
        while line := await self._reader.readline():
            command = line.decode("latin-1").strip()
            verb = command[:4].upper()
            if verb == "QUIT":
                await self._say("221 2.0.0 bye")
                return
            await self._say(await self._data() if verb == "DATA" and self._recipients else self._answer(verb, command))

    def _answer(self, verb: str, command: str) -> str:
        match verb:
            case "EHLO":
                return "250-mailbox\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 33554432"
            case "HELO" | "NOOP":
                return "250 ok"
            case "RSET":
                self._sender, self._recipients = "", []
                return "250 ok"
            case "MAIL":
                self._sender, self._recipients = _address(command), []
                return "250 2.1.0 ok"
            case "RCPT":
                answer = self._mailbox.rcpt_answer(_address(command))
                if answer.startswith("2"):
                    self._recipients.append(_address(command))
                return answer
            case "DATA":
                return "503 5.5.1 no recipient"
            case _:
                return "502 5.5.2 not understood"

    async def _data(self) -> str:
        await self._say("354 go on")
        content = (await self._reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n")
        content = content.replace(b"\r\n..", b"\r\n.")
        return await self._mailbox.accept(Mail(sender=self._sender, recipients=tuple(self._recipients), content=content))

    async def _say(self, text: str) -> None:
        self._writer.write(text.encode() + b"\r\n")
        await self._writer.drain()


def _address(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]


class WebhookSink(_Sink):
    """An HTTP endpoint on loopback that keeps whole POSTs and drops short ones.

    statuses  answers in turn; the last one repeats.  headers: sent with every answer.  delay_s: seconds to wait before each answer.
    """

    def __init__(self, statuses: Sequence[int] = (204,), headers: Mapping[str, str] | None = None, delay_s: float = 0.0) -> None:
        super().__init__()
        self._statuses = list(statuses)
        self._headers = dict(headers or {})
        self._delay_s = delay_s
        self.requests: list[Posted] = []

    @property
    def url(self) -> str:
        """The endpoint's address."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.received.set()
        await asyncio.sleep(self._delay_s)
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        self.requests.append(Posted(path=lines[0].split(" ")[1], headers=headers, body=body, status=status))
        fields = "".join(f"{name}: {value}\r\n" for name, value in self._headers.items())
        writer.write(f"HTTP/1.1 {status} Answer\r\n{fields}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
