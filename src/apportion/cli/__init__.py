"""The command line: it parses, calls, and shows. No figure is computed here.

- ``app``: the commands and the options that stand before them. ``commands``: one file a command.
- ``session``: what those options said, and the workspace they lead to. ``arguments``: dates and
  the options that several commands share.
- ``output``: how an answer leaves the program: for people, as JSON, or as CSV.
- ``tables``: figures and bars in a terminal. ``views``: one file a kind of answer.
- ``messages``: findings for people. ``logs``, ``progress``: what is said along the way.

Starting must be quick, so the commands import what they need when they run.
"""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line and exit: 0 done, 1 input or numbers wrong, 2 wrong usage."""
    from apportion.cli.app import command_line
    from apportion.cli.output import prepare_streams

    prepare_streams()
    command_line()(args=arguments, prog_name="apportion")
