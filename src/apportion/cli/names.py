"""Names are data: whatever stands in them, they neither steer a terminal nor break a line."""

from apportion.findings import visible


def shown_name(name: str) -> str:
    r"""A name in one line, control characters as escapes.

    >>> shown_name("a\x1b[31m\nb")
    'a\\x1b[31m\\nb'
    """
    return visible(name).replace("\n", "\\n")
