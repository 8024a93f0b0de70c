"""feedparser is spared work, not changed: what it answers for a feed is what it answers as it came, but for tags."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="vi" xml:base="https://bao.example/">
<title>B\u00e1o</title><id>urn:b</id><updated>2026-11-20T07:00:00+07:00</updated><entry><title type="html">&lt;b&gt;Chip&lt;/b&gt; \u0093Vi\u1ec7t\u0094</title>
<id>urn:1</id><link href="tin/1.html"/><link rel="enclosure" href="a.mp3"/><category term="c\u00f4ng ngh\u1ec7" label="x"/><category term="ai"/>
<published>2026-11-20T07:00:00+07:00</published><author><name>Lan</name></author><summary>T\u00f3m t\u1eaft</summary>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>N\u1ed9i dung</p></div></content></entry></feed>"""
RSS = """<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Paper</title><link>https://paper.example/</link><copyright>(c)</copyright><item>
<title>One \u0093two\u0094 \u1eef</title><link>/a?x=1&amp;y=2</link><guid isPermaLink="false">n-1</guid><dc:date>2026-11-20</dc:date><dc:creator>An</dc:creator>
<category>tech</category><category domain="d"><![CDATA[chips & more]]></category><description><![CDATA[<p>Text &amp; more</p>]]></description>
<content:encoded><![CDATA[<p>All</p>]]></content:encoded><media:content url="https://x.example/i.jpg"><media:title>Picture</media:title></media:content>
<enclosure url="https://x.example/a.mp3" length="1" type="audio/mpeg"/></item></channel></rss>"""
ASK = """
import io, json, sys, warnings
warnings.simplefilter("ignore")
import feedparser, feedparser.mixin
if sys.argv[1] == "quick":
    from monitor.feeds.quicken import quicken
    quicken(feedparser)
found = feedparser.parse(io.BytesIO(sys.stdin.buffer.read()), sanitize_html=False, resolve_relative_uris=False)
def plain(value):
    if isinstance(value, dict):
        return {key: plain(dict.__getitem__(value, key)) for key in value if key != "tags"}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else str(value)
entry = found.entries[0]
asked = [entry.get(key) for key in ("guid", "updated", "description", "issued", "url", "absent")]
asked += [key in entry for key in ("guid", "updated", "modified", "absent")] + [entry.setdefault("fresh", "1"), getattr(entry, "title", "")]
print(json.dumps([plain(found), [str(each) for each in asked]]))
"""


def answer(how: str, document: str) -> Any:
    done = subprocess.run([sys.executable, "-c", ASK, how], input=document.encode(), capture_output=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("document", [ATOM, RSS], ids=["atom", "rss"])
def test_answers_stay_the_same(document: str) -> None:
    """Fields, contents, links, languages and look-ups by old names are those of the library as it came, in a process without it."""
    assert answer("quick", document) == answer("as it came", document)
