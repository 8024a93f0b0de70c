"""What a page's refusal is called."""

from __future__ import annotations

import pytest

from monitor.articles.refusal import refusal_kind


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (403, {"cf-mitigated": "challenge"}, b"", "bot-check"),
        (503, {}, b"<title>Just a moment...</title>", "bot-check"),
        (403, {}, b"<p>Please verify you are human</p>", "bot-check"),
        (429, {}, b"<div class='g-recaptcha'></div>", "bot-check"),
        (403, {}, b"<h1>Forbidden</h1>", "http-403"),
        (404, {}, b"<p>Solve the captcha to comment</p>", "http-404"),
        (402, {}, b"", "paywall"),
        (500, {}, b"", "http-500"),
    ],
)
def test_refusals_have_names(status: int, headers: dict[str, str], body: bytes, kind: str) -> None:
    """A check for robots and a paywall are told apart from a plain refusal, whatever the status says."""
    assert refusal_kind(status, headers.get, body) == kind
