"""A workspace: a folder with a model, and the ledger that this program keeps in it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apportion
from apportion.findings import (
    SETTINGS_FILE,
    Finding,
    LedgerError,
    ModelError,
    Place,
    only_errors,
)
from apportion.ingest.inspected import LIMITS, Limits
from apportion.ledger.runs import (
    Run,
    answering_together,
    coverage,
    covered,
    find_run,
    list_runs,
    model_of_run,
    pinned_versions,
    require_inputs,
)
from apportion.ledger.schemas import COSTS, INGESTS, USAGE
from apportion.ledger.steps import Step, no_step
from apportion.ledger.store import open_store, read

if TYPE_CHECKING:
    import duckdb

    from apportion.attribution.problem import Problem
    from apportion.billing import Billing, RatingOutcome
    from apportion.ingest.incoming import Incoming, IngestReport
    from apportion.ledger.audited import Audit
    from apportion.ledger.derived import Derive
    from apportion.ledger.disk import Store
    from apportion.ledger.inventory import Delivered, Inventoried
    from apportion.ledger.model_versions import ModelVersion
    from apportion.ledger.record_ingest import Recorded
    from apportion.ledger.record_model import PutModel
    from apportion.ledger.record_run import RunEnd, RunFacts
    from apportion.ledger.upgrade import Upgraded
    from apportion.model import Model
    from apportion.model.declared import Declared
    from apportion.outcomes import IngestOutcome, RunOutcome
    from apportion.pipeline import Progress
    from apportion.reconcile.reconciliation import Reconciliation
    from apportion.recorded_charges import RecordedCharges
    from apportion.recorded_result import RecordedResult
    from apportion.report.links import Link
    from apportion.report.mapping_moves import MappingMoves
    from apportion.report.node_lines import NodeLines
    from apportion.report.unmapped import Unmapped


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
        from apportion.model import load_model

        return load_model(self.folder)

    def put_model(self, document: Mapping[str, Any], *, expected_digest: str = "") -> PutModel:
        """Put a model, with the keys of ``Model.from_dict``, in the place of this one.

        Settings in it may only repeat the workspace's. With ``expected_digest`` it is refused where
        the model is another by now (``model_changed``).

        Raises ``ModelError`` with all findings, ``LedgerError``; the model then is as it was.
        """
        from apportion.ledger.record_model import put_model

        made = self.now(), apportion.__version__
        put = put_model(Path(self.folder), document, expected_digest, *made, on_step=self.on_step)
        for read_before in ("model", "billing", "_written"):
            self.__dict__.pop(read_before, None)
        return put

    def validate(self) -> tuple[Finding, ...]:
        """All that is wrong or doubtful about the model, also beside what the ledger holds.

        A model without nodes is an error here, ``check_saw_no_rows``. Where no ledger was made yet
        none is made. Raises ``LedgerError``.
        """
        from apportion.report.ledger_doubts import judged, unseen_names

        try:
            found = judged(self.model, Path(self.folder))
        except ModelError as error:
            return error.findings
        if only_errors(found) or not self._has_ledger():
            return found
        if (self.store.root / "allowances").is_dir():
            found = (*found, *self.billing.overruled())
        unseen = unseen_names(self._connect_inputs(), self.model, self._billed_metrics())
        return (*found, *unseen, *self._ever_read_otherwise())

    def has_unheld_metrics(self) -> bool:
        """Whether edges name metrics and the ledger, or its lack, has no usage to hold them to.

        Raises ``ModelError``, ``LedgerError``.
        """
        from apportion.report.ledger_doubts import has_usage, named_metrics

        named = named_metrics(self.model)
        if not named or not self._has_ledger():
            return bool(named)
        left = named.difference(self._billed_metrics())
        return bool(left) and not has_usage(self._connect_inputs())

    def _has_ledger(self) -> bool:
        return (Path(self.folder) / "ledger").is_dir()

    def _connect_inputs(self) -> duckdb.DuckDBPyConnection:
        """A connection with views of all costs and usage that count."""
        from apportion import database
        from apportion.ledger.views import input_views

        connection = database.connect()
        input_views(connection, self.store, pinned_versions(self.store))
        return connection

    def _billed_metrics(self) -> Sequence[str]:
        """The metrics that are made of billable usage, where there is some."""
        if not (self.store.root / "billing_ingests").is_dir() or not self.billing.has_usage():
            return ()
        from apportion.rating.metrics import metric_names

        return metric_names(self.model)

    def model_versions(self) -> list[ModelVersion]:
        """The models that were put, the latest first. Raises ``ModelError``, ``LedgerError``."""
        from apportion.ledger.model_versions import model_versions

        return model_versions(Path(self.folder))

    @cached_property
    def store(self) -> Store:
        """The ledger, made when first used. Raises ``ModelError``, ``LedgerError``."""
        if not (Path(self.folder) / SETTINGS_FILE).is_file():
            # What reading the model says of a folder that is no workspace; no ledger is made there.
            _ = self.model
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
        replace: bool = False,
        append: bool = False,
    ) -> IngestOutcome:
        """Bring files of one format into the ledger; all or nothing (`A28`).

        Of a bill the manifest of an export, or the folder that holds it, stands for its parts.
        ``limits`` are what a file may cost to read. ``replace`` says that the files are all there
        is of what they speak for, so that what they lack goes; ``append`` that they add to what the
        ledger has (`D4`). Raises ``IngestError``, ``ModelError``, ``LedgerError``; the ledger then
        is as it was.
        """
        from apportion.ingest.ingest import read_files
        from apportion.ingest.manifests import Parts, parts_of_export
        from apportion.ingest.safe_reading import private_folder

        named = tuple(Path(path) for path in paths)
        parts = parts_of_export(named, limits) if format_name == "focus" else Parts(named)
        with private_folder() as folder:
            at = self.now()
            delivery = self._id(at)
            incoming = read_files(
                format_name,
                parts.paths,
                self.model,
                source=source,
                period=period,
                cost_column=cost_column,
                reject_file=None if reject_file is None else Path(reject_file),
                limits=limits,
                replace=replace,
                append=append,
                delivery=delivery,
                folder=folder,
            )
            parts.require_rows({each.file: each.lines_read for each in incoming.report.files})
            answer = "replace" if replace else "append" if append else parts.answer
            return self._recorded(
                incoming, format_name, parts.paths, cost_column, answer, period, at, delivery
            )

    def _recorded(
        self,
        incoming: Incoming,
        format_name: str,
        paths: Sequence[Path],
        cost_column: str | None,
        answer: str,
        period: tuple[date, date] | None,
        at: datetime,
        delivery: str,
    ) -> IngestOutcome:
        import pyarrow.compute as pc

        from apportion.deliveries import delivery_of, derive_by
        from apportion.ingest.incoming import Kind
        from apportion.ledger.readings import reading
        from apportion.ledger.record_delivery import commit_delivery
        from apportion.ledger.record_ingest import Ingest, commit_ingest
        from apportion.outcomes import IngestOutcome

        bounds = pc.min_max(incoming.rows["date"]).as_py()
        days = (bounds["min"], bounds["max"]) if incoming.rows.num_rows else None
        names = tuple(path.name for path in paths)
        if incoming.kind is Kind.BILLABLE:
            replace = answer == "replace"
            return IngestOutcome(
                *self.billing.ingest(incoming, format_name, names, replace=replace), days
            )
        made: dict[str, Any] = {"at": at, "program": apportion.__version__, "on_step": self.on_step}
        if incoming.kept is not None:
            asked = cost_column or "", answer, period
            coming = delivery_of(incoming, incoming.kept, format_name, paths, self.model, *asked)
            how = derive_by(self.model)
            recorded = commit_delivery(self.store, coming, how, delivery_id=delivery, **made)
            return _outcome(incoming.report, recorded, days)
        ingest = Ingest(
            USAGE,
            incoming.rows,
            incoming.replaces,
            format_name,
            names,
            {total.currency: total.rows for total in incoming.report.totals},
            guessed=incoming.guessed,
            read_with=reading(self.model, USAGE, format_name, cost_column),
        )
        recorded = commit_ingest(self.store, ingest, ingest_id=delivery, **made)
        return _outcome(incoming.report, recorded, days)

    def deliveries(self) -> list[Delivered]:
        """What came in of costs, the latest first, and whether it counts (`D1`)."""
        from apportion.ledger.inventory import deliveries

        return deliveries(self.store)

    def delivery(self, delivery: str) -> Inventoried:
        """One delivery with its parts and its history, by its id or the beginning of it.

        Raises ``LedgerError`` (``unknown_delivery``).
        """
        from apportion.ledger.inventory import delivery_in_full

        return delivery_in_full(self.store, delivery)

    def withdraw(self, delivery: str, reason: str) -> Recorded:
        """Let a delivery count no more; what it had superseded counts again (`D6`).

        Raises ``LedgerError`` (``unknown_delivery``), ``UsageError`` where nothing of it counts or
        there is no reason, ``IngestError`` (``unsaid_replacement``).
        """
        from apportion.ledger.record_standing import withdraw

        kept, why = self._kept(delivery, reason)
        return withdraw(self.store, kept, why, *self._deriving(), **self._change())

    def restore(
        self, delivery: str, reason: str, *, replace: bool = False, append: bool = False
    ) -> Recorded:
        """Let a delivery count again that was withdrawn, as if it came now (`D6`).

        Raises ``LedgerError`` (``unknown_delivery``), ``UsageError`` where it is not withdrawn or
        there is no reason, ``IngestError`` (``unsaid_replacement``).
        """
        from apportion.ledger.record_standing import restore

        answer = "replace" if replace else "append" if append else ""
        kept, why = self._kept(delivery, reason)
        return restore(self.store, kept, why, *self._deriving(), answer, **self._change())

    def _kept(self, delivery: str, reason: str) -> tuple[str, str]:
        """The whole id of a delivery that can be taken back, and why it is."""
        from apportion.ledger.inventory import find_delivery, require_kept, require_reason

        return require_kept(find_delivery(self.store, delivery)), require_reason(reason)

    def upgrade(self) -> Upgraded:
        """Move a ledger over that an older program wrote; no figure changes (`D12`).

        What that program did not keep, the lines of bills, cannot be recovered. Raises
        ``LedgerError``; the ledger then is as it was.
        """
        from apportion.ingest.former_sources import owner_of
        from apportion.ledger.upgrade import upgrade

        program = apportion.__version__
        return upgrade(self.store, owner_of, at=self.now(), program=program, on_step=self.on_step)

    def audit(self, on_progress: Progress | None = None) -> Audit:
        """Read all that the ledger holds, and hold it against what was recorded of it.

        Costs are made anew of their lines and compared, unless the model cannot be read. Damage is
        told in the answer. Raises ``LedgerError`` where the records themselves cannot be read.
        """
        from apportion.deliveries import derive_by
        from apportion.ledger.audit import audit
        from apportion.ledger.readings import stale_changes

        store = self.store
        try:
            model = self.model
        except ModelError:
            return audit(store, None, (), "", on_progress)
        stale = stale_changes(store, model)
        return audit(store, derive_by(model), stale, model.settings.cost_column, on_progress)

    def derive(self, start: date, end: date) -> Recorded | None:
        """Make the costs of bills anew that were made by other rules than those of now (`D2`).

        Bills that have no cost within these days stay as they are. None where all is as it would
        be made. Raises ``ModelError``, ``LedgerError``, ``IngestError`` (``amount_overflow``).
        """
        from apportion.ledger.readings import stale_changes
        from apportion.ledger.record_standing import derive_anew

        stale = stale_changes(self.store, self.model)
        if not stale:
            return None
        made, cost_column, read_with = self._deriving()
        return derive_anew(
            self.store,
            stale,
            (start, end),
            made,
            cost_column,
            read_with,
            **self._change(),
        )

    def _deriving(self) -> tuple[Derive, str, str]:
        """How costs are made now: the function, the cost column, and the rules as a record."""
        from apportion.deliveries import derive_by
        from apportion.ledger.readings import reading

        read_with = reading(self.model, COSTS, "", None)
        return derive_by(self.model), self.model.settings.cost_column, read_with

    def _change(self) -> dict[str, Any]:
        """What every change of the ledger is recorded with."""
        at = self.now()
        program = apportion.__version__
        return {"change": self._id(at), "at": at, "program": program, "on_step": self.on_step}

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
        strict: bool = False,
    ) -> RunOutcome:
        """Attribute the ledger's costs of a period, prove the rows and record them (`A26`).

        ``run_id`` is one of ``new_run_id``; a ``strict`` run that would assume anything is refused.
        Raises ``ModelError``, ``RunError``, ``LedgerError``; nothing is then published.
        """
        from apportion.attribution.problem import prepare
        from apportion.ledger.record_run import RunEnd, commit_run
        from apportion.ledger.views import input_views
        from apportion.outcomes import RunOutcome
        from apportion.pipeline import Assumed, flow_rows
        from apportion.reconcile.proof import reconcile
        from apportion.reconcile.requirement import require_proved
        from apportion.report.ledger_doubts import require_allowed
        from apportion.result import warning_days, warning_rows

        rating, derived = self._rated(), self.derive(start, end)
        require_inputs(self.store, pins := pinned_versions(self.store))
        costs, usage, doubts = self._inputs(pins, start, end, rating)
        problem = prepare(self.model, costs, usage, start, end, dimensions, currency)
        stale = self._read_otherwise(start, end)
        assumed = Assumed()
        findings: list[Finding] = []
        proofs: list[Reconciliation] = []

        def ending(connection: duckdb.DuckDBPyConnection) -> RunEnd:
            findings[:] = (told := assumed.told(problem, connection, doubts)).findings
            require_allowed([*findings, *stale], strict=strict)
            return RunEnd(warning_days(told), assumed.slow_splits)

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
            self._facts(problem, pins, dimensions, rating),
            flow_rows(problem, assumed, threads=threads, on_progress=on_progress),
            ending,
            proving,
            run_id=(run_id := run_id or self.new_run_id()),
            now=self.now,
            on_step=self.on_step,
        )
        made = find_run(self.store, run_id), (*findings, *stale), proofs[0], rating
        return RunOutcome(*made, derived)

    def _rated(self) -> RatingOutcome | None:
        """The rating of the billable usage, where there is any."""
        return self.billing.rate() if self.billing.has_usage() else None

    def _inputs(
        self, pins: dict[str, int], start: date, end: date, rating: RatingOutcome | None
    ) -> tuple[duckdb.DuckDBPyRelation, duckdb.DuckDBPyRelation, list[Finding]]:
        from apportion.pipeline import recorded_inputs

        metered = rating.rating.billable_usage_version if rating else 0
        billed = partial(self.billing.metrics, at_version=metered) if metered else None
        return recorded_inputs(self.store, pins, self.model, start, end, billed)

    def _read_otherwise(self, start: date, end: date) -> Sequence[Finding]:
        from apportion.ledger.readings import read_otherwise
        from apportion.report.doubts import outdated_mapping

        records = read(self.store, INGESTS)
        names = read_otherwise(self.store, records, self.model, start, end)
        return outdated_mapping(names, start, end)

    def _ever_read_otherwise(self) -> Sequence[Finding]:
        """The same over all days that the ledger has."""
        records = read(self.store, INGESTS, columns=["first_date", "last_date"])
        days = [day for column in records.columns for day in column.to_pylist() if day]
        return self._read_otherwise(min(days), max(days)) if days else ()

    def _facts(
        self,
        problem: Problem,
        pins: Mapping[str, int],
        dimensions: Sequence[str] | None,
        rating: RatingOutcome | None,
    ) -> RunFacts:
        from apportion.ledger.record_run import RunFacts

        return RunFacts(
            problem.start,
            problem.end,
            problem.costs.currency,
            problem.costs.scale,
            None if dimensions is None else tuple(sorted(set(dimensions))),
            self.model.digest,
            json.dumps(self.model.to_dict(), sort_keys=True),
            pins["costs"],
            pins["usage"],
            apportion.__version__,
            rating.rating.billable_usage_version if rating else 0,
            rating.rating.run_id if rating else "",
        )

    @cached_property
    def billing(self) -> Billing:
        """What the workspace bills. Raises ``ModelError``, ``LedgerError``."""
        from apportion.billing import Billing

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
        from apportion.ledger.record_run import prune

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

        Without dates it is the period of the run named, or from the first day that any run covers
        to the last (`A27`): running one month anew does not shorten a year. With one date it
        reaches to the other end of that. Days that no run covers are ``gaps`` of the result.

        Raises ``LedgerError`` (``unknown_run``, ``no_run``).
        """
        from apportion.recorded_result import RecordedResult

        known = self.runs()
        named = [find_run(self.store, run)] if run else []
        candidates = named or [each for each in known if currency in ("", each.currency)]
        if not candidates:
            raise LedgerError([self._no_run(known, start, end, currency)])
        reached = [
            each
            for each in candidates
            if (start is None or start <= each.end_date) and (end is None or each.start_date <= end)
        ]
        if not reached:
            raise LedgerError([self._no_run(candidates, start, end, currency)])
        latest = max(reached, key=lambda each: each.sequence)
        alike = [each for each in reached if each.currency == latest.currency]
        # Whole runs come first, so those over some dimensions answer where there is no other.
        group = answering_together(alike)[0]
        first = start or min(each.start_date for each in group)
        last = end or max(each.end_date for each in group)
        found = coverage(group, first, last)
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
            self._written,
        )

    def lines(
        self,
        node: str,
        start: date | None = None,
        end: date | None = None,
        dimension: str | Sequence[str] | None = None,
        top: int | None = None,
    ) -> NodeLines:
        """The lines of bills behind a node's direct cost, proved to sum to it (`D1`, `D2`).

        It is the cost that the ledger has now, whatever a run has read. Without dates it is of all
        days on which the node has some; ``top`` asks for the largest lines of each currency alone.
        Where sums differ it is a finding of the answer.

        Raises ``UsageError`` (``unknown_name``, ``invalid_argument``), ``ModelError``,
        ``LedgerError``.
        """
        from apportion import database
        from apportion.report.node_lines import LinesWanted, node_lines

        named = (dimension,) if isinstance(dimension, str) else tuple(dimension or ())
        wanted = LinesWanted(node, start, end, named, top)
        return node_lines(database.connect(), self.store, self.model, wanted)

    def unmapped(
        self,
        by: Sequence[str] = ("service", "account"),
        start: date | None = None,
        end: date | None = None,
    ) -> Unmapped:
        """Cost of bills that no mapping rule takes, by what its lines say.

        ``by`` are short names such as ``service``, columns, or ``tag.NAME``. Raises ``UsageError``
        (``unknown_name``), ``ModelError``, ``LedgerError``.
        """
        from apportion.report.unmapped import unmapped

        return unmapped(self.store, self.model, by, start, end)

    def test_mapping(
        self,
        rules: Path | str,
        start: date | None = None,
        end: date | None = None,
        *,
        alone: bool = False,
    ) -> MappingMoves:
        """What the mapping rules of a file would move, before the model's or ``alone`` (`D2`).

        Raises ``ModelError`` for the rules, ``LedgerError``.
        """
        from apportion.model.replaced_mapping import with_rules
        from apportion.report.mapping_moves import mapping_moves

        other = with_rules(self.model, Path(rules), alone=alone)
        return mapping_moves(self.store, self.model, other, start, end)

    def sql(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with views of what counts now, for questions of one's own.

        ``apportion.report.sql_views.VIEWS`` says what they are. Where nothing was run yet there are
        none of runs. Raises ``ModelError``, ``LedgerError``.
        """
        from apportion import database
        from apportion.report.sql_views import with_views

        runs = self.runs()
        connection = self.result().connect() if runs else database.connect()
        return with_views(connection, self.store, self.model, has_runs=bool(runs))

    def links(
        self,
        result: RecordedResult,
        proof: Reconciliation,
        connection: duckdb.DuckDBPyConnection | None = None,
    ) -> tuple[Link, ...]:
        """The proof from the files on, of the period of a result that is proved (`D9`).

        It is worked out on ``connection`` where one is given. The cost column is that of the
        model's files or, while they cannot be read, of the run. Raises ``LedgerError``.
        """
        from apportion.report.links import links

        # The settings as they are written: nothing of the model is proved to read an answer.
        settings = (self._written or result.model).settings
        return links(self.store, result, settings.cost_column, proof, connection)

    def _model_of(self, run: Run) -> tuple[Model, bool]:
        """The model as it was when the run was made, and whether a run would use another now.

        It was proved then, and whatever has its digest is the same, so nothing is proved again.
        """
        from apportion.model import Model
        from apportion.model.canonical import digest, flow_digest

        written = self._written
        if written is not None and digest(written) == run.model_digest:
            return Model.proved_before(written), False
        old = Model.recorded(json.loads(model_of_run(self.store, run.run_id)))
        return old, written is None or flow_digest(written) != flow_digest(old)

    @cached_property
    def _written(self) -> Declared | None:
        """The model as its files have it, not proved.

        None while it cannot be read: results are, while somebody is in the middle of editing it.
        """
        from apportion.model.model import read_declared

        try:
            return read_declared(self.folder)
        except ModelError:
            return None

    def _no_run(
        self, known: Sequence[Run], start: date | None, end: date | None, currency: str
    ) -> Finding:
        """That no run answers, and for which days and in what money those that are known do."""
        period = (
            f" from {start} to {end}" if start and end else f" from {start} on" if start else ""
        )
        period = period or (f" up to {end}" if end else "")
        money = f" in {currency}" if currency else ""
        asked = f" --currency {currency}" if currency else ""
        return Finding(
            "no_run",
            f"No completed run covers any day{period}{money}{covered(known)}.",
            Place(str(self.folder)),
            remedy=f"Make one with: apportion run --from {start or 'DATE'} --to {end or 'DATE'}"
            f"{asked}",
        )

    def new_run_id(self) -> str:
        """An id for a run that begins now."""
        return self._id(self.now())

    def _id(self, at: datetime) -> str:
        return f"{at:%Y%m%dT%H%M%S}-{self.new_id()}"


def _outcome(
    report: IngestReport, recorded: Recorded, days: tuple[date, date] | None
) -> IngestOutcome:
    from apportion.ledger.moved import shrinking
    from apportion.outcomes import IngestOutcome

    findings = (*report.findings, *shrinking(recorded.moved), *_twice(report, recorded))
    return IngestOutcome(replace(report, findings=findings), recorded, days)


def _twice(report: IngestReport, recorded: Recorded) -> Sequence[Finding]:
    from apportion.ledger.overlaps import counted_twice

    totals = {each.currency: each.rows for each in report.totals}
    return counted_twice(", ".join(report.sources), recorded.beside, totals)
