"""Defects on the way from a file to the ledger."""

from planting import Defect

AGAIN = "tests/ingest/test_again.py"
SOURCE = "tests/ingest/test_source.py"
DAMAGE = "tests/ledger/test_damage.py"
FIRST = "tests/ledger/test_proof_comes_first.py"
FOCUS = "tests/ingest/test_focus.py"
KILLED = "tests/faults/test_killed.py"
MAPPING = "tests/ingest/test_mapping.py"
REPORT = "tests/ingest/test_report.py"
RUNS = "tests/ledger/test_runs.py"
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
        "derive/costs.py",
        "    from named\n",
        "    from named where rule >= 0 or node is not null\n",
        (f"{MAPPING}::test_what_no_rule_takes_is_seen_and_not_lost",),
    ),
    Defect(
        "the last rule that matches wins",
        "derive/mapping.py",
        "_first(matches, nodes),",
        "_first(matches[::-1], nodes[::-1]),",
        (f"{MAPPING}::test_the_first_match_wins",),
    ),
    Defect(
        "a charge of several days loses its remainder",
        "derive/spread.py",
        "return Spread(charge, day, reached - before)",
        "return Spread(charge, day, units[charge] // days[charge])",
        (
            f"{SPREAD}::test_parts_sum_to_the_amount_and_a_credit_is_the_mirror",
            f"{FOCUS}::test_the_days_of_a_charge",
        ),
    ),
    Defect(
        "a charge counts on the day on which it ends at midnight",
        "derive/spread.py",
        "np.maximum((end - 1) // DAY, first)",
        "np.maximum(end // DAY, first)",
        (f"{FOCUS}::test_the_days_of_a_charge",),
    ),
    Defect(
        "amounts are rounded line by line",
        "derive/rounding.py",
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
        "reached = replace(store, table, whole, named.predicate(days))",
        """reached = replace(store, table, whole, "slice = ''")""",
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
        "ledger/record_delivery.py",
        "        if twin and delivery.guessed:\n",
        "        if twin and delivery.guessed and not recorded.num_rows:\n",
        (f"{AGAIN}::test_plain_costs_under_another_file_name_are_known",),
    ),
    Defect(
        "a corrected file under another name adds to the one it corrects",
        "ledger/overlaps.py",
        "    if found:\n",
        "    if found and not guessed:\n",
        (f"{SOURCE}::test_a_corrected_file_under_a_new_name_does_not_count_twice",),
    ),
    Defect(
        "what the disk gives back is not looked at",
        "ledger/record_ingest.py",
        "if content_digest(table.name, after) != content_digest(table.name, written):",
        "if not after.num_columns:",
        (f"{DAMAGE}::test_rows_that_come_back_otherwise_are_not_recorded",),
    ),
    Defect(
        "the first run that covers a day answers for ever",
        "ledger/runs.py",
        "latest = max(answering, key=lambda run: run.sequence)",
        "latest = min(answering, key=lambda run: run.sequence)",
        (f"{RUNS}::test_every_day_has_one_answer_or_is_a_gap",),
    ),
    Defect(
        "rows count before their ingest is recorded",
        "ledger/runs.py",
        "    return pins_of(read(store, INGESTS, columns=columns))\n",
        """    from apportion.ledger.store import version\n\n"""
        """    known = [each for each in VERSIONED if is_made(store, each)]\n"""
        """    made = {each.name: version(store, each) for each in known}\n"""
        """    return dict.fromkeys((each.name for each in VERSIONED), 0) | made\n""",
        (f"{KILLED}::test_killed_at_a_step[ingest-record]",),
    ),
    Defect(
        "what a killed ingest left is taken for recorded",
        "ledger/record_ingest.py",
        "            restore(store, table, pins[table.name])\n",
        "            pins[table.name] = version(store, table)\n",
        (f"{KILLED}::test_what_a_killed_writer_left_counts_nowhere[ingest]",),
    ),
    Defect(
        "a run is recorded before it is proved",
        "ledger/record_run.py",
        """    proof = prove(connection)\n""",
        """    timings["proved"] = now()\n"""
        """    row = _record(store, facts, run_id, counts, finished, timings)\n"""
        """    add_record(store, RUNS, pa.Table.from_pylist([row], schema=RUNS.schema))\n"""
        """    proof = prove(connection)\n""",
        (f"{FIRST}::test_rows_that_were_spoilt_on_their_way_are_not_published",),
    ),
    Defect(
        "only a difference of the totals stops a run",
        "reconcile/requirement.py",
        "    if not proof.violation_count and proof.conservation_delta == 0:\n",
        "    if proof.conservation_delta == 0:\n",
        (f"{FIRST}::test_rows_that_were_spoilt_on_their_way_are_not_published",),
    ),
)

DEFECTS = (*IN_READING, *IN_LEDGER)
