"""The lines behind a node's direct cost, for people."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from apportion.cli.output import heading, put, say
from apportion.cli.tables import Head, table
from apportion.cli.words import several
from apportion.model import Model
from apportion.report.figures import Figures
from apportion.report.node_lines import LINE, LinesProof, NodeLines, exact_text

_SCALE = LINE.field("cost").type.scale
_TEXTS: Mapping[str, Sequence[str]] = {
    "Service": ("ServiceName", "ServiceCategory"),
    "Kind of cost": ("dimension",),
    "SKU or resource": ("ResourceName", "ResourceId", "SkuId", "ChargeDescription"),
    "Sub-account": ("SubAccountName", "SubAccountId"),
    "Charge": ("ChargeCategory",),
    "File": ("file",),
    "Line": ("line",),
}
"""Titles, and the columns of which the first that a line has something in is shown."""


def show(found: NodeLines, model: Model) -> None:
    """A table a currency, whose lines sum to the cost under it, and the proof that it is all."""
    names = {node.id: node.name or node.id for node in model.nodes}
    name = names.get(found.node, found.node)
    days = f", {found.start or '...'} to {found.end or '...'}" if found.start or found.end else ""
    heading(f"{model.settings.name}{days}, lines behind the direct cost of {name}")
    say()
    if not found.proofs:
        say(f"{name} has no direct cost{' in these days' if days else ''}.")
        return
    rows = found.table.to_pylist()
    for proof in found.proofs:
        mine = [row for row in rows if row["currency"] == proof.currency]
        if mine:
            _put_lines(mine, proof)
        _say_proof(proof)
    hidden = found.total_rows - len(rows)
    if hidden:
        say(
            f"{len(rows):,} of {several(found.total_rows, 'line')} "
            f"{'is' if len(rows) == 1 else 'are'} shown, the largest; --top 0 shows all, --csv and "
            "--json give them to other programs with all their columns."
        )


def _put_lines(rows: Sequence[Mapping[str, Any]], proof: LinesProof) -> None:
    figures = Figures(proof.currency, _SCALE)
    within = [row["cost_within"] for row in rows]
    hidden = proof.lines - len(rows)
    shown = figures.rounded([*within, *([proof.others] if hidden else [])])
    said = {title: [_first(row, names) for row in rows] for title, names in _TEXTS.items()}
    if any(said["Service"]):
        del said["Kind of cost"]
    texts = {title: each for title, each in said.items() if any(each)}
    # Only a line that reaches beyond these days has cost elsewhere.
    is_cut = within != [row["cost"] for row in rows]
    whole = [figures.texts([row["cost"]])[0] for row in rows] if is_cut else []
    cells: list[Sequence[str]] = [
        [row["day"].isoformat() for row in rows],
        *([whole] if is_cut else []),
        [figures.text(each) for each in shown[: len(rows)]],
        *texts.values(),
    ]
    body = [list(row) for row in zip(*cells, strict=True)]
    before, after = [""] * is_cut, [""] * len(texts)
    if hidden:
        body.append([f"{hidden:,} more", *before, figures.text(shown[-1]), *after])
    heads = [
        Head("Day", whole=True),
        *([Head(f"Whole, {proof.currency}", number=True)] if is_cut else []),
        Head(f"Cost, {proof.currency}", number=True),
        *(Head(title, number=title == "Line") for title in texts),
    ]
    put(table(heads, body, ["Total", *before, figures.text(sum(shown)), *after]))


def _first(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    return next((str(row[name]) for name in columns if row.get(name) not in (None, "")), "")


def _say_proof(proof: LinesProof) -> None:
    """Both sums, their difference, and how much of it rounding explains."""
    lines, direct = exact_text(proof.lines_cost), exact_text(proof.direct_cost)
    difference = exact_text(abs(proof.difference))
    rounding = (
        f", no more than the {several(proof.roundings, 'rounding')} of these bills can make "
        f"({exact_text(proof.allowed)})"
    )
    explained = rounding if proof.difference and proof.holds else ""
    say(
        f"{several(proof.lines, 'line')} {'sums' if proof.lines == 1 else 'sum'} to {lines} "
        f"{proof.currency}; the direct cost in the ledger is {direct}. The difference is "
        f"{difference}{explained}."
    )
    if proof.not_kept != Decimal(0):
        say(
            f"Beside it stands {exact_text(proof.not_kept)} {proof.currency} of which no lines "
            "were kept."
        )
