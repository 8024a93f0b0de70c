"""The parse door: whatever a parse does, it does to its child process alone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import SandboxError
from monitor.sandbox import Sandbox

linux = pytest.mark.skipif(sys.platform != "linux", reason="SKIPPED: this limit exists on Linux only")


def run(work: Callable[[Sandbox], Awaitable[Any]], **options: Any) -> Any:
    async def inside() -> Any:
        async with Sandbox(**{"size": 1, "packages": ("tests",), **options}) as sandbox:
            return await work(sandbox)

    return asyncio.run(inside())


def call(name: str, body: bytes = b"", *, wall_s: float = 20, cpu_s: int = 20, **args: object) -> Callable[[Sandbox], Awaitable[Any]]:
    return lambda sandbox: sandbox.call(f"tests.sandbox.probes:{name}", args, body, wall_s=wall_s, cpu_s=cpu_s)


async def caught(sandbox: Sandbox, name: str, **options: Any) -> tuple[str, str]:
    with pytest.raises(SandboxError) as found:
        await call(name, **options)(sandbox)
    return found.value.kind, str(found.value)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:  # a zombie that some init has not collected yet is gone as well
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_answers() -> None:
    """Body and arguments arrive, the value comes back, in another process."""
    answer = run(call("echo", "Tô Lâm".encode(), url="https://example.org/đ", number=3))
    assert answer["body"] == "Tô Lâm"
    assert answer["args"] == {"url": "https://example.org/đ", "number": 3}
    assert answer["pid"] != os.getpid()


def test_large_bodies_pass() -> None:
    """Twelve MiB in and out do not block the pipes."""
    assert len(run(call("echo", b"x" * (12 * 1024 * 1024)))["body"]) == 12 * 1024 * 1024


def test_one_child_serves_many_calls() -> None:
    """A child is kept, and replaced after the number of calls it may serve."""

    async def work(sandbox: Sandbox) -> list[int]:
        return [(await call("echo")(sandbox))["pid"] for _ in range(7)]

    pids = run(work, recycle_calls=3)
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]
    ends_s = time.monotonic() + 10  # what was killed goes when the system gets to it
    while not all(map(gone, pids)) and time.monotonic() < ends_s:
        time.sleep(0.01)
    assert all(map(gone, pids))


@linux
def test_a_child_that_grew_is_replaced() -> None:
    """A child whose memory grew beyond the bound serves no further call."""

    async def work(sandbox: Sandbox) -> list[int]:
        return [await call("keep")(sandbox) for _ in range(6)]

    assert len(set(run(work, growth_bytes=50 * 1024 * 1024))) == 2


def test_calls_run_side_by_side() -> None:
    """A pool of two runs two calls at once, never three."""

    async def work(sandbox: Sandbox) -> set[int]:
        answers = await asyncio.gather(*(call("echo")(sandbox) for _ in range(8)))
        return {answer["pid"] for answer in answers}

    assert len(run(work, size=2)) == 2


@pytest.mark.parametrize(
    ("name", "options", "kind", "words"),
    [
        ("sleep", {"wall_s": 1.0}, "timeout", "longer than 1 s"),
        ("burn", {"cpu_s": 1}, "timeout", "processor time"),
        ("crash", {}, "died", "SIGABRT"),
        ("segfault", {}, "died", "SIGSEGV"),
        ("leave", {}, "died", "exit code 3"),
        ("fail", {}, "failed", "ValueError: no root element"),
        ("deep", {}, "failed", "RecursionError"),
        ("unspeakable", {}, "failed", "TypeError"),
        ("huge", {}, "failed", "ValueError"),
        ("garbage", {}, "died", "garbage"),
        ("absent", {}, "failed", "AttributeError"),
        ("_hidden", {}, "failed", "may not be called"),
        pytest.param("eat", {}, "memory", "memory", marks=linux),
    ],
)
def test_bad_parses_are_named_and_the_pool_lives(name: str, options: dict[str, Any], kind: str, words: str) -> None:
    """Each way to misbehave has a name, and the next call is served as if nothing had happened (RELIABILITY cases 14, 103, 104, 105)."""

    async def work(sandbox: Sandbox) -> tuple[str, str, str]:
        found_kind, found_words = await caught(sandbox, name, **options)
        return found_kind, found_words, (await call("echo", b"alive")(sandbox))["body"]

    found_kind, found_words, after = run(work)
    assert (found_kind, after) == (kind, "alive")
    assert words in found_words


def test_processor_time_is_counted_per_call() -> None:
    """Time used by earlier calls is not held against later ones."""

    async def work(sandbox: Sandbox) -> tuple[str, str]:
        await call("echo", cpu_s=20)(sandbox)
        return await caught(sandbox, "burn", cpu_s=1)

    assert run(work)[0] == "timeout"


def test_prints_do_not_reach_the_answer() -> None:
    """What a library writes to the standard streams is dropped."""
    assert run(call("chatter")) == "quiet"


def test_lone_surrogates_are_replaced() -> None:
    """What UTF-8 cannot say never leaves the child."""
    assert run(call("surrogate")) == "a?b"


def test_the_child_inherits_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parent's environment stays with the parent."""
    monkeypatch.setenv("MONITOR_SECRET", "hidden")
    seen = run(call("surrounding"))
    assert seen["secret"] == ""
    assert not [name for name in seen["environment"] if "MONITOR" in name]


