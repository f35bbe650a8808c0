"""Setting an allowance: which years it changes (`B16`)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from apportion.findings import QUESTION, Finding, Severity, UsageError
from apportion.model import Allowance, Model, Settings
from apportion.model.billing import LARGEST_COUNT
from apportion.rating.calendar import financial_year
from apportion.rating.views.asking import require_account, require_channel, require_year


def today(settings: Settings, now: datetime) -> date:
    """The day that it is in the workspace's time zone."""
    return now.astimezone(ZoneInfo(settings.time_zone)).date()


def changed_allowances(
    model: Model,
    account: str,
    channel: str,
    year: int,
    units: int,
    *,
    on: date,
    custom: bool = True,
) -> list[Allowance]:
    """What setting an allowance changes: the year, and the later ones that exist.

    For a year that is over on the day ``on`` it is that year alone (`B16`): it does not carry over,
    and where the figure before did, the year after keeps it as its own. Raises ``UsageError``:
    ``unknown_account``, ``unknown_channel``, ``invalid_argument``.
    """
    require_account(model, account)
    require_channel(model, channel)
    require_year(year)
    if isinstance(units, bool) or not isinstance(units, int) or not 0 <= units <= LARGEST_COUNT:
        message = f"An allowance is a whole number from 0 to {LARGEST_COUNT:,}; {units!r} is not."
        raise UsageError([Finding("invalid_argument", message, QUESTION)])
    this = financial_year(model.settings).of(on)
    if year < this:
        before, after = (
            model.own_allowances.get((account, channel, each)) for each in (year, year + 1)
        )
        kept = (
            [Allowance(account, channel, year + 1, before.units, custom=False)]
            if before and before.custom and not after
            else []
        )
        return [Allowance(account, channel, year, units, custom=False), *kept]
    later = [
        key[2] for key in model.own_allowances if key[:2] == (account, channel) and key[2] > year
    ]
    return [Allowance(account, channel, each, units, custom) for each in sorted({year, *later})]


def with_allowances(model: Model, allowances: Iterable[Allowance]) -> Model:
    """The model with some allowances in the place of its own, or beside them."""
    own = {(each.account, each.channel, each.year): each for each in model.allowances}
    # What was set under a former id is the account's, unless it was set under its own as well.
    renamed = sorted(allowances, key=lambda each: each.account not in model.former_ids)
    for each in renamed:
        account = model.former_ids.get(each.account, each.account)
        own[account, each.channel, each.year] = replace(each, account=account)
    # Whoever was removed from the model since keeps no allowance.
    kept = [
        own[key]
        for key in sorted(own)
        if key[0] in model.account_index and key[1] in model.channel_index
    ]
    return replace(model, allowances=tuple(kept))


def overruled(declared: Model, allowances: Iterable[Allowance]) -> list[Finding]:
    """A warning for each allowance of the files that was set otherwise by command (`B22`)."""
    kept = {
        (each.account, each.channel, each.year): each
        for each in with_allowances(declared, allowances).allowances
    }
    return [
        Finding(
            "overruled_setting",
            f"The file's allowance of {key[1]} for {key[0]} in {key[2]} is {each.units:,} and "
            f"decides nothing: {kept[key].units:,} was set by command since.",
            each.where,
            "Write what was set into the file, or set it anew with: apportion allowance set",
            Severity.WARNING,
            details={"account": key[0], "channel": key[1], "year": key[2]},
        )
        for key, each in declared.own_allowances.items()
        if key in kept and (kept[key].units, kept[key].custom) != (each.units, each.custom)
    ]
