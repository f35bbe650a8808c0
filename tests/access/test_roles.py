"""Who may do what: the whole table, and who can be limited."""

import pytest

from apportion.access import Kind, Principal, Role, allows

MAY = {
    ("viewer", "viewer"): True,
    ("viewer", "analyst"): False,
    ("viewer", "admin"): False,
    ("analyst", "viewer"): True,
    ("analyst", "analyst"): True,
    ("analyst", "admin"): False,
    ("admin", "viewer"): True,
    ("admin", "analyst"): True,
    ("admin", "admin"): True,
}


def test_a_role_may_what_those_before_it_may() -> None:
    assert {
        (str(role), str(needed)): allows(role, needed) for role in Role for needed in Role
    } == MAY


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_only_a_viewer_can_be_limited_to_products(role: Role) -> None:
    Principal("me", Role.VIEWER, frozenset(), Kind.TOKEN)
    with pytest.raises(ValueError, match="only a viewer"):
        Principal("me", role, frozenset({"shop"}), Kind.TOKEN)
