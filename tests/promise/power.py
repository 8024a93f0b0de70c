"""Power loss, replayed: the system calls of a run that commits are recorded, then files are built as a disk may hold them when the power goes.

What was synced is there. What was written since is there or not, write by write: nothing of it, all of it, or a random part. A commit was
acknowledged when the run said so; every acknowledged commit must be in every such file.
"""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_WRITER = """
import os, sys
from pathlib import Path
from monitor.store.sqlite import open_sqlite
store = open_sqlite(Path(sys.argv[1]))
store._writer.conn.execute("pragma synchronous=" + sys.argv[2])
store._writer.conn.execute("pragma wal_autocheckpoint=20")
os.write(int(sys.argv[4]), b"began")
for n in range(int(sys.argv[3])):
    with store.write():
        store.run("insert into meta(name, value) values (:n, :v)", n=f"{n:06}", v="x" * (n % 7 * 700))
    os.write(int(sys.argv[4]), f"acked {n}".encode())
"""
_CALL = re.compile(r"(?:\\[pid +\\d+\\] )?(\\w+)\\((.*)\\) += (-?\\d+)")


@cache
def strace_works() -> bool:
    """True where strace is installed and may trace."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], capture_output=True, check=False).returncode == 0


@dataclass
class Losses:
    """Images built, those with an acknowledged commit missing, those that are damaged."""

    images: int = 0
    missing: int = 0
    damaged: int = 0


@dataclass
class _File:
    """One file: what the disk surely holds, and the writes since its last sync as (offset, bytes); an offset of -1 cuts to a length."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | int]] = field(default_factory=list)

    def image(self, keep: Iterator[bool]) -> bytes:
        content = bytearray(self.synced)
        for offset, change in self.pending:
            if next(keep):
                _apply(content, offset, change)
        return bytes(content)

    def sync(self) -> None:
        for offset, change in self.pending:
            _apply(self.synced, offset, change)
        self.pending.clear()


def _apply(content: bytearray, offset: int, change: bytes | int) -> None:
    if isinstance(change, int):
        del content[change:]
        content.extend(bytes(change - len(content)))
        return
    content.extend(bytes(max(0, offset + len(change) - len(content))))
    content[offset : offset + len(change)] = change


def power_loss(folder: Path, *, synchronous: str = "FULL", commits: int = 40, seed: int = 1) -> Losses:
    """Records a run of `commits` commits and replays a power loss after each of its system calls, three images each."""
    folder.mkdir(parents=True, exist_ok=True)
    log, acks = folder / "calls", folder / "acks"
    database = folder / "real.db"
    with acks.open("wb") as said:
        command = [
            "strace",
            "-f",
            "-qq",
            "-xx",
            "-s",
            "200000",
            "-y",
            "-o",
            str(log),
            "-e",
            "trace=pwrite64,write,fdatasync,fsync,ftruncate,unlink",
        ]
        writer = [sys.executable, "-c", _WRITER, str(database), synchronous, str(commits), str(said.fileno())]
        subprocess.run([*command, *writer], check=True, cwd=ROOT, pass_fds=(said.fileno(),), capture_output=True)
    chance = random.Random(seed)
    return _replay(folder, log, chance)


def _replay(folder: Path, log: Path, chance: random.Random) -> Losses:
    files: dict[str, _File] = {}
    acked = -1
    began = False
    found = Losses()
    for line in log.read_text(encoding="ascii").splitlines():
        call = re.search(r"(\w+)\((.*)\)\s+=\s+(-?\d+)", line)
        if call is None:
            continue
        name, rest = call[1], call[2]
        if name == "write":
            said = _bytes(rest)
            began = began or said == b"began"
            acked = int(said[6:]) if said.startswith(b"acked ") else acked
            continue
        path = _path(rest)
        if path is None or "/real.db" not in path or path.endswith("-shm"):
            continue
        _record(files, name, path, rest)
        if began:
            _look(folder, files, acked, chance, found)
    return found


def _record(files: dict[str, _File], name: str, path: str, rest: str) -> None:
    file = files.setdefault(path, _File())
    if name == "pwrite64":
        file.pending.append((int(rest.rsplit(", ", 1)[1]), _bytes(rest)))
    elif name == "ftruncate":
        file.pending.append((-1, int(rest.rsplit(", ", 1)[1])))
    elif name == "unlink":
        files[path] = _File()
    else:
        file.sync()


def _look(folder: Path, files: dict[str, _File], acked: int, chance: random.Random, found: Losses) -> None:
    for share in (0.0, 0.5, 1.0):
        for suffix in ("", "-wal"):
            file = next((each for path, each in files.items() if path.endswith(f"/real.db{suffix}")), None)
            image = folder / f"image.db{suffix}"
            image.unlink(missing_ok=True)
            if file is not None:
                image.write_bytes(file.image(chance.random() < share for _ in iter(int, 1)))
        found.images += 1
        try:
            opened = sqlite3.connect(folder / "image.db")
            names = {row[0] for row in opened.execute("select name from meta")}
            sound = opened.execute("pragma integrity_check").fetchone()[0] == "ok"
            opened.close()
        except sqlite3.DatabaseError:
            found.damaged += 1
            continue
        found.damaged += not sound
        found.missing += not {f"{n:06}" for n in range(acked + 1)} <= names


def _path(rest: str) -> str | None:
    named = re.search(r"\d+<([^>]*)>", rest) or re.match(r'"((?:\\x[0-9a-f]{2})*)"', rest)
    if named is None:
        return None
    return bytes.fromhex(named[1].replace("\\x", "")).decode() if "\\x" in named[1] else named[1]


def _bytes(rest: str) -> bytes:
    quoted = re.search(r'"((?:\\x[0-9a-f]{2})*)"', rest)
    return bytes.fromhex(quoted[1].replace("\\x", "")) if quoted else b""
