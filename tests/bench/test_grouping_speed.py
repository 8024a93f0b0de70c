"""Grouping of ten thousand hits: time of the processor and memory."""

from __future__ import annotations

import random
import time
import tracemalloc
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.hits.compile import compile_matcher
from monitor.stories.fingerprint import HitText, fingerprint
from monitor.stories.group import Grouper
from monitor.stories.step import hubs
from tests.stories.stream_walk import FIRST_DAY, reports, shipped


def hits(number: int) -> list[HitText]:
    """So many hits over as many quarters of an hour: reports of the stream about firms and with words drawn anew."""
    watchlists = shipped()
    matcher = compile_matcher(watchlists)
    draw = random.Random(1)
    read = [(report, matcher.verdict_of(watchlists[0].id, report.title, report.text, report.lang).mentions) for report in reports()]
    made = []
    for n in range(number):
        report, mentions = draw.choice(read)
        firm = f"firm{draw.randrange(400)}"
        words = " ".join(f"word{draw.randrange(3000)}" for _ in range(60))
        named = tuple(replace(mention, id=firm) if mention.kind == "entity" else mention for mention in mentions)
        at = FIRST_DAY + timedelta(minutes=4 * n)
        made.append(HitText(key=str(n), title=report.title, text=f"{report.text} {words}", lang=report.lang, at=at, mentions=named))
    return made


def grouped(found: list[HitText]) -> Grouper:
    grouper = Grouper()
    hub_ids = hubs(shipped())
    for number, each in enumerate(found):
        one = fingerprint(each, hub_ids)
        where = grouper.place(one).story
        grouper.add(number if where is None else where, one)
    return grouper


@pytest.mark.slow
def test_ten_thousand_hits_are_grouped_in_twenty_seconds() -> None:
    """10,000 hits take at most 20 s of one processor, fingerprints included."""
    found = hits(10_000)
    began = time.process_time()
    grouped(found)
    assert time.process_time() - began <= 20


@pytest.mark.slow
def test_memory_of_grouping_is_bounded() -> None:
    """The second half of 6,000 hits needs no more memory than the first."""
    found = hits(6000)
    tracemalloc.start()
    grouped(found[:3000])
    half = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    grouped(found)
    whole = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert whole <= 1.5 * half
