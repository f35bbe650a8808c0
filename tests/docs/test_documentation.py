"""What the documents say works: commands and code run, links lead somewhere, pages are current."""

import os
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
from forks import Forks

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
WRITES = re.compile(r"^cat > (\S+) << 'END'\n(.*?)^END$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")

SERVER = "localhost:8080"

BILL = """\
BilledCost,BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,\
ChargePeriodStart,ChargePeriodEnd,EffectiveCost,ListCost,ContractedCost,ProviderName,\
ServiceCategory,Tags
9.00,acct,USD,2024-09-01T00:00:00Z,2024-10-01T00:00:00Z,Usage,\
2024-09-02T00:00:00Z,2024-09-03T00:00:00Z,9.00,9.00,9.00,AWS,Compute,"{""application"": ""shop""}"
"""


def blocks(document: Path, *languages: str) -> list[str]:
    """The fenced blocks of a document in one of the languages, without their indent."""
    found = BLOCK.finditer(document.read_text(encoding="utf-8"))
    return [
        re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE)
        for match in found
        if match[2] in languages
    ]


def commands(document: Path) -> list[str]:
    """The lines of shell blocks that a user would type."""
    lines = [line for text in blocks(document, "", "sh") for line in text.splitlines()]
    # What is asked of a server is tested with one running.
    return [
        line for line in lines if line.startswith(("apportion ", "cd ")) and " serve" not in line
    ]


def write_files(document: Path, folder: Path) -> None:
    """Write what a document writes with ``cat > FILE << 'END'``."""
    for text in blocks(document, "sh"):
        for path, content in WRITES.findall(text):
            (folder / path).write_text(content, encoding="utf-8")


def python_blocks(document: Path) -> list[str]:
    """Python that stands for itself; doctests and plug-in files are tested where they live."""
    return [
        text
        for text in blocks(document, "python")
        if (text.startswith("import") or "\nimport apportion" in text) and SERVER not in text
    ]


WITH_COMMANDS = [document for document in DOCUMENTS if commands(document)]
WITH_PYTHON = [document for document in DOCUMENTS if python_blocks(document)]


def name(document: Path) -> str:
    return str(document.relative_to(ROOT))


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done


def put_out(forks: Forks, folder: Path, *words: str) -> str:
    """What a command puts out."""
    done = forks.run(folder, *words)
    assert done.status == 0, f"{words}\n{done.said}"
    return done.out


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Path:
    """A folder in which the workspace ``acme`` has had its first month."""
    folder = tmp_path_factory.mktemp("documents")
    put_out(forks, folder, "init", "acme")
    workspace = folder / "acme"
    for kind in ("costs", "usage"):
        put_out(forks, workspace, "ingest", kind, f"data/{kind}.csv")
    # Several runs, so that code which takes any of them for the latest is found.
    for last in ("2024-01-10", "2024-01-20", "2024-01-31"):
        put_out(forks, workspace, "run", "--from", "2024-01-01", "--to", last)
    (workspace / "bill.csv").write_text(BILL, encoding="utf-8")
    return folder


def test_there_is_something_to_test() -> None:
    assert len(DOCUMENTS) >= 20
    assert len(WITH_COMMANDS) >= 3
    assert len(WITH_PYTHON) >= 1
    assert sum(len(commands(document)) for document in WITH_COMMANDS) >= 12


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=name)
def test_its_commands_run(document: Path, acme: Path, tmp_path: Path, forks: Forks) -> None:
    typed = commands(document)
    starts_afresh = any(line.startswith("apportion init") for line in typed)
    folder = tmp_path if starts_afresh else acme / "acme"
    for line in typed:
        words = line.split("#")[0].split()
        if words[0] == "cd":
            folder = folder / words[1]
            write_files(document, folder)
            (folder / "bill.csv").write_text(BILL, encoding="utf-8")
        else:
            # What a shell would write into a file.
            words, *into = [list(part) for put, part in groupby(words, ">".__ne__) if put]
            said = put_out(forks, folder, *words[1:])
            for (file,) in into:
                (folder / file).write_text(said, encoding="utf-8")


