"""The demo as a short lesson: what it is, what was found, what to try next."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from apportion.cli.messages import tell
from apportion.cli.names import shown_name
from apportion.cli.output import say
from apportion.cli.views import reconciliation as view
from apportion.model import Model
from apportion.recorded_result import RecordedResult
from apportion.report.reconciliation import Statement, statement
from apportion.workspace import IngestOutcome


def show(
    folder: Path, model: Model, outcomes: Sequence[IngestOutcome], result: RecordedResult
) -> None:
    """Say what the company is, what its year came to, and what there is to try."""
    said = statement(result.reconciliation(), model, result.scale)
    _introduce(model, outcomes, result)
    view.show_statement(said)
    _explain()
    _invite(folder, said)
    if not said.proven:
        tell(result.reconciliation().findings())


def _introduce(model: Model, outcomes: Sequence[IngestOutcome], result: RecordedResult) -> None:
    lines = sum(each.report.lines_read for each in outcomes)
    files = sum(len(each.report.files) for each in outcomes)
    say(
        f"{model.settings.name} is an invented company that sells travel tickets: "
        f"{len(model.nodes)} nodes (servers, shared services, platforms, products), "
        f"{len(model.edges)} edges between them, and {files} files of bills and usage with "
        f"{lines:,} lines. Everything they say is now in a ledger, and {result.runs[0].run_id} is "
        "the run that let the cost of each day flow along the edges, down to the products."
    )
    say()


def _explain() -> None:
    say(
        "What to see in it: the two tables at the top sum to the same, to the last billionth; that "
        "is proved anew from the ledger's own rows each time. What is unallocated is named with "
        "its reason, never lost: lines that nobody tagged, shares that people capped on purpose. "
        "And in July the company was reorganised: edges ended, others began, and the first half "
        "of the year stays as it was reported."
    )
    say()


def _invite(folder: Path, said: Statement) -> None:
    """Commands that work in the demo's folder."""
    say("Try next:")
    say()
    dearest = said.products[0].id if said.products else ""
    for command in (
        f"cd {shlex.quote(str(folder))}",
        "apportion show products",
        f"apportion show contributions --node {shlex.quote(dearest)} --from 2024-07 --to 2024-07",
        f"apportion show shares --node {shlex.quote(dearest)}",
        "apportion show nodes --dimension compute",
        "apportion strategies",
        "apportion reconcile --from 2024-06 --to 2024-06",
    ):
        say(shown_name(command), "  ")
