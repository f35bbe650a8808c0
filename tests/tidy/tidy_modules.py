"""Which modules a package holds, which of them nobody imports, and which files git lacks."""

import ast
from collections.abc import Collection, Iterator, Mapping

from tidy_syntax import tree


def name_of(path: str) -> str:
    """The dotted name of a module under ``src``: ``src/a/b.py`` is ``a.b``."""
    return path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def mentioned(path: str, text: str) -> Iterator[str]:
    """The dotted names a module imports, or writes out so as to import them late."""
    for node in ast.walk(tree(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            home = _home(path, node)
            yield home
            yield from (f"{home}.{alias.name}" for alias in node.names)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.partition(":")[0]


def _home(path: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.removeprefix("src/").split("/")[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def orphans(
    texts: Mapping[str, str], plugin_folders: Collection[str], entries: Collection[str]
) -> list[str]:
    """The modules that no other one imports, by path.

    Excepted are packages, the modules of plug-in folders, which are found by looking there, and
    what is started by name from outside.
    """
    importers: dict[str, set[str]] = {}
    for path, text in texts.items():
        for name in mentioned(path, text):
            importers.setdefault(name, set()).add(path)
    return sorted(
        path
        for path in texts
        if not path.endswith(("/__init__.py", "/__main__.py"))
        and path.rpartition("/")[0] not in plugin_folders
        and not importers.get(name_of(path), set()) - {path}
        and name_of(path) not in entries
    )


def missing_from(known: Collection[str], present: Collection[str]) -> list[str]:
    """The files that are present but not known."""
    return sorted(set(present) - set(known))
