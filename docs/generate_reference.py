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
from apportion.attribution.strategy import SegmentFilter, Strategy
from apportion.cli.app import app
from apportion.findings import CODES
from apportion.ledger.bill_lines import FACTS
from apportion.ledger.schemas import BILLING_TABLES, TABLES
from apportion.model import conditions, read_tables, templates
from apportion.model.billing import (
    Account,
    Allowance,
    Channel,
    DefaultAllowance,
    Organisation,
    OrganisationType,
    Rate,
)
from apportion.model.build import LIST_KINDS
from apportion.model.checks import CHECKS
from apportion.model.fields import Shape
from apportion.model.kinds import edges, exchange_rates, mapping, metrics, nodes, settings
from apportion.model.types import MetricNodeRule, OnZeroUsage, Settings
from apportion.reconcile.invariants import CHECKS as INVARIANTS
from http_paths import http
from markdown_table import table

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
MODEL_NOTE = (
    "`apportion.yaml` holds the settings, the files in `model/` (or in the folder that the setting "
    "`model_folder` names) the lists: every `.yaml` and "
    "`.yml` may hold any of them, `.csv` and `.parquet` hold the one that their name begins "
    "with. What else lies there is left out with a warning. `apportion validate` says what is "
    "wrong, with file, line and remedy."
)
ZERO_NOTE = (
    "On an edge or an override. Without it the [strategy](strategies.md) decides (`A14`). The "
    "fixed part of a share is given in any case."
)
FILTER_NOTE = "A parameter of strategies by usage: `{label: env, operator: in, values: [prod]}`."
RULES_NOTE = (
    "A run makes the costs of bills by the rules of now, from the lines that the ledger keeps. "
    "After a change of rules, or once a node is declared that they lead to, run again; no bill has "
    "to be ingested again."
)
TABLES_NOTE = (
    "Delta tables under `ledger/`. Rows of result tables count only if their `run_id` stands in "
    "`runs`; of `costs` and `usage` the version counts that the last row of `ingests` names. "
    "Which deliveries count, and so which of `bill_lines`, is told by `delivery_parts` and the "
    "order of the changes in `ingests`; `apportion deliveries list` and the views of "
    "`apportion sql` have it worked out."
)
MESSAGES_NOTE = (
    "Every message names its place, a code, what was found and how to mend it. The codes stay the "
    "same from release to release; the sentences may get better."
)


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
    usage = " ".join([path, *map(_argument, arguments)])
    text = inspect.cleandoc(command.help or "")
    return "\n\n".join([f"## {path}", text, f"```text\n{usage}\n```", _options(command)]).strip()


def _argument(argument: Any) -> str:
    """An argument as it is typed: in brackets where it may be left out, with dots if repeated."""
    name = argument.metavar or argument.name.upper()
    name = f"{name} ..." if argument.nargs == -1 else name
    return name if argument.required else f"[{name}]"


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
    for each in (*TABLES, *FACTS, *BILLING_TABLES):
        rows = (
            (f"`{field.name}`", f"`{field.type}`", field.metadata[b"comment"].decode())
            for field in each.schema
        )
        parts += [f"## {each.name}", each.meaning, table(("column", "type", "meaning"), rows)]
    return "\n\n".join(parts)


def formats() -> str:
    """Every format that `apportion ingest` reads, and the columns of each."""
    registered = plugins.registered(plugins.FORMATS)
    rows = (
        (f"[`{name}`](#{name})", str(each.kind), each.summary) for name, each in registered.items()
    )
    parts = ["# Formats", table(("format", "brings", "what it is"), rows)]
    for name, each in registered.items():
        parts += [f"## {name}", _documented(sys.modules[each.read.__module__])]
    return "\n\n".join(parts)


def _documented(module: Any) -> str:
    """A module's docstring as Markdown, each paragraph in one line."""
    paragraphs = inspect.cleandoc(module.__doc__ or "").replace("``", "`").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def model_keys() -> str:
    """Every key of `apportion.yaml` and of the files in `model/`."""
    defaults = Settings()
    rows = (
        (f"`{key}`", f"`{getattr(defaults, key)}`" if getattr(defaults, key) else "-", meaning)
        for key, meaning in settings.SHAPE.meanings.items()
    )
    parts = ["# Model keys", MODEL_NOTE, "## settings"]
    parts.append("In `apportion.yaml`, at the top level or under `settings`.")
    parts.append(table(("key", "default", "meaning"), rows))
    for name, kind in LIST_KINDS.items():
        parts += [f"## {name}", _documented(KEYS_OF[name]), _keys(kind.shape)]
        parts += [f"Also as tables, `{name}*.csv` or `{name}*.parquet`."] if kind.in_tables else []
        parts += _more(name)
    tables_note = "## Tables", _documented(read_tables)
    return "\n\n".join([*parts, *tables_note])


KEYS_OF: Mapping[str, Any] = {
    "nodes": nodes,
    "edges": edges,
    "exchange_rates": exchange_rates,
    "mapping": mapping,
    "metrics": metrics,
    "metric_nodes": MetricNodeRule,
    "organisation_types": OrganisationType,
    "organisations": Organisation,
    "accounts": Account,
    "channels": Channel,
    "rates": Rate,
    "default_allowances": DefaultAllowance,
    "allowances": Allowance,
}


def _keys(shape: Shape) -> str:
    rows = (
        (f"`{key}`", f"`{shape.required[key]}`" if key in shape.required else "-", meaning)
        for key, meaning in shape.meanings.items()
    )
    return table(("key", "required, for example", "meaning"), rows)


def _more(name: str) -> list[str]:
    """What stands inside some keys of a list."""
    if name == "edges":
        override = ((f"`{key}`", meaning) for key, meaning in edges.OVERRIDE_MEANINGS.items())
        policies = ((f"`{each.value}`", each.meaning) for each in OnZeroUsage)
        return [
            *("### overrides", table(("key", "meaning"), override)),
            *("### on_zero_usage", ZERO_NOTE, table(("value", "meaning"), policies)),
            *("### segment_filter", FILTER_NOTE, _documented(SegmentFilter)),
        ]
    if name == "mapping":
        return [
            RULES_NOTE,
            *("### when", _documented(conditions)),
            *("### templates", _documented(templates)),
        ]
    return []


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
    "model.md": model_keys,
    "formats.md": formats,
    "commands.md": commands,
    "http.md": http,
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
