"""The rules of style that a linter does not know, each a plain function on the text of a file.

A rule takes a path, as git names it, and the file's text, and yields ``(line, message)`` for
each offence. ``RULES`` says on which files each is tried.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import tidy_calls
from tidy_syntax import Offence, functions, tree

Rule = Callable[[str, str], Iterator[Offence]]

FILE_LINES = 800
FUNCTION_LINES = 70
LINE_COLUMNS = 100

VAGUE_NAMES = frozenset({"common", "helper", "helpers", "manager", "misc", "util", "utils"})

# Joined here, so that this file holds none of what it looks for.
MACHINE_PATHS = tuple(f"/{folder}/" for folder in ("work", "root", "opt/wheels"))
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("conda", "anaconda", "org"),
    )
)

_ADDRESS = re.compile(r"\w+://|^\s*(--(extra-)?index-url|--find-links|--trusted-host|-i|-f)\b")


def file_length(_path: str, text: str) -> Iterator[Offence]:
    """A file is read as a whole, so it must fit a sitting."""
    count = len(text.splitlines())
    if count > FILE_LINES:
        yield FILE_LINES + 1, f"{count} lines; split the file, {FILE_LINES} are the limit"


def function_length(_path: str, text: str) -> Iterator[Offence]:
    """A function fits a screen."""
    for function in functions(text):
        count = (function.end_lineno or function.lineno) - function.lineno + 1
        if count > FUNCTION_LINES:
            message = f"{function.name} has {count} lines; split it, {FUNCTION_LINES} are the limit"
            yield function.lineno, message


def line_length(_path: str, text: str) -> Iterator[Offence]:
    """Two files fit beside each other."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_COLUMNS:
            yield number, f"{len(line)} columns; break the line, {LINE_COLUMNS} are the limit"


def module_name(path: str, _text: str) -> Iterator[Offence]:
    """A name that fits anything attracts everything."""
    for part in path.removesuffix(".py").split("/"):
        if part in VAGUE_NAMES:
            yield 1, f"{part!r} names no purpose; name the module after what it does"


def module_docstring(_path: str, text: str) -> Iterator[Offence]:
    """Whoever opens a file reads first what it is for."""
    first = tree(text).body[:1]
    if not first or not _is_text(first[0]):
        yield 1, "no docstring; say in the first line what the module is for"


def _is_text(statement: object) -> bool:
    value = getattr(getattr(statement, "value", None), "value", None)
    return isinstance(value, str) and bool(value.strip())


def machine_path(_path: str, text: str) -> Iterator[Offence]:
    """What names one machine's folders works on that machine only."""
    for number, line in enumerate(text.splitlines(), 1):
        for needle in MACHINE_PATHS:
            if needle in line:
                yield number, f"{needle} lies on one machine; start from the project's own folder"


def registry_host(_path: str, text: str) -> Iterator[Offence]:
    """Where packages come from is the user's setting."""
    for number, line in enumerate(text.splitlines(), 1):
        for needle in REGISTRY_HOSTS:
            if needle in line.lower():
                yield number, f"{needle} is the user's choice; name the package alone"


def lock_address(_path: str, text: str) -> Iterator[Offence]:
    """A lock says what by its hash, and not where."""
    for number, line in enumerate(text.splitlines(), 1):
        if _ADDRESS.search(line):
            yield number, "an address in a lock file; make it anew by `make lock`"


@dataclass(frozen=True, slots=True)
class Scope:
    """The files a rule is tried on: by how a path ends, begins and, excepted, begins."""

    rule: Rule
    suffixes: tuple[str, ...] = (".py",)
    folders: tuple[str, ...] = ("",)
    but: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """Whether the rule is tried on this file."""
        return (
            path.endswith(self.suffixes)
            and path.startswith(self.folders)
            and not (self.but and path.startswith(self.but))
        )


SOURCE = ("src/apportion/",)
CLI = ("src/apportion/cli/",)
API = ("src/apportion/api/",)
# A person's edge and a program's, and the line's own defaults, are where time and chance come in.
EDGES = (
    *CLI,
    *API,
    "src/apportion/client/client.py",
    "src/apportion/pipeline.py",
    "src/apportion/workspace.py",
)
# Where every number is money.
MONEY = tuple(
    f"src/apportion/{part}" for part in ("amounts", "ledger", "ingest", "reconcile", "report")
)
ANY = ("",)
LOCKS = (".lock",)

RULES = (
    Scope(file_length),
    Scope(function_length),
    Scope(line_length, suffixes=(".py", "Makefile", ".toml", ".ci/run")),
    Scope(module_name),
    Scope(module_docstring),
    Scope(machine_path, suffixes=ANY),
    Scope(registry_host, suffixes=ANY),
    Scope(lock_address, suffixes=LOCKS),
    Scope(tidy_calls.float_on_amounts, folders=MONEY),
    Scope(tidy_calls.decimal_of_float),
    Scope(tidy_calls.clock, folders=SOURCE, but=EDGES),
    Scope(tidy_calls.chance, folders=SOURCE, but=EDGES),
    Scope(tidy_calls.built_sql, folders=SOURCE),
    Scope(tidy_calls.printing, folders=SOURCE, but=CLI),
)


def complaints(files: Iterable[tuple[str, str]], scope: Scope) -> tuple[int, list[str]]:
    """How many files a rule was tried on, and every offence as ``path:line: message``."""
    tried, found = 0, []
    for path, text in files:
        if scope.holds(path):
            tried += 1
            found += [f"{path}:{line}: {message}" for line, message in scope.rule(path, text)]
    return tried, found
