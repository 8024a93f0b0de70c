"""Packages that seem not to be there."""

from __future__ import annotations

import importlib
import sys

import pytest

from monitor.lean import hidden


def test_hidden_packages_cannot_be_imported_until_the_end() -> None:
    """Inside they seem missing, afterwards they can be imported, also when something failed inside."""
    sys.modules.pop("pyclbr", None)
    with hidden("pyclbr"), pytest.raises(ImportError):
        importlib.import_module("pyclbr")
    assert importlib.import_module("pyclbr").readmodule
    sys.modules.pop("pyclbr")
    with pytest.raises(KeyError), hidden("pyclbr"):
        raise KeyError
    assert importlib.import_module("pyclbr").readmodule


def test_what_is_loaded_stays() -> None:
    """A module that the process has already is not taken from it."""
    with hidden("json"):
        assert importlib.import_module("json") is sys.modules["json"]
    assert sys.modules["json"] is not None
