"""Ratings for people and programs."""

from apportion.amounts.units import RATE_DECIMALS
from apportion.billing import RatingOutcome
from apportion.cli import output
from apportion.cli.messages import tell
from apportion.cli.output import heading, put, put_json, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.ledger.record_rating import Rating
from apportion.report.figures import Figures
from apportion.report.findings_data import as_data as findings_data
from apportion.report.ratings import as_data


def put_json_outcome(outcome: RatingOutcome) -> None:
    """The rating, whether it is new, and its warnings."""
    put_json(
        {
            "is_new": outcome.is_new,
            "rating": as_data(outcome.rating),
            "warnings": findings_data(outcome.findings),
        }
    )


def put_csv(outcome: RatingOutcome) -> None:
    """The rating's record as one row."""
    data = as_data(outcome.rating)
    del data["findings"], data["program"]
    row = [*data.values(), str(outcome.is_new).lower()]
    output.put_csv(([*data, "is_new"], [row]))


def show(
    outcome: RatingOutcome, units: tuple[int, int], before: str, suggestions: Suggestions
) -> None:
    """What was rated: ``units`` of billed channels, and of those that cost nothing.

    ``before`` is the rating that was the latest until now, if any.
    """
    tell(outcome.findings, suggestions)
    rating = outcome.rating
    if not outcome.is_new:
        say(
            f"Nothing to do: usage, rates and allowances are those of rating {rating.run_id} from "
            f"{rating.at:%Y-%m-%d %H:%M} UTC."
        )
    else:
        _show_new(rating, *units)
    say()
    if before and outcome.is_new:
        say_next(suggestions.command("usage", "changes", "--since", before))
    elif rating.start_date is None:
        say_next(suggestions.command("ingest", "billable", "FILE"))
    else:
        days = ("--from", str(rating.start_date), "--to", str(rating.end_date))
        say_next(suggestions.command("usage", "platform", "accounts", *days))


def _show_new(rating: Rating, chargeable: int, not_billed: int) -> None:
    heading(f"Rating {rating.run_id}")
    say()
    if rating.start_date is None:
        say("There is no billable usage yet.")
        return
    figures = Figures(rating.currency, RATE_DECIMALS)
    heads = [
        Head("Period", whole=True),
        Head("Rows", number=True),
        Head("Chargeable units", number=True),
        Head("Not billed", number=True),
        Head(f"Cost, {rating.currency}", number=True),
    ]
    row = (
        f"{rating.start_date} to {rating.end_date}",
        f"{rating.rows:,}",
        f"{chargeable:,}",
        f"{not_billed:,}",
        figures.texts([rating.cost])[0],
    )
    put(table(heads, [row]))
    say("Every row was written, read back and proved: units less what is free, times the rate.")