def test_the_child_writes_no_files(tmp_path: Path) -> None:
    """A parse cannot put a byte into the file system."""
    target = tmp_path / "out"
    assert run(call("write_file", str(target).encode())) == "refused"
    assert not target.exists() or target.read_bytes() == b""


def test_the_child_opens_few_files() -> None:
    """A parse holds a few descriptors at most."""
    assert run(call("open_many")) < 32


def test_only_named_packages_may_be_called() -> None:
    """A function outside the permitted packages is refused before a process is started."""

    async def work(sandbox: Sandbox) -> str:
        with pytest.raises(SandboxError) as found:
            await sandbox.call("os:getcwd", {}, b"")
        return found.value.kind

    assert run(work) == "failed"


def test_a_cancelled_call_leaves_nothing_behind() -> None:
    """A caller that gives up takes its child along; the pool goes on."""

    async def work(sandbox: Sandbox) -> str:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await call("sleep")(sandbox)
        return str((await call("echo", b"alive")(sandbox))["body"])

    assert run(work) == "alive"


_PARENT = """
import asyncio, sys
from monitor.sandbox import Sandbox

async def main():
    async with Sandbox(size=1, packages=("tests",)) as sandbox:
        print((await sandbox.call("tests.sandbox.probes:echo", {}, b""))["pid"], flush=True)
        await sandbox.call("tests.sandbox.probes:sleep", {}, b"", wall_s=50)

asyncio.run(main())
"""


@linux
def test_children_die_with_their_parent() -> None:
    """A killed parent leaves no child behind, even one that is busy (RELIABILITY case 15)."""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, env=environment, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not gone(pid):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.01)


_NO_FILES = """
import asyncio, os, resource
from monitor.errors import SandboxError
from monitor.sandbox import Sandbox

async def main():
    async with Sandbox(packages=("tests",)) as sandbox:
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 1, 4096))
        try:
            await sandbox.call("tests.sandbox.probes:echo", {}, b"")
        except SandboxError as error:
            print(error.kind)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096))
        print((await sandbox.call("tests.sandbox.probes:echo", {}, b"alive"))["body"])

asyncio.run(main())
"""


@linux
def test_case_18_no_child_can_be_started() -> None:
    """Where the system gives no further file or process the call says so by name, and the pool works again when it does."""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", _NO_FILES], capture_output=True, env=environment, text=True, check=False, timeout=60)
    assert done.stdout.split() == ["unstarted", "alive"], done.stderr
