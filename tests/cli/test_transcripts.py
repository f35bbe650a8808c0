"""Every transcript: commands, and exactly what they say.

A line that begins with ``$ `` is typed; what follows is what it says, lines to stderr after
``2> ``, then ``[exit N]`` where the status is not 0. ``$ cat > FILE << END`` writes the lines up to
``END``. The first line ``# in a new workspace``, ``ready`` or ``billed`` says where it begins: as
``apportion init`` writes it, with January run, or in that of a notification service with usage
rated; otherwise in an empty folder.

    APPORTION_UPDATE_TRANSCRIPTS=1 python -m pytest tests/cli/test_transcripts.py

writes down what is said now, to be read before it is committed.
"""

import os
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "transcripts"
TRANSCRIPTS = sorted(FOLDER.glob("*.transcript"))
UPDATE = os.environ.get("APPORTION_UPDATE_TRANSCRIPTS") == "1"
_BEGIN = re.compile(r"# in a (new|ready|billed) workspace")
_WRITES = re.compile(r"cat > (\S+) << END")


@dataclass(frozen=True)
class Step:
    """A comment or a command, the lines it writes if it is one that writes, and what it says."""

    typed: str
    written: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


def steps(text: str) -> Iterator[Step]:
    """Read a transcript."""
    lines = text.splitlines()
    while lines:
        typed = lines.pop(0)
        written: list[str] = []
        if typed.startswith("$ ") and _WRITES.fullmatch(typed[2:]):
            while lines[0] != "END":
                written.append(lines.pop(0))
            lines.pop(0)
        said: list[str] = []
        while typed.startswith("$ ") and lines and not lines[0].startswith(("$ ", "# ")):
            said.append(lines.pop(0))
        yield Step(typed, tuple(written), tuple(said))


def text_of(found: list[Step]) -> str:
    """Write a transcript."""
    lines = []
    for step in found:
        lines += [step.typed, *step.written, *(["END"] if step.written else []), *step.said]
    return "\n".join(lines) + "\n"


class Normaliser:
    """Puts one text for whatever differs from day to day: ids, times, versions, folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.ids: dict[str, str] = {}
        self.tokens: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        text = text.replace(self.folder, "/home/you")
        text = re.sub(r"\b\d{8}T\d{6}-[0-9a-f]{8}\b", self._id, text)
        text = re.sub(r"\b[0-9a-f]{64}\b", "0" * 64, text)
        text = re.sub(r"(apportion_[0-9a-f]{12}_)[\w-]{43}", r"\g<1>SECRET", text)
        text = re.sub(
            r"(?<![.\w])([0-9a-f]{12})\b|(?<=apportion_)([0-9a-f]{12})", self._token, text
        )
        text = re.sub(r"\d{4}-\d\d-\d\d UTC", "2024-02-01 UTC", text)
        text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "2024-02-01 12:00 UTC", text)
        text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "2024-02-01 12:00:00 UTC", text)
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", "2024-02-01T12:00:00+00:00", text)
        text = re.sub(r"in \d+\.\d s\b", "in 0.1 s", text)
        text = re.sub(r'("(?:compute and write|prove)": )[\d.]+', r"\g<1>0.1", text)
        text = re.sub(r'(apportion |"program": ")\d+\.\d+\.\d+', r"\g<1>1.2.3", text)
        return re.sub(r"(?m)[ ]+$", "", text)

    def typed(self, word: str) -> str:
        """What stands in the place of a word of a transcript in truth."""
        known = {**self.tokens, **self.ids}
        return next((real for real, shown in known.items() if shown == word), word)

    def _token(self, match: re.Match[str]) -> str:
        return self.tokens.setdefault(match[0], f"{len(self.tokens) + 1:012x}")

    def _id(self, match: re.Match[str]) -> str:
        return self.ids.setdefault(match[0], f"20240201T120000-{len(self.ids) + 1:08x}")


def play(found: list[Step], folder: Path, apportion: Callable[..., Any]) -> list[Step]:
    """Type the commands of a transcript; give it with what was said."""
    normalise = Normaliser(folder)
    played = []
    for step in found:
        if not step.typed.startswith("$ "):
            played.append(step)
            continue
        writes = _WRITES.fullmatch(step.typed[2:])
        words = shlex.split(step.typed[2:]) if not writes else []
        said: list[str] = []
        if writes:
            Path(writes[1]).parent.mkdir(parents=True, exist_ok=True)
            Path(writes[1]).write_text("\n".join(step.written) + "\n", encoding="utf-8")
        elif words[0] == "cd":
            os.chdir(words[1])
        else:
            assert words[0] == "apportion", f"a transcript cannot type {words[0]}"
            answer = apportion(*map(normalise.typed, words[1:]))
            for stream, text in merged(answer.said):
                lines = normalise(text).splitlines()
                said += [f"2> {line}".rstrip() if stream == "err" else line for line in lines]
            if answer.status:
                said.append(f"[exit {answer.status}]")
        played.append(Step(step.typed, step.written, tuple(said)))
    return played


def merged(said: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Writings to one stream that follow each other, as one."""
    together: list[tuple[str, str]] = []
    for stream, text in said:
        if together and together[-1][0] == stream:
            together[-1] = (stream, together[-1][1] + text)
        else:
            together.append((stream, text))
    return together


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_it_says_what_the_transcript_says(
    transcript: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    apportion: Callable[..., Any],
    enter: Callable[[str], Path],
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = transcript.read_text(encoding="utf-8")
    begin = _BEGIN.match(expected)
    if begin:
        enter(begin[1])
    played = text_of(play(list(steps(expected)), tmp_path, apportion))
    if UPDATE:
        transcript.write_text(played, encoding="utf-8")
        expected = played
    assert played == expected


def test_there_is_a_transcript_for_every_command(command_paths: list[tuple[str, ...]]) -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in TRANSCRIPTS)
    untold = [path for path in command_paths if f"$ apportion {' '.join(path)}" not in texts]
    assert not [path for path in untold if path != ("demo",)]


def test_a_transcript_that_lies_is_found(tmp_path: Path, apportion: Callable[..., Any]) -> None:
    lie = "$ apportion --version\napportion 1.2.4\n"
    assert text_of(play(list(steps(lie)), tmp_path, apportion)) != lie
    truth = "$ apportion --version\napportion 1.2.3\n"
    assert text_of(play(list(steps(truth)), tmp_path, apportion)) == truth
