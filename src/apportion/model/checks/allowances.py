"""An allowance that is given twice for one year would leave open which of the two counts (`B5`)."""

from collections.abc import Iterable
from itertools import pairwise

from apportion.findings import Finding
from apportion.model.declared import Declared

NAME = "allowances"


def check(model: Declared) -> Iterable[Finding]:
    """Find defaults and accounts' allowances that are given twice."""
    for one, other in pairwise(model.default_allowances):
        if _default(one) == _default(other):
            yield Finding(
                "duplicate_key",
                f"The default allowance of {other.channel} for {other.organisation_type} from "
                f"{other.valid_from_year} on is given twice; the other stands at {one.where}.",
                other.where,
                "Keep one of the two.",
                details={"channel": other.channel, "year": other.valid_from_year},
            )
    for mine, again in pairwise(model.allowances):
        if _own(mine) == _own(again):
            yield Finding(
                "duplicate_key",
                f"The allowance of {again.channel} for the account {again.account} in "
                f"{again.year} is given twice; the other stands at {mine.where}.",
                again.where,
                "Keep one of the two.",
                details={"account": again.account, "year": again.year},
            )


def _default(it: object) -> tuple[object, ...]:
    return tuple(getattr(it, key) for key in ("channel", "organisation_type", "valid_from_year"))


def _own(it: object) -> tuple[object, ...]:
    return tuple(getattr(it, key) for key in ("account", "channel", "year"))
