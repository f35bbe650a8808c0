"""Command lines in forks that can be killed or meet failing storage; see ``server.py``."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KILLED = -9
KILL, SHORT = -1, -2
"""Faults that are no error numbers, as in ``storage.c``."""


@dataclass(frozen=True)
class Fork:
    """What became of a command line: what it put out, and all it said.

    ``reached`` counts its storage operations if asked for.
    """

    status: int
    out: str
    said: str
    steps: tuple[str, ...]
    before_writing: float
    seconds: float
    reached: int = 0


@dataclass(frozen=True)
class Fault:
    """What fails: the nth operation under a folder of the workspace, or all from it on."""

    nth: int
    how: int
    lasting: bool = False
    under: str = "ledger"


class Forks:
    """The client of one server."""

    def __init__(self, preloaded: Path | None = None) -> None:
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "100"}
        if preloaded is not None:
            environment["LD_PRELOAD"] = str(preloaded)
        self._server = subprocess.Popen(
            [sys.executable, str(HERE / "server.py")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, folder: Path, *arguments: str, fault: Fault | None = None, **hurting: str | float
    ) -> Fork:
        """Run ``apportion`` with arguments in a workspace, in a fork of its own.

        ``put-model FILE [DIGEST]`` is no command, but what a server does.

        ``hurting`` is ``kill_at_step``, ``kill_after`` so many seconds from the first step,
        ``largest_file``, the bytes that a file can have, or ``unprivileged``, as nobody is root.
        """
        self.begin(folder, *arguments, fault=fault, **hurting)
        return self.end()

    def begin(
        self, folder: Path, *arguments: str, fault: Fault | None = None, **hurting: str | float
    ) -> None:
        """Begin what ``run`` does, and do not wait for its end."""
        request: dict[str, Any] = {"folder": str(folder), "arguments": arguments, **hurting}
        if fault is not None:
            under = str(folder.resolve() / fault.under)
            request["fault"] = [under, fault.nth, fault.how, fault.lasting]
        assert self._server.stdin
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()

    def end(self) -> Fork:
        """Wait for the end of what was begun."""
        assert self._server.stdout
        told = json.loads(self._server.stdout.readline())
        steps = told.pop("steps")
        reached = 0
        if steps and steps[-1].startswith("reached "):
            reached = int(steps.pop().removeprefix("reached "))
        return Fork(**told, steps=tuple(steps), reached=reached)

    def close(self) -> None:
        """Let the server end."""
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait()
