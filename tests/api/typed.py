"""What only the command line can be told, wherever it stands in an answer."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx

TYPED = re.compile(r"(?<![\w-])--[a-z]|: apportion (?=[a-z])")
"""An option, or a command as remedies name it."""


def remedies(data: Any) -> Iterator[str]:
    """All remedies in an answer's data."""
    if isinstance(data, dict):
        if isinstance(data.get("remedy"), str):
            yield data["remedy"]
        data = list(data.values())
    if isinstance(data, list):
        for each in data:
            yield from remedies(each)


def require_words_of_http(answer: httpx.Response) -> None:
    """Fail where a remedy of an answer is one of the command line."""
    # What the client cannot unpack was asked for to be unpacked by the test.
    packed = answer.headers.get("content-encoding") == "zstd"
    if packed or "json" not in answer.headers.get("content-type", ""):
        return
    if not answer.read():
        return
    typed = [remedy for remedy in remedies(answer.json()) if TYPED.search(remedy)]
    assert not typed, f"{answer.url}: {typed}"
