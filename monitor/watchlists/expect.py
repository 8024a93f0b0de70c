"""How many alerts a watchlist expects, in the words of its file, and whether what came is far from it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

FAR = 3.0
"""More than three times the most, or less than a third of the least that is expected, is far: the words are a guess, not a promise."""

_DAYS = {"day": 1.0, "week": 7.0, "month": 30.0, "hour": 1 / 24}
_WORDS = re.compile(
    r"(?P<low>\d+(?:\.\d+)?)(?:\s*(?:to|-|–|or)\s*(?P<high>\d+(?:\.\d+)?))?\s*(?:alerts?|hits?|stories|developments?)?\s*"
    r"(?:a|an|per|each|every)\s*(?P<unit>hour|day|week|month)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Alerts a day: at least, at most."""

    low: float
    high: float


def parse_expect(text: str) -> Expectation | None:
    """The rate in a text such as `1 to 3 alerts a day, more while leaders travel`; None where it names none."""
    found = _WORDS.search(text)
    if found is None:
        return None
    days = _DAYS[found["unit"].lower()]
    low = float(found["low"]) / days
    high = float(found["high"]) / days if found["high"] else low
    return Expectation(low=min(low, high), high=max(low, high))


def judge_rate(expected: Expectation, alerts: int, days: float) -> str:
    """`many`, `few` or "" for what came in a number of days. Few is judged only where some were to be expected at all."""
    if days <= 0:
        return ""
    if alerts > FAR * expected.high * days:
        return "many"
    return "few" if expected.low * days >= FAR and alerts * FAR < expected.low * days else ""
