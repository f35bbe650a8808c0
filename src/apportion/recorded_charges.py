"""The charges of a recorded rating, read from the ledger when they are asked for."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from apportion.ledger.disk import Store
from apportion.ledger.record_rating import Rating, charges_view
from apportion.model import Model
from apportion.rating.changes import BEFORE, changes
from apportion.rating.charges import RATED, ChargeViews
from apportion.rating.views import CHARGES


@dataclass(frozen=True)
class RecordedCharges(ChargeViews):
    """The rated rows of one rating, with the views on them. ``model`` is the one it used."""

    store: Store
    model: Model
    rating: Rating

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection with the view ``charges``."""
        connection = duckdb.connect()
        self.show(connection, CHARGES)
        return connection

    def show(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Put the rated rows on a connection, as a view of some name."""
        charges_view(connection, self.store, self.rating.run_id, name, self.rating.rows)

    def since(self, before: "RecordedCharges") -> pa.Table:
        """Every account, month and figure that moved from an earlier rating to this (`B18`)."""
        before.show(self.connection, BEFORE)
        return changes(self.connection, self.model)

    @property
    def rows(self) -> pa.Table:
        """The rated rows, in order of account and day."""
        query = (
            "SELECT * FROM charges ORDER BY account, date, channel, provider, rate_multiplier, "
            "international, template"
        )
        return self.connect().sql(query).to_arrow_table().select(RATED.names).cast(RATED)
