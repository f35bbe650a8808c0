"""A workspace: a folder with a model, and the ledger that this program keeps in it."""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc

import apportion
from apportion.attribution.problem import prepare, usage_reach
from apportion.billing import Billing, RatingOutcome
from apportion.findings import Finding, LedgerError, Place
from apportion.ingest.incoming import IngestReport, Kind
from apportion.ingest.ingest import read_files
from apportion.ingest.inspected import LIMITS, Limits
from apportion.ledger.disk import Store
from apportion.ledger.model_versions import ModelVersion, model_versions
from apportion.ledger.moved import shrinking
from apportion.ledger.readings import read_otherwise, reading
from apportion.ledger.record_ingest import (
    Ingest,
    Recorded,
    Replaced,
    Step,
    commit_ingest,
    no_step,
    pinned_versions,
)
from apportion.ledger.record_model import PutModel, put_model
from apportion.ledger.record_run import RunEnd, RunFacts, RunRows, commit_run, prune
from apportion.ledger.runs import (
    Run,
    answering_together,
    coverage,
    find_run,
    list_runs,
    model_of_run,
)
from apportion.ledger.schemas import COSTS, USAGE
from apportion.ledger.store import (
    open_store,
)
from apportion.ledger.views import Piece, input_views
from apportion.model import Model, load_model
from apportion.model.canonical import flow_digest
from apportion.model.files import SETTINGS_FILE
from apportion.outcomes import IngestOutcome, RunOutcome
from apportion.pipeline import Assumed, Progress, SliceRows, flow_rows
from apportion.rating.metrics import metric_names
from apportion.reconcile import Reconciliation, reconcile, require_proved
from apportion.recorded_charges import RecordedCharges
from apportion.recorded_result import RecordedResult
from apportion.result import warning_rows

