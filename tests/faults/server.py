"""A program that imports Apportion once and runs each command line in a fork of itself.

It reads requests as lines of JSON and answers with lines of JSON; ``forks.py`` is its client. A
fork can kill itself at a named step of a write, or at a storage operation, or be killed from here
some time after the first step. Nothing is used before the fork, only imported, because the
libraries' threads would not come along.
"""

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIMIT_SECONDS = 1800.0
"""A fork that takes longer hangs."""


def import_everything() -> None:
    """Import all that a command could, and make what every one needs."""
    import apportion
    from apportion.cli.app import command_line

    for name in ("pyarrow.acero", "pyarrow.dataset", "rich.console"):
        importlib.import_module(name)
    for module in pkgutil.walk_packages(apportion.__path__, "apportion."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    command_line()
    # Whoever tidies up in a fork would copy every page that it looks at.
    gc.collect()
    gc.freeze()


def command(request: dict[str, Any], steps: int, said: tuple[int, int]) -> int:
    """Run one command line; returns its exit status."""
    from apportion.cli import main

    def tell(step: str) -> None:
        os.write(steps, f"{step}\n".encode())
        if step == request.get("kill_at_step"):
            os.kill(os.getpid(), signal.SIGKILL)

    listen(tell)
    os.dup2(said[0], 1)
    os.dup2(said[1], 2)
    os.chdir(request["folder"])
    if "largest_file" in request:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest_file"], resource.RLIM_INFINITY))
    storage = ctypes.CDLL(None)
    if request.get("unprivileged"):
        # To root without capabilities permissions mean what they say.
        version = (ctypes.c_uint32 * 2)(0x20080522, 0)
        assert storage.capset(version, (ctypes.c_uint32 * 6)()) == 0
    if "fault" in request:
        folder, nth, how, lasting = request["fault"]
        storage.storage_arm(folder.encode(), ctypes.c_long(nth), how, lasting)
    try:
        if request["arguments"][0] == "put-model":
            put_model(*request["arguments"][1:])
        else:
            main(request["arguments"])
        status = 0
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else 1
    if "fault" in request:
        os.write(steps, f"reached {storage.storage_reached()}\n".encode())
    sys.stdout.flush()
    return status


def listen(tell: Callable[[str], None]) -> None:
    """Be told each step of a write, beside a command that shows its steps to people."""
    import apportion.workspace

    opened = apportion.workspace.Workspace

    def workspace(folder: Path, on_step: Callable[[str], None] | None = None) -> Any:
        def told(step: str) -> None:
            tell(step)
            if on_step is not None:
                on_step(step)

        return opened(folder, on_step=told)

    apportion.workspace.Workspace = workspace  # type: ignore[misc,assignment]


def put_model(file: str, expected_digest: str = "") -> None:
    """Put the model that a file of JSON holds, as a server does."""
    import apportion

    document = json.loads(Path(file).read_bytes())
    try:
        apportion.Workspace(Path()).put_model(document, expected_digest=expected_digest)
    except apportion.ApportionError as error:
        sys.stdout.write(f"{error}\n")
        sys.exit(1)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run one command line in a fork, and tell what became of it."""
    reading, writing = os.pipe()
    said = os.memfd_create("out"), os.memfd_create("err")
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        status = 70
        try:
            os.close(reading)
            status = command(request, writing, said)
        finally:
            os._exit(status)
    os.close(writing)
    steps, waited = _follow(child, reading, began, request.get("kill_after"))
    _, status = os.waitpid(child, 0)
    took = time.monotonic() - began
    os.close(reading)
    out, err = (os.pread(each, os.fstat(each).st_size, 0).decode(errors="replace") for each in said)
    for each in said:
        os.close(each)
    return {
        "status": os.waitstatus_to_exitcode(status),
        "out": out,
        "said": out + err,
        "steps": steps.split("\n")[:-1],
        "before_writing": waited,
        "seconds": took,
    }


def _follow(child: int, pipe: int, began: float, kill_after: float | None) -> tuple[str, float]:
    """Gather the names of steps until the child ends or its time is up, and kill it then."""
    told = b""
    waited = 0.0
    deadline = began + LIMIT_SECONDS
    while True:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
            return told.decode(), waited
        more = os.read(pipe, 4096)
        if not more:
            return told.decode(), waited
        if not told:
            waited = time.monotonic() - began
            if kill_after is not None:
                deadline = time.monotonic() + kill_after
        told += more


def serve() -> None:
    """Answer requests until there are no more."""
    import_everything()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
