"""Where an allowance comes from, as a sentence's end."""

from apportion.model import Model
from apportion.rating.allowance import Origin


def origin_said(model: Model, account: str, origin: Origin, year: int) -> str:
    """Why an account's allowance for a year is what it is (`B5`)."""
    known = model.account_index.get(account)
    kind = model.type_of(known) if known else ""
    return {
        Origin.OWN: f"set for {year}",
        Origin.CARRIED: f"carried over from {year - 1}",
        Origin.HIGH_VOLUME: f"nothing is free after so many units in {year - 1}",
        Origin.DEFAULT: f"that of organisation type {kind}",
        Origin.OTHER: "that of other organisation types",
        Origin.NONE: "none is declared",
    }[origin]
