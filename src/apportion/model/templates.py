"""Templates: the node or dimension of a line, with parts taken from the line itself.

``{ServiceName}`` stands for a column, ``{tag.application}`` for a tag, ``{label.team}`` for a
label; ``{{`` and ``}}`` stand for the braces themselves; all else is literal text.
"""

import re
from dataclasses import dataclass

_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")
_SPACES = ("tag", "label")


class TemplateError(Exception):
    """A template cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """Literal ``text`` where ``space`` is empty, else the ``text`` of a column, tag or label."""

    space: str
    text: str


def parse_template(template: str) -> tuple[Part, ...]:
    """Split a template into its parts. Raises ``TemplateError``.

    >>> parse_template("app:{tag.application}")
    (Part(space='', text='app:'), Part(space='tag', text='application'))
    """
    parts: list[Part] = []
    literal = ""
    for piece in _PIECE.findall(template):
        if len(piece) > 1 and piece[0] == "{" and piece != "{{":
            if literal:
                parts.append(Part("", literal))
                literal = ""
            parts.append(_reference(piece[1:-1]))
        elif piece in ("{", "}"):
            raise TemplateError(f"the brace {piece} has no partner")
        else:
            literal += piece[0] if piece in ("{{", "}}") else piece
    if literal:
        parts.append(Part("", literal))
    return tuple(parts)


def _reference(inside: str) -> Part:
    space, dot, name = inside.partition(".")
    if dot and space in _SPACES:
        if not name.strip():
            raise TemplateError(f"{{{inside}}} names no {space}")
        return Part(space, name)
    if not inside.strip():
        raise TemplateError("there is no name between the braces")
    return Part("column", inside)
