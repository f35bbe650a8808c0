"""``apportion test``: given and expected figures against the user's own model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apportion.cli.arguments import AsJson
from apportion.cli.session import session_of

if TYPE_CHECKING:
    from apportion.model import Model

FOLDER = "examples"


def check_examples(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="Files of examples, or folders of such. Default: the workspace's examples.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check your model by examples: given these costs and usage, expect these figures.

    Without a name every file in the workspace's folder examples is tried. An example that states
    no model is about the workspace's own. Every figure that differs is listed with its line.
    """
    from apportion.cli.messages import tell
    from apportion.cli.output import put_json
    from apportion.cli.views import examples as view
    from apportion.examples import check_files
    from apportion.findings import only_errors
    from apportion.model import load_model

    def own_model() -> "Model":
        return load_model(session_of(context).folder())

    report = check_files(files or [_own_examples(context)], own_model)
    if as_json:
        put_json(view.as_data(report))
    else:
        tell(report.findings, session_of(context).suggestions)
        view.show(report)
    if only_errors(report.findings):
        raise typer.Exit(1)


def _own_examples(context: typer.Context) -> Path:
    from apportion.findings import Finding, Place, UsageError

    folder = session_of(context).folder() / FOLDER
    if not folder.is_dir():
        message = f"The workspace has no folder {FOLDER}."
        remedy = "Write examples into it, or name a file: apportion test FILE"
        raise UsageError([Finding("invalid_argument", message, Place(str(folder)), remedy)])
    return folder