def test_each_share_is_told_as_the_guide_says(acme: Path, forks: Forks) -> None:
    (line,) = [
        line
        for line in commands(ROOT / "docs/how-to/debug-an-allocation.md")
        if "--log-level trace" in line
    ]
    done = forks.run(acme / "acme", *line.split()[1:])
    assert done.status == 0
    assert "share" in done.said.replace(done.out, "")
    assert "checkout" in done.said


@pytest.mark.parametrize("document", WITH_PYTHON, ids=name)
def test_its_code_runs(document: Path, acme: Path) -> None:
    for text in python_blocks(document):
        run([sys.executable, "-c", text], acme)


def test_the_run_that_is_read_elsewhere_is_the_latest(acme: Path) -> None:
    import apportion

    (text,) = [
        block
        for block in python_blocks(ROOT / "docs/how-to/read-the-ledger.md")
        if "ledger/runs" in block
    ]
    runs = apportion.Workspace(acme / "acme").runs()
    assert len(runs) >= 3
    done = run([sys.executable, "-c", f"{text}\nprint(latest)"], acme)
    assert done.stdout.splitlines()[-1] == runs[0].run_id


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_its_links_lead_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (document.parent / link).exists()]
    assert not missing


def test_a_shorter_export_is_refused_as_the_guide_says(tmp_path: Path, forks: Forks) -> None:
    guide = ROOT / "docs/how-to/deliveries.md"
    (shown,) = blocks(guide, "text")
    typed, _, said = shown.partition("\n")
    put_out(forks, tmp_path, "init", "acme")
    write_files(guide, tmp_path / "acme")
    put_out(forks, tmp_path / "acme", "ingest", "focus", "month.csv")
    done = forks.run(tmp_path / "acme", *typed.removeprefix("$ apportion ").split())
    assert (done.status, done.said.strip()) == (1, said.strip())


def test_the_picture_in_the_readme_is_what_the_demo_shows(demo: Path) -> None:
    (picture,) = blocks(ROOT / "README.md", "text")
    assert picture in (demo.parent / "said.txt").read_text(encoding="utf-8")


def test_the_demo_counts_what_was_assumed_and_asks_for_pages_that_can_be_read(demo: Path) -> None:
    said = (demo.parent / "said.txt").read_text(encoding="utf-8")
    (assumed,) = re.findall(r"The run assumed (\w+) things and says each with its money:", said)
    import apportion

    assert int(assumed) == len(apportion.Workspace(demo).result().warnings)
    assert "apportion show edges --node rail" in said
    assert "show shares" not in said


def test_the_reference_is_current() -> None:
    run([sys.executable, "docs/generate_reference.py", "--check"], ROOT)


def test_every_code_rule_and_strategy_is_documented() -> None:
    from apportion import plugins
    from apportion.findings import CODES

    messages = (ROOT / "docs/reference/messages.md").read_text(encoding="utf-8")
    assert all(f"`{code}`" in messages for code in CODES)
    rules = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    assert all(f"**A{number}." in rules for number in range(1, 29))
    assert all(f"**B{number}." in rules for number in range(1, 22))
    from apportion.model.build import LIST_KINDS
    from apportion.model.kinds import settings

    keys = (ROOT / "docs/reference/model.md").read_text(encoding="utf-8")
    shapes = [settings.SHAPE, *(kind.shape for kind in LIST_KINDS.values())]
    assert all(shape.meanings.keys() == shape.keys for shape in shapes)
    assert all(f"| `{key}` |" in keys for shape in shapes for key in shape.keys)
    strategies = (ROOT / "docs/reference/strategies.md").read_text(encoding="utf-8")
    assert all(f"## {each}" in strategies for each in plugins.registered(plugins.STRATEGIES))
