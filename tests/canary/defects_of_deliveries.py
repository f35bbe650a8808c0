"""Defects of what a delivery does to what was known: it counts once, and nothing goes unsaid."""

from planting import Defect

CASES = "tests/ledger/test_deliveries.py"
FIELD = f"{CASES}::TestCasesFromTheField"
CUTS = f"{CASES}::TestTwoCuts"
SHAPES = f"{CASES}::TestTheSameInAnotherShape"
IDENTITY = "tests/ingest/test_identity.py"
HISTORIES = "tests/properties/test_delivery_histories.py"
KEPT = "tests/properties/test_costs_of_kept_lines.py"

IN_NAMES = (
    Defect(
        "issuers are compared to the letter",
        "ingest/identity.py",
        "    return aliases.get(plain) or _KNOWN_AS.get(plain, plain)\n",
        "    return name\n",
        (f"{IDENTITY}::test_spellings_of_one_issuer",),
    ),
    Defect(
        "an account keeps the zeros before its number",
        "ingest/identity.py",
        """        return last.split(".")[0].lstrip("0") or "0"\n""",
        """        return last.split(".")[0]\n""",
        (
            f"{IDENTITY}::test_spellings_of_one_account",
            f"{FIELD}::test_06_an_account_that_lost_its_zero",
        ),
    ),
    Defect(
        "a period that is written to its last day is another",
        "ingest/identity.py",
        "    if not is_whole and after < date.max and _is_whole_months(first, after + _DAY):\n",
        "    if is_whole and after > date.max:\n",
        (
            f"{IDENTITY}::test_the_end_of_a_period_however_it_is_written",
            f"{SHAPES}::test_a_spelling_makes_no_second_bill",
        ),
    ),
    Defect(
        "an account has one bill, whoever issued it",
        "ingest/identity.py",
        "        groups.join([(account, name) for name in names])\n",
        """        names = [""]\n        groups.join([(account, name) for name in names])\n""",
        (f"{IDENTITY}::test_the_same_account_number_of_two_issuers_is_two_bills",),
    ),
    Defect(
        "lines without a period make a bill of their own",
        "ingest/identity.py",
        "if len(known.get(owner, ())) == 1 else _month",
        "if len(known.get(owner, ())) < 0 else _month",
        (f"{IDENTITY}::test_lines_without_a_period_are_on_the_only_bill_of_their_owner",),
    ),
    Defect(
        "sub-accounts are compared to the letter",
        "ledger/replaced_bills.py",
        """    sub_account = SUB_ACCOUNT.format('"SubAccountId"')\n""",
        """    assert SUB_ACCOUNT\n    sub_account = '"SubAccountId"'\n""",
        (f"{SHAPES}::test_a_spelling_makes_no_second_bill",),
    ),
)
IN_RULE = (
    Defect(
        "what is the same again is not noticed",
        "ledger/replaced_bills.py",
        "CASE WHEN same.source IS NOT NULL OR ",
        "CASE WHEN false OR ",
        (f"{CUTS}::test_an_increment_in_the_next_file",),
    ),
    Defect(
        "what was said to be added takes the place",
        "ledger/replaced_bills.py",
        "WHEN coalesce($answer, mode) = 'append' THEN 'add'",
        "WHEN coalesce($answer, mode) = 'append' THEN 'supersede'",
        (f"{CUTS}::test_a_credit_that_comes_alone",),
    ),
    Defect(
        "an increment that is all there is counts as a repeat",
        "ledger/replaced_bills.py",
        "        WHERE coalesce($answer, '') <> 'replace'\n",
        "        WHERE coalesce($answer, '') <> 'x'\n",
        (f"{CUTS}::test_an_increment_that_is_all_there_is",),
    ),
    Defect(
        "what would go without a word goes",
        "ledger/replaced_bills.py",
        "WHEN gone = 0 AND other.source IS NULL THEN 'supersede' ELSE 'refuse' END",
        "WHEN gone >= 0 THEN 'supersede' ELSE 'refuse' END",
        (f"{FIELD}::test_04_fewer_days_later", f"{CUTS}::test_days_after_hours"),
    ),
    Defect(
        "two cuts of the same days are added up",
        "ledger/replaced_bills.py",
        "WHEN common = 0 AND is_bill AND cuts.source IS NULL THEN 'add'",
        "WHEN common = 0 AND is_bill THEN 'add'",
        (
            f"{CUTS}::test_some_hours_after_the_whole_day",
            f"{CUTS}::test_days_of_another_time_zone",
        ),
    ),
    Defect(
        "another currency of the same days is beside the first",
        "ledger/standing.py",
        "SELECT active.*, sequence >= coalesce(since, 0) AS counts",
        "SELECT active.*, true AS counts",
        (f"{CASES}::TestSeveralBillsAtOnce::test_the_currency_of_a_bill_changes",),
    ),
    Defect(
        "what was withdrawn goes on counting",
        "ledger/standing.py",
        "FROM changes WHERE delivery IS NOT NULL GROUP BY delivery",
        "FROM changes WHERE delivery IS NOT NULL AND kind <> 'withdrawal' GROUP BY delivery",
        (f"{CASES}::TestTakenBack::test_what_is_withdrawn_counts_no_more_and_can_return",),
    ),
    Defect(
        "costs are made of all that a delivery brought, also of days that are superseded",
        "ledger/derived.py",
        "WHERE made.period = t.rounded AND (t.day IS NULL OR t.day = made.date)",
        "WHERE made.period = t.rounded",
        (f"{CASES}::TestPlainCosts::test_a_day_of_a_file_is_corrected_alone",),
    ),
)

DEFECTS = (*IN_NAMES, *IN_RULE)
