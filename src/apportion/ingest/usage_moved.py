"""What an ingest of billable usage did to the ledger's rows, told beside its report."""

from dataclasses import replace

from apportion.findings import Finding, Severity
from apportion.ingest.incoming import IngestReport
from apportion.ledger.record_billing import RecordedBilling
from apportion.ledger.usage_delivery import Amount, Shrunk

_SHOWN = 3


def told(report: IngestReport, recorded: RecordedBilling) -> IngestReport:
    """The report with what went and came, and warnings of what may be meant otherwise."""
    moved = recorded.usage_moved
    if moved is None:
        return report
    notes, findings = list(report.notes), list(report.findings)
    if recorded.ingest_id and moved.gone.rows:
        cost = f" ({moved.cost} in the latest rating)" if moved.cost else ""
        notes.append(f"In place of {moved.gone}{cost}: {moved.came}.")
    if recorded.ingest_id and moved.same.rows:
        notes.append(f"The ledger had these already, and keeps them: {moved.same}.")
    if report.format == "events" and moved.same.rows:
        findings.append(_as_many(moved.same))
    if moved.shrunk:
        findings.append(_shrunk(moved.shrunk))
    if moved.beside.rows:
        findings.append(_beside(moved.beside))
    return replace(report, notes=tuple(notes), findings=tuple(findings))


def _shrunk(shrunk: tuple[Shrunk, ...]) -> Finding:
    told = "; ".join(map(_less, shrunk[:_SHOWN]))
    more = f"; and {len(shrunk) - _SHOWN:,} more" if len(shrunk) > _SHOWN else ""
    return Finding(
        "shrunk_day",
        f"There is less usage than before: {told}{more}.",
        remedy="If the files hold only a part of these days, ingest the whole of them again.",
        severity=Severity.WARNING,
        details={
            "days": [
                {
                    "date": each.day.isoformat(),
                    "account": each.account,
                    "channel": each.channel,
                    "provider": each.provider,
                    "notifications_before": each.sent_before,
                    "notifications": each.sent,
                    "units_before": each.units_before,
                    "units": each.units,
                }
                for each in shrunk
            ]
        },
    )


def _less(each: Shrunk) -> str:
    meter = ", ".join(name for name in (each.account, each.channel, each.provider) if name)
    return (
        f"{each.day}, {meter}: {each.sent:,} notifications with {each.units:,} units in place of "
        f"{each.sent_before:,} with {each.units_before:,}"
    )


def _as_many(same: Amount) -> Finding:
    return Finding(
        "events_as_before",
        f"The ledger has as many events of these days already ({same}), so these are taken for the "
        "same: the ids of events are not kept.",
        remedy="If they are others that came late, ingest all events of these days together, with "
        "--replace.",
        severity=Severity.WARNING,
        details={"rows": same.rows, "units": same.units},
    )


def _beside(beside: Amount) -> Finding:
    stay, count = ("stays", "counts") if beside.rows == 1 else ("stay", "count")
    return Finding(
        "rows_beside",
        f"{beside} {stay} in the ledger and {count} too: of the same days, accounts, channels and "
        "providers, with a multiplier, template or other key that the files do not name.",
        remedy="If the files are all there is of these, ingest them again with --replace.",
        severity=Severity.WARNING,
        details={"rows": beside.rows, "units": beside.units},
    )
