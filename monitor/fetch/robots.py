"""What a site's robots.txt asks of us (RFC 9309). Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from protego import Protego

MAX_ROBOTS = 500 * 1024
"""Characters that are read; RFC 9309 2.5 asks for at least 500 KiB."""


def allowed(robots_txt: str, url: str, agent: str) -> bool:
    """True where the rules let `agent` (a User-Agent value; its product name counts) read `url`. No rules: allowed."""
    return bool(_rules(robots_txt[:MAX_ROBOTS]).can_fetch(url, _product(agent)))


def crawl_delay_s(robots_txt: str, agent: str) -> float | None:
    """Seconds the site asks to leave between two requests, or None."""
    delay = _rules(robots_txt[:MAX_ROBOTS]).crawl_delay(_product(agent))
    return None if delay is None else float(delay)


def _product(agent: str) -> str:
    return re.split(r"[/ ]", agent, maxsplit=1)[0] or "*"


@lru_cache(maxsize=64)
def _rules(robots_txt: str) -> Protego:
    return Protego.parse(robots_txt)
