"""Whose rows a file brings: always told, and where it is a guess never a way to count twice."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from inputs import COMPANY, bill, costs, fingerprint, recorded, usage

import apportion as ap

Make = Callable[..., ap.Workspace]


@pytest.fixture
def here(workspace: Make) -> ap.Workspace:
    """An empty workspace of the small company."""
    return workspace(COMPANY)


def refused(here: ap.Workspace, form: str, *paths: Path, **how: str) -> ap.Finding:
    before = fingerprint(here.folder)
    with pytest.raises(ap.IngestError) as error:
        here.ingest(form, *paths, **how)
    assert fingerprint(here.folder) == before
    (finding,) = error.value.findings
    assert finding.code == "overlapping_source"
    return finding


def said(here: ap.Workspace, form: str, *paths: Path, **how: str) -> tuple[str, bool]:
    found = here.ingest(form, *paths, **how).report.to_dict()
    return found["source"], found["source_is_a_guess"]


def sums(here: ap.Workspace, table: str = "costs") -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in recorded(here, table):
        amount = row["amount" if table == "costs" else "value"]
        found[row["source"]] = found.get(row["source"], Decimal(0)) + amount
    return found


def test_the_source_is_told_and_whether_it_is_a_guess(here: ap.Workspace) -> None:
    assert said(here, "costs", costs("v2.csv", {})) == ("v2", True)
    named = costs("a.csv", {"source": "aws"}, {"source": "azure"})
    assert said(here, "costs", named) == ("aws, azure", False)
    assert said(here, "costs", costs("b.csv", {"source": ""}), source="gcp") == ("gcp", False)
    blank = costs("c.csv", {"source": "x"}, {"source": "", "date": "2024-03-01"})
    assert said(here, "costs", blank) == ("c, x", True)
    assert said(here, "usage", usage("u.csv", {})) == ("u", True)
    assert said(here, "focus", bill("f.csv", {})) == ("AWS/acme", False)


def test_a_corrected_file_under_a_new_name_does_not_count_twice(here: ap.Workspace) -> None:
    days = [{"date": f"2024-01-0{n}"} for n in (1, 2, 3)]
    here.ingest("costs", costs("costs.csv", *days))
    corrected = costs("v2.csv", *days[:2], {**days[2], "amount": "11"})
    finding = refused(here, "costs", corrected)
    assert finding.where.file == "v2.csv"
    assert "'v2' is guessed from the file's name, and 'costs' already has 3 rows" in finding.message
    assert "--source costs, which replaces" in finding.remedy
    assert finding.remedy.endswith("--source v2.")
    assert finding.details == {"source": "v2", "others": ["costs"], "rows": 3}
    # Two of its days are as they were.
    assert here.ingest("costs", corrected, source="costs").recorded.replaced_rows == 1
    assert sums(here) == {"costs": 32}


def test_a_file_that_adds_is_taken_once_its_source_is_named(here: ap.Workspace) -> None:
    here.ingest("costs", costs("costs.csv", {}))
    more = costs("more.csv", {"amount": "2"})
    refused(here, "costs", more)
    here.ingest("costs", more, source="more")
    assert sums(here) == {"costs": Decimal("10.5"), "more": 2}
    # Decided once, either may be corrected under its own name.
    here.ingest("costs", costs("costs.csv", {"amount": "5"}))
    here.ingest("costs", costs("more.csv", {"amount": "3"}))
    assert sums(here) == {"costs": 5, "more": 3}
    # What is new beside the other is asked again.
    here.ingest("costs", costs("costs.csv", {"dimension": "disk"}, {}))
    refused(here, "costs", costs("more.csv", {"dimension": "disk"}, {"amount": "3"}))


@pytest.mark.parametrize(
    "other", [{"node": "database"}, {"dimension": "disk"}, {"date": "2024-01-02"}]
)
def test_files_about_different_things_stand_beside_each_other(
    here: ap.Workspace, other: dict[str, str]
) -> None:
    here.ingest("costs", costs("a.csv", {}))
    here.ingest("costs", costs("b.csv", other))
    assert len(sums(here)) == 2


def test_usage_of_the_same_metric_is_asked_about_too(here: ap.Workspace) -> None:
    here.ingest("usage", usage("a.csv", {}))
    here.ingest("usage", usage("b.csv", {"metric": "errors"}))
    finding = refused(here, "usage", usage("c.csv", {"value": "6"}))
    assert "'a' already has 1 row of the same node, day and metric" in finding.message


def test_of_two_files_at_once_one_may_be_the_other_corrected(here: ap.Workspace) -> None:
    here.ingest("costs", costs("other.csv", {"node": "database"}))
    finding = refused(here, "costs", costs("a.csv", {}), costs("v2.csv", {"amount": "11"}))
    assert "'v2' has 1 row" in finding.message
    assert finding.remedy.startswith("If one of the files corrects the other, leave the other out.")


def test_a_file_beside_one_that_its_source_stated_before(here: ap.Workspace) -> None:
    months = [{"date": "2024-01-01"}, {"date": "2024-03-01"}]
    here.ingest("costs", costs("a.csv", *months))
    march = costs("a.csv", {**months[1], "amount": "1"})
    finding = refused(here, "costs", march, costs("v2.csv", {**months[0], "amount": "2"}))
    assert finding.details["source"] == "v2"


def test_a_file_mended_after_some_lines_were_rejected_does_not_count_twice(
    here: ap.Workspace,
) -> None:
    line = {"date": "2024-02-01", "amount": "5"}
    here.ingest("costs", costs("a3.csv", line))
    bad = costs("r.csv", line, {"amount": "ten"})
    again = here.ingest("costs", bad, reject_file="bad.csv")
    assert (again.recorded.ingest_id, again.recorded.same_as) == ("", "a3")
    refused(here, "costs", costs("r.csv", line, {"amount": "10"}))
    assert sums(here) == {"a3": 5}


def test_names_that_a_shell_would_split_are_quoted(here: ap.Workspace) -> None:
    here.ingest("costs", costs("a.csv", {}), source="my costs")
    finding = refused(here, "costs", costs("b c.csv", {"amount": "1"}))
    assert "--source 'my costs'" in finding.remedy
    assert finding.remedy.endswith("--source 'b c'.")


def test_the_same_rows_under_two_named_sources_are_told_and_can_be_taken_back(
    here: ap.Workspace,
) -> None:
    here.ingest("costs", costs("costs.csv", {"amount": "7.5"}))
    copied = here.ingest("costs", costs("copy.csv", {"amount": "7.5"}), source="copy")
    (told,) = copied.report.findings
    assert told.code == "counted_twice"
    assert "now they count twice, with 7.5 USD each time" in told.message
    assert "deliveries withdraw" in told.remedy
    here.withdraw(copied.recorded.ingest_id, "It is the same file.")
    assert sums(here) == {"costs": Decimal("7.5")}
    # Who names the source of the rows that are there brings nothing new.
    same = here.ingest("costs", costs("copy.csv", {"amount": "7.5"}), source="costs")
    assert (same.recorded.ingest_id, same.report.findings) == ("", ())
