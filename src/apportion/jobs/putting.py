"""Putting a model in a child process: a large one takes long to read and to judge."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from apportion.findings import Finding, ModelError, Place, only_errors
from apportion.jobs.outcomes import MOST_FINDINGS, Outcome
from apportion.jobs.processes import Allowed, Children
from apportion.model.read_yaml import read_yaml
from apportion.report.findings_data import as_data

BODY = "<body>"
_FILE = "model"
_LONGEST_KEY = 60


def put_model(
    children: Children,
    folder: Path,
    private: Path,
    sent: bytes,
    allowed: Allowed,
    *,
    is_json: bool,
    expected_digest: str,
) -> Outcome:
    """Judge a model and let it count from now on. ``sent`` is JSON or YAML.

    ``done`` has the fields of ``PutModel``. Raises ``JobError`` (``stopped_work``), ``OSError``.
    """
    (private / _FILE).write_bytes(sent)
    request = {
        "work": "put",
        "about": BODY,
        "folder": str(folder.resolve()),
        "scratch": str(private.resolve()),
        "is_json": is_json,
        "expected_digest": expected_digest,
    }
    return children.do(request, allowed, Place(BODY))


def work(request: Mapping[str, Any], _tell: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """What the child does. Raises what ``Workspace.put_model`` raises."""
    from apportion.workspace import Workspace

    data = (Path(request["scratch"]) / _FILE).read_bytes()
    document = _from_json(data) if request["is_json"] else _from_yaml(data)
    workspace = Workspace(Path(request["folder"]))
    put = workspace.put_model(document, expected_digest=request["expected_digest"])
    return {
        "folder": put.folder,
        "version": put.version,
        "digest": put.digest,
        "written": put.written,
        "warnings": as_data(put.warnings[:MOST_FINDINGS]),
    }


class RepeatedKeyError(ValueError):
    """A key is given twice in one object of a JSON text."""

    def __init__(self, key: str) -> None:
        """Keep what is wrong."""
        shown = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}..."
        message = f"The key {shown!r} is given twice in one object."
        super().__init__(message)
        self.finding = Finding("duplicate_key", message, Place(BODY), "Keep one of the two.")


def with_keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a JSON text, for ``json.loads``. Raises ``RepeatedKeyError``."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RepeatedKeyError(key)
        found[key] = value
    return found


def _from_yaml(data: bytes) -> Any:
    findings: list[Finding] = []
    document = read_yaml(BODY, data, findings)
    if only_errors(findings):
        raise ModelError(findings)
    return document


def _from_json(data: bytes) -> Any:
    """JSON that is YAML too, as nearly all is, is read as that, because YAML knows places."""
    findings: list[Finding] = []
    try:
        document = json.loads(
            data,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=with_keys_once,
        )
    except RepeatedKeyError as error:
        raise ModelError([error.finding]) from error
    except json.JSONDecodeError as error:
        where = Place(BODY, error.lineno, error.colno)
        raise ModelError([_unreadable(f"Not JSON: {error.msg}.", where)]) from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ModelError([_unreadable(f"Not JSON: {reason}.", Place(BODY))]) from error
    placed = read_yaml(BODY, data, findings)
    return document if findings else placed


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _unreadable(message: str, where: Place) -> Finding:
    return Finding("unreadable_file", message, where, "Send one object, in UTF-8.")
