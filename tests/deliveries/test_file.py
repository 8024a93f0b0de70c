"""Digests as files: whole or not there, always the same names, and a folder that cannot be written is told."""

from __future__ import annotations

import asyncio
import email
import os
from pathlib import Path

import pytest

from monitor.config import FileChannel
from monitor.deliveries.file import FileSender
from monitor.model import SendVerdict
from tests.deliveries.rows import BEGAN, HTML, TEXT, mail_body, message


def write(
    folder: Path, *, uid: str = message().uid, body: bytes | None = None, formats: tuple[str, ...] = ("html", "txt", "eml")
) -> SendVerdict:
    settings = FileChannel.model_construct(type="file", name="desk", folder=folder, formats=formats)
    return asyncio.run(FileSender(settings).send(message(body, uid=uid, form="file"), "file:desk", BEGAN))


def test_three_files(tmp_path: Path) -> None:
    """A digest lies there as HTML, text and mail, in a folder that is made when missing."""
    verdict = write(tmp_path / "a" / "b")
    assert (verdict.outcome, verdict.code) == ("sent", "written")
    written = {path.suffix: path.read_bytes() for path in (tmp_path / "a" / "b").iterdir()}
    assert set(written) == {".html", ".txt", ".eml"}
    assert written[".html"] == HTML.encode()
    assert written[".txt"] == TEXT.encode()
    assert email.message_from_bytes(written[".eml"])["X-Monitor-Digest"] == message().uid


def test_twice_is_once(tmp_path: Path) -> None:
    """The same message again leaves the same files with the same bytes, and nothing half written."""
    write(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    write(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    write(tmp_path, uid="00000000-1111")
    assert len(list(tmp_path.iterdir())) == 2 * len(before)


@pytest.mark.parametrize("formats", [("html",), ("txt", "eml"), ()])
def test_only_the_asked_formats(tmp_path: Path, formats: tuple[str, ...]) -> None:
    """Only the configured formats are written."""
    write(tmp_path, formats=formats)
    assert {path.suffix for path in tmp_path.iterdir()} == {f".{form}" for form in formats}


def test_a_file_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk fills in the middle, no file with its final name exists, and the attempt is made again."""

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    verdict = write(tmp_path)
    assert (verdict.outcome, verdict.code) == ("again", "OSError")
    assert "No space left" in verdict.detail
    assert [path for path in tmp_path.iterdir() if path.suffix != ".partial"] == []
    monkeypatch.undo()
    assert write(tmp_path).outcome == "sent"
    assert [path for path in tmp_path.iterdir() if path.suffix == ".partial"] == []


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    """A folder that cannot be is told with its path and tried again."""
    (tmp_path / "taken").write_text("x")
    verdict = write(tmp_path / "taken")
    assert verdict.outcome == "again"
    assert str(tmp_path / "taken") in verdict.detail


def test_foreign_text_stays_inside(tmp_path: Path) -> None:
    """A lone surrogate in a title does not stop the file."""
    body = mail_body(text="half \\ud83d", html="<p>\\ud83d</p>").replace(b"\\\\ud83d", b"\\ud83d")
    assert write(tmp_path, body=body).outcome == "sent"
