"""Defects on the way from cost to figure: amounts, windows, shares, rates."""

from planting import Defect

AMOUNTS = "tests/properties/test_amounts.py"
BY_HAND = "tests/attribution/test_by_hand.py"
AGREE = "tests/attribution/test_paths_agree.py"
EPOCHS = "tests/model/test_windows.py"
GUARD = "tests/attribution/test_guard.py"
KERNEL = "tests/attribution/test_kernel.py"
ORACLE = "tests/properties/test_against_oracle.py"
RULES = f"{ORACLE}::test_engine_equals_the_rules"
RUNS = "tests/reconcile/test_runs.py"
SPLIT = "tests/properties/test_split.py"
STRATEGY = "tests/plugins/test_every_strategy.py"
TABLES = "tests/attribution/test_tables_in.py"

IN_AMOUNTS = (
    Defect(
        "the residual of a split is dropped",
        "amounts/split.py",
        "return [*parts, amount - given]",
        "return [*parts, 0]",
        (f"{SPLIT}::test_nobody_and_one",),
    ),
    Defect(
        "a split goes through floats",
        "amounts/split.py",
        "quotient = (2 * abs(numerator) + denominator) // (2 * denominator)",
        "quotient = int(abs(numerator) / denominator + 0.5)",
        (f"{SPLIT}::test_a_split_is_that_of_the_rules",),
    ),
    Defect(
        "a tie is rounded towards zero",
        "amounts/split.py",
        "(2 * abs(numerator) + denominator) // (2 * denominator)",
        "(2 * abs(numerator) + denominator - 1) // (2 * denominator)",
        (f"{AMOUNTS}::test_shown_rows_sum_to_the_total_shown",),
    ),
    Defect(
        "the kernel rounds the tie of a credit up",
        "attribution/kernel.py",
        "    remainder += amounts >> 63\n",
        "",
        (f"{KERNEL}::test_ties_go_away_from_zero",),
    ),
    Defect(
        "the kernel trusts its estimate in floats",
        "attribution/kernel.py",
        "    quotient += remainder >= denominators\n    quotient -= remainder < -denominators\n",
        "",
        (f"{KERNEL}::test_the_largest_amounts_are_exact",),
    ),
    Defect(
        "the slow path rounds down",
        "attribution/exact.py",
        "round_half_away(cumulative.numerator, cumulative.denominator)",
        "cumulative.numerator // cumulative.denominator",
        (f"{AGREE}::test_fast_and_slow_paths_agree[0]",),
    ),
    Defect(
        "a slice that does not add up goes on",
        "attribution/slices.py",
        "wrong = np.argwhere(arrived != rests)",
        "wrong = np.argwhere(arrived != arrived)",
        (f"{GUARD}::test_a_unit_that_the_kernel_made_or_lost_stops_the_run",),
    ),
    Defect(
        "rows shown do not sum to the total shown",
        "amounts/shown.py",
        "for row in lost[:missing]:",
        "for row in lost[:0]:",
        (f"{AMOUNTS}::test_shown_rows_sum_to_the_total_shown",),
    ),
)

IN_WINDOWS = (
    Defect(
        "a window's last day is skipped",
        "model/windows.py",
        "(first <= cut) & (last >= cut)",
        "(first <= cut) & (last > cut)",
        (f"{EPOCHS}::test_every_day_is_in_one_epoch_with_exactly_its_active_edges",),
    ),
    Defect(
        "an epoch ends a day too early",
        "model/windows.py",
        "first, last + 1]))",
        "first, last]))",
        (f"{EPOCHS}::test_epochs_are_as_few_as_the_changes_and_made_one_at_a_time",),
    ),
    Defect(
        "a node still gives on the day on which it is archived",
        "model/graph.py",
        "day_number(node.archived_on) - 1",
        "day_number(node.archived_on)",
        (f"{EPOCHS}::test_an_archive_ends_an_edge_the_day_before",),
    ),
)

