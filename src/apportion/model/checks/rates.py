"""A channel has one rate on a date, and a billed channel has some (`B4`)."""

from collections.abc import Iterable
from itertools import pairwise

from apportion.findings import Finding, Severity
from apportion.model.declared import Declared

NAME = "rates"


def check(model: Declared) -> Iterable[Finding]:
    """Find rates that begin on the same day, billed channels without any, and unused rates."""
    for known, rate in pairwise(model.rates):
        if (known.channel, known.valid_from) == (rate.channel, rate.valid_from):
            yield Finding(
                "overlapping_rates",
                f"Two rates of the channel {rate.channel} begin on {rate.valid_from}; the other "
                f"stands at {known.where}.",
                rate.where,
                "Keep one of the two.",
                details={"channel": rate.channel, "date": rate.valid_from},
            )
    priced = {rate.channel for rate in model.rates}
    for channel in model.channel_index.values():
        if channel.billed and channel.id not in priced:
            if ("rates", channel.id) in model.doubtful_billing:
                continue
            yield Finding(
                "missing_rate",
                f"The channel {channel.id} is billed and has no rate.",
                channel.where,
                "Add one under rates, or write billed: false.",
                details={"channel": channel.id},
            )
        elif not channel.billed and channel.id in priced:
            rate = next(rate for rate in model.rates if rate.channel == channel.id)
            yield Finding(
                "unused_rate",
                f"The channel {channel.id} has a rate and is not billed.",
                rate.where,
                "Remove the rate, or write billed: true.",
                Severity.WARNING,
                details={"channel": channel.id},
            )
