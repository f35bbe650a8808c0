"""``apportion map``: what mapping rules take, would take, and should."""

from pathlib import Path
from typing import Annotated

import typer

from apportion.cli.arguments import AsJson, From, To
from apportion.cli.session import session_of

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Try mapping rules before they count, and find rules for what none takes.",
)


@app.command("test")
def try_rules(
    context: typer.Context,
    rules: Annotated[
        Path, typer.Argument(metavar="RULES", help="A YAML file with `mapping:`, as in the model.")
    ],
    start: From = None,
    end: To = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Without the rules of the model, which come after.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the rules of a file would move, by node and money, if they came first.

    Nothing is changed. The lines of bills are those that count, of charges that begin on the days.
    """
    from apportion.cli.output import put_json
    from apportion.cli.views import mapping as view
    from apportion.report.mapping_data import moves_as_data

    session = session_of(context)
    moves = session.open().test_mapping(rules, start, end, alone=alone)
    if as_json:
        put_json(moves_as_data(moves))
    else:
        view.show_moves(moves, rules)


@app.command("suggest")
def suggest(
    context: typer.Context,
    start: From = None,
    end: To = None,
    as_json: AsJson = False,
) -> None:
    """Propose rules for the largest groups of lines that no rule takes.

    A tag whose values are names of nodes comes first. Elsewhere NODE stands where a name is needed.
    """
    from apportion.cli.output import put_json
    from apportion.cli.views import mapping as view
    from apportion.report.mapping_data import suggested_as_data
    from apportion.report.unmapped import suggested_rules

    session = session_of(context)
    workspace = session.open()
    found = suggested_rules(workspace.store, workspace.model, start, end)
    if as_json:
        put_json(suggested_as_data(found))
    else:
        view.show_suggested(found, session.suggestions)
