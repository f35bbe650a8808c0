"""What was read otherwise than it stands: words taken for nothing, digits rounded away.

Both are counted by line while a file is read, and said once for all files.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from duckdb import DuckDBPyRelation

from apportion.ingest.decimals import is_nothing
from apportion.ingest.first_reading import Layout
from apportion.ingest.inspected import Holds
from apportion.ingest.words import count_of
from apportion.model.values import show


@dataclass(frozen=True, slots=True)
class Noted:
    """Of one file: lines by column and word for nothing, and lines with too many digits.

    Of a column of numbers the words are not told apart; they stand under the empty word.
    """

    words: Counter[tuple[str, str]]
    finer: int
    decimals: int


def noted(grouped: DuckDBPyRelation, layout: Layout) -> Noted:
    """Count in what ``first_reading.groups`` gives of a file."""
    words: Counter[tuple[str, str]] = Counter()
    texts = {
        cell.alias: (
            cell.column.name,
            f"{cell.alias} is not null and {is_nothing(cell.alias, known)}",
        )
        for cell in layout.cells
        if cell.column is not None
        and cell.column.holds is Holds.TEXT
        and (known := tuple(each for each in cell.column.nulls if each))
    }
    sums = ["sum(words)", "sum(finer)"]
    sums += [f"sum(lines) filter ({is_word})" for _, is_word in texts.values()]
    counts = ", ".join(f"cast(coalesce({each}, 0) as bigint)" for each in sums)
    worded, finer, *of_texts = grouped.aggregate(counts).fetchall()[0]
    # Hardly any column has one, and only those are asked which.
    for (alias, (name, is_word)), count in zip(texts.items(), of_texts, strict=True):
        if count:
            word = f"lower(trim({alias}))"
            told = grouped.filter(is_word).aggregate(f"{word}, cast(sum(lines) as bigint)", word)
            words.update({(name, text): lines for text, lines in told.fetchall()})
    number = layout.number.cell.column
    if number is not None and worded:
        words[number.name, ""] += worded
    return Noted(words, finer, layout.number.decimals)


def notes(found: Iterable[Noted]) -> tuple[str, ...]:
    """Say which words were taken for nothing, and on how many lines digits were rounded away."""
    words: Counter[tuple[str, str]] = Counter()
    finer = decimals = 0
    for each in found:
        words.update(each.words)
        finer += each.finer
        decimals = each.decimals
    said = [
        f"{show(word) if word else 'a word for it'} in {column} on {count_of(lines, 'line')}"
        for (column, word), lines in sorted(words.items())
    ]
    told = [f"Taken for nothing: {'; '.join(said)}."] if said else []
    if finer:
        told.append(
            f"Rounded to {decimals} decimals before anything else: {count_of(finer, 'line')} with "
            "more of them."
        )
    return tuple(told)
