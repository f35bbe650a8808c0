"""Rows that may be meant to correct another source's, where nobody said whose they are."""

import shlex
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from apportion.findings import Finding, IngestError, Place, Severity

_SHOWN = 3


def keys_of(rows: pa.Table) -> list[str]:
    """What two sources would both have to speak of for a file to correct the other."""
    return ["node", "date", "metric" if "metric" in rows.column_names else "dimension"]


def refuse_overlaps(
    kept: pa.Table, before: pa.Table, rows: pa.Table, guessed: Sequence[str], where: Place
) -> None:
    """Refuse rows of guessed sources that would count beside another source's.

    ``kept`` are rows of the ledger that stay, ``before`` those that ``rows`` replace. What a source
    said before beside another, it may say again: somebody has decided on that.

    Raises ``IngestError`` (``overlapping_source``).
    """
    keys = keys_of(rows)
    names = ["source", *keys]
    known = _distinct(before, names)
    coming = _distinct(rows.filter(pc.is_in(rows["source"], pa.array(guessed))), names)
    new = coming.join(known, names, join_type="left anti").rename_columns(["guess", *keys])
    beside = pa.concat_tables([kept.select(names), _distinct(rows, names)])
    both = beside.join(new, keys, join_type="inner")
    both = both.filter(pc.not_equal(both["source"], both["guess"]))
    counts = both.group_by(["guess", "source"]).aggregate([([], "count_all")])
    ordered = counts.sort_by([("guess", "ascending"), ("source", "ascending")]).to_pylist()
    pairs = {(row["guess"], row["source"]): row["count_all"] for row in ordered}
    found: dict[str, dict[str, int]] = {}
    for (guess, source), count in pairs.items():
        # Of two guesses of one command each is beside the other; that is told once.
        if guess < source or (source, guess) not in pairs:
            found.setdefault(guess, {})[source] = count
    if found:
        at_once = set(pc.unique(rows["source"]).to_pylist())
        raise IngestError(
            [_finding(guess, others, at_once, keys, where) for guess, others in found.items()]
        )


def _distinct(rows: pa.Table, names: list[str]) -> pa.Table:
    return rows.select(names).group_by(names).aggregate([]).select(names)


def _finding(
    guess: str, others: dict[str, int], at_once: set[str], keys: Sequence[str], where: Place
) -> Finding:
    count = sum(others.values())
    more = len(others) - _SHOWN
    listed = ", ".join([repr(name) for name in list(others)[:_SHOWN]])
    listed += f" and {more} more" if more > 0 else ""
    one = next(iter(others))
    known = "has" if one in at_once else "already has"
    corrects = (
        "If one of the files corrects the other, leave the other out."
        if one in at_once
        else f"If the file corrects them, say so with --source {shlex.quote(one)}, which replaces "
        f"all that {one!r} says of the file's days."
    )
    return Finding(
        "overlapping_source",
        f"The source {guess!r} is guessed from the file's name, and {listed} {known} {count:,} "
        f"{'row' if count == 1 else 'rows'} of the same node, day and {keys[-1]}. Nothing was "
        "recorded, because what the file corrects would count twice.",
        where,
        f"{corrects} If it adds to them, say so with --source {shlex.quote(guess)}.",
        details={"source": guess, "others": list(others), "rows": count},
    )


def counted_twice(source: str, other: str, totals: Mapping[str, str]) -> list[Finding]:
    """A warning that the very same rows count under two sources, one of which somebody named.

    ``totals`` are what they sum to in each currency; usage has none.
    """
    if not other:
        return []
    money = ", ".join(f"{amount} {currency}" for currency, amount in totals.items())
    return [
        Finding(
            "counted_twice",
            f"The same rows count under the source {other!r} already; now they count twice"
            f"{f', with {money} each time' if money else ''}.",
            remedy="If it is the same delivery, take this one back: apportion deliveries withdraw"
            if totals
            else "If it is the same delivery, take this one back: ingest a file of one line of 0 "
            f"for its days with --source {shlex.quote(source)}, and their --from and --to.",
            severity=Severity.WARNING,
            details={"source": source, "other": other},
        )
    ]
