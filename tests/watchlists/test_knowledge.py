"""The gazetteer as package data."""

import pytest

from monitor.errors import ConfigError
from monitor.watchlists.knowledge import load, read


def test_loads() -> None:
    """The gazetteer that is shipped has no problem, and each part has something in it."""
    parts = load()
    assert all(part.entities or part.topics for part in parts.parts.values())


def test_parts_of_two_files() -> None:
    """Parts, masks and cues of all files come together; each file's mistakes are told with its name."""
    good = '[part.a]\ntitle = "A"\nside = "a"\n[part.a.entity.x]\nnames = ["X1"]\n[mask]\nnames = ["M1"]\n[cue.deal]\npoints = 1\nen = ["sign*"]\n'
    parts = read((("a.toml", good), ("b.toml", '[part.b.topic.y]\nen = ["why"]\n[mask]\nnames = ["M2"]\n')))
    assert (list(parts.parts), parts.masks, [cue.id for cue in parts.cues]) == (["a", "b"], ("M1", "M2"), ["deal"])
    assert parts.parts["b"].side == "b"
    with pytest.raises(ConfigError) as caught:
        read((("a.toml", good), ("b.toml", good), ("c.toml", "[part.c]\ntitel = 1\n")))
    assert [(problem.file, problem.path) for problem in caught.value.problems] == [
        ("b.toml", "part.a"),
        ("b.toml", "cue.deal"),
        ("c.toml", "part.c.titel"),
    ]
