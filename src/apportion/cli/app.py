"""The commands, and the options that stand before them."""

import sys
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from apportion.cli.commands import (
    allowance,
    audit,
    deliveries,
    demo,
    examples,
    ingest,
    init,
    mapping,
    rate,
    reconcile,
    run,
    runs,
    schema,
    serve,
    show,
    sql,
    strategies,
    token,
    upgrade,
    usage,
    validate,
)
from apportion.cli.logs import LogLevel, start_logging
from apportion.cli.messages import exit_status
from apportion.cli.session import Session

START, WORK, LOOK = "Start", "Work", "Look"


class Commands(TyperGroup):
    """Commands under headings; whatever they raise becomes paragraphs and an exit status."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands under the headings they were registered with."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            rows = sections.setdefault(command.rich_help_panel, [])
            rows.append((name, command.get_short_help_str(limit=100)))
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)

    def invoke(self, ctx: Any) -> Any:
        """Run a command. This is the only place where errors become messages."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt as interruption:
            typer.echo("Interrupted. What was not finished is not recorded.", err=True)
            raise typer.Exit(130) from interruption
        except Exception as error:
            session = ctx.obj or Session()
            status = exit_status(
                session.explained(error), debug=session.debug, suggestions=session.suggestions
            )
            if status is None:
                raise
            raise typer.Exit(status) from error
        return result


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from apportion import __version__

        typer.echo(f"apportion {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            metavar="DIR",
            help="The workspace. Default: the nearest folder with an apportion.yaml, from here up.",
        ),
    ] = None,
    log_level: Annotated[
        LogLevel,
        typer.Option(
            "--log-level",
            help="How much to log to stderr: info logs the steps of a run, trace every share too.",
        ),
    ] = LogLevel.WARNING,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Find out what each product really costs: bills and usage flow down a graph to products.

    These options come before the command: apportion --workspace acme run --from 2024-01 --to
    2024-12.
    """
    start_logging(log_level)
    ctx.obj = Session(workspace, debug, log_level)


app.command("demo", rich_help_panel=START)(demo.demo)
app.command("init", rich_help_panel=START)(init.init)
app.command("validate", rich_help_panel=WORK)(validate.validate)
app.command("schema", rich_help_panel=WORK)(schema.schema)
app.command("ingest", rich_help_panel=WORK)(ingest.ingest)
app.add_typer(deliveries.app, name="deliveries", rich_help_panel=WORK)
app.command("run", rich_help_panel=WORK)(run.run)
app.add_typer(mapping.app, name="map", rich_help_panel=WORK)
app.add_typer(runs.app, name="runs", rich_help_panel=WORK)
app.command("rate", rich_help_panel=WORK)(rate.rate)
app.add_typer(allowance.app, name="allowance", rich_help_panel=WORK)
app.command("upgrade", rich_help_panel=WORK)(upgrade.upgrade)
app.command("test", rich_help_panel=WORK)(examples.check_examples)
app.add_typer(token.app, name="token", rich_help_panel=WORK)
app.add_typer(reconcile.app, name="reconcile", rich_help_panel=LOOK)
app.command("audit", rich_help_panel=LOOK)(audit.audit)
app.add_typer(show.app, name="show", rich_help_panel=LOOK)
app.command("sql", rich_help_panel=LOOK)(sql.sql)
app.add_typer(usage.app, name="usage", rich_help_panel=LOOK)
app.command("serve", rich_help_panel=LOOK)(serve.serve)
app.command("strategies", rich_help_panel=LOOK)(strategies.strategies)


@cache
def command_line() -> Any:
    """All commands with their options, which take long to be made; called with ``args`` it runs."""
    return get_command(app)
