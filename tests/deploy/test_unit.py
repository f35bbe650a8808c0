"""The systemd unit: systemd itself reads it, and it leaves the server few rights."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from apportion.serve_settings import ServeSettings

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy" / "apportion.service"
COMMAND = Path(sys.executable).with_name("apportion")
LARGEST_EXPOSURE = 1.5
"""Of 10, by systemd's own table; below 2 it says that all is well."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed here"
)


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    words = ("systemd-analyze", "--no-pager", *words)
    return subprocess.run(words, capture_output=True, text=True, check=False)


def entries() -> dict[str, list[str]]:
    """What the unit says of its service; some is said several times."""
    text = UNIT.read_text(encoding="utf-8").partition("[Service]")[2].partition("[Install]")[0]
    found: dict[str, list[str]] = {}
    for name, said in re.findall(r"^(\w+)=(.*)$", text, flags=re.MULTILINE):
        found.setdefault(name, []).append(said)
    return found


def said(name: str) -> str:
    (only,) = entries()[name]
    return only


@needs_systemd
@pytest.mark.parametrize(("spoilt", "ending"), [(("", ""), 0), (("KillMode=mixed", "Kill=x"), 1)])
def test_systemd_reads_it_without_a_word(
    tmp_path: Path, spoilt: tuple[str, str], ending: int
) -> None:
    # The command must be there to be read, and here it lies elsewhere.
    text = UNIT.read_text(encoding="utf-8").replace("/opt/apportion/bin/apportion", str(COMMAND))
    (tmp_path / UNIT.name).write_text(text.replace(*spoilt) if ending else text, encoding="utf-8")
    done = analyze("verify", str(tmp_path / UNIT.name))
    assert (done.returncode != 0 or "Unknown key" in done.stderr) == bool(ending), done.stderr
    assert ending or not done.stderr


@needs_systemd
def test_systemd_finds_it_little_exposed(tmp_path: Path) -> None:
    threshold = f"--threshold={round(LARGEST_EXPOSURE * 10)}"
    done = analyze("security", "--offline=true", threshold, str(UNIT))
    assert done.returncode == 0, done.stdout
    bare = tmp_path / "bare.service"
    bare.write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    assert analyze("security", "--offline=true", threshold, str(bare)).returncode != 0


def test_it_writes_to_its_own_folder_alone() -> None:
    assert said("User") not in ("root", "0")
    assert said("ProtectSystem") == "strict"
    assert said("NoNewPrivileges") == "yes"
    assert said("PrivateTmp") == "yes"
    assert "ReadWritePaths" not in entries()
    folder = f"/var/lib/{said('StateDirectory')}"
    assert said("WorkingDirectory") == folder
    assert f"--workspace {folder} " in said("ExecStart")


def test_it_listens_to_this_machine_alone_and_asks_for_tokens_all_the_same() -> None:
    assert "--host 127.0.0.1 " in said("ExecStart")
    assert " --require-tokens " in said("ExecStart")


def test_a_stop_is_clean_and_only_a_failure_is_restarted() -> None:
    assert said("KillMode") == "mixed"
    assert said("KillSignal") == "SIGTERM"
    assert said("Restart") == "on-failure"


def test_the_program_takes_the_words_of_the_unit() -> None:
    words = said("ExecStart").split()[1:]
    done = subprocess.run([COMMAND, *words, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    named = {word for word in words[words.index("serve") :] if word.startswith("--")}
    assert named <= set(re.findall(r"--[a-z-]+", done.stdout))


def test_a_stop_waits_longer_than_the_server_does() -> None:
    assert float(said("TimeoutStopSec").removesuffix("s")) > 2 * ServeSettings("").grace_seconds
