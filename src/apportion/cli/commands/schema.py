"""``apportion schema``: what editors need to complete and check a workspace's YAML files."""

import sys
from enum import StrEnum
from typing import Annotated

import typer


class Of(StrEnum):
    """Which files the schema is of."""

    MODEL = "model"
    EXAMPLES = "examples"


def schema(
    of: Annotated[
        Of, typer.Argument(help="apportion.yaml and the model's files, or files of examples.")
    ] = Of.MODEL,
) -> None:
    """Print the JSON Schema of YAML files, for editors.

    A new workspace has both in schema/, and its files name them in their first line, so that an
    editor with a YAML language server completes keys and strategies and underlines what is wrong.
    """
    from apportion.model.json_schema import examples_schema, model_schema, text_of

    sys.stdout.write(text_of(model_schema() if of is Of.MODEL else examples_schema()))
