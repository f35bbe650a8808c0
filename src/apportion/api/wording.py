"""Remedies in the words of HTTP: what the command line calls an option has another name here.

Findings are made where nobody knows who will read them, and name what is to be typed. Whoever asks
over HTTP is told the route and its parameters instead, by one table.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from apportion.findings import Finding
from apportion.jobs.outcomes import MOST_FINDINGS
from apportion.report.findings_data import as_data

_API = "/api/v1"
ROUTES: Mapping[str, str] = {
    "run": f"POST {_API}/runs",
    "rate": f"POST {_API}/ratings",
    "reconcile": f"GET {_API}/warnings",
    "runs list": f"GET {_API}/runs",
    "deliveries list": f"GET {_API}/deliveries",
    "deliveries withdraw": f"POST {_API}/deliveries/{{delivery_id}}/withdrawal",
    "show nodes": f"GET {_API}/nodes",
    "allowance set": f"POST {_API}/allowances",
}
"""The route that does what a command does, or shows what it shows."""

PARAMETERS: Mapping[str, str] = {
    "--from": "start_date",
    "--to": "end_date",
    "--currency": "currency",
    "--dimension": "dimensions",
    "--node": "nodes",
    "--run": "run",
    "--source": "source",
    "--replace": "replace",
    "--cost-column": "cost_column",
}

_NOT_HERE: Mapping[str, str] = {
    ", or take the others with --reject-file": "",
    ", and with --reject-file PATH for the late ones": " and the late ones out of the files",
    ", or run without --strict": "",
    "Move it over with: apportion upgrade.": (
        "Whoever keeps the server moves it over, with the command upgrade."
    ),
    "--reject-file PATH takes the good lines and writes the bad ones to PATH.": (
        "Mend the lines, or leave them out of the file."
    ),
}
"""What the command line alone can do, and what is said instead."""

_COMMAND = re.compile(rf": apportion ({'|'.join(ROUTES)})((?: [^ ]+)*)$")
_SET = re.compile(r"with --replace\b|--cost-column (?=\w)")
_MODE = re.compile(r"(?<![\w-])--(replace|append)\b")
_OPTION = re.compile(rf"(?<![\w-])({'|'.join(PARAMETERS)})(?![\w-])")


def over_http(remedy: str) -> str:
    """A remedy for who asks over HTTP.

    >>> over_http("Cover them with: apportion run --from 2024-01-01 --to 2024-01-31")
    'Cover them with: POST /api/v1/runs, start_date 2024-01-01, end_date 2024-01-31'
    >>> over_http("If the files are all there is, say so with --replace.")
    'If the files are all there is, say so with replace=true.'
    >>> over_http("If they are all there is, say so with --replace; if they add, with --append.")
    'If they are all there is, say so with mode=replace; if they add, with mode=append.'
    """
    if "--append" in remedy:
        # Where both are answers, they are the two values of one parameter.
        remedy = _MODE.sub(r"mode=\1", remedy)
    for typed, said in _NOT_HERE.items():
        remedy = remedy.replace(typed, said)
    remedy = _COMMAND.sub(_asked, remedy)
    remedy = _SET.sub(lambda found: _SAID_SET[found[0]], remedy)
    return _OPTION.sub(lambda found: PARAMETERS[found[0]], remedy)


_SAID_SET = {"with --replace": "with replace=true", "--cost-column ": "cost_column="}


def _asked(found: re.Match[str]) -> str:
    try:
        words = shlex.split(found[2])
    except ValueError:
        return found[0]
    pairs = zip(words[::2], words[1::2], strict=False)
    said = [f"{PARAMETERS.get(option, option)} {value}" for option, value in pairs]
    return f": {', '.join([ROUTES[found[1]], *said])}"


def reworded(data: Any) -> Any:
    """Data that holds findings somewhere, with their remedies for who asks over HTTP."""
    if isinstance(data, Mapping):
        return {
            name: over_http(value)
            if name == "remedy" and isinstance(value, str)
            else reworded(value)
            for name, value in data.items()
        }
    return [reworded(each) for each in data] if isinstance(data, (list, tuple)) else data


def told(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The first findings as an answer has them; with millions nobody could do anything."""
    found: list[dict[str, Any]] = reworded(as_data(findings[:MOST_FINDINGS]))
    return found
