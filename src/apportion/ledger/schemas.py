"""Every table of the ledger: columns, their meaning, their unit.

Amounts are decimals with nine places in the currency named beside them; a workspace that keeps
fewer decimals has zeros behind them. Rates and charges have twelve.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from apportion.amounts.units import RATE_DECIMALS

AMOUNT = pa.decimal128(38, 9)
EXACT = pa.decimal128(38, 24)
"""As files have it: with more decimals than any amount that is computed with."""
RATE = pa.decimal128(9 + RATE_DECIMALS, RATE_DECIMALS)
CHARGE = pa.decimal128(38, RATE_DECIMALS)
DATE = pa.date32()
TEXT = pa.string()
WHOLE = pa.int64()
TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Table:
    """A table: what a row is, its columns, and the columns that its folders are named by."""

    name: str
    meaning: str
    schema: pa.Schema
    partition_by: tuple[str, ...] = ()


def make_table(
    name: str,
    meaning: str,
    columns: Mapping[str, tuple[pa.DataType, str]],
    partition_by: tuple[str, ...] = (),
) -> Table:
    """A table whose columns each have a type and a sentence."""
    fields = [
        pa.field(column, kind, metadata={"comment": said})
        for column, (kind, said) in columns.items()
    ]
    return Table(name, meaning, pa.schema(fields), partition_by)


_SLICE = {
    "source": (TEXT, "who says so: a bill's issuer, a file, a monitoring system"),
    "slice": (TEXT, "digest of what a corrected file replaces together"),
    "period": (TEXT, "billing period as first/last day; empty where the row's own date decides"),
    "ingest_id": (TEXT, "the ingest that brought the row"),
}

COSTS = make_table(
    "costs",
    "Direct cost of one node, day and kind of cost, as a source states it.",
    {
        **_SLICE,
        "node": (TEXT, "id of the node that has the cost"),
        "date": (DATE, "the day the cost belongs to; bills count days in UTC"),
        "dimension": (TEXT, "kind of cost"),
        "currency": (TEXT, "ISO 4217 code of the bill"),
        "amount": (AMOUNT, "the cost in that currency; credits are negative"),
        "lines": (WHOLE, "how many lines of the file were summed"),
    },
)

USAGE = make_table(
    "usage",
    "What one node used of a metric on one day.",
    {
        **_SLICE,
        "node": (TEXT, "id of the node that used it"),
        "date": (DATE, "the day, in the workspace's time zone"),
        "metric": (TEXT, "name of the metric"),
        "labels": (TEXT, "label set as JSON with sorted keys; {} where there is none"),
        "value": (AMOUNT, "how much"),
        "unit": (TEXT, "unit of the value; empty where not told"),
    },
)

INGESTS = make_table(
    "ingests",
    "One change of what counts. It holds from the moment its row stands here.",
    {
        "sequence": (WHOLE, "1, 2, 3 ... in the order of ingests"),
        "ingest_id": (TEXT, "id of the ingest"),
        "kind": (
            TEXT,
            "delivery, withdrawal, restoration, derivation or usage; null if older",
        ),
        "delivery": (TEXT, "the delivery that was brought, withdrawn or restored; else null"),
        "reason": (TEXT, "why, in the words of whoever withdrew or restored"),
        "at": (TIME, "when it was recorded"),
        "format": (TEXT, "format of the files"),
        "files": (TEXT, "JSON list of file names"),
        "sources": (TEXT, "JSON list of the sources whose rows it replaced"),
        "digest": (TEXT, "digest of its rows, whatever their order and source"),
        "rows": (WHOLE, "rows written"),
        "first_date": (DATE, "first day of the rows written or replaced, if any"),
        "last_date": (DATE, "last day of them"),
        "totals": (TEXT, "JSON object: amount per currency, as decimal text"),
        "costs_version": (WHOLE, "version of the table costs that holds from here on"),
        "usage_version": (WHOLE, "version of the table usage that holds from here on"),
        "bill_lines_version": (WHOLE, "version of the table bill_lines that holds from here on"),
        "read_with": (TEXT, "JSON: rules and cost column it was read by; empty or null for none"),
        "program": (TEXT, "version of the program"),
    },
)

RUNS = make_table(
    "runs",
    "One completed run. Its rows in the result tables count because it stands here.",
    {
        "sequence": (WHOLE, "1, 2, 3 ... in the order of completion"),
        "run_id": (TEXT, "id of the run"),
        "at": (TIME, "when it was recorded"),
        "start_date": (DATE, "first day"),
        "end_date": (DATE, "last day"),
        "currency": (TEXT, "currency of all its amounts"),
        "scale": (WHOLE, "decimals it computed with"),
        "dimensions": (TEXT, "JSON list of the dimensions asked for; null where all"),
        "model_digest": (TEXT, "digest of the model it used"),
        "model": (TEXT, "the model as JSON, to be read again with the results"),
        "costs_version": (WHOLE, "version of the table costs that it read"),
        "usage_version": (WHOLE, "version of the table usage that it read"),
        "billable_usage_version": (WHOLE, "version of billable_usage that it read; 0 for none"),
        "rating": (TEXT, "id of the rating that held; empty for none, null before that was kept"),
        "allocations": (WHOLE, "number of allocation rows"),
        "contributions": (WHOLE, "number of contribution rows"),
        "warnings": (WHOLE, "number of warnings"),
        "slow_splits": (WHOLE, "sources and days whose numbers did not fit in 64 bits"),
        "timings": (TEXT, "JSON object: seconds per step"),
        "program": (TEXT, "version of the program"),
    },
)

_RESULT = {
    "run_id": (TEXT, "the run that computed the row"),
}
_CELL = {
    "date": (DATE, "the day"),
    "dimension": (TEXT, "kind of cost"),
    "currency": (TEXT, "currency of the amounts"),
}

ALLOCATIONS = make_table(
    "allocations",
    "What one node had, got and gave on one day in one dimension (`A17`).",
    {
        **_RESULT,
        "node": (TEXT, "id of the node"),
        **_CELL,
        "direct": (AMOUNT, "what bills say it cost"),
        "indirect": (AMOUNT, "what it received"),
        "holistic": (AMOUNT, "direct + indirect"),
        "given": (AMOUNT, "what it gave on"),
        "retained": (AMOUNT, "holistic - given"),
    },
    partition_by=("run_id",),
)

CONTRIBUTIONS = make_table(
    "contributions",
    "What one edge carried on one day in one dimension.",
    {
        **_RESULT,
        "source": (TEXT, "id of the node that gave"),
        "receiver": (TEXT, "id of the node that got"),
        **_CELL,
        # not an amount: a share, to be read
        "share": (pa.float64(), "share of the source, to be read and not computed with"),
        "amount": (AMOUNT, "what was carried"),
    },
    partition_by=("run_id",),
)

WARNINGS = make_table(
    "warnings",
    "What one run assumed.",
    {
        **_RESULT,
        "code": (TEXT, "code of the finding"),
        "message": (TEXT, "what was assumed"),
        "source": (TEXT, "the source it is about"),
        "receiver": (TEXT, "the receiver it is about"),
        "metric": (TEXT, "the metric it is about"),
        "days": (WHOLE, "on how many days"),
        "policy": (TEXT, "what was done where nobody used anything: equal, retain; else empty"),
        "amount": (AMOUNT, "the cost that was given, or kept, so; null where it is not known"),
        "currency": (TEXT, "currency of the amount"),
        "dates": (pa.list_(pa.date32()), "the days it concerns; null where they are not known"),
        "amounts": (pa.list_(AMOUNT), "the amount of each of these days"),
    },
    partition_by=("run_id",),
)

RECONCILIATIONS = make_table(
    "reconciliations",
    "The proof of one run, as it was found when its rows were read back.",
    {
        **_RESULT,
        "reconciliation": (TEXT, "JSON with the fields of `apportion reconcile --json`"),
    },
    partition_by=("run_id",),
)

_METER_KEY = {
    "date": (DATE, "the day, in the workspace's time zone"),
    "account": (TEXT, "id of the account"),
    "channel": (TEXT, "id of the channel"),
    "provider": (TEXT, "who carried it; empty where not told"),
    "rate_multiplier": (WHOLE, "chargeable units for each billable unit"),
    "international": (pa.bool_(), "whether it went abroad"),
    "template": (TEXT, "what it was made from; empty where not told"),
}
_METERED = {
    **_METER_KEY,
    "billable_units": (WHOLE, "units counted, such as fragments of messages"),
    "notifications_sent": (WHOLE, "messages counted"),
}

BILLABLE_USAGE = make_table(
    "billable_usage",
    "What one account used of a channel on one day; a row for each key (`B3`).",
    {**_METERED, "ingest_id": (TEXT, "the ingest that brought the row")},
)

BILLING_INGESTS = make_table(
    "billing_ingests",
    "One completed ingest of billable usage. It counts from the moment its row stands here.",
    {
        "sequence": (WHOLE, "1, 2, 3 ... in the order of ingests"),
        "ingest_id": (TEXT, "id of the ingest"),
        "at": (TIME, "when it was recorded"),
        "format": (TEXT, "format of the files"),
        "files": (TEXT, "JSON list of file names"),
        "digest": (TEXT, "digest of its rows, whatever their order"),
        "start_date": (DATE, "first day it replaced"),
        "end_date": (DATE, "last day it replaced"),
        "rows": (WHOLE, "rows of the files"),
        "replaced_rows": (WHOLE, "rows that gave way to them"),
        "billable_usage_version": (WHOLE, "version of billable_usage that holds from here on"),
        "program": (TEXT, "version of the program"),
    },
)

ALLOWANCES = make_table(
    "allowances",
    "An account's allowance as it was set by command; the latest of a year counts (`B16`).",
    {
        "sequence": (WHOLE, "1, 2, 3 ... in the order of setting"),
        "at": (TIME, "when it was set"),
        "account": (TEXT, "id of the account"),
        "channel": (TEXT, "id of the channel"),
        "year": (WHOLE, "the financial year, named by the year it begins in"),
        "units": (WHOLE, "chargeable units that are free"),
        "custom": (pa.bool_(), "whether it carries over to the year after"),
        "program": (TEXT, "version of the program"),
    },
)

RATINGS = make_table(
    "ratings",
    "One completed rating. Its rows in charges count because it stands here.",
    {
        "sequence": (WHOLE, "1, 2, 3 ... in the order of completion"),
        "run_id": (TEXT, "id of the rating"),
        "at": (TIME, "when it was recorded"),
        "start_date": (DATE, "first day with usage"),
        "end_date": (DATE, "last day with usage"),
        "currency": (TEXT, "currency of its costs"),
        "model_digest": (TEXT, "digest of the model it used, allowances as set included"),
        "model": (TEXT, "the model as JSON, to be read again with the rows"),
        "billable_usage_version": (WHOLE, "version of billable_usage that it read"),
        "allowances_version": (WHOLE, "last allowance set that it read; null before that was kept"),
        "rows": (WHOLE, "number of rated rows"),
        "chargeable_units": (AMOUNT, "sum of all rows; a whole number"),
        "cost": (CHARGE, "sum of all rows, exact"),
        "findings": (TEXT, "JSON list: code, message, severity and account of each finding"),
        "program": (TEXT, "version of the program"),
    },
)

CHARGES = make_table(
    "charges",
    "A row of billable usage, what it cost, and why (`B8`).",
    {
        "run_id": (TEXT, "the rating that computed the row"),
        **_METERED,
        "rate": (RATE, "price of a unit on the day; 0 where not billed"),
        "chargeable_units": (WHOLE, "billable units x multiplier (`B7`)"),
        "remaining_before": (WHOLE, "what was left of the allowance before the row"),
        "free_allowance_used": (WHOLE, "chargeable units that were free"),
        "charged_units": (WHOLE, "chargeable units that were not"),
        "cost": (CHARGE, "charged units x rate, exact"),
        "year": (WHOLE, "the financial year, named by the year it begins in"),
        "period": (WHOLE, "which of the year's months, from 1"),
        "allowance": (WHOLE, "the meter's allowance of the year"),
        "remaining_after": (WHOLE, "what was left of the allowance after the row"),
    },
    partition_by=("run_id",),
)

INPUTS = (COSTS, USAGE)
RESULTS = (ALLOCATIONS, CONTRIBUTIONS, WARNINGS, RECONCILIATIONS)
TABLES = (*INPUTS, INGESTS, RUNS, *RESULTS)
BILLING_TABLES = (BILLABLE_USAGE, BILLING_INGESTS, ALLOWANCES, RATINGS, CHARGES)
"""Made when a workspace first bills."""
