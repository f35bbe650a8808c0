"""The program of a child process: one request on stdin, what came of it on stdout, in JSON.

Whatever libraries print goes to stderr. Unless the work outlives the server, the process ends as
soon as nobody holds the other end of stdin.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from apportion.findings import Place
from apportion.jobs.outcomes import Outcome, failed, without_folders
from apportion.jobs.uploads import SCRATCH, UPLOAD
from apportion.report.json_text import plain

Tell = Callable[[Mapping[str, Any]], None]
Work = Callable[[Mapping[str, Any], Tell], Mapping[str, Any]]

WORKS = {
    "ingest": "apportion.jobs.ingesting",
    "put": "apportion.jobs.putting",
    "rate": "apportion.jobs.rating",
    "run": "apportion.jobs.running",
    "take back": "apportion.jobs.taking_back",
}
"""Modules with a function ``work``; each imports what is slow to import when it is called."""

OUTLIVING = {"run"}
_ORPHANED = 3


def main() -> None:
    """Do what stdin asks for."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # The work moves to a folder of its own, and modules are still to be imported.
    sys.path[:] = [str(Path(each).absolute()) for each in sys.path]
    request = json.loads(_line())
    _bound(request["memory"])
    if request["work"] not in OUTLIVING:
        threading.Thread(target=_end_with_the_server, daemon=True).start()
    private = Path(request["scratch"])
    folders = [private, private / UPLOAD, private / SCRATCH, Path(request["folder"])]

    def tell(said: Mapping[str, Any]) -> None:
        answers.write(json.dumps(without_folders(said, folders), default=plain) + "\n")
        answers.flush()

    try:
        outcome = do(request, tell)
        tell(outcome.to_dict())
        # What libraries say of their own leaks when Python ends is no news for the server's log.
        sys.stderr.flush()
        os._exit(0)
    except BrokenPipeError:
        # The server is gone, and what was to be told stands in the ledger and the table of jobs.
        os._exit(_ORPHANED)


def _line() -> bytes:
    """The first line of stdin, read without a buffer, so that a thread can wait for the rest."""
    line = b""
    while not line.endswith(b"\n"):
        more = os.read(0, 2**16)
        if not more:
            os._exit(_ORPHANED)
        line += more
    return line


def _bound(memory: int) -> None:
    """Bound the addresses this process can have, where the system knows how."""
    try:
        import resource
    except ImportError:
        return
    # What a child held in memory is a client's data, and stays out of files.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _end_with_the_server() -> None:
    while os.read(0, 2**16):
        pass
    os._exit(_ORPHANED)


def do(request: Mapping[str, Any], tell: Tell) -> Outcome:
    """Do a piece of work; every error of it is an outcome."""
    try:
        work: Work = import_module(WORKS[request["work"]]).work
        return Outcome(dict(work(request, tell)))
    except Exception as error:  # noqa: BLE001 - the server answers for whatever it is
        return failed(error, Place(request["about"]), Path(request["folder"]))


if __name__ == "__main__":
    main()
