"""Recordings of many visitors at once: those that wait together share one transaction, and one wait for the disk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from monitor.errors import StoreError
from monitor.store.driver import Store

_Result = TypeVar("_Result")

TOGETHER = 16
"""Recordings in one transaction at most: others who want to write wait for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recording:
    work: Callable[[], Any]
    durable: bool
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


class Recorder:
    """`await recorder.record(work)`: runs `work`, which writes to the store, in a thread, and returns what it returns.

    One recording fails alone: what it wrote is rolled back, and what it raised is raised to its caller. Where the store itself fails (StoreError),
    nothing of the whole transaction is stored, and every caller is told. Belongs to one event loop.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Recording] = deque()
        self._running: asyncio.Task[None] | None = None

    async def record(self, work: Callable[[], _Result], *, durable: bool = True) -> _Result:
        """The result of `work` once its transaction is committed. durable: as in `Store.write`, for the whole transaction if any asks for it."""
        recording = _Recording(work=work, durable=durable, done=asyncio.get_running_loop().create_future())
        self._waiting.append(recording)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        result: _Result = await recording.done
        return result

    async def _run(self) -> None:
        batch: list[_Recording] = []
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
                for recording, result in zip(batch, await asyncio.to_thread(self._store_all, batch), strict=True):
                    _answer(recording.done, result)
        except asyncio.CancelledError:
            # The loop is being ended: nobody may be left to wait for an answer that never comes.
            self._give_up(batch, None)
            raise
        except BaseException as error:  # noqa: BLE001  whatever ends a thread ends those who wait for it
            self._give_up(batch, error)
        finally:
            self._running = None

    def _give_up(self, batch: Sequence[_Recording], error: BaseException | None) -> None:
        for recording in (*batch, *self._waiting):
            if error is None:
                recording.done.cancel()
            elif not recording.done.done():
                recording.done.set_exception(error)
        self._waiting.clear()

    def _store_all(self, batch: Sequence[_Recording]) -> list[Any]:
        try:
            with self._store.write(durable=any(recording.durable for recording in batch)):
                return [self._store_one(recording) for recording in batch]
        except Exception as error:  # noqa: BLE001  nothing of the batch is stored: each caller is told why
            return [_Failed(error)] * len(batch)

    def _store_one(self, recording: _Recording) -> Any:
        try:
            with self._store.savepoint():
                return recording.work()
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  its caller's business, not that of the others
            return _Failed(error)


def _answer(done: asyncio.Future[Any], result: Any) -> None:
    if done.done():  # its caller was cancelled and waits no longer
        return
    if isinstance(result, _Failed):
        done.set_exception(result.error)
    else:
        done.set_result(result)
