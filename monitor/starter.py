"""The files that `monitor init` writes: those of the source tree, or the copies that the wheel carries under monitor/defaults."""

from __future__ import annotations

from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from pathlib import Path


def files() -> dict[str, str]:
    """Relative path to content, for config.toml and everything in seeds/."""
    packaged = package_files("monitor") / "defaults"
    root: Traversable = packaged if packaged.is_dir() else Path(__file__).parent.parent
    found = {"config.toml": (root / "config.toml").read_text(encoding="utf-8")}
    for seed in sorted((root / "seeds").iterdir(), key=lambda item: item.name):
        if seed.name.endswith((".md", ".toml")):
            found[f"seeds/{seed.name}"] = seed.read_text(encoding="utf-8")
    return found