IN_SHARES = (
    Defect(
        "the last of equal users takes the residual",
        "attribution/weights.py",
        "    position = np.where(is_top, np.arange(members.shape[1]), members.shape[1])\n"
        "    return plan.member_columns[np.minimum.reduceat(position, starts[:-1], axis=1)]\n",
        "    position = np.where(is_top, np.arange(members.shape[1]), -1)\n"
        "    return plan.member_columns[np.maximum.reduceat(position, starts[:-1], axis=1)]\n",
        (
            f"{BY_HAND}::test_of_equal_users_the_first_takes_the_rest",
            f"{ORACLE}::test_of_equal_users_the_first_takes_the_rest",
        ),
    ),
    Defect(
        "negative usage lessens the usage of others",
        "attribution/usage.py",
        "    value = pc.if_else(pa.array(negative), nothing, rows.value)\n",
        "    value = rows.value\n",
        (
            f"{BY_HAND}::test_negative_usage_counts_as_nothing_and_takes_nothing_from_others",
            f"{ORACLE}::test_every_negative_usage_that_could_count_is_said",
        ),
    ),
    Defect(
        "every source without usage is shared equally",
        "attribution/weights.py",
        "equal = usage.without & (plan.policy == _EQUAL)",
        "equal = usage.without",
        (
            f"{BY_HAND}::test_what_happens_without_usage_is_what_the_edge_says",
            f"{RUNS}::test_the_policy_of_the_runs_warning_is_what_the_reasons_look_for",
            RULES,
        ),
    ),
    Defect(
        "a cap is ignored",
        "attribution/strategies/capped_proportional.py",
        "np.minimum(siblings.usage * whole, siblings.total * cap)",
        "siblings.usage * whole",
        (
            f"{BY_HAND}::test_a_cap_keeps_the_excess_on_the_source",
            f"{STRATEGY}::test_its_module_bears_its_name_and_its_doctest_passes",
        ),
    ),
    Defect(
        "usage fades from the day before yesterday on",
        "attribution/series_figures.py",
        "up**age * down ** (last - age)",
        "up ** max(age - 1, 0) * down ** (last - max(age - 1, 0))",
        (f"{BY_HAND}::test_an_average_fades_by_whole_days",),
    ),
    Defect(
        "an average lacks its oldest day",
        "attribution/series_figures.py",
        "for age in range(series.window_days)]",
        "for age in range(max(series.window_days - 1, 1))]",
        (f"{BY_HAND}::test_an_average_reaches_back_to_the_last_day_of_its_window",),
    ),
    Defect(
        "the override of a dimension is ignored",
        "attribution/problem.py",
        "        use[overridden] = own\n",
        "",
        (f"{BY_HAND}::test_the_override_of_a_dimension_counts_there_alone", RULES),
    ),
    Defect(
        "a label filter is inverted",
        "attribution/strategy.py",
        "holds is not (self.operator in _NEGATIVE)",
        "holds is (self.operator in _NEGATIVE)",
        (f"{TABLES}::test_usage_comes_in_many_forms",),
    ),
    Defect(
        "shares above the whole are let pass",
        "pipeline.py",
        "        if only_errors(findings):\n            raise RunError(findings)\n",
        "",
        (f"{BY_HAND}::test_shares_above_the_whole_end_the_run",),
    ),
    Defect(
        "the oldest rate counts for ever",
        "attribution/costs.py",
        "Fraction(max(valid, key=lambda rate: rate.date).rate)",
        "Fraction(min(valid, key=lambda rate: rate.date).rate)",
        (f"{BY_HAND}::test_the_rate_is_the_latest_up_to_the_day",),
    ),
    Defect(
        "a rate counts from the day after on",
        "attribution/costs.py",
        "rate.to_currency == target and rate.date <= day",
        "rate.to_currency == target and rate.date < day",
        (f"{BY_HAND}::test_the_rate_is_the_latest_up_to_the_day",),
    ),
)

DEFECTS = (*IN_AMOUNTS, *IN_WINDOWS, *IN_SHARES)
