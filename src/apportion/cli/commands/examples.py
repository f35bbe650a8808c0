"""``apportion test``: given and expected figures against the user's own model."""

from pathlib import Path
from typing import Annotated

import typer

from apportion.cli.arguments import AsJson


def check_examples(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files of examples.")],
    as_json: AsJson = False,
) -> None:
    """Check your model by examples: given these costs and usage, expect these figures."""
