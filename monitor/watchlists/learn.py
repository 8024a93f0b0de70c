"""Seeds to a draft, in order: clean, propose names, find topics, write. Deterministic: the same seeds give the same text."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.errors import NothingSelected
from monitor.model import Seed
from monitor.watchlists.blocks import Parts
from monitor.watchlists.clean import Cleaned, clean_seed
from monitor.watchlists.compose import Learnt
from monitor.watchlists.propose import propose
from monitor.watchlists.topics import known_topics, phrases


def learn(seeds: Sequence[Seed], parts: Parts | None) -> tuple[Learnt, tuple[Cleaned, ...]]:
    """What raw seeds name, and the cleaned seeds. `parts` is the gazetteer; None: learn from the seeds' own casing and a list of countries.

    Raises NothingSelected where the seeds name nobody and repeat nothing.
    """
    cleaned = tuple(clean_seed(seed) for seed in seeds)
    proposals = propose(cleaned, parts)
    topics = known_topics(proposals.covered, parts)
    repeated = phrases(proposals.covered, [topic for part in (parts.parts.values() if parts else ()) for topic in part.topics])
    if not (proposals.entities or topics or repeated):
        raise NothingSelected("nothing to learn: the seeds name nobody and repeat no phrase; give whole articles, two or more")
    learnt = Learnt(seeds=tuple(one.seed for one in cleaned), proposals=proposals, topics=topics, phrases=repeated, parts=parts)
    return learnt, cleaned
