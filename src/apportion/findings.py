"""What can be wrong, said in one shape: a code, a sentence, a place, a remedy.

A pass that checks something returns findings, all of them and not the first. Only the edge of
the program turns them into an exception or into text. The table ``CODES`` names every code that
may ever appear, so that the reference page and the tests are made from it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Severity(StrEnum):
    """An error stops what was asked for; a warning is reported and counted."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something was written. Lines and columns count from 1; 0 is not known.

    ``file`` is as the user named it, or ``<memory>`` for tables and dictionaries.
    """

    file: str = "<memory>"
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Give ``file``, ``file:line`` or ``file:line:column``, which editors understand."""
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


MEMORY = Place()

QUESTION = Place("<question>")
"""What is asked for in a call or command, rather than what stands in a file."""


SETTINGS_FILE = "apportion.yaml"
"""What makes a folder a workspace: the file of its settings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful.

    ``message`` says what was found and what was expected, ``remedy`` how to mend it, ``details``
    the same facts for programs (node, date, dimension, cycle...). ``also`` are the other places
    of what has several, as a circle has one for each of its edges.
    """

    code: str
    message: str
    where: Place = MEMORY
    remedy: str = ""
    severity: Severity = Severity.ERROR
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    also: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        """A code that the table does not explain would be a message nobody can look up."""
        if self.code not in CODES:
            raise ValueError(f"no code {self.code!r} in apportion.findings.CODES")

    def __str__(self) -> str:
        """Give the finding as one paragraph, with control characters made visible."""
        remedy = f" {self.remedy}" if self.remedy else ""
        text = f"{self.where}: {self.severity} [{self.code}] {self.message}{remedy}"
        return visible(text)


