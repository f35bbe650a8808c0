"""Write the reference pages from the code they describe.

``make docs`` writes them; ``--check`` fails where a page is out of date.
"""

import doctest
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import typer

from apportion import plugins
from apportion.attribution.strategy import Strategy
from apportion.cli.app import app
from apportion.findings import CODES
from apportion.ledger.schemas import BILLING_TABLES, TABLES
from apportion.model.checks import CHECKS
from apportion.reconcile.invariants import CHECKS as INVARIANTS

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate_reference.py; edit the code it describes instead. -->\n"


STRATEGIES_NOTE = (
    "N is the number of siblings, u a receiver's usage of the metric that day, sum(u) that of all "
    "siblings (`A9`, `A12`). `apportion strategies NAME` prints the same."
)
COMMANDS_NOTE = (
    "Options of the program stand before the command, options of a command after it. The exit "
    "status is 0 when done, 1 when the input or the numbers are wrong, 2 when the command is. "
    "Data goes to the standard output, messages go to the standard error."
)
TABLES_NOTE = (
    "Delta tables under `ledger/`. Rows of result tables count only if their `run_id` stands in "
    "`runs`; of `costs` and `usage` the version counts that the last row of `ingests` names."
)
MESSAGES_NOTE = (
    "Every message names its place, a code, what was found and how to mend it. The codes stay the "
    "same from release to release; the sentences may get better."
)


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [list(header), ["---"] * len(list(header)), *map(list, rows)]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def strategies() -> str:
    """Every registered strategy: what it does, its formula, parameters and a worked example."""
    registered: Mapping[str, Strategy] = plugins.registered(plugins.STRATEGIES)
    overview = table(
        ("strategy", "share", "without any usage"),
        (
            (f"[`{name}`](#{name})", f"`{each.formula}`", _without_usage(each))
            for name, each in registered.items()
        ),
    )
    return "\n\n".join(
        [
            "# Strategies",
            STRATEGIES_NOTE,
            overview,
            *(_strategy(each) for each in registered.values()),
        ]
    )


def _without_usage(strategy: Strategy) -> str:
    reads = "metric" in strategy.parameters.model_fields
    return str(strategy.on_zero_usage) if reads else "-"


def _strategy(strategy: Strategy) -> str:
    fields = strategy.parameters.model_fields
    parts = [f"## {strategy.name}", strategy.summary, f"Share: `{strategy.formula}`"]
    if fields:
        described = strategy.parameters.model_json_schema()["properties"]
        rows = [(f"`{name}`", _type(described[name]), _default(fields[name])) for name in fields]
        parts.append(table(("parameter", "values", "default"), rows))
    parts.append("Worked example, as the program computes it:")
    parts.append(f"```python\n{_example(strategy)}\n```")
    return "\n\n".join(parts)


def _type(schema: Mapping[str, Any]) -> str:
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    number = next((option for option in options if option.get("type") in ("number", "integer")), {})
    if number:
        low = number.get("minimum", number.get("exclusiveMinimum", ""))
        high = number.get("maximum", number.get("exclusiveMaximum", ""))
        opening = "above" if "exclusiveMinimum" in number else "from"
        kind = "whole number" if number["type"] == "integer" else "decimal"
        return f"{kind} {opening} {low} to {high}"
    if any("$ref" in option for option in options):
        return "`{label, operator, values}` (`A13`)"
    return "text"


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    return "-" if field.default is None else f"`{field.default}`"


def _example(strategy: Strategy) -> str:
    module = importlib.import_module(strategy.weights.__module__)
    examples = doctest.DocTestParser().get_examples(module.__doc__ or "")
    return "\n".join(f">>> {each.source}{each.want}".rstrip() for each in examples)


def findings() -> str:
    """Every code that a message may carry."""
    rows = ((f"`{code}`", meaning) for code, meaning in CODES.items())
    return "\n\n".join(
        [
            "# Messages",
            MESSAGES_NOTE,
            table(("code", "meaning"), rows),
        ]
    )


def commands() -> str:
    """Every command with its arguments and options."""
    root = typer.main.get_command(app)
    parts = ["# Commands", COMMANDS_NOTE, _options(root)]
    parts += [_command(path, command) for path, command in _walk("apportion", root)]
    return "\n\n".join(parts)


def _walk(path: str, group: Any) -> Iterable[tuple[str, Any]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from _walk(f"{path} {name}", command)
        else:
            yield f"{path} {name}", command


def _command(path: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    usage = " ".join([path, *(each.metavar or each.name.upper() for each in arguments)])
    text = inspect.cleandoc(command.help or "")
    return "\n\n".join([f"## {path}", text, f"```text\n{usage}\n```", _options(command)]).strip()


def _options(command: Any) -> str:
    options = [
        each
        for each in command.params
        if each.param_type_name == "option" and "--help" not in each.opts
    ]
    rows = ((f"`{', '.join(each.opts)}`", each.help or "") for each in options)
    return table(("option", "meaning"), rows) if options else ""


def tables() -> str:
    """Every table of the ledger, column by column."""
    parts = ["# Tables", TABLES_NOTE]
    for each in (*TABLES, *BILLING_TABLES):
        rows = (
            (f"`{field.name}`", f"`{field.type}`", field.metadata[b"comment"].decode())
            for field in each.schema
        )
        parts += [f"## {each.name}", each.meaning, table(("column", "type", "meaning"), rows)]
    return "\n\n".join(parts)


def formats() -> str:
    """Every format that `apportion ingest` reads."""
    registered = plugins.registered(plugins.FORMATS)
    rows = ((f"`{name}`", str(each.kind), each.summary) for name, each in registered.items())
    return "\n\n".join(["# Formats", table(("format", "brings", "what it is"), rows)])


def checks() -> str:
    """Every check of a model and every invariant of a result, in the order in which they run."""
    parts = ["# Checks", "## Of a model, by `apportion validate`"]
    parts += [f"**{each.NAME}**. {_first_paragraph(each)}" for each in CHECKS]
    parts.append("## Of a result, by every run and by `apportion reconcile`")
    parts += [f"**{each.__name__}**. {_first_paragraph(each)}" for each in INVARIANTS]
    return "\n\n".join(parts)


def _first_paragraph(thing: Any) -> str:
    return " ".join(inspect.cleandoc(thing.__doc__ or "").split("\n\n")[0].split())


PAGES: Mapping[str, Callable[[], str]] = {
    "strategies.md": strategies,
    "formats.md": formats,
    "commands.md": commands,
    "tables.md": tables,
    "checks.md": checks,
    "messages.md": findings,
}


def pages() -> dict[str, str]:
    """Every page by its file name."""
    rendered = {name: NOTE + render() + "\n" for name, render in PAGES.items()}
    rows = ((f"[{name}]({name})", (render.__doc__ or "").strip()) for name, render in PAGES.items())
    listing = "# Reference\n\n" + table(("page", "what"), rows)
    return {"README.md": NOTE + listing + "\n", **rendered}


def main() -> int:
    """Write the pages, or say which are out of date."""
    outdated = [
        name
        for name, text in pages().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv:
        for name in outdated:
            sys.stderr.write(f"docs/reference/{name} is out of date: run make docs\n")
        return 1 if outdated else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
