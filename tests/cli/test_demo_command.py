"""`monitor demo`: what it tells a stranger to try next works as it is printed."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.commands import run


def test_what_to_try_next_works(tmp_path: Path) -> None:
    """Each command succeeds on the demo's database and shows something, however long ago the demo's news is; what each is for stands in one column."""
    outcome = run("demo", "--folder", str(tmp_path / "demo"))
    assert outcome.code == 0
    assert "Hits a day, 24 Sep to 26 Sep so far: " in outcome.out
    suggested = [shlex.split(line, comments=True) for line in outcome.err.splitlines() if " --config " in line]
    assert [words[3] for words in suggested] == ["hits", "stories", "explain", "hits", "web"]
    assert len({line.index("  # ") for line in outcome.err.partition("try next:\n")[2].splitlines()}) == 1
    for words in suggested[:-1]:  # the dashboard would go on until it is stopped
        tried = run(*words[1:])
        assert (tried.code, len(tried.out.splitlines()) > 1) == (0, True), words
