"""Runs for people and programs."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from apportion.cli.messages import tell
from apportion.cli.output import heading, note, put, say, say_as_typed, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.cli.views.assumptions import money, put_assumptions
from apportion.cli.views.findings import by_source_and_metric
from apportion.cli.words import several
from apportion.findings import Finding, Severity

if TYPE_CHECKING:
    from apportion.ledger.record_ingest import Recorded
    from apportion.ledger.runs import Run
    from apportion.model import Model
    from apportion.outcomes import RunOutcome
    from apportion.recorded_result import RecordedResult

TOLD = 10
"""Warnings of a run that are told at once; the others are counted."""


def show_outcome(outcome: RunOutcome, model: Model, suggestions: Suggestions) -> None:
    """What came of a run."""
    from apportion.cli.views.reconciliation import show_sides
    from apportion.report.reconciliation import statement

    run = outcome.run
    _tell_some(by_source_and_metric(outcome.findings), suggestions)
    said = statement(outcome.reconciliation, model, run.scale)
    heading(f"Run {run.run_id}: {model.settings.name}, {run.start_date} to {run.end_date}")
    say()
    show_sides(said)
    say(
        f"{several(run.allocations, 'allocation')} and "
        f"{several(run.contributions, 'contribution')} were written, read back "
        f"and proved in {_seconds(run)}."
    )
    say()
    # A run over some dimensions answers only where it is named.
    about = suggestions if run.dimensions is None else suggestions.about(run=run.run_id)
    say_next(about.command("reconcile"), about.command("show", "products"))


def show_derived(derived: Recorded | None) -> None:
    """What moved where costs were made anew by the rules of now."""
    if derived is None or not derived.ingest_id:
        return
    from apportion.cli.views.moved_costs import show_moved_costs

    rows = several(derived.rows, "row")
    say(f"The rules have changed, so {rows} of costs were made anew of the lines of bills.")
    show_moved_costs(derived.moved_costs)


def show_known(run: Run, suggestions: Suggestions) -> None:
    """That a run came to the same already."""
    say(
        f"Nothing to compute: run {run.run_id}, {run.start_date} to {run.end_date}, was of the "
        "same costs, usage, model and options."
    )
    say()
    about = suggestions if run.dimensions is None else suggestions.about(run=run.run_id)
    again = suggestions.command(*words_of(run), "--again")
    say_next(about.command("show", "products"), again)


def words_of(run: Run) -> tuple[str, ...]:
    """The command that makes a run of the same days, currency and kinds of cost."""
    period = ("--from", str(run.start_date), "--to", str(run.end_date))
    dimensions = [] if run.dimensions is None else json.loads(run.dimensions)
    chosen = [word for each in dimensions for word in ("--dimension", each)]
    return ("run", *period, "--currency", run.currency, *chosen)


def recorded(result: RecordedResult) -> dict[str, Any]:
    """The warnings and the proof that stand beside a run, as ``run --json`` gives them."""
    from apportion.report.findings_data import as_data

    rows = result.connect()
    proof = rows.sql("SELECT reconciliation FROM reconciliations").fetchall()[0][0]
    warnings = rows.sql("SELECT code, message FROM warnings").fetchall()
    told = [Finding(code, said, severity=Severity.WARNING) for code, said in warnings]
    return {"warnings": as_data(told), "reconciliation": json.loads(proof)}


def _with_money(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, those of whose money more is known with a sentence of it."""
    return [
        replace(each, message=f"{each.message} This concerns {concerns}.")
        if (concerns := _concerns(each))
        else each
        for each in findings
    ]


def _concerns(finding: Finding) -> str:
    """How much money an assumption is about, and on which days, as far as that is known."""
    from apportion.report.assumptions import assumption, is_assumed

    if not is_assumed(finding.code):
        return ""
    amount, details = assumption(finding)["amount"], finding.details
    said = [money(amount, details["currency"])] if amount else []
    if "first" in details:
        said.append(f"{several(details['days'], 'day')}, the first {details['first']}")
    return " on ".join(said)


def _tell_some(findings: Sequence[tuple[Finding, int]], suggestions: Suggestions) -> None:
    tell(_with_money([each for each, _ in findings[:TOLD]]), suggestions)
    more = sum(count for _, count in findings[TOLD:])
    if more:
        note(f"... and {more:,} more: {suggestions.command('runs', 'show')}")


def _seconds(run: Run) -> str:
    return f"{sum(json.loads(run.timings).values()):.1f} s"


def dimensions_of(run: Run) -> str:
    """The kinds of cost that a run was asked for."""
    return "all" if run.dimensions is None else ", ".join(json.loads(run.dimensions))


def show_list(runs: Sequence[Run], unused: Collection[str], suggestions: Suggestions) -> None:
    """A line per run."""
    if not runs:
        run = suggestions.command("run", "--from", "DATE", "--to", "DATE")
        say_as_typed(f"There is no run yet. Next: {run}")
        return
    restricted = any(run.dimensions is not None for run in runs)
    heads = [
        Head("Run", whole=True),
        Head("Period", whole=True),
        Head("Currency"),
        *([Head("Dimensions")] if restricted else []),
        Head("Contributions", number=True),
        Head("Warnings", number=True),
        Head(""),
    ]
    rows = [
        (
            run.run_id,
            f"{run.start_date} to {run.end_date}",
            run.currency,
            *([dimensions_of(run)] if restricted else []),
            f"{run.contributions:,}",
            f"{run.warnings:,}",
            "superseded" if run.run_id in unused else "",
        )
        for run in runs
    ]
    put(table(heads, rows))


def show_run(run: Run, warnings: Sequence[Mapping[str, Any]]) -> None:
    """All that is recorded of a run."""
    heading(f"Run {run.run_id}")
    say()
    for label, value in {
        "Period": f"{run.start_date} to {run.end_date}",
        "Currency": run.currency,
        "Dimensions": dimensions_of(run),
        "Recorded": f"{run.at:%Y-%m-%d %H:%M:%S} UTC, in {_seconds(run)}",
        "Rows": f"{several(run.allocations, 'allocation')}, "
        f"{several(run.contributions, 'contribution')}",
        "Read": f"costs version {run.costs_version}, usage version {run.usage_version}",
        "Model": run.model_digest,
        "Program": f"apportion {run.program}",
        "Slow splits": f"{run.slow_splits:,}",
    }.items():
        say(f"{label:<12} {value}", "  ")
    say()
    if not warnings:
        say("The run assumed nothing.")
        return
    put_assumptions("What the run assumed", warnings)
