"""The image and its compose file: their linters are content, and they take no right they need not.

No container engine runs here, so what a build would show is read from the files.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from apportion.serve_settings import ServeSettings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PROGRAMS = Path(sys.executable).parent
NETWORK = ("0.0.0.0", "::", "[::]", "*")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of the Dockerfile with what follows them, stage by stage."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found: list[list[tuple[str, str]]] = [[]]
    for line in filter(None, map(str.strip, text.splitlines())):
        name, rest = line.split(maxsplit=1)
        if name == "FROM":
            found.append([])
        found[-1].append((name, " ".join(rest.split())))
    return found


def last(name: str) -> str:
    """What the final image says by an instruction, which it does once."""
    (rest,) = [rest for instruction, rest in stages()[-1] if instruction == name]
    return rest


@pytest.fixture(scope="module")
def service() -> dict:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    (one,) = compose["services"].values()
    assert set(compose["volumes"]) == {each.split(":")[0] for each in one["volumes"]}
    return one


def test_the_linter_has_nothing_to_say_about_the_dockerfile(tmp_path: Path) -> None:
    done = run(str(PROGRAMS / "hadolint"), str(DEPLOY / "Dockerfile"))
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN cd /x\nCMD serve\n")
    assert run(str(PROGRAMS / "hadolint"), str(tmp_path / "Dockerfile")).returncode == 1


def test_the_compose_file_has_the_form_of_one(tmp_path: Path) -> None:
    check = [str(PROGRAMS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    done = run(*check, str(DEPLOY / "compose.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr
    bad = (DEPLOY / "compose.yaml").read_text(encoding="utf-8").replace("read_only:", "readonly:")
    (tmp_path / "compose.yaml").write_text(bad)
    assert run(*check, str(tmp_path / "compose.yaml")).returncode == 1


def test_nothing_in_the_image_runs_as_root() -> None:
    user, group = last("USER").split(":")
    assert int(user) > 0
    assert int(group) > 0
    after = [name for name, _ in stages()[-1]]
    assert "RUN" not in after[after.index("USER") :]


def test_the_base_is_named_by_a_tag_of_the_oldest_python_that_is_supported() -> None:
    head = dict(stages()[0])
    name, _, tag = head["ARG"].removeprefix("BASE=").partition(":")
    assert name == "python"
    assert re.fullmatch(r"3\.11-slim-[a-z]+", tag)
    assert {dict(stage)["FROM"].split(" AS ")[0] for stage in stages()[1:]} == {"${BASE}"}


def test_what_is_installed_is_locked_by_hashes() -> None:
    installs = [
        command
        for stage in stages()
        for name, rest in stage
        if name == "RUN"
        for command in rest.split("&&")
        if "pip install" in command
    ]
    assert len(installs) == 2
    assert {"--require-hashes", "--no-deps"} <= set(installs[0].split())
    assert "--only-binary :all:" in installs[0]
    assert "--no-deps" in installs[1], "the project itself, and nothing that no hash names"
    copied = [rest for name, rest in stages()[-1] if name == "COPY" and "--from=" not in rest]
    assert copied == ["deploy/healthy.py /opt/apportion/"]


def test_only_what_it_is_made_of_goes_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    kept = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        word
        for stage in stages()
        for name, rest in stage
        if name == "COPY" and "--from=" not in rest
        for word in rest.split()[:-1]
    }
    assert kept == copied
    assert all((ROOT / name).exists() for name in kept)


def test_no_secret_is_written_down() -> None:
    secret = re.compile(r"(token|secret|password|key)\w*\s*[=:]\s*\S", re.IGNORECASE)
    for file in DEPLOY.iterdir():
        assert not secret.search(file.read_text()), file.name


def test_the_container_can_write_to_its_volume_and_to_tmp_alone(service: dict) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "user", "devices"} & set(service)
    assert [each.split(":")[0] for each in service["tmpfs"]] == ["/tmp"]
    folder = last("VOLUME")
    assert [each.split(":")[1] for each in service["volumes"]] == [folder]
    assert last("WORKDIR") == folder
    assert json.loads(last("ENTRYPOINT"))[1:] == ["--workspace", folder]


def test_the_port_is_open_to_this_machine_alone(service: dict) -> None:
    (port,) = service["ports"]
    host, outside, inside = port.split(":")
    assert host == "127.0.0.1"
    words = json.loads(last("CMD"))
    assert words[words.index("--host") + 1] in NETWORK, "or nobody outside the container reaches it"
    assert inside == words[words.index("--port") + 1] == last("EXPOSE")
    assert outside == inside


def test_the_container_is_asked_how_it_is(service: dict) -> None:
    asked = json.loads(last("HEALTHCHECK").split("CMD ", 1)[1])
    assert asked == service["healthcheck"]["test"][1:]
    assert asked[1:] == ["/opt/apportion/healthy.py", last("EXPOSE")]
    assert last("STOPSIGNAL") == "SIGTERM"


def test_the_program_takes_the_words_of_the_image() -> None:
    words = [*json.loads(last("ENTRYPOINT")), *json.loads(last("CMD"))]
    assert words[0] == "apportion"
    answer = run(str(PROGRAMS / "apportion"), *words[1:], "--help")
    assert answer.returncode == 0, answer.stderr
    named = {word for word in words[words.index("serve") :] if word.startswith("--")}
    assert named <= set(re.findall(r"--[a-z-]+", answer.stdout))


def test_a_stop_waits_longer_than_the_server_does(service: dict) -> None:
    answer = run(str(PROGRAMS / "apportion"), "serve", "--help")
    waits = ServeSettings("").grace_seconds
    assert f"{waits}" in answer.stdout
    assert float(service["stop_grace_period"].removesuffix("s")) > 2 * waits
