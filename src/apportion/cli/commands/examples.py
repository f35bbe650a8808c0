"""``apportion test``: given and expected figures against the user's own model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apportion.cli.arguments import AsJson
from apportion.cli.session import session_of

if TYPE_CHECKING:
    from apportion.model import Model


def check_examples(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Files of examples, or folders of such files."),
    ],
    as_json: AsJson = False,
) -> None:
    """Check your model by examples: given these costs and usage, expect these figures.

    An example that states no model is about the workspace's own. Every figure that differs is
    listed with its line.
    """
    from apportion.cli.messages import tell
    from apportion.cli.output import put_json
    from apportion.cli.views import examples as view
    from apportion.examples import check_files
    from apportion.findings import only_errors
    from apportion.model import load_model

    def own_model() -> "Model":
        return load_model(session_of(context).folder())

    report = check_files(files, own_model)
    if as_json:
        put_json(view.as_data(report))
    else:
        tell(report.findings)
        view.show(report)
    if only_errors(report.findings):
        raise typer.Exit(1)
