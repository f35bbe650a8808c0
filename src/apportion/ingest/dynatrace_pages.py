"""Whether answers are all of what was asked for: the signs that pages give of themselves.

An answer of many series comes in pages. Each but the last has a ``nextPageKey``, all say how many
entities the whole has (``totalCount``), and what was left out stands under ``warnings``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apportion.findings import Finding, Place, Severity
from apportion.ingest.words import count_of

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Page:
    """What one page says of itself. ``series`` it has, ``total`` the whole answer should have."""

    metrics: tuple[str, ...]
    series: int
    total: int | None
    has_next: bool
    warnings: tuple[str, ...]


def page_of(page: Mapping[str, Any], metrics: Sequence[Any]) -> Page:
    """Read the signs of a page, whose metrics are known to be objects with an id."""
    said = [page, *metrics]
    warnings = [text for each in said for text in _texts(each.get("warnings"))]
    warnings += [text for each in metrics for text in _texts(each.get("error"))]
    total = str(page.get("totalCount", ""))
    return Page(
        tuple(sorted({metric["metricId"] for metric in metrics})),
        sum(len(metric["data"]) for metric in metrics),
        int(total) if total.isdecimal() and len(total) < 10 else None,
        bool(page.get("nextPageKey")),
        tuple(warnings),
    )


def _texts(given: Any) -> Iterable[str]:
    listed = given if isinstance(given, list) else [given] if given else []
    return (str(each)[:300] for each in listed)


def page_findings(pages: Sequence[tuple[str, Page]]) -> list[Finding]:
    """Warnings about answers that are not whole, and what Dynatrace itself warned of.

    Each page comes with its file's name. Pages of one answer ask for the same metrics and agree on
    how many entities there are; they may be in files of their own.
    """
    findings: list[Finding] = []
    answers: dict[tuple[tuple[str, ...], int | None], list[tuple[str, Page]]] = {}
    for name, page in pages:
        answers.setdefault((page.metrics, page.total), []).append((name, page))
        findings += [
            Finding(
                "incomplete_answer",
                f"Dynatrace warns: {text.rstrip('.')}.",
                Place(name),
                "Ask for less at a time, so that nothing is left out, and ingest the answers.",
                Severity.WARNING,
            )
            for text in page.warnings
        ]
    findings += [
        finding
        for (_, total), same in answers.items()
        for finding in _missing(total, [name for name, _ in same], [page for _, page in same])
    ]
    return findings[:_SHOWN]


def _missing(total: int | None, names: Sequence[str], pages: Sequence[Page]) -> list[Finding]:
    series = sum(page.series for page in pages)
    cut = all(page.has_next for page in pages)
    short = total is not None and series < total
    if not short and not cut:
        return []
    says = f"{count_of(series, 'series')} of {total:,}" if short else count_of(series, "series")
    more = "; the last page here has a nextPageKey" if cut else ""
    last = names[next((place for place, page in enumerate(pages) if page.has_next), -1)]
    return [
        Finding(
            "incomplete_answer",
            f"The answer is not whole: it holds {says}{more}. What is missing counts as no usage, "
            "so others take its share.",
            Place(last),
            "Ask for the page that nextPageKey names, until there is none, and ingest all pages "
            "in one command."
            if cut or any(page.has_next for page in pages)
            else "Ask again for all entities, and ingest the whole answer.",
            Severity.WARNING,
            {"series": series, "total": total},
        )
    ]
