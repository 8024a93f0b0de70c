"""What a hit brings to its story: it is new, an update that names new facts, or an echo. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.stories.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty:
    """new | update | echo, with the new facts of an update: `amount:USD:200000000`, `entity:marvell`."""

    kind: str
    delta: tuple[str, ...] = ()


def novelty(hit: Fingerprint, earlier: Sequence[Fingerprint]) -> Novelty:
    """What `hit` adds to the earlier members of its story.

    Quiet members do not count: what lay in a feed before it was first polled was never shown to anybody, so the first live hit is new.
    Only the title and lead speak: names and figures further down are background.
    """
    live = [member for member in earlier if not member.quiet]
    if not live or hit.quiet:
        return Novelty(kind="new")
    if hit.copy_of or any(member.address and member.address == hit.address for member in live):
        return Novelty(kind="echo")
    amounts = hit.amounts - frozenset().union(*(member.amounts for member in live))
    actors = hit.lead_entities - frozenset().union(*(member.entities for member in live))
    delta = (*(f"amount:{amount}" for amount in sorted(amounts)), *(f"entity:{actor}" for actor in sorted(actors)))
    return Novelty(kind="update", delta=delta) if delta else Novelty(kind="echo")
