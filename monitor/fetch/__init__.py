"""The fetch door: the only place that opens a connection to a stranger. Feeds, pages and webhooks all go through `Door.send`."""

from monitor.fetch.door import Door
from monitor.fetch.message import Hop, Limits, Request, Response

__all__ = ["Door", "Hop", "Limits", "Request", "Response"]
