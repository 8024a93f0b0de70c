"""The dashboard's picture of the README. `python -m tests.web.pictures` makes docs/dashboard.webp anew, from three mornings of the demo."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.chromium import browser
from tests.digests.pictures import DOCS, ROOT, demo
from tests.web.serving import TOKEN, Dashboard

TARGET = DOCS / "dashboard.webp"
_TOGETHER = """<!doctype html><meta charset="utf-8">
<body style="margin:0;background:#c9d2d8;display:flex;gap:28px;align-items:flex-start;padding:28px;width:max-content;">
<img src="data:image/png;base64,{wide}" width="900" style="border-radius:8px;">
<img src="data:image/png;base64,{narrow}" width="340" style="border-radius:20px;border:6px solid #14181c;">"""


def shot(opened: Browser, dashboard: Dashboard, path: str, width: int, height: int, scheme: str) -> str:
    """A page as it is seen at a width and height, light or dark, as base64 of a PNG."""
    context = opened.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=1.5,
    )
    page = context.new_page()
    page.goto(f"{dashboard.address}/login")
    page.fill("#token", TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{dashboard.address}/")
    page.goto(dashboard.address + path)
    image = page.screenshot()
    context.close()
    return base64.b64encode(image).decode("ascii")


def draw(opened: Browser, dashboard: Dashboard) -> bytes:
    """The search with its plots on a desk and a story on a telephone, as one WebP."""
    wide = shot(opened, dashboard, "/search?from=2024-09-20&to=2024-09-28", 1180, 1010, "light")
    narrow = shot(opened, dashboard, "/stories/3", 360, 803, "dark")
    context = opened.new_context(viewport={"width": 1324, "height": 400}, device_scale_factor=1.5)
    page = context.new_page()
    page.set_content(_TOGETHER.format(wide=wide, narrow=narrow))
    size = page.evaluate("() => ({ width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight })")
    page.set_viewport_size(size)
    taken = context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    context.close()
    return base64.b64decode(taken["data"])


def main() -> None:
    """Makes the picture."""
    with tempfile.TemporaryDirectory() as folder:
        demo(Path(folder))
        with Dashboard(Path(folder)) as dashboard, browser() as opened:
            TARGET.write_bytes(draw(opened, dashboard))
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
