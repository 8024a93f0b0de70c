"""A feed reader as one would first write it, for comparison: ten threads, one client, feedparser as it comes, one table.

`python -m tests.bench.plain_reader DATABASE URLS_FILE`
"""

from __future__ import annotations

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import feedparser
import httpx


def main(database: str, urls: str) -> None:
    """Polls every feed once, conditionally where it was met before, and stores its entries."""
    connection = sqlite3.connect(database)
    connection.execute("create table if not exists feeds(url text primary key, etag text)")
    connection.execute("create table if not exists entries(feed text, id text, title text, summary text, primary key(feed, id))")
    etags = dict(connection.execute("select url, etag from feeds"))
    with httpx.Client(timeout=30) as client, ThreadPoolExecutor(10) as threads:

        def poll(url: str) -> tuple[str, str, Any]:
            answer = client.get(url, headers={"if-none-match": etags[url]} if etags.get(url) else {})
            parsed = feedparser.parse(answer.content, response_headers=dict(answer.headers)) if answer.status_code == 200 else None
            return url, answer.headers.get("etag", ""), parsed

        for url, etag, parsed in threads.map(poll, Path(urls).read_text(encoding="utf-8").split()):
            with connection:
                connection.execute("insert into feeds values (?, ?) on conflict(url) do update set etag = excluded.etag", (url, etag))
                for entry in parsed.entries if parsed else ():
                    row = (url, entry.get("id", entry.get("link")), entry.get("title"), entry.get("summary"))
                    connection.execute("insert into entries values (?, ?, ?, ?) on conflict do nothing", row)
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
