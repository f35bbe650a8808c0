"""Defects on the way from usage to charge: rates, multipliers, allowances."""

from planting import Defect

LEDGER = "tests/rating/test_ledger.py"
ROWS = "tests/rating/test_rows.py"

DEFECTS = (
    Defect(
        "rows of one day share what was left of the allowance before it",
        "rating/running.py",
        """ibis.window(group_by=numbered["meter"], order_by=order, """,
        """ibis.range_window(group_by=numbered["meter"], order_by=numbered["day"], """,
        (
            f"{ROWS}::test_b8_rows_and_not_a_range_of_days",
            f"{ROWS}::test_b8_within_a_day_the_order_is_fixed_whatever_the_order_of_arrival",
        ),
    ),
    Defect(
        "a rate begins on the day after",
        "rating/plan.py",
        "at = bisect_right(begins, day)",
        "at = max(sum(begin < day for begin in begins), 1)",
        (
            f"{ROWS}::test_b4_a_rate_counts_until_the_next_one_begins",
            f"{ROWS}::test_b9_the_rate_may_change_on_the_day_when_the_allowance_runs_out",
        ),
    ),
    Defect(
        "the multiplier is forgotten",
        "rating/running.py",
        """chargeable_units=rows["billable_units"] * multiplier""",
        """chargeable_units=rows["billable_units"]""",
        (f"{ROWS}::test_b7_chargeable_units_are_billable_units_times_the_multiplier",),
    ),
    Defect(
        "an allowance that was given for one year carries over",
        "rating/allowance.py",
        "    if last is not None and last.custom:\n",
        "    if last is not None:\n",
        (f"{ROWS}::test_b5_the_first_allowance_that_applies_counts",),
    ),
    Defect(
        "setting the allowance of a past year changes what carried over from it",
        "rating/setting.py",
        "            if before and before.custom and not after\n",
        "            if before and not before.custom and not after\n",
        (f"{LEDGER}::test_b16_a_past_year_does_not_change_what_carried_over_from_it",),
    ),
    Defect(
        "a corrected account's day adds to the one it corrects",
        "ledger/record_billing.py",
        "kept = _others(before, ingest, rows)",
        "kept = before",
        (f"{LEDGER}::test_b3_a_day_of_an_account_is_replaced_whole",),
    ),
)
