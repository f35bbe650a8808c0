"""What a format needs of a file's columns, told apart from what it merely can use."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from apportion.findings import Finding, IngestError, Place, Severity
from apportion.ingest.inspected import Holds, SafeFile, Shape
from apportion.ingest.native_exports import native_export
from apportion.model.spelling import TYPING_ERROR, did_you_mean

NUMBERS = (Holds.TEXT, Holds.NUMBER, Holds.DOUBLE, Holds.FLOAT)
"""What a column with numbers may hold."""


def require_tables(files: Sequence[SafeFile], what: str) -> None:
    """Raise ``IngestError`` (``unsupported_file``) for files that are neither CSV nor Parquet."""
    findings = [
        Finding(
            "unsupported_file",
            f"The file holds {file.shape}; {what} are read from CSV or Parquet."
            if "manifest" not in Path(file.name).name.lower()
            else "The file is the manifest of an export, which lists its parts and has no lines.",
            Place(file.name),
            ""
            if "manifest" not in Path(file.name).name.lower()
            else "Name the parts that it lists, all in one command.",
        )
        for file in files
        if file.shape is Shape.JSON
    ]
    if findings:
        raise IngestError(findings)


def require_columns(
    files: Sequence[SafeFile],
    required: Mapping[str, str],
    number: str,
    instead: Callable[[SafeFile], str] = lambda _: "",
    known: Collection[str] = (),
) -> None:
    """Raise ``IngestError`` unless each file has the required columns, and numbers in that one.

    The mapping gives an example cell of each; ``instead`` says what to do where a file lacks the
    numbers, if it knows. The columns that are ``known`` are not proposed in place of another:
    ``missing_key``, ``wrong_type``, ``unsupported_file``.
    """
    findings = [
        finding
        for file in files
        for finding in _column_findings(file, required, number, instead(file), known)
    ]
    if findings:
        raise IngestError(findings)


def _column_findings(
    file: SafeFile,
    required: Mapping[str, str],
    number: str,
    instead: str,
    known: Collection[str],
) -> list[Finding]:
    missing = _missing_columns(file, required, number, instead, known)
    native = native_export([column.name for column in file.columns], required) if missing else None
    if native is None:
        return [*missing, *_not_numbers(file, number)]
    message = f"The file is {native.what}."
    return [Finding("unsupported_file", message, Place(file.name), native.way_out)]


def _missing_columns(
    file: SafeFile,
    required: Mapping[str, str],
    number: str,
    instead: str,
    known: Collection[str],
) -> list[Finding]:
    """A finding (``missing_key``) for each required column; the mapping gives an example cell."""
    names = [column.name for column in file.columns]
    spelt = {name.strip().casefold(): name for name in names}
    otherwise = {
        name: spelt[name.casefold()]
        for name in required
        if file.find(name) is None and name.casefold() in spelt
    }
    missing = [name for name in required if file.find(name) is None and name not in otherwise]
    # What the file has is said once, however much it lacks.
    return [*_spelt_otherwise(file, otherwise)] + [
        Finding(
            "missing_key",
            f"The column {name!r} is missing"
            + ("." if place else f"; the file has {_listed(names)}."),
            Place(file.name, 1 if file.shape is Shape.CSV else 0),
            _meant(name, [each for each in names if each not in known], (number,))
            or (instead if name == number else "")
            or f"Add it, with cells such as {required[name]}.",
        )
        for place, name in enumerate(missing)
    ]


def _meant(name: str, known: Sequence[str], numbers: Collection[str]) -> str:
    """Ask which name was meant.

    Among numbers a name that is merely like another is another number: a unit price is no cost,
    and neither is the cost of reservations alone. So only typing errors are proposed there.
    """
    if name in numbers:
        own = [each for each in known if not each.startswith("x_")]
        return did_you_mean(name, own, TYPING_ERROR)
    others = [each for each in known if each not in numbers]
    return did_you_mean(name, others) or did_you_mean(name, known, TYPING_ERROR)


def _spelt_otherwise(file: SafeFile, found: Mapping[str, str]) -> list[Finding]:
    """One finding for all columns that differ from what is read in capitals or spaces alone."""
    if not found:
        return []
    subject = "The columns are" if len(found) > 1 else "The column is"
    return [
        Finding(
            "missing_key",
            f"{subject} named {_listed(list(found.values()))}; "
            f"expected {_listed(list(found))}, to the letter.",
            Place(file.name, 1 if file.shape is Shape.CSV else 0),
            f"Write {','.join(found)} in the header.",
        )
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


def unknown_columns(
    file: SafeFile, known: Sequence[str], prefixes: Sequence[str], numbers: Collection[str] = ()
) -> list[Finding]:
    """A warning (``unknown_key``) that names the columns which mean nothing to the format.

    ``numbers`` are those of the known that are proposed for typing errors only.
    """
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
            next((hint for name in unknown if (hint := _meant(name, known, numbers))), ""),
            Severity.WARNING,
        )
    ]


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:most])
    more = len(names) - most
    return f"{shown} and {more} more" if more > 0 else shown or "no columns"
