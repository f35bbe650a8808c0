"""A statement as a page that stands alone: no script, no font, no picture from elsewhere."""

import base64
import re
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from apportion.findings import visible
from apportion.report.figures import rate_text
from apportion.report.statements import words
from apportion.report.usage_statement import Issued, StatementAllowance, UsageStatement

TEMPLATE = "statement.html.jinja"
_THOUSAND = 1000
_STYLES = re.compile(r'<style>(.*?)</style>|style="([^"]*)"', re.DOTALL)


def page(statement: UsageStatement, issued: Issued) -> str:
    """The page. Whatever stands in names is shown as text, never taken for markup."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"count": "{:,}".format, "rate": rate_text, "text": visible}
    return environment.from_string(_template()).render(
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


def content_security_policy() -> str:
    """What a browser may do with the page: nothing but show it, with its own styles alone.

    The styles are named by their hashes, so that none that a name brought in would count.
    """
    styles = ("".join(found.groups("")) for found in _STYLES.finditer(_template()))
    hashes = (base64.b64encode(sha256(style.encode()).digest()).decode() for style in styles)
    sources = " ".join(f"'sha256-{each}'" for each in dict.fromkeys(hashes))
    return (
        f"default-src 'none'; style-src 'unsafe-hashes' {sources}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


def _template() -> str:
    return files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")


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
