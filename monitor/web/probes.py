"""Probes for whatever keeps the program running: does the process live, and does it do its work.

From this machine they answer without a token, from elsewhere with one: what is late is nobody else's business.
"""

from __future__ import annotations

import json
from dataclasses import replace

from monitor.config.present import masked, secrets_in
from monitor.errors import StoreError
from monitor.health import troubles
from monitor.web.desk import Answer, Asked, Route, text

_UNREADY = {"daemon.silent", "step.failing", "step.late"}


def live(_asked: Asked) -> Answer:
    """The process lives: asked of nothing but its event loop."""
    return text("ok\n")


def ready(asked: Asked) -> Answer:
    """200 where the database answers and no step of a running daemon fails or is late; else 503, with the reasons."""
    try:
        found = troubles(asked.desk.store, asked.now)
    except StoreError as error:
        return _told([f"the database does not answer: {error}"], asked)
    return _told([each.text for each in found if each.kind in _UNREADY], asked)


def _told(reasons: list[str], asked: Asked) -> Answer:
    secrets = secrets_in(asked.desk.config)
    body = {"ready": not reasons, "reasons": [masked(reason, secrets) for reason in reasons]}
    return Answer(body=json.dumps(body, ensure_ascii=False).encode() + b"\n", status=503 if reasons else 200, type="application/json")


def _refused(_asked: Asked, status: int, what: str, why: str) -> Answer:
    return text(f"{status} {what}: {why}\n", status)


_LIVE = Route(path="/healthz", answer=live, access="probe", trouble=_refused, at_once=True)
_READY = Route(path="/readyz", answer=ready, access="probe", trouble=_refused)
ROUTES = (_LIVE, replace(_LIVE, path="/liveness"), _READY, replace(_READY, path="/readiness"))
"""The second names are those that people know from other programs."""
