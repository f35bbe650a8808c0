"""How many denials stand in the audit log one by one, and which are only counted.

Anybody can be denied as often as a connection carries. If each took a line, strangers could fill
the disk, and no write could be logged any more, so none could be made.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from apportion.access.audit import Entry
from apportion.access.failures import client_of

WINDOW = timedelta(minutes=1)
TOLD = 10
"""Denials of one address, name and status with a line each in a window; more are counted."""

TOLD_OF_ALL = 100
"""The same of all addresses together."""

COUNTED = 100
"""Addresses, names and statuses that are counted apart; those of the rest are one count."""

_Who = tuple[str, str, int]
_REST: _Who = ("", "", 0)


@dataclass(slots=True)
class _Counted:
    """Denials without lines of their own, and the last of them."""

    count: int
    first: datetime
    last: Entry


class Denials:
    """What one process writes of denials; for one thread alone."""

    def __init__(self) -> None:
        """Begin with none."""
        self._begun: datetime | None = None
        self._told: dict[_Who, int] = {}
        self._counted: dict[_Who, _Counted] = {}

    def take(self, denied: Entry) -> list[Entry]:
        """The lines to write now that a request is denied: its own, and counts that are due."""
        lines = self.due(denied.at)
        self._begun = self._begun or denied.at
        name = denied.principal.name if denied.principal else ""
        who = (name, client_of(denied.client), denied.status)
        told = self._told.get(who, 0)
        if told < TOLD and sum(self._told.values()) < TOLD_OF_ALL:
            self._told[who] = told + 1
            return [*lines, denied]
        if who not in self._counted and len(self._counted) >= COUNTED:
            who = _REST
        counted = self._counted.get(who)
        if counted is None:
            self._counted[who] = _Counted(1, denied.at, denied)
        else:
            counted.count, counted.last = counted.count + 1, denied
        return lines

    def due(self, now: datetime) -> list[Entry]:
        """The lines of counts whose window is over."""
        # A clock that was set back ends a window too, or it might last for hours.
        over = self._begun is not None and not self._begun <= now < self._begun + WINDOW
        return self.rest() if over else []

    def rest(self) -> list[Entry]:
        """The lines of all that was counted and is not yet written; the next window begins."""
        lines = [_line(who, each) for who, each in self._counted.items()]
        self._begun = None
        self._told.clear()
        self._counted.clear()
        return lines


def _line(who: _Who, counted: _Counted) -> Entry:
    last = counted.last
    if who == _REST:
        last = replace(last, principal=None, client="several addresses", status=0)
    return replace(
        last,
        request_id="",
        method="",
        path="",
        idempotency_key="",
        reason="further requests were denied",
        count=counted.count,
        first=counted.first,
    )
