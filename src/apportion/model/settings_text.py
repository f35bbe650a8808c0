"""The text of ``apportion.yaml`` with another model folder, and not a byte else changed."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from apportion.findings import Finding
from apportion.model.read_yaml import read_yaml

KEY = "model_folder"
_NESTED = "settings"


def with_model_folder(data: bytes, folder: str) -> bytes | None:
    """Change the value of ``model_folder``, or add the line.

    Gives nothing where the file is written so that no such change makes it say what it said
    before, and the folder.
    """
    known, meaning = _meaning(data)
    if not known:
        return None
    wanted = known, _with_folder(meaning or {}, folder)
    try:
        candidates = [each.encode() for each in _candidates(data.decode(), folder)]
    except yaml.YAMLError:
        # The stricter of the two parsers; the file can still be changed by hand.
        return None
    return next((each for each in candidates if _meaning(each) == wanted), None)


def _meaning(data: bytes) -> tuple[bool, Any]:
    """Whether a file can be read as keys with values, and what it then says."""
    findings: list[Finding] = []
    document = read_yaml("", data, findings)
    return not findings and isinstance(document, dict | None), document


def _with_folder(meaning: Mapping[str, Any], folder: str) -> dict[str, Any]:
    nested = meaning.get(_NESTED)
    if isinstance(nested, dict) and KEY in nested:
        return {**meaning, _NESTED: {**nested, KEY: folder}}
    return {**meaning, KEY: folder}


def _candidates(text: str, folder: str) -> Iterator[str]:
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    newline = "\r\n" if "\r\n" in text else "\n"
    line = f"{KEY}: {folder}"
    value = _value(root)
    if value is not None:
        start, end = value.start_mark.index, value.end_mark.index
        yield f"{text[:start]}{'' if start < end else ' '}{folder}{text[end:]}"
        return
    start = 0 if root is None else root.start_mark.index
    if root is not None and root.flow_style:
        yield f"{text[: start + 1]}{line}{', ' if root.value else ''}{text[start + 1 :]}"
        return
    indent = "" if root is None else " " * root.start_mark.column
    ending = "" if not text or text.endswith("\n") else newline
    yield f"{text}{ending}{indent}{line}{newline}"
    # Where a line at the end would belong to something else, such as after an end mark.
    yield f"{text[:start]}{line}{newline}{indent}{text[start:]}"


def _value(root: Any) -> Any:
    """The node of the setting's value, where there is one."""
    pairs = [] if root is None else list(root.value)
    for key, value in list(pairs):
        if key.value == _NESTED and isinstance(value, yaml.MappingNode):
            pairs += value.value
    return next((value for key, value in pairs if key.value == KEY), None)