COST_QUERY = """
    SELECT node, date, dimension, amount, currency FROM costs
    WHERE date BETWEEN ? AND ?
"""
USAGE_QUERY = """
    SELECT node, date, metric, value, labels FROM usage
    WHERE date BETWEEN ? AND ? AND metric IN (SELECT unnest(?::VARCHAR[]))
"""
Days = tuple[date, date]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Workspace:
    """A folder with ``apportion.yaml``, a model's files and ``ledger/``.

    ``now`` and ``new_id`` give times and ids; ``on_step`` is told each step of a write.
    """

    folder: Path | str
    now: Callable[[], datetime] = _now
    new_id: Callable[[], str] = lambda: secrets.token_hex(4)
    on_step: Step = no_step

    @cached_property
    def model(self) -> Model:
        """The model, read and proved when first used. Raises ``ModelError``."""
        return load_model(self.folder)

    def put_model(self, document: Mapping[str, Any], *, expected_digest: str = "") -> PutModel:
        """Put a model, with the keys of ``Model.from_dict``, in the place of this one.

        Settings in it may only repeat the workspace's. With ``expected_digest`` it is refused where
        the model is another by now (``model_changed``).

        Raises ``ModelError`` with all findings, ``LedgerError``; the model then is as it was.
        """
        made = self.now(), apportion.__version__
        put = put_model(Path(self.folder), document, expected_digest, *made, on_step=self.on_step)
        for read_before in ("model", "billing"):
            self.__dict__.pop(read_before, None)
        return put

    def model_versions(self) -> list[ModelVersion]:
        """The models that were put, the latest first. Raises ``ModelError``, ``LedgerError``."""
        return model_versions(Path(self.folder))

    @cached_property
    def store(self) -> Store:
        """The ledger, made when first used. Raises ``ModelError``, ``LedgerError``."""
        if not (Path(self.folder) / SETTINGS_FILE).is_file():
            # What reading the model says of a folder that is no workspace; no ledger is made there.
            load_model(self.folder)
        return open_store(Path(self.folder) / "ledger")

    def ingest(
        self,
        format_name: str,
        *paths: Path | str,
        source: str | None = None,
        period: tuple[date, date] | None = None,
        cost_column: str | None = None,
        reject_file: Path | str | None = None,
        limits: Limits = LIMITS,
    ) -> IngestOutcome:
        """Bring files of one format into the ledger; all or nothing (`A28`).

        ``limits`` are what a file may cost to read.
        Raises ``IngestError``, ``ModelError``, ``LedgerError``; the ledger then is as it was.
        """
        incoming = read_files(
            format_name,
            [Path(path) for path in paths],
            self.model,
            source=source,
            period=period,
            cost_column=cost_column,
            reject_file=None if reject_file is None else Path(reject_file),
            limits=limits,
        )
        bounds = pc.min_max(incoming.rows["date"]).as_py()
        days = (bounds["min"], bounds["max"]) if incoming.rows.num_rows else None
        names = tuple(Path(path).name for path in paths)
        if incoming.kind is Kind.BILLABLE:
            billed = self.billing.ingest(incoming, format_name, names)
            doubts = self.billing.doubts(billed, whole_days=incoming.whole_days)
            findings = (*incoming.report.findings, *doubts)
            return _outcome(replace(incoming.report, findings=findings), billed, days)
        at = self.now()
        table = COSTS if incoming.kind is Kind.COSTS else USAGE
        recorded = commit_ingest(
            self.store,
            Ingest(
                table,
                incoming.rows,
                tuple(
                    Replaced(each.source, each.period, each.metric, each.first, each.last)
                    for each in incoming.replaces
                ),
                format_name,
                names,
                {total.currency: total.rows for total in incoming.report.totals},
                guessed=incoming.guessed,
                read_with=reading(self.model, table, format_name, cost_column),
            ),
            ingest_id=self._id(at),
            at=at,
            program=apportion.__version__,
            on_step=self.on_step,
        )
        return _outcome(incoming.report, recorded, days)

    def run(
        self,
        start: date,
        end: date,
        *,
        dimensions: Sequence[str] | None = None,
        currency: str = "",
        threads: int | None = None,
        on_progress: Progress | None = None,
        run_id: str = "",
    ) -> RunOutcome:
        """Attribute the ledger's costs of a period, prove the rows and record them (`A26`).

        ``run_id`` is one of ``new_run_id``, for those who name the run before it is made.
        Raises ``ModelError``, ``RunError``, ``LedgerError``; nothing is then published.
        """
        rating = self.billing.rate() if self.billing.has_usage() else None
        pins = pinned_versions(self.store)
        metered = rating.rating.billable_usage_version if rating else 0
        costs, usage = self._inputs(pins, start, end, metered)
        problem = prepare(self.model, costs, usage, start, end, dimensions, currency)
        assumed = Assumed()
        findings: list[Finding] = []
        proofs: list[Reconciliation] = []

        def ending() -> RunEnd:
            findings.extend(assumed.findings(problem))
            return RunEnd(warning_rows(findings), assumed.slow_splits)

        def proving(connection: duckdb.DuckDBPyConnection) -> str:
            input_views(connection, self.store, pins)
            proof = reconcile(
                connection,
                self.model,
                start,
                end,
                problem.costs.currency,
                problem.costs.scale,
                has_costs=True,
                warnings=warning_rows(findings),
                dimensions=dimensions,
            )
            require_proved(proof)
            proofs.append(proof)
            return json.dumps(proof.to_dict(), sort_keys=True)

        commit_run(
            self.store,
            RunFacts(
                start,
                end,
                problem.costs.currency,
                problem.costs.scale,
                None if dimensions is None else tuple(sorted(set(dimensions))),
                self.model.digest,
                json.dumps(self.model.to_dict(), sort_keys=True),
                pins["costs"],
                pins["usage"],
                apportion.__version__,
                metered,
                rating.rating.run_id if rating else "",
            ),
            _run_rows(flow_rows(problem, assumed, threads=threads, on_progress=on_progress)),
            ending,
            proving,
            run_id=(run_id := run_id or self.new_run_id()),
            now=self.now,
            on_step=self.on_step,
        )
        return RunOutcome(find_run(self.store, run_id), tuple(findings), proofs[0], rating)

    def _inputs(
        self, pins: dict[str, int], start: date, end: date, metered: int
    ) -> tuple[duckdb.DuckDBPyRelation, duckdb.DuckDBPyRelation]:
        """Costs of the period, and the usage that its shares look at, not yet read.

        Each is read when its turn comes, so that the rows of both are never held at once.
        """
        connection = duckdb.connect()
        input_views(connection, self.store, pins)
        days, metrics = usage_reach(self.model)
        earliest = start - timedelta(days=days)
        usage = connection.sql(USAGE_QUERY, params=[earliest, end, metrics])
        wanted = sorted(set(metrics) & set(metric_names(self.model)))
        if metered and wanted:
            billed = self.billing.metrics(earliest, end, wanted, metered)
            usage = usage.union(connection.from_arrow(billed))
        return connection.sql(COST_QUERY, params=[start, end]), usage

    @cached_property
    def billing(self) -> Billing:
        """What the workspace bills. Raises ``ModelError``, ``LedgerError``."""

        def cost(start: date, end: date, currency: str) -> RecordedResult:
            return self.result(start, end, currency=currency)

        program = apportion.__version__
        return Billing(self.store, self.model, self.now, self._id, self.on_step, program, cost)

    def rate(self) -> RatingOutcome:
        """Rate all billable usage in the ledger (`B8`).

        Raises ``ModelError``, ``RunError``, ``LedgerError``; nothing is then published.
        """
        return self.billing.rate()

    def charges(self, run: str = "") -> RecordedCharges:
        """The charges of the latest rating, or of the one named, with the views on them.

        Raises ``LedgerError`` (``no_run``, ``unknown_run``).
        """
        return self.billing.charges(run)

    def runs(self) -> list[Run]:
        """All completed runs, the latest first."""
        return list_runs(self.store)

    def prune_runs(self, run_ids: Sequence[str]) -> list[Run]:
        """Remove completed runs and their rows. Raises ``LedgerError`` (``unknown_run``)."""
        found = [find_run(self.store, run_id) for run_id in run_ids]
        prune(self.store, [run.run_id for run in found])
        return found

    def result(
        self,
        start: date | None = None,
        end: date | None = None,
        *,
        run: str = "",
        currency: str = "",
    ) -> RecordedResult:
        """The results of a period: of one run, or for each day of the latest that covers it.

        Runs over some dimensions only answer where no run over all of them covers any day.

        Without dates it is the period of the run named, or of the latest run (`A27`). With one date
        it reaches to the other end of the latest run that has days on that side.

        Raises ``LedgerError`` (``unknown_run``, ``no_run``).
        """
        known = self.runs()
        named = [find_run(self.store, run)] if run else []
        candidates = named or [each for each in known if currency in ("", each.currency)]
        if not candidates:
            raise LedgerError([self._no_run(start, end, currency)])
        reached = [
            each
            for each in candidates
            if (start is None or start <= each.end_date) and (end is None or each.start_date <= end)
        ]
        if not reached:
            raise LedgerError([self._no_run(start, end, currency)])
        latest = max(reached, key=lambda each: each.sequence)
        first, last = start or latest.start_date, end or latest.end_date
        alike = [each for each in candidates if each.currency == (currency or latest.currency)]
        answers = (coverage(group, first, last) for group in answering_together(alike))
        found = next((each for each in answers if each.pieces), None)
        if found is None:
            raise LedgerError([self._no_run(first, last, currency)])
        by_id = {each.run_id: each for each in alike}
        used = tuple({piece.run_id: by_id[piece.run_id] for piece in found.pieces}.values())
        newest = max(used, key=lambda each: each.sequence)
        model, model_has_changed = self._model_of(newest)
        return RecordedResult(
            self.store,
            model,
            first,
            last,
            newest.currency,
            max(each.scale for each in used),
            found.pieces,
            used,
            found.gaps,
            None if newest.dimensions is None else tuple(json.loads(newest.dimensions)),
            model_has_changed,
            read_otherwise(self.store, self._readable_model(), first, last),
        )

    def _model_of(self, run: Run) -> tuple[Model, bool]:
        """The model as it was when the run was made, and whether a run would use another now."""
        current = self._readable_model()
        if current and current.digest == run.model_digest:
            return current, False
        old = Model.from_dict(json.loads(model_of_run(self.store, run.run_id)))
        return old, current is None or flow_digest(current) != flow_digest(old)

    def _readable_model(self) -> Model | None:
        """None where somebody is in the middle of editing it; results can be read all the same."""
        try:
            return self.model
        except apportion.ModelError:
            return None

    def _no_run(self, start: date | None, end: date | None, currency: str) -> Finding:
        period = (
            f" from {start} to {end}" if start and end else f" from {start} on" if start else ""
        )
        period = period or (f" up to {end}" if end else "")
        money = f" in {currency}" if currency else ""
        return Finding(
            "no_run",
            f"No completed run covers any day{period}{money}.",
            Place(str(self.folder)),
            remedy="Make one with: apportion run --from DATE --to DATE",
        )

    def new_run_id(self) -> str:
        """An id for a run that begins now."""
        return self._id(self.now())

    def _id(self, at: datetime) -> str:
        return f"{at:%Y%m%dT%H%M%S}-{self.new_id()}"


def _outcome(report: IngestReport, recorded: Recorded, days: Days | None) -> IngestOutcome:
    findings = (*report.findings, *shrinking(recorded.moved))
    return IngestOutcome(replace(report, findings=findings), recorded, days)


def _run_rows(rows: Iterable[SliceRows]) -> Iterator[RunRows]:
    for each in rows:
        yield RunRows(each.allocations, each.contributions)


__all__ = ["IngestOutcome", "Piece", "RunOutcome", "Workspace"]
