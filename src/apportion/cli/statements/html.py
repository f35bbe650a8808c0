"""A statement as a page that stands alone: no script, no font, no picture from elsewhere."""

from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from apportion.cli.statements import words
from apportion.cli.views.usage import rate_text
from apportion.findings import visible
from apportion.report.usage_statement import Issued, StatementAllowance, UsageStatement

TEMPLATE = "statement.html.jinja"
_THOUSAND = 1000


def page(statement: UsageStatement, issued: Issued) -> str:
    """The page. Whatever stands in names is shown as text, never taken for markup."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"count": "{:,}".format, "rate": rate_text, "text": visible}
    source = files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(source).render(
        statement=statement,
        company=issued.company,
        facts=words.facts(statement),
        period=words.period(statement),
        how=words.HOW,
        nothing=words.NOTHING,
        rows=[_line(statement, place) for place in range(len(statement.lines))],
        allowances=[_allowance(statement, each) for each in statement.allowances],
        counts=words.counts(statement),
        rating=issued.rating,
        rated=words.day(issued.at.date()),
    )


def _line(statement: UsageStatement, place: int) -> dict[str, Any]:
    """A line, and whether it begins a month."""
    line = statement.lines[place]
    begins = place == 0 or statement.lines[place - 1].month != line.month
    return {"line": line, "begins": begins, "month": f"{line.month} {line.first.year}"}


def _allowance(statement: UsageStatement, each: StatementAllowance) -> dict[str, Any]:
    """An allowance, and its bar in thousandths of the whole."""
    whole = each.units or 1
    before = each.used_before * _THOUSAND // whole
    return {
        "it": each,
        "origin": words.origin(statement, each),
        "before": before,
        "now": (each.used_before + each.used) * _THOUSAND // whole - before,
    }