CODES: Mapping[str, str] = MappingProxyType(
    {
        # The model
        "unreadable_file": "A file cannot be read as what it claims to be.",
        "unsafe_file": "A file is refused because reading it could exhaust the machine.",
        "unknown_key": "A model file holds a key that means nothing here.",
        "missing_key": "A required key or column is absent.",
        "wrong_type": "A value is of another type than its key or column calls for.",
        "duplicate_key": "The same id, key or row is given twice.",
        "unknown_node": "A node is named that the model does not declare.",
        "unknown_type": "A node's type is none of resource, shared, platform, product.",
        "self_loop": "An edge leads from a node to itself.",
        "cycle": "Cost would flow in a circle on some day.",
        "overlapping_edges": "Two edges of the same pair are active on the same day.",
        "inverted_edge": "Cost would flow from a product to infrastructure.",
        "inverted_window": "A window ends before it begins.",
        "unknown_strategy": "A strategy is named that is not registered.",
        "missing_parameter": "A strategy lacks a parameter it needs.",
        "unknown_parameter": "A strategy is given a parameter it does not have.",
        "parameter_out_of_range": "A parameter's value is not one the strategy can use.",
        "percent_looks_like_fraction": "A percent between 0 and 1: half a percent, or a half?",
        "conflicting_rest": "Several sibling edges claim what the others leave.",
        "shares_exceed_one": "The shares of one source sum to more than the whole.",
        "unpaid_product": "No infrastructure cost can reach a product.",
        "dead_end": "An infrastructure node has no way to any product.",
        "coarse_scale": "So few decimals are kept that rounding over levels may be seen.",
        "overlapping_rates": "Two rates of one pair of currencies, or of one channel, begin on "
        "the same day.",
        "unknown_channel": "A channel is named that the model does not declare.",
        "unknown_account": "An account is named that the model does not declare.",
        "unknown_organisation": "An organisation is named that the model does not declare.",
        "unknown_organisation_type": "An organisation type is not declared, or has no default.",
        "unused_rate": "A channel that is not billed has a rate.",
        "setting_differs": "A model put from outside has a setting that the workspace has not.",
        "not_replaceable": "The workspace is kept so that no model can be put from outside.",
        "model_changed": "The model is no longer the one that a change was made from.",
        # Tables and files that come in
        "invalid_value": "A cell cannot be read as what its column calls for.",
        "unknown_currency": "A currency is not an ISO 4217 code.",
        "unknown_format": "No registered format can read the file.",
        "unsupported_file": "The file is of a kind that the format does not read.",
        "rejected_lines": "Lines of a file were not accepted.",
        "total_mismatch": "What the ledger would hold is not what the file holds.",
        "unmapped_cost": "No mapping rule took these lines; they are kept as unmapped.",
        "empty_cost": "The cost of a bill that was chosen is blank where another has amounts.",
        "commitment_twice": "A commitment's purchase counts beside the usage that it pays for.",
        "allocated_beside_origin": "Parts of a charge count beside what they were split from.",
        "incomplete_answer": "A file is a part of an answer only, or who gave it warns of it.",
        "overlapping_selectors": "Two selectors of a metric give usage of one node on one day.",
        "rounded_amounts": "Amounts have more decimals than the workspace keeps.",
        "rounded_usage": "Usage values have more decimals than are kept.",
        "mixed_units": "Usage of one metric is in several units, or in none beside one.",
        "overlapping_source": "Another source already gives rows with the same keys.",
        "counted_twice": "The very same rows count under two sources.",
        "repeated_lines": "The same lines of a bill came in two files, or under two sources.",
        "manifest_differs": "What a manifest lists is not what lies with it.",
        "negative_usage": "Negative usage was taken as nothing.",
        "unknown_status": "An event's status or key type is none that the settings name.",
        "reused_id": "Two events that are not the same carry one id.",
        "shrunk_day": "A day has less usage of an account, channel and provider than before.",
        "unsaid_replacement": "A delivery would take away what it does not mention, mix two cuts "
        "of the same days, or count a day's events anew, and nobody said that it should.",
        "events_as_before": "As many events came as were counted before, taken for the same.",
        "rows_beside": "Usage that a delivery does not mention stays beside what it brings.",
        "shrunk_total": "Rows were replaced by rows that sum to less.",
        "vanished_days": "Days that had rows in the ledger have none any more.",
        # A run
        "missing_usage": "An edge's metric has no usage row at all in the period.",
        "zero_usage": "All siblings have zero usage on some day.",
        "missing_exchange_rate": "No exchange rate is valid for a currency on a date.",
        "amount_overflow": "An amount, at the workspace's scale, or a sum of units does not fit "
        "in 64 bits.",
        "dimension_left_out": "A dimension that has cost was left out on request.",
        "no_cost": "There is no cost in the period.",
        "months_without_cost": "Whole months of the period hold no cost while others do.",
        "days_without_bill": "A source has no cost on days between days on which it has some.",
        "receiver_without_usage": "A receiver has no usage row while its siblings have some.",
        "strict_refusal": "A strict run would have had to assume something; nothing is published.",
        "unseen_name": "The model names a metric or a label that the ledger has no row of.",
        "ignored_files": "Model files lie in a folder that does not count.",
        "invariant_violation": "A result does not add up; nothing is published.",
        "check_saw_no_rows": "A check had nothing to look at, so it proves nothing.",
        # Rating
        "missing_rate": "No rate is valid for a billed channel on a date.",
        "account_not_rated": "An account could not be rated, so there is no figure of it.",
        "ended_account": "An account has usage after its last day; it is charged.",
        "missing_allowance": "No allowance is declared for an account's year; nothing is free.",
        "overruled_setting": "A setting of the files decides nothing any more.",
        "replaced_rows": "Rows with the same key were given; the last of each counts.",
        # The ledger and the workspace
        "not_a_workspace": "The folder holds no apportion.yaml.",
        "not_empty": "A folder that should be new already holds files.",
        "unknown_run": "No run has that id.",
        "older_ledger": "The ledger was written by an older program and has to be moved over.",
        "newer_ledger": "The ledger was written by a newer program, whose format is not known.",
        "unknown_delivery": "No delivery has that id.",
        "bills_nobody": "The model declares no accounts, so nothing is rated.",
        "missing_bill": "A source that was billed the month before has no bill of the next one.",
        "invoice_differs": "An invoice is not what its issuer says it is.",
        "no_run": "No completed run covers the period.",
        "outdated_run": "The ledger or the model has changed since the run that answers.",
        "gap_in_runs": "Some days of the period are covered by no completed run.",
        "storage_failed": "The disk or bucket refused to read or write.",
        "assumed": "Figures rest on usage that was missing, or on other things nobody measured.",
        "outdated_mapping": "Costs were made, or usage was read, by other rules than those of now.",
        "lines_differ": "The lines of bills behind a node's direct cost do not sum to it.",
        "lines_not_kept": "Direct cost came in when the ledger kept no lines.",
        "damaged_ledger": "What was read back is not what was written.",
        "ledger_busy": "Another process is writing to the ledger.",
        # Who may
        "unknown_token": "No token has that id.",
        "unusable_keys": "The keys of a token issuer cannot be fetched or read.",
        # Work for a server
        "run_under_way": "Another run of the workspace is under way.",
        "too_many_waiting": "So much work waits for its turn that no more is taken.",
        "crashed_work": "The process that did a piece of work ended by itself.",
        "memory_exceeded": "A piece of work needs more memory than it may have.",
        "time_exceeded": "A piece of work takes longer than it may.",
        "stopped_work": "The server stopped before a piece of work was done.",
        "key_in_use": "A request with the same Idempotency-Key is still being answered.",
        "key_reused": "An Idempotency-Key came before with another request.",
        # A client of a server
        "request_refused": "A server refused a request, and gave no finding that is known here.",
        "server_unreachable": "A server gives no answer.",
        # Examples and command line
        "example_failed": "A given/expect example gave another figure.",
        "unknown_name": "A name on the command line is not known.",
        "invalid_argument": "An argument cannot be understood.",
    }
)


SHOWN = 20
"""How many findings an exception's own text holds; ``findings`` always has them all."""


class ApportionError(Exception):
    """The root of all errors that this program raises for the world's sake.

    ``findings`` holds every problem that was found, errors first; ``total`` counts them, also
    where another process handed over the first of them alone.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        """Keep the findings, errors before warnings, otherwise in the order given."""
        ordered = sorted(findings, key=lambda finding: finding.severity is Severity.WARNING)
        self.findings: tuple[Finding, ...] = tuple(ordered)
        self.total = len(self.findings)
        super().__init__(_summary(self.findings))


def _summary(findings: tuple[Finding, ...]) -> str:
    lines = [str(finding) for finding in findings[:SHOWN]]
    if len(findings) > SHOWN:
        lines.append(f"... and {len(findings) - SHOWN} more")
    return "\n".join(lines)


class ModelError(ApportionError):
    """What people declared cannot be used."""


class IngestError(ApportionError):
    """A file was refused; the ledger is as it was."""


class RunError(ApportionError):
    """A run failed; nothing of it is published."""


class LedgerError(ApportionError):
    """The ledger cannot be read or written."""


class AccessError(ApportionError):
    """Who may do what cannot be found out, or not be kept."""


class JobError(ApportionError):
    """A piece of work for a server was not taken, or was ended before it was done."""


class UsageError(ApportionError):
    """A call or command asked for something that cannot be."""


def visible(text: str) -> str:
    """Show control characters as escapes, so that a name cannot steer a terminal."""
    return "".join(
        character if character.isprintable() or character == "\n" else _escaped(character)
        for character in text
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def only_errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those findings that stop what was asked for."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)
