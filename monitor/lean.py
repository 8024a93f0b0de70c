"""Imports without what they would like to have but do not need: each optional package costs every process its time and memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Inside, modules of these names seem not to be installed, unless they are loaded already."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is how Python remembers that a module cannot be imported
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
