"""Seeds from files: plain text, Markdown with an optional head between `---` lines, HTML; and lists of addresses, for whoever fetches them.

The only file of this room that reads the disk.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

from monitor.errors import NothingSelected, UsageError
from monitor.model import Seed

PageReader = Callable[[bytes], Mapping[str, str]]
"""From the bytes of an HTML page to its title, text, lang, date (YYYY-MM-DD) and site_name; what is not known is empty."""

_HTML = {".html", ".htm", ".xhtml"}
_TEXT = {".txt", ".text", ".md", ".markdown"}
_NOT_SEEDS = {"readme", "license", "changelog", "contributing"}
_HEAD = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*\n", re.DOTALL | re.MULTILINE)
_HEAD_LINE = re.compile(r"^([A-Za-z_-]+)[ \t]*:[ \t]*(.*)$")
_NUMBERED = re.compile(r"^(\d{1,6})(?:[_. -]|$)")
_ADDRESS = re.compile(r"https?://(?=\S+\Z)")
_MAX_BYTES = 2 * 1024 * 1024


def read_seeds(paths: Iterable[Path], page_reader: PageReader) -> tuple[Seed, ...]:
    """Seeds of files and folders (not of folders inside them) in the order of their names, their text still raw.

    Raises UsageError for a file that cannot be read as text, NothingSelected when there is no seed.
    """
    files = [file for path in paths for file in _files(path)]
    files = list(dict.fromkeys(files))
    if not files:
        raise NothingSelected("no seed found: give text, Markdown or HTML files, or a folder of them")
    names = _names(files)
    return tuple(_read(file, names[file], page_reader) for file in files)


def addresses_in(path: Path) -> tuple[str, ...]:
    """The addresses of a text file that holds nothing else (blank lines and lines that begin with # aside); () for any other file."""
    if not path.is_file() or path.suffix.lower() not in _TEXT or path.stat().st_size > _MAX_BYTES:
        return ()
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except UnicodeDecodeError:
        return ()
    lines = [line for line in lines if line and not line.startswith("#")]
    return tuple(dict.fromkeys(lines)) if lines and all(_ADDRESS.match(line) for line in lines) else ()


def page_names(addresses: Iterable[str]) -> dict[str, str]:
    """Short ids for pages: the last part of the path, else the host; a number behind those that are not the first of their name."""
    names: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for url in addresses:
        host, *path = [part for part in _ADDRESS.sub("", url).split("?")[0].split("#")[0].split("/") if part]
        name = (path[-1].rsplit(".", 1)[0] if path else host)[:60] or host
        seen[name] += 1
        names[url] = name if seen[name] == 1 else f"{name}-{seen[name]}"
    return names


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        known = _HTML | _TEXT
        return sorted(
            file
            for file in path.iterdir()
            if file.suffix.lower() in known and file.stem.lower() not in _NOT_SEEDS and not file.name.startswith(".") and file.is_file()
        )
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    return [path]


def _names(files: list[Path]) -> dict[Path, str]:
    """Short ids: the number a file name begins with where all differ, else the file's name without its ending."""
    numbers = {file: found[1] if (found := _NUMBERED.match(file.stem)) else file.stem for file in files}
    if len(set(numbers.values())) == len(files):
        return numbers
    stems = Counter(file.stem for file in files)
    return {file: file.stem if stems[file.stem] == 1 else str(file) for file in files}


def _read(file: Path, name: str, page_reader: PageReader) -> Seed:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    if len(raw) > _MAX_BYTES:
        raise UsageError(f"{file} is larger than {_MAX_BYTES // 1024 // 1024} MB: not a seed article")
    if file.suffix.lower() in _HTML:
        page = page_reader(raw)
        if not page.get("text", "").strip():
            raise UsageError(f"{file} holds no article text")
        return seed_of(name, page, page["text"], page.get("site_name", ""))
    text = _decoded(raw, file)
    found = _HEAD.match(text)
    head = _head(found[1]) if found else {}
    body = text[found.end() :] if found else text
    if not body.strip():
        raise UsageError(f"{file} is empty")
    return seed_of(name, head, body, head.get("publisher", ""))


def _decoded(raw: bytes, file: Path) -> str:
    encoding = "utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return raw.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text (byte {error.start})") from error


def _head(block: str) -> dict[str, str]:
    rows = (_HEAD_LINE.match(line) for line in block.splitlines())
    return {row[1].lower(): row[2].strip().strip("\"'") for row in rows if row}


def seed_of(name: str, head: Mapping[str, str], text: str, publisher: str) -> Seed:
    """A raw seed. `head` says title, lang and date, as far as they are known."""
    return Seed(
        id=name,
        title=head.get("title", ""),
        text=text,
        lang=head.get("lang", "")[:2].lower(),
        publisher=publisher,
        published_on=_day(head.get("date", "")),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
