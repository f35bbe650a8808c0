"""What the options before a command said, and the workspace they lead to."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from apportion.cli.logs import LogLevel
from apportion.cli.suggestions import Suggestions
from apportion.findings import SETTINGS_FILE, Finding, Place, UsageError

if TYPE_CHECKING:
    from apportion.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Session:
    """One command line."""

    workspace: Path | None = None
    debug: bool = False
    log_level: LogLevel = LogLevel.WARNING

    @property
    def suggestions(self) -> Suggestions:
        """What to type next, about this workspace."""
        return Suggestions(self.workspace)

    def folder(self) -> Path:
        """The workspace's folder, as short as it can be written from here.

        Raises ``UsageError`` (``not_a_workspace``).
        """
        if self.workspace is not None:
            if (self.workspace / SETTINGS_FILE).is_file():
                return self.workspace
            raise UsageError([_no_workspace(self.workspace, f"There is no {SETTINGS_FILE} in it.")])
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / SETTINGS_FILE).is_file():
                return Path(os.path.relpath(folder, here))
        said = f"Neither this folder nor any above it holds an {SETTINGS_FILE}."
        raise UsageError([_no_workspace(here, said)])

    def explained(self, error: Exception) -> Exception:
        """An error, or that a file of the ledger is damaged, where that is what it tells of."""
        if type(error).__module__.partition(".")[0] not in ("_duckdb", "duckdb", "pyarrow"):
            return error
        from apportion.ledger.damage import damage

        return damage(error, self.folder()) or error

    def open(self, on_step: Callable[[str], None] | None = None) -> "Workspace":
        """The workspace; ``on_step`` is told each step of a write.

        Raises ``UsageError`` and what opening it raises.
        """
        _leave_pandas_out()
        from apportion.workspace import Workspace

        folder = self.folder()
        return Workspace(folder) if on_step is None else Workspace(folder, on_step=on_step)


class _NoPandas(MetaPathFinder):
    """Says that there is no pandas."""

    def find_spec(self, fullname: str, *_: object) -> None:
        """Refuse pandas, and leave all else to other finders."""
        if fullname == "pandas":
            raise ModuleNotFoundError("Arrow has no need of it here.", name=fullname)


def _leave_pandas_out() -> None:
    """Let Arrow find no pandas at the one time it looks.

    It looks when it is given its first value, in case that is a column of pandas, and where pandas
    is installed loading it takes longer than all else of a short command. Whoever imports pandas
    later has it, and Arrow still takes and gives what it holds.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(finder)


def _no_workspace(folder: Path, message: str) -> Finding:
    return Finding(
        "not_a_workspace",
        message,
        Place(str(folder)),
        "Go to a workspace, name one with --workspace DIR before the command, or make one with: "
        "apportion init DIR",
    )


def session_of(context: typer.Context) -> Session:
    """The session that a command belongs to."""
    session: Session = context.obj
    return session
