"""A process that begins work and can be killed: its work is a line of JSON on stdin.

``["ingest", folder]`` brings ``corrected.csv`` in, ``["run", folder, run id, if busy]`` begins a
run; each is answered by a line.
"""

import json
import shutil
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from apportion.jobs.ingesting import Said, ingest, upload_into
from apportion.jobs.processes import Allowed, Children
from apportion.jobs.runs import IfBusy, RunAsked, begin_run
from apportion.jobs.uploads import private_folder

ALLOWED = Allowed(1800)
DAYS = (date(2024, 1, 1), date(2024, 1, 2))


def run_asked(run_id: str, if_busy: str = "refuse", **other: object) -> RunAsked:
    """A run over the days of the company."""
    at = datetime(2024, 2, 1, tzinfo=UTC)
    asked = {"start": DAYS[0], "end": DAYS[1], "asked_by": "ada", "at": at, **other}
    return RunAsked(run_id, if_busy=IfBusy(if_busy), **asked)


def bring(children: Children, folder: Path, file: str = "corrected.csv", **said: object):
    """Bring a file of the company in, as a client who sends it does."""
    about = {"format": "costs", "source": "cloud", **said}
    about.setdefault("period", (date(2024, 1, 1), date(2024, 1, 31)))
    with private_folder(folder) as private:
        upload = upload_into(private, file)
        shutil.copy(folder / file, upload.path_of(file))
        return ingest(children, folder, upload, Said(**about), {}, ALLOWED)


def serve() -> None:
    """Begin what stdin asks for."""
    children = Children()
    for line in sys.stdin:
        what, folder, *arguments = json.loads(line)
        if what == "ingest":
            outcome = bring(children, Path(folder))
        else:
            outcome = begin_run(children, Path(folder), run_asked(*arguments), ALLOWED)
        sys.stdout.write(json.dumps(outcome.to_dict()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
