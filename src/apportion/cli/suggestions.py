"""What to type next, made in one place from what was typed before."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

_SAME_DAYS = ("--from", "--to", "--run", "--currency")
_FILTERS = {"show": (*_SAME_DAYS, "--dimension"), "reconcile": _SAME_DAYS}
"""Which filters a command understands; others have none that could be handed on."""

_TOLD = re.compile(
    r"\bapportion (?=(?:deliveries|run|runs|reconcile|show|ingest|validate|test|rate|usage)\b"
    r"|(?:allowance|token|upgrade|audit)\b)"
)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Commands that can be typed as they stand, about the same workspace and figures.

    ``workspace`` is what ``--workspace`` said, ``given`` the filters, as options and values.
    """

    workspace: Path | None = None
    given: tuple[tuple[str, str], ...] = ()

    def about(
        self,
        start: date | None = None,
        end: date | None = None,
        run: str | None = None,
        currency: str = "",
        dimensions: Sequence[str] | None = None,
    ) -> "Suggestions":
        """The same, for the figures that these filters leave."""
        named = {"--from": start, "--to": end, "--run": run, "--currency": currency}
        given = [(option, str(value)) for option, value in named.items() if value]
        given += [("--dimension", each) for each in dimensions or ()]
        return replace(self, given=tuple(given))

    def command(self, *words: str) -> str:
        """A command line that a shell reads as these words, and the filters that it has."""
        known = _FILTERS.get(words[0], ())
        filters = [each for pair in self.given if pair[0] in known for each in pair]
        return " ".join([self._program(), *map(shlex.quote, [*words, *filters])])

    def applied(self, text: str) -> str:
        """Let the commands that a message names be about this workspace."""
        return _TOLD.sub(lambda _: f"{self._program()} ", text)

    def _program(self) -> str:
        if self.workspace is None:
            return "apportion"
        return f"apportion -w {shlex.quote(str(self.workspace))}"
