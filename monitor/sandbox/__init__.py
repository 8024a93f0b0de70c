"""The parse door: strangers' bytes are parsed in child processes that may die, hang or eat without hurting anybody."""

from monitor.sandbox.pool import Sandbox

__all__ = ["Sandbox"]
