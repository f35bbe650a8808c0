"""What a format needs of a file's columns, told apart from what it merely can use."""

from collections.abc import Mapping, Sequence

from apportion.findings import Finding, IngestError, Place, Severity
from apportion.ingest.inspected import Holds, SafeFile, Shape
from apportion.model.spelling import did_you_mean

NUMBERS = (Holds.TEXT, Holds.NUMBER, Holds.DOUBLE, Holds.FLOAT)
"""What a column with numbers may hold."""


def require_tables(files: Sequence[SafeFile], what: str) -> None:
    """Raise ``IngestError`` (``unsupported_file``) for files that are neither CSV nor Parquet."""
    findings = [
        Finding(
            "unsupported_file",
            f"The file holds {file.shape}; {what} are read from CSV or Parquet.",
            Place(file.name),
        )
        for file in files
        if file.shape is Shape.JSON
    ]
    if findings:
        raise IngestError(findings)


def require_columns(files: Sequence[SafeFile], required: Mapping[str, str], number: str) -> None:
    """Raise ``IngestError`` unless each file has the required columns, and numbers in that one.

    The mapping gives an example cell of each: ``missing_key``, ``wrong_type``.
    """
    findings = [
        finding
        for file in files
        for finding in (*_missing_columns(file, required), *_not_numbers(file, number))
    ]
    if findings:
        raise IngestError(findings)


def _missing_columns(file: SafeFile, required: Mapping[str, str]) -> list[Finding]:
    """A finding (``missing_key``) for each required column; the mapping gives an example cell."""
    names = [column.name for column in file.columns]
    return [
        Finding(
            "missing_key",
            f"The column {name!r} is missing; the file has {_listed(names)}.",
            Place(file.name, 1 if file.shape is Shape.CSV else 0),
            did_you_mean(name, names) or f"Add it, with cells such as {example}.",
        )
        for name, example in required.items()
        if file.find(name) is None
    ]


def _not_numbers(file: SafeFile, name: str) -> list[Finding]:
    """A finding (``wrong_type``) where the type of a column says that no number stands in it."""
    column = file.find(name)
    if column is None or column.holds in NUMBERS:
        return []
    return [
        Finding(
            "wrong_type",
            f"The column {name!r} holds neither numbers that are read exactly nor text.",
            Place(file.name),
            "Export it as decimals of up to 38 digits, as doubles, integers or text.",
        )
    ]


def unknown_columns(file: SafeFile, known: Sequence[str], prefixes: Sequence[str]) -> list[Finding]:
    """A warning (``unknown_key``) that names the columns which mean nothing to the format."""
    unknown = [
        column.name
        for column in file.columns
        if column.name not in known and not column.name.startswith(tuple(prefixes))
    ]
    if not unknown:
        return []
    return [
        Finding(
            "unknown_key",
            f"The file has columns that are not read: {_listed(unknown)}.",
            Place(file.name, 1 if file.shape is Shape.CSV else 0),
            next((hint for name in unknown if (hint := did_you_mean(name, known))), ""),
            Severity.WARNING,
        )
    ]


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:most])
    more = len(names) - most
    return f"{shown} and {more} more" if more > 0 else shown or "no columns"
