"""How many examples a property tries: its own number, times what the loaded profile asks for."""

from hypothesis import settings

USUAL = 100
"""What Hypothesis tries where a profile says nothing, so the unit in which profiles multiply."""


def effort(examples: int) -> settings:
    """Settings for a property that tries ``examples`` cases in the everyday profile."""
    factor = settings.default.max_examples / USUAL
    return settings(max_examples=max(1, round(examples * factor)))
