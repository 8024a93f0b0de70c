"""The gazetteer: facts as TOML files in this folder, in parts that a side includes by name."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from monitor.errors import ConfigError, Problem
from monitor.model import Cue
from monitor.watchlists import blocks
from monitor.watchlists.blocks import Part, Parts
from monitor.watchlists.tables import Reading

_TOP = ("version", "part", "mask", "cue")


@lru_cache(maxsize=1)
def load() -> Parts:
    """All parts, masks and cues of the gazetteer. Raises ConfigError when one of its files is wrong."""
    texts = [(item.name, item.read_text(encoding="utf-8")) for item in files(__name__).iterdir() if item.name.endswith(".toml")]
    return read(tuple(sorted(texts)))


def read(texts: tuple[tuple[str, str], ...]) -> Parts:
    """Parts from (file name, TOML text) pairs. A part may stand in one file only. Raises ConfigError with all problems."""
    parts: dict[str, Part] = {}
    masks: dict[str, None] = {}
    cues: dict[str, Cue] = {}
    problems: list[Problem] = []
    for file, text in texts:
        reading = Reading(text, file)
        root = reading.root()
        reading.known(root, "", _TOP)
        for name, part in blocks.parts(reading, root).items():
            if name in parts:
                reading.problem(f"part.{name}", "stands in two files of the gazetteer")
            parts[name] = part
        for cue in blocks.cues(reading, root):
            if cue.id in cues:
                reading.problem(f"cue.{cue.id}", "stands in two files of the gazetteer")
            cues[cue.id] = cue
        masks.update(dict.fromkeys(blocks.masks(reading, root)))
        problems += reading.problems
    if problems:
        raise ConfigError(tuple(problems))
    return Parts(parts=parts, masks=tuple(masks), cues=tuple(cues.values()))
