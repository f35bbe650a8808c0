"""Bills as their issuers see them: invoices, billed and effective, and the bridge (`D9`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from apportion import database
from apportion.amounts import decimals_of
from apportion.findings import Finding, Severity
from apportion.ingest.decimals import shown
from apportion.ledger.counting_lines import counting_bill_lines
from apportion.ledger.disk import Store
from apportion.model import Model
from apportion.report.findings_data import as_data as findings_as_data

KINDS: Mapping[str, str] = {
    "commitment_purchases": "purchases of commitments, spread over their use",
    "commitment_usage": "use that commitments pay for",
    "commitment_unused": "what was left of commitments without use",
    "tax": "taxes",
    "credits": "credits",
    "corrections": "corrections",
    "other": "other charges",
}
"""What the difference between billed and effective cost can come from, in this order."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice of a bill, in one currency.

    ``bridge`` has what each kind of charge adds to the billed cost to come to the effective one;
    ``difference`` is effective less billed less all of the bridge, and 0. ``stated`` is the total
    that somebody gave, ``missing`` how much all bills with that number lack of it.
    """

    source: str
    period: str
    invoice: str
    currency: str
    lines: int
    billed: Decimal
    effective: Decimal
    bridge: Mapping[str, Decimal]
    stated: Decimal | None = None
    missing: Decimal | None = None

    @property
    def difference(self) -> Decimal:
        """What the bridge does not explain."""
        return self.effective - self.billed - sum(self.bridge.values(), Decimal(0))


_KIND = """
    CASE WHEN "ChargeClass" = 'Correction' THEN 'corrections'
         WHEN "ChargeCategory" = 'Tax' THEN 'tax'
         WHEN "ChargeCategory" = 'Credit' THEN 'credits'
         WHEN "CommitmentDiscountStatus" = 'Unused' THEN 'commitment_unused'
         WHEN "CommitmentDiscountId" IS NULL THEN 'other'
         WHEN "ChargeCategory" = 'Purchase' THEN 'commitment_purchases'
         ELSE 'commitment_usage' END
"""
_INVOICES = """
    CREATE TABLE invoiced AS
    SELECT source, period, coalesce("InvoiceId", '') AS invoice, "BillingCurrency" AS currency,
           {kind} AS kind, count(*)::BIGINT AS lines,
           coalesce(sum("BilledCost"), 0) AS billed, coalesce(sum("EffectiveCost"), 0) AS effective
    FROM lines GROUP BY ALL
"""
_FOUND = """
    SELECT source, period, invoice, currency, sum(lines)::BIGINT, sum(billed), sum(effective),
           list(kind ORDER BY kind), list(effective - billed ORDER BY kind)
    FROM invoiced GROUP BY source, period, invoice, currency ORDER BY 1, 2, 3, 4
"""


def bills(
    store: Store,
    model: Model,
    first: date | None = None,
    last: date | None = None,
    stated: Mapping[str, Decimal] | None = None,
) -> tuple[Invoice, ...]:
    """The invoices of bills whose billing periods have a day from ``first`` to ``last``.

    ``stated`` are totals that issuers gave, by invoice. Raises ``LedgerError``.
    """
    connection = database.connect()
    counting_bill_lines(connection, store, model.settings.cost_column)
    connection.execute(_INVOICES.format(kind=_KIND))
    given = stated or {}
    found: list[Invoice] = []
    for row in connection.execute(_FOUND).fetchall():
        source, period, invoice, currency, lines, billed, effective, kinds, added = row
        # An invoice is not cut by days: bills are taken whole.
        begins, ends = (date.fromisoformat(part) for part in period.split("/"))
        if (last and begins > last) or (first and ends < first):
            continue
        known = dict(zip(kinds, added, strict=True))
        bridge = {kind: known[kind] for kind in KINDS if known.get(kind)}
        about = source, period, invoice, currency, lines, billed, effective, bridge
        found.append(Invoice(*about))
    return _compared(found, given)


def _compared(found: Sequence[Invoice], given: Mapping[str, Decimal]) -> tuple[Invoice, ...]:
    """Each invoice with what is missing of it, over all bills and accounts that it stands on."""
    sums: dict[tuple[str, str], Decimal] = {}
    for each in found:
        about = each.invoice, each.currency
        sums[about] = sums.get(about, Decimal(0)) + each.billed
    compared = []
    for each in found:
        stated = given.get(each.invoice)
        missing = None
        if stated is not None:
            missing = stated - sums[each.invoice, each.currency]
            # An issuer states what it asks for, to the last digit of the currency.
            if 2 * abs(missing) <= Decimal(1).scaleb(-decimals_of(each.currency)):
                missing = Decimal(0)
        compared.append(replace(each, stated=stated, missing=missing))
    return tuple(compared)


def bill_findings(
    invoices: tuple[Invoice, ...], stated: Mapping[str, Decimal]
) -> tuple[Finding, ...]:
    """Errors: an invoice that is not what its issuer says, or that no line names."""
    known = {each.invoice for each in invoices}
    wrong = {(each.invoice, each.currency): each for each in invoices if each.missing}
    differing = [
        Finding(
            "invoice_differs",
            f"The invoice {each.invoice!r} of {each.source} is {_amount(each.stated)} "
            f"{each.currency} as stated, and its lines have {_amount(each.missing)} "
            f"{'too few' if each.missing and each.missing > 0 else 'too many'}.",
            remedy="Look whether a part of the bill was not delivered, or came twice: apportion "
            "deliveries list",
            details={"invoice": each.invoice, "missing": shown(each.missing or Decimal(0))},
        )
        for each in wrong.values()
    ]
    unknown = [
        Finding(
            "invoice_differs",
            f"No line of a bill names the invoice {invoice!r}, stated with {_amount(amount)}.",
            remedy="Deliver its bill, or correct the number.",
            severity=Severity.ERROR,
            details={"invoice": invoice, "missing": shown(amount)},
        )
        for invoice, amount in stated.items()
        if invoice not in known
    ]
    return (*differing, *unknown)


def _amount(amount: Decimal | None) -> str:
    return f"{abs(amount or Decimal(0)).normalize():,f}"


def as_data(invoices: tuple[Invoice, ...], findings: tuple[Finding, ...]) -> dict[str, Any]:
    """Invoices as plain data; amounts are exact decimal text."""
    return {
        "invoices": [
            {
                "source": each.source,
                "period": each.period,
                "invoice": each.invoice,
                "currency": each.currency,
                "lines": each.lines,
                "billed": shown(each.billed),
                "bridge": {kind: shown(amount) for kind, amount in each.bridge.items()},
                "effective": shown(each.effective),
                "difference": shown(each.difference),
                "stated": None if each.stated is None else shown(each.stated),
                "missing": None if each.missing is None else shown(each.missing),
            }
            for each in invoices
        ],
        "findings": findings_as_data(findings),
    }
