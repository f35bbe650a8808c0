"""The parts of an export by the manifest that lies with it, so that none is missed (`D4`).

Two kinds are read: that of AWS Data Exports (``dataFiles``, keys of a bucket) and that of Azure's
cost exports (``blobs`` with ``blobName``, ``byteCount`` and ``dataRowCount``). Names in them are
those of a storage far away; a part is the file that has the longest end of such a name in common,
and lies below the manifest's folder, or below that of an export of which it is the ``metadata``.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apportion.findings import Finding, IngestError, Place
from apportion.ingest.inspected import LIMITS, Limits
from apportion.ingest.words import count_of
from apportion.model.values import show

_DATA = (".csv", ".csv.gz", ".parquet")
_MOST_PARTS = 100_000
_MOST_STEPS = 50
_BAD_STEP = re.compile(r"|[.]{1,2}|.*[\0\\:].*|.{201,}", re.DOTALL)
_OVERWRITES = ("overwritepreviousreport", "overwrite_report")
_BEHAVIOUR = (
    ("dataOverwriteBehavior",),
    ("exportConfig", "dataOverwriteBehavior"),
    ("overwrite",),
    ("destinationConfigurations", "s3Destination", "s3OutputConfigurations", "overwrite"),
)
"""Where a manifest may say whether an export takes the place of the one before."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The files to read. ``rows`` are how many lines some must have, ``answer`` what they do."""

    paths: tuple[Path, ...]
    rows: Mapping[str, int] = field(default_factory=dict)
    answer: str = ""

    def require_rows(self, lines: Mapping[str, int]) -> None:
        """Raise ``IngestError`` (``manifest_differs``) where a file has other lines than told."""
        findings = [
            Finding(
                "manifest_differs",
                f"The part has {count_of(lines[name], 'line')}; its manifest says "
                f"{count_of(rows, 'line')}. Nothing was recorded.",
                Place(name),
                "Fetch it again.",
            )
            for name, rows in self.rows.items()
            if lines.get(name, rows) != rows
        ]
        if findings:
            raise IngestError(findings)


def parts_of_export(paths: Sequence[Path], limits: Limits = LIMITS) -> Parts:
    """The files themselves, and for each manifest, or folder that holds one, the parts it lists.

    Raises ``IngestError`` (``manifest_differs``, ``unreadable_file``) with a finding for each part
    that is missing, of another size, or not listed.
    """
    found: list[Path] = []
    rows: dict[str, int] = {}
    answers: set[str] = set()
    findings: list[Finding] = []
    for path in paths:
        manifest, root = _manifest(path)
        if manifest is None:
            found.append(path)
            continue
        read = _read(manifest, limits, findings)
        if read is None:
            continue
        parts = list(_parts(manifest, root, read, findings))
        found += [part for part, _ in parts]
        rows |= {str(part): count for part, count in parts if count is not None}
        findings += _unlisted(manifest, [part for part, _ in parts])
        answers.add(_answer(read))
    if findings:
        raise IngestError(findings)
    return Parts(tuple(found), rows, answers.pop() if len(answers) == 1 else "")


def _manifest(path: Path) -> tuple[Path | None, Path]:
    """The manifest that a path is or holds, and the folder below which its parts lie."""
    if "\0" in str(path):
        return None, path
    if path.is_dir():
        named = [each for each in sorted(path.iterdir()) if _is_manifest(each)]
        named = named or [each for each in sorted(path.glob("metadata/*/*")) if _is_manifest(each)]
        return (named[0], path) if len(named) == 1 else (None, path)
    if not _is_manifest(path):
        return None, path
    folder = path.parent
    above = folder.resolve().parent
    return path, above.parent if above.name == "metadata" else folder


def _is_manifest(path: Path) -> bool:
    return path.name.lower().endswith("manifest.json") and path.is_file()


