"""Python text as a syntax tree, and the few questions the rules ask of it."""

import ast
from collections.abc import Iterator
from functools import lru_cache

Offence = tuple[int, str]
"""The line, from 1, and what to do about it."""


@lru_cache(maxsize=4096)
def tree(text: str) -> ast.Module:
    """The syntax tree, parsed once however many rules ask."""
    return ast.parse(text)


def functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones too."""
    for node in ast.walk(tree(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def dotted(node: ast.AST) -> str:
    """``a.b.c`` for a chain of attributes on a name, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
