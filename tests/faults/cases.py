"""Ledgers to be hurt, and what each command makes of them when nobody hurts it."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from forks import KILLED, Fork, Forks
from ledgers import (
    BILL,
    CORRECTED,
    NOTHING,
    RUN,
    SECOND,
    USAGE_FILE,
    Seen,
    left_over,
    seen,
    write_company,
)

_CHOSEN = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]{8}T[0-9]{6}-[0-9a-f]{8}")
"""What is chosen by chance, or by the clock, in the name of a file."""

Lying = tuple[tuple[str, int], ...]


def lying(folder: Path) -> Lying:
    """All that lies in a folder, files with their length; chance and clock are left out."""
    paths = [(_CHOSEN.sub("*", str(path.relative_to(folder))), path) for path in folder.rglob("*")]
    return tuple(sorted((name, path.stat().st_size * path.is_file()) for name, path in paths))


@dataclass(frozen=True)
class Case:
    """A command on a ledger: what is seen before and after, and how long the writing takes."""

    origin: Path
    command: tuple[str, ...]
    old: Seen
    new: Seen
    steps: tuple[str, ...]
    writing_seconds: float

    def copy(self, folder: Path) -> Path:
        """A fresh copy of the workspace, in the place of one that was there."""
        shutil.rmtree(folder, ignore_errors=True)
        return Path(shutil.copytree(self.origin, folder))

    def require(
        self, folder: Path, fork: Fork, forks: Forks, known: set[Lying] | None = None
    ) -> None:
        """The old state or the new one, as the fork's end calls for; then the command succeeds.

        What lies in the folder is added to ``known``; where it was there already, what the
        command makes of it has been seen.
        """
        found = seen(folder)
        if fork.status == 0:
            assert found == self.new
            return
        assert found == self.old or (fork.status == KILLED and found == self.new)
        if known is not None:
            what_lies = lying(folder)
            if what_lies in known:
                return
            known.add(what_lies)
        again = forks.run(folder, *self.command)
        assert again.status == 0, again.said
        twice = found == self.new and self.command == RUN
        assert seen(folder) == (self.new.and_again() if twice else self.new)
        assert left_over(folder) == []


def prepare(root: Path, forks: Forks) -> dict[str, Case]:
    """Each writing command on a sound ledger, and on one whose last writer was killed."""

    def ledger(name: str, origin: Path, *commands: tuple[str, ...], killed: str = "") -> Path:
        folder = Path(shutil.copytree(origin, root / name))
        for command in commands:
            done = forks.run(folder, *command, **({"kill_at_step": killed} if killed else {}))
            assert done.status == (KILLED if killed else 0), done.said
        return folder

    empty = write_company(root / "empty")
    ready = ledger("ready", empty, BILL, USAGE_FILE, RUN)
    half_ingested = ledger("half ingested", ready, SECOND, killed="record")
    half_run = ledger("half run", ready, RUN, killed="record")
    chosen = {
        "first ingest": (empty, BILL),
        "ingest": (ready, CORRECTED),
        "ingest after a killed ingest": (half_ingested, CORRECTED),
        "run": (ready, RUN),
        "run after a killed run": (half_run, RUN),
    }
    return {
        name: undisturbed(origin, command, root / f"{name}, done", forks)
        for name, (origin, command) in chosen.items()
    }


def undisturbed(origin: Path, command: tuple[str, ...], folder: Path, forks: Forks) -> Case:
    """A command on a ledger that nobody hurts, done in another folder."""
    shutil.copytree(origin, folder)
    done = forks.run(folder, *command)
    assert done.status == 0, done.said
    before = seen(origin) if (origin / "ledger").is_dir() else NOTHING
    after = seen(folder)
    assert after != before
    writing = done.seconds - done.before_writing
    return Case(origin, command, before, after, done.steps, writing)
