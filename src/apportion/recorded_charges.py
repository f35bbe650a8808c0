"""The charges of a recorded rating, read from the ledger when they are asked for."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import duckdb
import pyarrow as pa

from apportion import database
from apportion.findings import Finding, Severity
from apportion.ledger.disk import Store
from apportion.ledger.record_rating import Rating, charges_view
from apportion.model import Model
from apportion.rating.changes import BEFORE, changes
from apportion.rating.charges import RATED, ChargeViews
from apportion.rating.views import CHARGES

_UNITS = "SELECT channel, sum(chargeable_units)::BIGINT FROM charges GROUP BY channel"
_AGAIN = "Correct what the message names, then rate anew with: apportion rate"


def as_recorded(findings: Iterable[Finding]) -> str:
    """Findings about a rating as its record keeps them."""
    return json.dumps(
        [
            {
                "code": each.code,
                "message": each.message,
                "severity": str(each.severity),
                "account": each.details.get("account", ""),
                **({"units": each.details["units"]} if "units" in each.details else {}),
            }
            for each in findings
        ]
    )


def errors_of(rating: Rating) -> tuple[Finding, ...]:
    """Why accounts were not rated, as the record tells it. Older records tell only of warnings."""
    return tuple(
        Finding(
            each["code"],
            each["message"],
            remedy=_AGAIN,
            details={name: each[name] for name in ("account", "units") if name in each},
        )
        for each in json.loads(rating.findings)
        if each.get("severity") == Severity.ERROR
    )


def undeclared_accounts(rating: Rating) -> list[str]:
    """Accounts that were rated although the model did not have them any more."""
    return [
        each["account"]
        for each in json.loads(rating.findings)
        if each["code"] == "unknown_account" and each.get("account")
    ]


@dataclass(frozen=True)
class RecordedCharges(ChargeViews):
    """The rated rows of one rating, with the views on them. ``model`` is the one it used."""

    store: Store
    model: Model
    rating: Rating

    @cached_property
    def not_rated(self) -> Mapping[str, Finding]:
        """Why accounts were not rated, by their ids."""
        return {each.details["account"]: each for each in errors_of(self.rating)}

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection with the view ``charges``."""
        connection = database.connect()
        self.show(connection, CHARGES)
        return connection

    def show(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Put the rated rows on a connection, as a view of some name."""
        charges_view(connection, self.store, self.rating.run_id, name, self.rating.rows)

    def since(self, before: "RecordedCharges") -> pa.Table:
        """Every account, month and figure that moved from an earlier rating to this (`B18`)."""
        before.show(self.connection, BEFORE)
        return changes(self.connection, self.model)

    def units(self) -> tuple[int, int]:
        """The chargeable units of channels that are billed, and those of channels that are not."""
        sums = dict(self.connection.execute(_UNITS).fetchall())
        billed = {each.id for each in self.model.channels if each.billed}
        charged = sum(units for channel, units in sums.items() if channel in billed)
        return charged, sum(sums.values()) - charged

    @property
    def rows(self) -> pa.Table:
        """The rated rows, in order of account and day."""
        query = (
            "SELECT * FROM charges ORDER BY account, date, channel, provider, rate_multiplier, "
            "international, template"
        )
        return self.connect().sql(query).to_arrow_table().select(RATED.names).cast(RATED)
