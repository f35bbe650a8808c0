"""``apportion init``: a new workspace."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from apportion.cli.arguments import AsJson


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder, new or with files of its own.")
    ],
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="The company's name. Default: the folder's."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a small commented workspace that runs as it is."""
    from apportion.cli.names import shown_name
    from apportion.cli.output import put_json, say, say_as_typed
    from apportion.templates import write_workspace

    written = write_workspace(folder, name or folder.resolve().name)
    if as_json:
        put_json({"folder": str(folder), "files": [str(file) for file in written]})
        return
    say(f"Wrote {len(written)} files:")
    say()
    for file in written:
        say(shown_name(str(file)), "  ")
    say()
    say("A small company with a month of costs and usage, to be replaced by yours. Next:")
    say()
    there = () if folder.resolve() == Path.cwd() else (f"cd {shlex.quote(str(folder))}",)
    for command in (
        *there,
        "apportion validate",
        "apportion test",
        "apportion ingest costs data/costs.csv",
        "apportion ingest usage data/usage.csv",
        "apportion run --from 2024-01 --to 2024-01",
        "apportion reconcile",
    ):
        say_as_typed(command, "  ")
