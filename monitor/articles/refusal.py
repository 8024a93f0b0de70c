"""What a page's refusal means: a check for robots and a paywall have names of their own, whatever status they come under. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

_CHECK_STATUSES = {401, 403, 405, 429, 503}
_CHECK_HEADERS = ("cf-mitigated", "x-datadome", "x-amzn-waf-action")
"""Set by the services that sites hire against robots, when they ask for proof instead of answering."""

_CHECK = re.compile(
    rb"just a moment|attention required|verify(ing)? (that )?you are (a )?human|checking (if the site|your browser)|captcha|are you a robot"
    rb"|ddos protection|enable javascript and cookies|unusual (traffic|activity)|press (and|&) hold",
    re.IGNORECASE,
)
_PAYMENT_REQUIRED = 402


def refusal_kind(status: int, header: Callable[[str], str | None], body: bytes) -> str:
    """bot-check, paywall, or the plain `http-STATUS`."""
    if status == _PAYMENT_REQUIRED:
        return "paywall"
    if status in _CHECK_STATUSES and (any(header(name) for name in _CHECK_HEADERS) or _CHECK.search(body[:65536])):
        return "bot-check"
    return f"http-{status}"
