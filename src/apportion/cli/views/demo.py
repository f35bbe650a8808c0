"""The demo as a short lesson: what it is, what was found, what to try next."""

import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from apportion.cli.output import heading, say, say_as_typed
from apportion.cli.reading import title_of
from apportion.cli.suggestions import Suggestions
from apportion.cli.views import reconciliation as view
from apportion.ingest.incoming import IngestReport
from apportion.model import Model
from apportion.reconcile.reconciliation import Reconciliation
from apportion.recorded_result import RecordedResult
from apportion.report.reconciliation import Statement, statement


def show(
    folder: Path, reports: Sequence[IngestReport], result: RecordedResult, proof: Reconciliation
) -> None:
    """Say what the company is, what its year came to, and what there is to try."""
    said = statement(proof, result.model, result.scale)
    _introduce(result.model, reports)
    view.show_statement(said, title_of(result))
    _explain(said, sum(run.warnings for run in result.runs))
    _invite(folder, said)


def _introduce(model: Model, reports: Sequence[IngestReport]) -> None:
    lines = sum(each.lines_read for each in reports)
    files = sum(len(each.files) for each in reports)
    heading("What this is")
    say(
        f"{model.settings.name} is an invented company that sells travel tickets. Its model has "
        f"{len(model.nodes)} nodes (servers, shared services, platforms, products) and "
        f"{len(model.edges)} edges, along which cost flows to whoever caused it. {files} files of "
        f"bills and usage with {lines:,} lines are now in its ledger, and the cost of each day of "
        "the year has been followed down to the products."
    )
    say()


def _explain(said: Statement, assumptions: int) -> None:
    heading("What was found")
    for point in _points(said, assumptions):
        say(f"- {point}", hang="  ")
    say()


def _points(said: Statement, assumptions: int) -> Iterator[str]:
    if said.products:
        top = said.products[0]
        yield (
            f"{top.label} costs most: {top.shown} {said.currency}, {top.percent} of what products "
            "carry."
        )
    yield f"{said.coverage} of infrastructure cost reached a product."
    if said.reasons:
        reason = said.reasons[0]
        where = f", most of it on {reason.nodes[0].label}" if reason.nodes else ""
        yield (
            f"{said.went_to[1].shown} {said.currency} stayed unallocated, each part of it for a "
            f"reason. The largest: {reason.line.label}, {reason.line.shown}{where}."
        )
    yield (
        "What came in and where it went are the same to the last unit. That was proved from the "
        "ledger's own rows just now, and is proved again whenever you reconcile."
    )
    if assumptions:
        things = "one thing" if assumptions == 1 else f"{assumptions:,} things"
        each = "it" if assumptions == 1 else "each"
        yield f"The run assumed {things} and says {each} with its money: apportion runs show"


def _invite(folder: Path, said: Statement) -> None:
    """Commands that work in the demo's folder."""
    heading("What to try next")
    dearest = said.products[0].id if said.products else "rail"
    here = Suggestions()
    for command in (
        *_activation(),
        f"cd {shlex.quote(str(folder))}",
        here.command("show", "products"),
        here.command(
            "show", "contributions", "--node", dearest, "--from", "2024-07", "--to", "2024-07"
        ),
        here.command("show", "edges", "--node", dearest),
        here.command("runs", "show"),
        here.command("strategies"),
        here.command("reconcile", "--from", "2024-06", "--to", "2024-06"),
    ):
        say_as_typed(command, "  ")
    say(
        "Then change a share in model/edges-products.yaml, give the command: apportion run --from "
        "2024-01 --to 2024-12, and see what becomes of it."
    )


def _activation() -> Iterator[str]:
    """What makes the command known to the shell, where it is not yet."""
    script = Path(sys.prefix) / "bin" / "activate"
    if shutil.which("apportion") is None and script.is_file():
        yield f"source {shlex.quote(str(script))}"