def _read(manifest: Path, limits: Limits, findings: list[Finding]) -> Mapping[str, Any] | None:
    where, reason = Place(str(manifest)), "it is no JSON object"
    try:
        if manifest.stat().st_size > limits.json:
            reason = f"it is larger than {limits.json:,} bytes"
        elif isinstance(read := json.loads(manifest.read_bytes()), dict):
            return read
    except (OSError, ValueError, RecursionError):
        pass
    findings.append(
        Finding(
            "unreadable_file", f"The manifest cannot be read: {reason}.", where, "Fetch it again."
        )
    )
    return None


def _parts(
    manifest: Path, root: Path, read: Mapping[str, Any], findings: list[Finding]
) -> Iterator[tuple[Path, int | None]]:
    listed = _listed(read)
    if not listed or len(listed) > _MOST_PARTS:
        said = (
            f"lists {len(listed):,} parts" if listed else "lists no part in `dataFiles` or `blobs`"
        )
        findings.append(_differs(manifest, f"The manifest {said}.", "Name the files themselves."))
        return
    for name, size, rows in listed:
        part = _found(name, manifest.parent, root) if isinstance(name, str) else None
        if part is None:
            message = f"The manifest lists {show(name)}, which does not lie below its folder."
            findings.append(_differs(manifest, message, "Fetch that part, too."))
            continue
        if isinstance(size, int) and size != (has := part.stat().st_size):
            message = f"The part has {has:,} bytes; its manifest says {size:,}."
            findings.append(_differs(part, message, "Fetch it again."))
        yield part, rows if isinstance(rows, int) else None


def _listed(read: Mapping[str, Any]) -> list[tuple[Any, Any, Any]]:
    """Name, bytes and rows of each part, as far as the manifest tells them."""
    files, blobs = read.get("dataFiles"), read.get("blobs")
    if isinstance(files, list):
        return [(each, None, None) for each in files]
    if not isinstance(blobs, list):
        return []
    told = [each if isinstance(each, dict) else {} for each in blobs]
    return [
        (
            each.get("blobName"),
            # How the bytes of a compressed part are counted is not documented.
            None if str(each.get("blobName")).lower().endswith(".gz") else each.get("byteCount"),
            each.get("dataRowCount"),
        )
        for each in told
    ]


def _found(name: str, *folders: Path) -> Path | None:
    """The file below one of the folders that has the longest end of a name in common with it."""
    steps = re.sub(r"^[a-z][a-z0-9]*://", "", name).strip("/").split("/")
    if len(steps) > _MOST_STEPS or any(_BAD_STEP.fullmatch(step) for step in steps):
        return None
    for start in range(len(steps)):
        for folder in folders:
            part = folder.joinpath(*steps[start:])
            # A link may lead out of the folder, whatever its name is.
            if part.is_file() and part.resolve().is_relative_to(folder.resolve()):
                return part
    return None


def _unlisted(manifest: Path, parts: Sequence[Path]) -> Iterator[Finding]:
    known = {part.resolve() for part in parts}
    for folder in sorted({part.parent for part in parts}):
        for other in sorted(folder.iterdir()):
            if other.name.lower().endswith(_DATA) and other.resolve() not in known:
                message = f"The file lies with the parts, but {str(manifest)!r} does not list it."
                yield _differs(other, message, "Move it away, or name the files themselves.")


def _differs(path: Path, message: str, remedy: str) -> Finding:
    return Finding("manifest_differs", f"{message} Nothing was recorded.", Place(str(path)), remedy)


def _answer(read: Mapping[str, Any]) -> str:
    """Replace where the manifest says that the export takes the place of the one before.

    An export that is written beside the one before has the same days again: it does not add to it.
    """
    for keys in _BEHAVIOUR:
        said: Any = read
        for key in keys:
            said = said.get(key) if isinstance(said, dict) else None
        if isinstance(said, str) and said.lower() in _OVERWRITES:
            return "replace"
    return ""
