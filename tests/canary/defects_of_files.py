"""Defects on the way from a file to the ledger."""

from planting import Defect

AGAIN = "tests/ingest/test_again.py"
FOCUS = "tests/ingest/test_focus.py"
MAPPING = "tests/ingest/test_mapping.py"
REPORT = "tests/ingest/test_report.py"
SPREAD = "tests/ingest/test_spread.py"

IN_READING = (
    Defect(
        "files with bad lines are taken without them",
        "ingest/acceptance.py",
        "    if findings:\n        raise IngestError(_cut(findings",
        "    if not taken:\n        raise IngestError(_cut(findings",
        (f"{REPORT}::test_a_file_with_bad_lines_is_refused_whole_and_each_is_named",),
    ),
    Defect(
        "the second reading of a file proves nothing",
        "ingest/acceptance.py",
        "if counted.lines != report.accepted or {**zero, **again} != {**zero, **report.totals}:",
        "if not counted.lines:",
        (f"{REPORT}::test_a_second_reading_that_differs_stops_the_ingest",),
    ),
    Defect(
        "cost that no rule takes is lost",
        "ingest/formats/focus.py",
        """    placed.create("mapped")\n""",
        """    placed.filter("rule >= 0").create("mapped")\n""",
        (f"{MAPPING}::test_what_no_rule_takes_is_seen_and_not_lost",),
    ),
    Defect(
        "the last rule that matches wins",
        "ingest/mapping.py",
        "_first(matches, nodes),",
        "_first(matches[::-1], nodes[::-1]),",
        (f"{MAPPING}::test_the_first_match_wins",),
    ),
    Defect(
        "a charge of several days loses its remainder",
        "ingest/spread.py",
        "return Spread(charge, day, reached - before)",
        "return Spread(charge, day, units[charge] // days[charge])",
        (
            f"{SPREAD}::test_parts_sum_to_the_amount_and_a_credit_is_the_mirror",
            f"{FOCUS}::test_the_days_of_a_charge",
        ),
    ),
    Defect(
        "a charge counts on the day on which it ends at midnight",
        "ingest/spread.py",
        "np.maximum((end - 1) // DAY, first)",
        "np.maximum(end // DAY, first)",
        (f"{FOCUS}::test_the_days_of_a_charge",),
    ),
    Defect(
        "amounts are rounded line by line",
        "ingest/rounding.py",
        "round(({reached.fragment()}), {scale})",
        "sum(round(amount, {scale})) over "
        "(partition by source, period, currency order by node, dimension, day, start, end_)",
        (f"{REPORT}::test_rounding_is_told_with_what_it_did_to_the_total",),
    ),
)

IN_LEDGER = (
    Defect(
        "a corrected bill adds to the one it corrects",
        "ledger/record_ingest.py",
        "reached = replace(store, ingest.table, rows, predicate)",
        "reached = append(store, ingest.table, rows)",
        (f"{AGAIN}::test_a_corrected_bill_replaces_its_period_and_no_other",),
    ),
    Defect(
        "a corrected bill replaces the other months too",
        "ledger/record_ingest.py",
        "as_json([self.source, self.period, self.metric])",
        "as_json([self.source, self.metric])",
        (f"{AGAIN}::test_a_corrected_bill_replaces_its_period_and_no_other",),
    ),
    Defect(
        "the same file under another name counts again",
        "ledger/record_ingest.py",
        """if ingest.source_is_a_guess else "\"""",
        """if not rows.num_rows else "\"""",
        (f"{AGAIN}::test_plain_costs_under_another_file_name_are_known",),
    ),
)

DEFECTS = (*IN_READING, *IN_LEDGER)
