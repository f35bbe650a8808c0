"""``apportion strategies``: how shares can be decided."""

from typing import Annotated

import typer

from apportion.cli.arguments import AsJson


def _names(incomplete: str) -> list[str]:
    from apportion.plugins import STRATEGIES, registered

    return [name for name in registered(STRATEGIES) if name.startswith(incomplete)]


def strategies(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="Describe this strategy.",
            autocompletion=_names,
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the strategies by which an edge's share is decided, or describe one."""
    from apportion.cli.output import put_json
    from apportion.cli.views import strategies as view
    from apportion.report import strategies as report

    if name is None:
        listed = report.strategies()
        if as_json:
            put_json({"strategies": listed})
        else:
            view.show_all(listed)
        return
    described = report.strategy(name)
    if as_json:
        put_json(described)
    else:
        view.show_one(described)
