"""What a file really is, found out before anything is read from it.

A file becomes a ``SafeFile``: a name in a private folder, so that no character of the user's
path can mean anything to a library, with its shape and columns known and its size within limits.
"""

import gzip
import os
import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from apportion.findings import Finding, IngestError, Place
from apportion.ingest.columns import csv_columns, damaged, parquet_columns
from apportion.ingest.incoming import Context
from apportion.ingest.inspected import Limits, RefusedError, SafeFile, Shape
from apportion.ingest.stored import write_copy

_HEAD = 2**16
_CHUNK = 2**20
_HARMLESS = 2**26
"""Bytes out of a compressed file below which its ratio is nobody's business."""


@contextmanager
def private_folder(known: Path | None = None) -> Iterator[Path]:
    """A folder that only this user can enter, removed at the end; or one that stays, if known."""
    if known is not None:
        yield known
        return
    folder = Path(tempfile.mkdtemp(prefix="apportion-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def inspect(paths: Sequence[Path], folder: Path, context: Context) -> tuple[SafeFile, ...]:
    """Bring each file into the private folder and find out what it is.

    Raises ``IngestError`` with a finding for every file that cannot be used: ``unreadable_file``,
    ``unsafe_file``, ``unsupported_file``, ``duplicate_key``, ``invalid_value``.
    """
    found: list[SafeFile] = []
    findings: list[Finding] = []
    if not paths:
        raise IngestError([Finding("unreadable_file", "No file was named.")])
    for index, path in enumerate(paths):
        name = str(path)
        try:
            found.append(_inspect(path, name, folder, index, context))
        except RefusedError as refused:
            findings.append(refused.finding(name))
        except pa.ArrowException:
            findings.append(damaged().finding(name))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "it is damaged"
            message = f"The file cannot be read: {reason}."
            findings.append(Finding("unreadable_file", message, Place(name)))
    if findings:
        raise IngestError(findings)
    return tuple(found)


def _inspect(path: Path, name: str, folder: Path, index: int, context: Context) -> SafeFile:
    limits, nulls = context.limits, context.nulls
    real = _regular(path)
    head = _head(real)
    staged = folder / str(index)
    if head[:2] == b"\x1f\x8b":
        _decompress(real, staged, limits)
        head = _head(staged)
        if head[:2] == b"\x1f\x8b":
            raise RefusedError(
                "unsafe_file", "The file is compressed twice.", "Decompress it once."
            )
    else:
        staged.symlink_to(real)
    shape = _shape(head)
    if shape is Shape.PARQUET:
        columns, wide = parquet_columns(staged, limits, nulls)
        if not wide:
            return SafeFile(name, staged, shape, columns)
        copy = folder / f"{index}_plain"
        write_copy(staged, copy)
        return SafeFile(name, staged, shape, columns, copy)
    if shape is Shape.JSON:
        return SafeFile(name, staged, shape)
    return SafeFile(name, staged, shape, csv_columns(staged, limits, nulls))


def _regular(path: Path) -> Path:
    if "\0" in str(path):
        raise RefusedError("unreadable_file", "The path holds a NUL character.")
    try:
        real = path.resolve(strict=True)
        mode = real.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise RefusedError(
                "unreadable_file",
                "The symbolic link leads to a file that does not exist.",
                "Name the file itself.",
            ) from None
        raise RefusedError(
            "unreadable_file", "There is no such file.", "Check the path and the folder you are in."
        ) from None
    except (RuntimeError, NotADirectoryError) as error:
        raise RefusedError("unreadable_file", f"The path leads nowhere: {error}.") from None
    if stat.S_ISDIR(mode):
        raise RefusedError("unreadable_file", "This is a folder, not a file.", _files_in(real))
    if not stat.S_ISREG(mode):
        raise RefusedError(
            "unreadable_file",
            "This is a pipe or a device, not a file; it has to be read more than once.",
            "Write the data to a file first.",
        )
    if not os.access(real, os.R_OK):
        raise RefusedError("unreadable_file", "You have no permission to read the file.")
    return real


def _files_in(folder: Path) -> str:
    """How to name the files of a folder, by an example where there is one."""
    try:
        names = sorted(each.name for each in folder.iterdir() if each.name.lower().endswith(_READ))
    except OSError:
        names = []
    if not names:
        return "Name the files in it."
    return f"Name the files in it, such as {names[0]!r}; all parts of one export in one command."


_READ = (".csv", ".csv.gz", ".parquet", ".json")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise RefusedError("unreadable_file", "The file is empty.", "Export it again.")
    return head


def _decompress(packed: Path, out: Path, limits: Limits) -> None:
    """Write a gzip file's content, stopping where it grows beyond what an honest file does."""
    size_in = packed.stat().st_size
    written = 0
    try:
        with gzip.open(packed, "rb") as source, out.open("xb") as target:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > limits.bytes_out:
                    raise RefusedError(
                        "unsafe_file",
                        f"The file grows beyond {limits.bytes_out:,} bytes when decompressed.",
                        "Split it, or ingest it as Parquet.",
                    )
                if written > _HARMLESS and written > size_in * limits.ratio:
                    raise RefusedError(
                        "unsafe_file",
                        f"The file grows to more than {limits.ratio} times its size when "
                        "decompressed, as files do that are made to exhaust a machine.",
                        "If you trust it, decompress it yourself and ingest the result.",
                    )
                target.write(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise RefusedError(
            "unreadable_file",
            "The compressed file is damaged or incomplete.",
            "Download or export it again.",
        ) from None


_KNOWN_STARTS = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", "Save it as CSV or Parquet."),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", "Decompress it first."),
    (b"BZh", "compressed with bzip2", "Decompress it first."),
    (b"\xfd7zXZ", "compressed with xz", "Decompress it first."),
    (b"PARE", "an encrypted Parquet file", "Export it without encryption."),
    (
        b"version https://git-lfs.github.com/",
        "a pointer of Git LFS, and not the data that it stands for",
        "Fetch the data with `git lfs pull`.",
    ),
    (b"%PDF", "a PDF document", "Ask for the bill as CSV or Parquet."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save it as CSV."),
    (b"ARROW1", "an Arrow IPC file", "Write it as Parquet."),
    (b"Obj\x01", "an Avro file", "Write it as Parquet."),
)
_UTF = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def _shape(head: bytes) -> Shape:
    if head[:4] == b"PAR1":
        return Shape.PARQUET
    for start, what, remedy in _KNOWN_STARTS:
        if head.startswith(start):
            raise RefusedError("unsupported_file", f"The file is {what}.", remedy)
    for start, encoding in _UTF:
        if head.startswith(start):
            raise RefusedError(
                "unreadable_file",
                f"The file is encoded in {encoding}; expected UTF-8.",
                "Save it as UTF-8 (in Excel: CSV UTF-8).",
            )
    require_text(head, whole=len(head) < _HEAD)
    text = head.decode("utf-8-sig", errors="ignore").lstrip()
    return Shape.JSON if text[:1] in ("{", "[") else Shape.CSV


def require_text(data: bytes, *, whole: bool) -> None:
    """Raise ``RefusedError`` for what is no UTF-8 text; unless ``whole`` its end may be cut."""
    nul = data.find(0)
    if nul >= 0:
        raise RefusedError(
            "unreadable_file",
            f"The file is not text: byte {nul} is NUL; expected CSV or JSON in UTF-8, or Parquet.",
            "Check that this is the file you meant, and export it again.",
            data.count(b"\n", 0, nul) + 1,
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if whole or error.start < len(data) - 4:
            raise RefusedError(
                "unreadable_file",
                f"The file is not UTF-8: byte {error.start} is {data[error.start]:#04x}.",
                "Save it as UTF-8 (in Excel: CSV UTF-8).",
                data.count(b"\n", 0, error.start) + 1,
            ) from None
