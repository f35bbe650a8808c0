"""What only the command line can be told, wherever it stands in an answer."""

import json
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
    if "json" not in answer.headers.get("content-type", ""):
        return
    answer.read()
    try:
        data = answer.json()
    except json.JSONDecodeError:
        return
    typed = [remedy for remedy in remedies(data) if TYPED.search(remedy)]
    assert not typed, f"{answer.url}: {typed}"
