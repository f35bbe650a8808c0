"""A model written as YAML: one file for people, which reads as exactly the same model."""

import json
import re
from typing import Any

import yaml

from apportion.model.canonical import to_dict
from apportion.model.declared import Declared

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_UNFOLDED = 10**6


def model_text(model: Declared) -> str:
    """The lists of a model in canonical order; the settings stand elsewhere.

    All text that could be taken for something else, here or by another program, is in quotes.
    """
    # Through JSON, so that nothing is left but plain lists, mappings, text and numbers.
    content = json.loads(json.dumps(to_dict(model)))
    lists = {name: records for name, records in content.items() if name != "settings" and records}
    text: str = yaml.dump(
        lists,
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=None,
        sort_keys=False,
        width=_UNFOLDED,
    )
    return text


class _Dumper(_DUMPER):  # type: ignore[misc]
    """Writes what ``read_yaml`` reads: no aliases, no tags."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        """Write everything out."""
        return True


def _text(dumper: Any, text: str) -> Any:
    bare = _BARE.fullmatch(text) and text.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if bare else '"')


_Dumper.add_representer(str, _text)
