"""The pages that users read, cut into what can be held against the program: fenced blocks, commands, keys, links."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANUAL = tuple(sorted((ROOT / "monitor" / "docs").glob("*.md")))
PAGES = (ROOT / "README.md", *MANUAL)

HERE = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
"""What a shell needs to find this checkout's `monitor`."""

_BLOCK = re.compile(r"(?ms)(?:^<!-- ([^\n]*?) -->\n)?^```(\w*)\n(.*?)^```$")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: its page, its kind (sh, toml, console), the comment above it."""

    page: Path
    mark: str
    kind: str
    text: str


def blocks(*kinds: str) -> list[Block]:
    """The fenced blocks of all pages, of some kinds."""
    return [
        Block(page=page, mark=mark, kind=kind, text=text)
        for page in PAGES
        for mark, kind, text in _BLOCK.findall(page.read_text(encoding="utf-8"))
        if not kinds or kind in kinds
    ]


def marked(mark: str) -> list[str]:
    """The lines of the one block below `<!-- MARK -->`."""
    (found,) = [block for block in blocks() if block.mark == mark]
    return found.text.strip().splitlines()


def commands(block: Block) -> list[str]:
    """The calls of `monitor` in a block of shell, each without what stands before it."""
    joined = re.sub(r"\\\n\s*", " ", block.text)
    lines = [line.removeprefix("$ ") for line in joined.splitlines() if block.kind != "console" or line.startswith("$ ")]
    found = [re.search(r"(?:^|/)(monitor .*)", part) for line in lines for part in line.split(" && ")]
    return [call[1] for call in found if call and "bench.py" not in joined]


def spoken(page: Path) -> list[str]:
    """What stands between backticks in the running text of a page."""
    return _CODE.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))
