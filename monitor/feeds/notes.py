"""What is to be known of a feed that was read, and of a server that would not give one, in plain words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BROKEN_OFF = ("protocol", "the answer broke off before its end, and what came of it is no feed")
"""Kind and reason of a failure: what came first of a feed need not be one."""

SAID = {
    304: "the server says that nothing has changed, though it was asked for all (304)",
    401: "the server wants a name and password (401)",
    403: "the server refuses us (403)",
    404: "there is nothing at this address (404)",
    410: "the feed is gone for good (410)",
    429: "the server says we ask too often (429)",
    503: "the server is overloaded or down for maintenance (503)",
}


def notes(found: Mapping[str, Any], *, gap: bool, held: str, stepped_down: bool, moving: str | None) -> str:
    """One line about a poll that went well; empty where there is nothing to say.

    found: what parse_feed gave.  held: why entries wait.  stepped_down: from https to http on the way.  moving: where a permanent redirect leads.
    """
    said = [held] if held else []
    if gap:
        said.append("may have missed items: none of the last poll's items was there any more; asked more often now")
    if found["unreadable"]:
        said.append("its text is in an old Vietnamese font code (TCVN3 or VNI) and cannot be read: nothing in it will match")
    if found["ended"]:
        said.append("the feed says that nothing more will come")
    if found["cut"]:
        said.append("the answer was cut on the way; the rest is read at the next poll")
    elif found["total"] > len(found["entries"]):
        said.append(f"{found['total']} items, {len(found['entries'])} taken")
    if moving:
        said.append(f"moved permanently to {moving}")
    if stepped_down:
        said.append("redirected to an address without encryption")
    return "; ".join(said)
