"""A PostgreSQL cluster of our own in a temporary folder, started for a block and stopped after."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

VERSION = "15"
_PLACES = (Path(f"/usr/lib/postgresql/{VERSION}/bin"),)
SETTINGS = {
    "shared_buffers": "2GB",
    "work_mem": "1GB",
    "maintenance_work_mem": "1GB",
    "max_parallel_workers_per_gather": "2",
    "fsync": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "listen_addresses": "",
}
"""As one would set it up for such questions on such a machine."""


@dataclass(frozen=True)
class Cluster:
    """A running server."""

    programs: Path
    folder: Path
    user: str | None

    def run(self, sql: str) -> str:
        """Run SQL and give what it prints, without decoration."""
        return self._psql("-c", sql)

    def load(self, table: str, path: Path) -> None:
        """Copy a CSV file with a header into a table."""
        with path.open("rb") as file:
            self._psql("-c", f"COPY {table} FROM STDIN (FORMAT csv, HEADER)", file=file)

    def _psql(self, *arguments: str, file: object = None) -> str:
        done = subprocess.run(
            [
                self.programs / "psql",
                *("-h", self.folder, "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-qAtX"),
                *arguments,
            ],
            stdin=file,  # type: ignore[call-overload]
            user=self.user,
            cwd="/",
            check=True,
            capture_output=True,
            text=True,
        )
        return str(done.stdout)


def missing() -> str:
    """Why there can be no cluster; empty where there can."""
    if not any((place / "initdb").is_file() for place in _PLACES):
        return f"PostgreSQL {VERSION} is not installed (Debian's package: postgresql)"
    if os.geteuid() == 0 and not _other_user():
        return "PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody'"
    return ""


def _other_user() -> str | None:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Make a cluster, start it, and stop and remove it at the end."""
    programs = next(place for place in _PLACES if (place / "initdb").is_file())
    user = _other_user() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="apportion-postgres-"))
    if user:
        shutil.chown(folder, user)
    data = folder / "data"

    def program(*arguments: object) -> None:
        words = [str(argument) for argument in arguments]
        subprocess.run(words, user=user, cwd="/", check=True, stdout=subprocess.DEVNULL)

    try:
        initdb = programs / "initdb"
        program(initdb, "-D", data, "-U", user or pwd.getpwuid(os.geteuid()).pw_name, "-A", "trust")
        given = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in SETTINGS.items())
        pg_ctl = programs / "pg_ctl"
        options = f"-k {folder} {given}"
        program(pg_ctl, "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
        try:
            yield Cluster(programs, folder, user)
        finally:
            program(pg_ctl, "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
