"""The billing side of a workspace: usage in the ledger becomes charges in the ledger."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

import pyarrow as pa

from apportion import database
from apportion.findings import Finding, LedgerError, Place, RunError, UsageError
from apportion.ingest.incoming import Incoming, IngestReport
from apportion.ingest.usage_moved import told
from apportion.ledger.allowances import allowances_set, allowances_version, record_allowances
from apportion.ledger.disk import Store
from apportion.ledger.record_billing import RecordedBilling, billing_version, commit_billing
from apportion.ledger.record_rating import (
    ROWS_AT_ONCE,
    Rating,
    RatingFacts,
    commit_rating,
    find_rating,
    list_ratings,
    model_of_rating,
    usage_view,
)
from apportion.ledger.steps import Step
from apportion.ledger.usage_delivery import BillingIngest
from apportion.model import Allowance, Model
from apportion.model.billable_usage import KEY
from apportion.model.canonical_billing import billing_digest
from apportion.rating.allowance import Meter, Resolved, resolve
from apportion.rating.calendar import financial_year
from apportion.rating.failures import failures
from apportion.rating.life import after_the_end, resolve_former
from apportion.rating.metrics import metric_rows
from apportion.rating.plan import leave_out, plan, with_accounts
from apportion.rating.setting import changed_allowances, overruled, today, with_allowances
from apportion.rating.views.asking import require_account, require_channel, require_year
from apportion.rating.views.organisation import units_used
from apportion.recorded_charges import (
    RecordedCharges,
    as_recorded,
    errors_of,
    undeclared_accounts,
)
from apportion.recorded_result import RecordedResult
from apportion.report.margin import By, Margin, margin
from apportion.report.usage_statement import UsageStatement, usage_statement

_ORDER = "account, date, channel, provider, rate_multiplier, international, template"


@dataclass(frozen=True, slots=True)
class RatingOutcome:
    """A rating, what was assumed for it, and whether it was made now or held already.

    Of ``findings`` the errors are of accounts that were not rated; all others were (`B21`).
    """

    rating: Rating
    findings: tuple[Finding, ...]
    is_new: bool


@dataclass(frozen=True)
class Billing:
    """What a workspace knows about charges.

    ``declared`` is its model as the files have it; ``cost`` gives the results of a period in a
    currency.
    """

    store: Store
    declared: Model
    now: Callable[[], datetime]
    new_id: Callable[[datetime], str]
    on_step: Step
    program: str
    cost: Callable[[date, date, str], RecordedResult]

    @property
    def model(self) -> Model:
        """The model with the allowances that were set by command."""
        return self._with(allowances_set(self.store))

    def _with(self, allowances: list[Allowance]) -> Model:
        return with_allowances(self.declared, allowances) if allowances else self.declared

    def overruled(self) -> list[Finding]:
        """Warnings of what the files say and what was set by command since decides (`B22`)."""
        return overruled(self.declared, allowances_set(self.store))

    def ingest(
        self, incoming: Incoming, format_name: str, files: tuple[str, ...], *, replace: bool
    ) -> tuple[IngestReport, RecordedBilling]:
        """Record billable usage in place of what it replaces (`B3`), and report what that did.

        Raises ``LedgerError``, ``IngestError`` (``unsaid_replacement``).
        """
        at = self.now()
        nothing = incoming.rows.select(KEY).slice(0, 0)
        recorded = commit_billing(
            self.store,
            BillingIngest(
                incoming.rows,
                nothing if incoming.uncounted is None else incoming.uncounted,
                incoming.days,
                whole_days=incoming.whole_days,
                counts_events=incoming.uncounted is not None,
                replace=replace,
                format=format_name,
                files=files,
                former_ids=self.declared.former_ids,
            ),
            ingest_id=self.new_id(at),
            at=at,
            program=self.program,
            on_step=self.on_step,
        )
        return told(incoming.report, recorded), recorded

    def has_usage(self) -> bool:
        """Whether the ledger has billable usage; a workspace that never bills has no tables."""
        if not self.declared.channels:
            return False
        return billing_version(self.store) > 0

    def rate(self) -> RatingOutcome:
        """Rate all usage in the ledger, unless the latest rating is of the same already.

        An account that cannot be rated is left out and told, and does not stop the others (`B21`).
        Raises ``LedgerError``, and ``RunError`` where no account can be rated; nothing is then
        published.
        """
        # Noted before they are read, so that it never tells of one that was not.
        set_before = allowances_version(self.store)
        allowances = allowances_set(self.store)
        model, at_version = self._with(allowances), billing_version(self.store)
        digest = billing_digest(model)
        known = list_ratings(self.store)
        if known and _is_of(known[0], digest, at_version):
            return RatingOutcome(known[0], errors_of(known[0]), is_new=False)
        connection = database.connect()
        usage_view(connection, self.store, at_version)
        resolve_former(connection, model)
        failed = failures(connection, model)
        not_rated = tuple(sorted({each.details["account"] for each in failed}))
        if failed:
            leave_out(connection, not_rated)
        planned = plan(connection, model)
        if failed and planned is None:
            raise RunError(failed)
        late = after_the_end(connection, planned) if planned else ()
        settings = overruled(self.declared, allowances)
        findings = (*failed, *(planned.findings if planned else ()), *late, *settings)

        def rows() -> Iterator[pa.Table]:
            if planned:
                sorted_rows = connection.sql(planned.sql()).order(_ORDER)
                for batch in sorted_rows.to_arrow_reader(ROWS_AT_ONCE):
                    yield pa.Table.from_batches([batch])

        facts = RatingFacts(
            model.settings.currency,
            digest,
            json.dumps(model.to_dict(), sort_keys=True),
            at_version,
            as_recorded(findings),
            self.program,
            set_before,
            (*not_rated, *(old for old, now in model.former_ids.items() if now in not_rated)),
        )
        rating = commit_rating(
            self.store,
            facts,
            rows,
            run_id=self.new_id(self.now()),
            now=self.now,
            on_step=self.on_step,
        )
        return RatingOutcome(rating, findings, is_new=True)

    def is_current(self, rating: Rating) -> bool:
        """Whether usage, rates and allowances are still those that a rating was made from."""
        return _is_of(rating, billing_digest(self.model), billing_version(self.store))

    def ratings(self) -> list[Rating]:
        """All completed ratings, the latest first."""
        return list_ratings(self.store)

    def charges(self, run: str = "") -> RecordedCharges:
        """The charges of the latest rating, or of the one that is named.

        Raises ``LedgerError`` (``no_run``, ``unknown_run``).
        """
        known = [find_rating(self.store, run)] if run else list_ratings(self.store)[:1]
        if not known:
            raise LedgerError(
                [
                    Finding(
                        "no_run",
                        "No usage was rated yet.",
                        Place(str(self.store.root)),
                        remedy="Rate it with: apportion rate",
                    )
                ]
            )
        return RecordedCharges(self.store, self._model_of(known[0]), known[0])

    def _model_of(self, rating: Rating) -> Model:
        model = self.model
        if billing_digest(model) != rating.model_digest:
            model = Model.from_dict(json.loads(model_of_rating(self.store, rating.run_id)))
        return with_accounts(model, undeclared_accounts(rating))

    def changes(self, since: str) -> pa.Table:
        """Every account, month and figure that moved since a rating, or a run (`B18`).

        Raises ``LedgerError`` (``no_run``, ``unknown_run``).
        """
        return self.charges().since(self.charges(since))

    def statement(self, account: str, year: int, month: int | str | None = None) -> UsageStatement:
        """An account's statement for a financial year, or a month of it.

        Raises ``UsageError``, ``LedgerError`` (``no_run``).
        """
        charges = self.charges()
        charges.require_rated(account)
        return usage_statement(charges.connection, charges.model, account, year, month)

    def require_accounts(self) -> None:
        """Raise ``UsageError`` (``bills_nobody``) where there are neither accounts nor usage.

        Margins would all be losses then, and a rating have no row.
        """
        if self.declared.accounts or self.has_usage():
            return
        raise UsageError(
            [
                Finding(
                    "bills_nobody",
                    "The model declares no accounts: this workspace bills nobody, so there is "
                    "nothing to rate and no margin.",
                    remedy="Declare accounts, channels and rates, as docs/how-to/bill-usage.md "
                    "tells, and bring their usage in.",
                )
            ]
        )

    def margin(self, start: date, end: date, by: By | str = By.PRODUCT) -> Margin:
        """Charges beside cost for a period, both ends included (`B19`).

        Raises ``UsageError`` (also ``bills_nobody``), ``LedgerError`` (``no_run``).
        """
        self.require_accounts()
        charges = self.charges()
        cost = self.cost(start, end, charges.rating.currency)
        found = margin(
            charges.connection,
            charges.model,
            start,
            end,
            by,
            cost.currency,
            cost.gaps,
            costs=cost.connect(),
        )
        return replace(found, gaps=cost.gaps)

    def allowance(self, account: str, channel: str, year: int) -> Resolved:
        """An account's allowance, set or by default (`B16`).

        Raises ``UsageError`` (``unknown_account``, ``unknown_channel``, ``invalid_argument``).
        """
        model = self.model
        require_account(model, account)
        require_channel(model, channel)
        meter = Meter(account, channel, require_year(year))
        rated = list_ratings(self.store)[:1]
        if not rated:
            return resolve(model, meter)
        connection = RecordedCharges(self.store, model, rated[0]).connect()
        return resolve(model, meter, units_used(connection, model, [account], year - 1))

    def this_year(self) -> int:
        """The financial year that it is in the workspace's time zone."""
        settings = self.declared.settings
        return financial_year(settings).of(today(settings, self.now()))

    def set_allowance(
        self, account: str, channel: str, year: int, units: int, *, custom: bool = True
    ) -> list[Allowance]:
        """Set an account's allowance; gives every year that it changed (`B16`).

        For a past year it is that year alone; for this or a later one also the later years that
        exist. Charges follow with the next rating. Raises ``UsageError``, ``LedgerError``.
        """
        at = self.now()
        on = today(self.declared.settings, at)
        changed = changed_allowances(
            self.model, account, channel, year, units, on=on, custom=custom
        )
        record_allowances(self.store, changed, at=at, program=self.program)
        return changed

    def metrics(self, start: date, end: date, metrics: list[str], at_version: int) -> pa.Table:
        """Billable usage as usage metrics of products (`B20`)."""
        connection = database.connect()
        usage_view(connection, self.store, at_version)
        return metric_rows(connection, self.declared, start, end, metrics)


def _is_of(rating: Rating, digest: str, at_version: int) -> bool:
    """Whether a rating was made from rates and allowances, and usage at a version."""
    return (rating.model_digest, rating.billable_usage_version) == (digest, at_version)
