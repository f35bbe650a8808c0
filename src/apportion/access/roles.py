"""The three roles, each of which may do what the one before it may, and more."""

from enum import StrEnum


class Role(StrEnum):
    """A viewer reads, an analyst also brings in files and starts runs, an admin may do anything."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"


_RANK = {role: rank for rank, role in enumerate(Role)}


def allows(role: Role, needed: Role) -> bool:
    """Whether somebody with a role may do what needs another.

    >>> allows(Role.ADMIN, Role.ANALYST), allows(Role.VIEWER, Role.ANALYST)
    (True, False)
    """
    return _RANK[role] >= _RANK[needed]
