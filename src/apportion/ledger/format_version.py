"""Which version of its format a ledger has, so that no program works with what it cannot know.

It stands in ``format.json`` beside the tables. A ledger without that file has version 1: programs
wrote none as long as they kept sums of bills and no lines (`D12`).
"""

import json
from pathlib import Path

from apportion.findings import Finding, LedgerError, Place
from apportion.ledger.disk import Store, changing, damaged, sync_path, touching

FORMAT = 2
"""The version that this program writes, and the highest that it reads."""

_FIRST = 1


def format_of(store: Store) -> int:
    """The version of a ledger's format. Raises ``LedgerError`` (``damaged_ledger``)."""
    path = _path(store)
    with touching(path, "read the ledger's format"):
        try:
            said = path.read_bytes()
        except FileNotFoundError:
            return _FIRST
    try:
        version = json.loads(said)["version"]
    except (ValueError, KeyError, TypeError):
        version = None
    if not isinstance(version, int) or version < _FIRST:
        raise damaged("The file that names the ledger's format names none.", path)
    return version


def require_known(store: Store) -> None:
    """Raise ``LedgerError`` (``newer_ledger``) where a newer program wrote the ledger."""
    if (version := format_of(store)) > FORMAT:
        message = (
            f"The ledger has version {version} of its format, and this program knows versions up "
            f"to {FORMAT}: a newer program wrote it. Nothing was read or written."
        )
        remedy = "Install the newer program, or one that came after it."
        raise LedgerError([Finding("newer_ledger", message, Place(str(store.root)), remedy)])


def note_format(store: Store) -> None:
    """Let the ledger say that it has this program's format. The lock has to be held."""
    path = _path(store)
    # What is there already may be newer, but then nobody comes here.
    if path.exists() and format_of(store) == FORMAT:
        return
    with changing(path, "write the ledger's format"):
        beside = path.with_name(f"{path.name}.new")
        beside.write_text(f"{json.dumps({'version': FORMAT})}\n", encoding="utf-8")
        sync_path(beside)
        beside.replace(path)
        sync_path(path.parent)


def _path(store: Store) -> Path:
    return store.root / "format.json"
