"""Feeds: polling, parsing, identity of entries, dates, pace, discovery and OPML."""
