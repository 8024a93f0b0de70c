"""The disk under the database: room left, kind of file system, and the ballast that is given up so that a full disk cannot stop the last writes."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

BALLAST_BYTES = 1024 * 1024

_NETWORK = re.compile(
    r"(nfs4?|cifs|smb3|smbfs|ncpfs|9p|afs|ceph|lustre|gfs2?|ocfs2|glusterfs|fuse\.(sshfs|s3fs|rclone|glusterfs|davfs.*|gcsfuse))$"
)
_MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Bytes of a file system: what this user may still write, and its whole size."""

    free_bytes: int
    total_bytes: int


def space(folder: Path) -> Space:
    """The room where `folder` lies. Raises OSError."""
    found = os.statvfs(folder)
    return Space(free_bytes=found.f_bavail * found.f_frsize, total_bytes=found.f_blocks * found.f_frsize)


def file_system(path: Path, mounts: str | None = None) -> str:
    """The kind of file system `path` lies on (ext4, nfs4, ...), from the text of /proc/self/mountinfo; "" where the system does not tell."""
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return ""
    place = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        mount = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[4])
        inside = place == mount or place.startswith(mount.rstrip("/") + "/")
        # Of two mounts on one place the later one is seen.
        if inside and len(mount) >= len(best):
            best, kind = mount, after.split(" ")[0]
    return kind


def is_network(kind: str) -> bool:
    """True where several machines may share the files: the write-ahead log needs memory shared by all who open it."""
    return _NETWORK.match(kind) is not None


def ballast_of(database: Path) -> Path:
    """The file that only takes up room."""
    return database.with_name(database.name + ".ballast")


def lay_ballast(database: Path) -> bool:
    """Writes the ballast where it is missing. False where the disk does not take it; what was written of it is removed then."""
    path = ballast_of(database)
    with suppress(OSError):
        if path.stat().st_size == BALLAST_BYTES:
            return True
    try:
        path.write_bytes(b"\0" * BALLAST_BYTES)
    except OSError:
        drop_ballast(database)
        return False
    return True


def drop_ballast(database: Path) -> bool:
    """Gives the ballast up. True where there was one."""
    try:
        ballast_of(database).unlink()
    except OSError:
        return False
    return True
