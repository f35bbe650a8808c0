"""Accounts of a bill that are not what they were before a spreadsheet took them for numbers.

An account is a part of the name of a bill, and mapping rules test it, so that one which lost digits
is another.
"""

from collections.abc import Mapping, Sequence

from duckdb import DuckDBPyConnection, DuckDBPyRelation

from apportion.findings import Finding, Place, Severity
from apportion.ingest.careful import first_line
from apportion.ingest.decimals import shown
from apportion.ingest.incoming import Context
from apportion.ingest.inspected import Column, SafeFile
from apportion.ingest.words import count_of, readable

_ACCOUNTS = ("BillingAccountId", "SubAccountId")
_SCIENTIFIC = "regexp_full_match(trim({}), '[0-9]([.][0-9]+)?[eE][+]?[0-9]+')"
_SHORT = "regexp_full_match(trim({}), '[0-9]{{8,11}}')"
"""AWS numbers its accounts with 12 digits, of which up to four zeros are taken for lost."""
_QUOTED = "regexp_full_match(trim({}), '=\"[^\"]*\"|''[0-9]+')"
_SPOILT = {
    "short": "it was taken for a number, and zeros before it are lost",
    "scientific": "it was taken for a number, and digits of it are lost",
    "quoted": "it is written for a spreadsheet, as text",
}


def account_findings(
    connection: DuckDBPyConnection,
    files: Sequence[SafeFile],
    groups: DuckDBPyRelation,
    names: Mapping[str, str],
    context: Context,
) -> list[Finding]:
    """A warning for each account that a spreadsheet or a type of numbers has shortened."""
    is_aws = " or ".join(
        f"contains(lower(coalesce({names[name]}, '')), '{word}')"
        for name in ("ProviderName", "ServiceProviderName", "InvoiceIssuerName")
        for word in ("aws", "amazon")
        if name in names
    )
    findings: list[Finding] = []
    for name in _ACCOUNTS:
        if name not in names:
            continue
        account = names[name]
        kind = (
            f"case when {_SCIENTIFIC.format(account)} then 'scientific' "
            f"when {_QUOTED.format(account)} then 'quoted' "
            f"when {_SHORT.format(account)} and ({is_aws or 'false'}) then 'short' end"
        )
        rows = (
            groups.select(f"file, {account} as account, currency, amount, lines, {kind} as kind")
            .filter("kind is not null")
            .aggregate(
                "file, account, currency, sum(amount), cast(sum(lines) as bigint), kind",
                "file, account, currency, kind",
            )
            .order("file, account, currency")
            .limit(_MOST_ACCOUNTS)
            .fetchall()
        )
        for place, value, currency, amount, lines, told in rows:
            column = _column(files[place], name)
            line = first_line(connection, files[place], column, value, context.limits.line)
            message = (
                f"{column.name} is {value!r} on {count_of(lines, 'line')} with "
                f"{readable(shown(amount))} {currency}, the first of them here; {_SPOILT[told]}."
            )
            where = Place(files[place].name, line, column.position + 1)
            remedy = (
                "Export the account as text; till then mapping rules and earlier bills have "
                "another."
            )
            findings.append(Finding("wrong_type", message, where, remedy, Severity.WARNING))
    return findings


_MOST_ACCOUNTS = 10


def _column(file: SafeFile, name: str) -> Column:
    column = file.find(name)
    assert column is not None
    return column
