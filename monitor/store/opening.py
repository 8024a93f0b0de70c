"""Opens the database of a place with the engine that it needs; an engine's packages are imported when it is asked for."""

from __future__ import annotations

from monitor.errors import UsageError
from monitor.place import Place
from monitor.store.driver import Store


def open_store(place: Place) -> Store:
    """The open store, at the newest schema. Raises StoreError and its kind; UsageError where PostgreSQL is asked for and its driver is missing."""
    if not place.address:
        from monitor.store.sqlite import open_sqlite

        assert place.path is not None
        return open_sqlite(place.path)
    try:
        from monitor.store.postgres import open_postgres
    except ImportError as error:
        raise UsageError(
            f"{place} needs the PostgreSQL driver, which is not installed ({error.name or error}); run: pip install 'monitor-news[postgres]'"
        ) from error
    return open_postgres(place.address)
