"""What has the form of a token is taken out of text that will be kept or shown."""

import re

_OURS = re.compile(r"(apportion_[0-9a-f]{12})_[A-Za-z0-9_-]{20,}")
_SIGNED = re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*")


def without_secrets(text: str) -> str:
    """The text, of tokens only what names them.

    >>> without_secrets("/x/apportion_0123456789ab_" + "s" * 43)
    '/x/apportion_0123456789ab_...'
    >>> without_secrets("eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2lnbmVk")
    'eyJ...'
    """
    return _SIGNED.sub("eyJ...", _OURS.sub(r"\1_...", text))
