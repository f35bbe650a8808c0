"""How an answer leaves the program: data to stdout, messages to stderr."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from apportion.cli.names import shown_name
from apportion.findings import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from apportion.report.csv_text import Lines


def prepare_streams() -> None:
    """A character that the terminal's encoding lacks is shown as an escape, never a crash."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def stdout_is_broken() -> bool:
    """Whether stdout takes nothing, not even the end of a line; then nothing more is tried."""
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError:
        # What is still held back would be tried again, and told again, when Python ends.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
        return True
    return False


def width_of(stream: TextIO) -> int | None:
    """The columns there are: as COLUMNS says, or as the terminal is wide; None in a file."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else None


_ENDLESS = 10_000


def console(stream: TextIO) -> "Console":
    """A console that takes text as it is: no markup, no emoji, nothing coloured by guess."""
    from rich.console import Console

    return Console(
        file=stream,
        markup=False,
        emoji=False,
        highlight=False,
        width=width_of(stream) or _ENDLESS,
    )


def put(renderable: "RenderableType") -> None:
    """Write a table to stdout and an empty line after it, without blanks at the ends of lines."""
    target = console(sys.stdout)
    with target.capture() as captured:
        target.print(renderable)
    lines = [line.rstrip() for line in captured.get().strip("\n").splitlines()]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    for line in [*lines, ""]:
        sys.stdout.write(f"{line}\n")


_READABLE = 100
"""Columns beyond which prose is hard to read."""


def wrapped(text: str, stream: TextIO, indent: str = "", hang: str = "") -> list[str]:
    """Prose as lines that fit the stream; words and paths are never broken.

    Names stand in prose, so control characters are shown as escapes.
    """
    import textwrap

    return textwrap.wrap(
        visible(text),
        max(min(width_of(stream) or _READABLE, _READABLE), 40),
        initial_indent=indent,
        subsequent_indent=indent + hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def say(text: str = "", indent: str = "", hang: str = "") -> None:
    """Write a paragraph to stdout, lines after the first shifted by ``hang``."""
    for line in wrapped(text, sys.stdout, indent, hang) or [""]:
        sys.stdout.write(f"{line}\n")


def say_as_typed(text: str, indent: str = "") -> None:
    """Write what is to be typed in one line, for a command that is broken is another command."""
    sys.stdout.write(f"{indent}{shown_name(text)}\n")


def say_next(*commands: str) -> None:
    """Write what may be typed next."""
    say_as_typed(f"Next: {', or '.join(commands)}")


def note(text: str) -> None:
    """Write a paragraph to stderr: for people, beside the data."""
    for line in wrapped(text, sys.stderr):
        sys.stderr.write(f"{line}\n")


def heading(text: str) -> None:
    """Write a heading to stdout."""
    sys.stdout.write(f"{styled(visible(text), 'bold', sys.stdout)}\n")


def styled(text: str, style: str, stream: TextIO) -> str:
    """A text in a style where the stream is a terminal that wants colour."""
    from rich.text import Text

    target = console(stream)
    with target.capture() as captured:
        target.print(Text(text, style), end="", soft_wrap=True)
    return captured.get()


def put_json(data: Any) -> None:
    """Write JSON. It is pure ASCII, which no terminal and no encoding can misread."""
    from apportion.report.json_text import plain

    sys.stdout.write(json.dumps(data, indent=2, default=plain) + "\n")


def put_json_rows(head: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write an object whose rows are written as they come, for there may be millions."""
    from apportion.report.json_text import object_with_rows

    sys.stdout.writelines(object_with_rows(head, rows))


def put_csv(lines: "Lines") -> None:
    """Write a table with a header as CSV."""
    from apportion.report.csv_text import write_csv

    write_csv(sys.stdout, *lines)
