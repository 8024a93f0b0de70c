"""The digest in a browser, and the pictures of the README. `python -m tests.digests.pictures` makes the pictures and the golden text anew."""

from __future__ import annotations

import asyncio
import base64
import os
import pty
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

from playwright.sync_api import Browser

from monitor.demo.run import DemoResult, run_demo
from tests.chromium import browser

WIDTHS = (360, 640)
SCHEMES = ("light", "dark")
ROOT = Path(__file__).resolve().parent.parent.parent
GOLDEN = Path(__file__).resolve().parent / "pictures"
DOCS = ROOT / "docs"

LOOK = """
() => {
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n.slice(0, 3), 1] : n; };
  const over = (top, under) => top.slice(0, 3).map((c, i) => c * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      layers.push(parse(getComputedStyle(e).backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const hex = (rgb) => "#" + rgb.slice(0, 3).map((c) => Math.round(c).toString(16).padStart(2, "0")).join("");
  const hidden = (e) => { for (; e; e = e.parentElement) { if (getComputedStyle(e).display === "none") return true; } return false; };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement, words = node.data.replace(/\\s+/g, " ").trim();
    if (!words || hidden(element)) continue;
    const style = getComputedStyle(element), ground = behind(element), ink = over(parse(style.color), ground);
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()];
    texts.push({
      words, ink: hex(ink), ground: hex(ground), ratio: contrast(ink, ground), size: style.fontSize, weight: style.fontWeight,
      left: Math.min(...boxes.map((box) => box.left)), right: Math.max(...boxes.map((box) => box.right)),
    });
  }
  const wide = [...document.querySelectorAll("body *")].filter((e) => !hidden(e)).filter((e) => {
    const box = e.getBoundingClientRect();
    return box.right > innerWidth + 0.5 || box.left < -0.5 || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline";
  }).map((e) => e.tagName + " " + e.className + " " + e.textContent.slice(0, 40));
  return { texts, wide, page: document.documentElement.scrollWidth, window: innerWidth };
}
"""
"""Every visible text with its colours as they meet the eye, and every element that is wider than its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page as a browser shows it. `texts`: words, ink, ground, ratio, size, weight; `wide`: what overflows; `asked`: requests it made."""

    texts: tuple[dict[str, Any], ...]
    wide: tuple[str, ...]
    page: int
    window: int
    asked: tuple[str, ...]


def look(opened: Browser, html: str, width: int, scheme: str) -> Seen:
    """A page at a width, light or dark. It may ask for nothing: each request is noted and refused."""
    asked: list[str] = []
    context = opened.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.route("**/*", lambda route: (asked.append(route.request.url), route.abort())[-1])
    page.set_content(html)
    found = page.evaluate(LOOK)
    context.close()
    return Seen(texts=tuple(found["texts"]), wide=tuple(found["wide"]), page=found["page"], window=found["window"], asked=tuple(asked))


def told(seen: Seen) -> str:
    """What is seen as text: size, weight, colours and contrast of each piece, with its words."""
    lines = [
        f"{each['size']:>5} {each['weight']} {each['ink']} on {each['ground']} {each['ratio']:4.1f}  {_steady(each['words'])}"
        for each in seen.texts
    ]
    return "\n".join(lines) + "\n"


def _steady(words: str) -> str:
    """Words without what every run makes anew."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UID", words)


def demo(folder: Path) -> DemoResult:
    """The demo's three mornings."""
    return asyncio.run(run_demo(folder, lambda name, counts: None, 3))


def pages(result: DemoResult) -> tuple[str, ...]:
    """The HTML of each morning."""
    return tuple(path.read_text(encoding="utf-8") for path in result.written if path.suffix == ".html")


def golden_file(width: int, scheme: str) -> Path:
    """Where the golden text of one picture lies."""
    return GOLDEN / f"digest-{width}-{scheme}.txt"


# --- the README's pictures ----------------------------------------------------------------------------------------------

_BOTH = """<!doctype html><meta charset="utf-8">
<body style="margin:0;background:#c9d2d8;display:flex;gap:28px;align-items:flex-start;padding:28px;width:max-content;">
<img src="data:image/png;base64,{wide}" width="640" style="border-radius:8px;">
<img src="data:image/png;base64,{narrow}" width="360" style="border-radius:20px;border:6px solid #14181c;">"""
_COMMANDS = (
    "stories list --since {since} --limit 5",
    "hits search 'to lam apple' --limit 3",
    "explain 32",
)


def _shot(opened: Browser, html: str, width: int, scheme: str) -> str:
    context = opened.new_context(viewport={"width": width, "height": 400}, color_scheme=scheme, device_scale_factor=1.5)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_content(html)
    image = page.screenshot(full_page=True)
    context.close()
    return base64.b64encode(image).decode("ascii")


def draw_digest(opened: Browser, html: str) -> bytes:
    """The digest in a mail window and on a telephone, as one WebP."""
    both = _BOTH.format(wide=_shot(opened, html, 640, "light"), narrow=_shot(opened, html, 360, "dark"))
    context = opened.new_context(viewport={"width": 1096, "height": 400}, device_scale_factor=1.5)
    page = context.new_page()
    page.set_content(both)
    size = page.evaluate("() => ({ width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight })")
    page.set_viewport_size(size)
    taken = context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    context.close()
    return base64.b64decode(taken["data"])


def draw_terminal(config: Path, since: str) -> str:
    """A few commands on the demo's database in a terminal of 96 columns, as SVG without remote fonts."""
    from rich.console import Console
    from rich.text import Text

    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=96, file=nowhere, force_terminal=True)
        for command in _COMMANDS:
            line = command.format(since=since)
            console.print(Text.assemble(("$ ", "bold green"), (f"monitor {line}", "bold")))
            console.print(Text.from_ansi(_on_terminal(config, line)))
            console.print()
        svg = console.export_svg(title="monitor")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def _on_terminal(config: Path, line: str) -> str:
    """What a command writes on a terminal of 96 columns."""
    import shlex

    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "96", "TERM": "xterm-256color", "TZ": "Asia/Ho_Chi_Minh"}
    with Popen(
        [sys.executable, "-m", "monitor", "--config", str(config), *shlex.split(line)],
        stdout=theirs,
        stderr=theirs,
        env=environment,
        cwd=ROOT,
    ):
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the end of a terminal whose other side has closed
                break
            if not part:
                break
            said += part
    os.close(ours)
    return re.sub(r":\d{4,5}/", "/", said.decode("utf-8", "replace").replace("\r\n", "\n")).rstrip()


def main() -> None:
    """Makes docs/digest.webp, docs/terminal.svg and the golden text anew."""
    from monitor.app import now
    from monitor.demo.run import EVENING

    with tempfile.TemporaryDirectory() as folder:
        result = demo(Path(folder))
        html = pages(result)[-1]
        (DOCS / "terminal.svg").write_text(draw_terminal(result.config, f"{(now() - EVENING).days + 2}d"), encoding="utf-8")
    with browser() as opened:
        (DOCS / "digest.webp").write_bytes(draw_digest(opened, html))
        GOLDEN.mkdir(exist_ok=True)
        for width in WIDTHS:
            for scheme in SCHEMES:
                golden_file(width, scheme).write_text(told(look(opened, html, width, scheme)), encoding="utf-8")
    for path in (DOCS / "digest.webp", DOCS / "terminal.svg", *sorted(GOLDEN.iterdir())):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
