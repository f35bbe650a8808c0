"""Defects in what is said of a result: the proof, and what a user meets."""

from planting import Defect

CSV = "tests/cli/test_csv_output.py"
INVARIANTS = "tests/reconcile/test_invariants.py"
RECORDED = "tests/reconcile/test_recorded.py"
STATUS = "tests/cli/test_exit_status.py"
TRANSCRIPTS = "tests/cli/test_transcripts.py"

IN_PROOF = (
    Defect(
        "an invariant that saw no rows is passed",
        "reconcile/invariants/__init__.py",
        "            outcome = Outcome(0, 1, (unseen,))\n",
        "            outcome = Outcome(0)\n",
        (
            f"{INVARIANTS}::TestNoRows::test_a_lost_result_is_caught_without_the_costs",
            f"{INVARIANTS}::TestNoRows::test_whichever_check_goes_blind_fails",
        ),
    ),
    Defect(
        "unallocated cost is what would balance the books",
        "reconcile/figures.py",
        "unallocated=kept if sums.residual_is_allocated else total((kept, residual), scale),",
        "unallocated=minus(\n"
        "            total((each.direct for each in sums.infrastructure), scale),\n"
        "            total((each.retained for each in sums.allocated()), scale),\n"
        "            -total((each.direct for each in sums.products), scale),\n"
        "        ),",
        (f"{INVARIANTS}::test_a_lost_amount_shows_in_the_delta",),
    ),
    Defect(
        "the proof converts at the rate of the day before",
        "reconcile/recorded.py",
        "AND c.date >= r.date",
        "AND c.date > r.date",
        (f"{RECORDED}::test_lines_are_converted_at_the_rate_of_their_day",),
    ),
    Defect(
        "no day is proved by itself",
        "reconcile/invariants/conserved_by_day.py",
        "SELECT '' AS node, date, dimension, sum(direct) AS expected, sum(retained) AS actual\n"
        "FROM proof_allocations\nGROUP BY date, dimension\n",
        "SELECT '' AS node, max(date) AS date, dimension, sum(direct) AS expected,\n"
        "       sum(retained) AS actual\nFROM proof_allocations\nGROUP BY dimension\n",
        (f"{INVARIANTS}::test_a_unit_lost_on_one_day_and_made_up_on_another",),
    ),
)

AT_THE_EDGE = (
    Defect(
        "a cell of a table can be a formula",
        "report/csv_text.py",
        """return f"'{text}" if text.startswith(_FORMULA_STARTS) else text""",
        "return text",
        (
            f"{CSV}::test_no_text_is_a_formula_and_all_others_stay_as_they_are",
            f"{CSV}::test_a_stranger_cannot_write_a_formula",
        ),
    ),
    Defect(
        "a name can steer the terminal",
        "findings.py",
        r"""character if character.isprintable() or character == "\n" else _escaped(character)""",
        "character",
        (f"{CSV}::test_a_stranger_cannot_steer_the_terminal",),
    ),
    Defect(
        "a model with errors ends with status 0",
        "cli/commands/validate.py",
        "    if errors or (strict and findings):\n        raise typer.Exit(1)\n",
        "",
        (f"{TRANSCRIPTS}::test_it_says_what_the_transcript_says[validate]",),
    ),
    Defect(
        "a proof that fails ends with status 0",
        "cli/commands/reconcile.py",
        "    if not proof.holds or (strict and assumed):\n",
        "    if strict and assumed:\n",
        (f"{STATUS}::test_a_result_that_does_not_add_up_ends_with_1",),
    ),
)

DEFECTS = (*IN_PROOF, *AT_THE_EDGE)
