"""What may not be called or written where, each with what to write instead."""

import ast
import re
from collections.abc import Iterator

from tidy_syntax import Offence, dotted, tree

_NOT_MONEY = re.compile(r"#.*\bnot an amount: *\S+ +\S+")
_OUR_NAMES = re.compile(r"#.*\bour own names: *\S+ +\S+")
_FLOAT = re.compile(r"(^|\.)(float(16|32|64|128)?|double|longdouble|as_float)$")
_CLOCK = re.compile(
    r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|localtime|gmtime))$"
)
_CHANCE = re.compile(
    r"(^|\.)(uuid\.uuid[14]|uuid[14]|random\.(random|randint|randrange|choices?|shuffle|sample"
    r"|uniform|rand|seed)|os\.urandom|secrets\.\w+)$"
)
_SQL = re.compile(
    r"\A\s*(SELECT\s|select\s.*\sfrom\s|(WITH|with)\s+\S+\s+(AS|as)\s*\(|INSERT\s+INTO\s|"
    r"UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|COPY\s+\S+\s+(TO|FROM)\s|"
    r"(CREATE|DROP|ALTER)\s+(OR\s+REPLACE\s+)?(TEMP\w*\s+)?(TABLE|VIEW|MACRO|SCHEMA)\s|"
    r"(ATTACH|PRAGMA|EXPLAIN|DESCRIBE|SET\s+VARIABLE|INSTALL|LOAD)\s+\S+)"
    r"|\(\s*(SELECT|select)\s.*\s(FROM|from)\s",
    re.DOTALL,
)
_FLOAT_MESSAGE = (
    "a float cannot hold money; use apportion.amounts (int64 units, Decimal, Fraction), "
    "or say at the line or above it `# not an amount: WHAT IT IS`"
)
_SQL_MESSAGE = (
    "SQL built of text; bind the values with `?`, "
    "or say at the line or above it `# our own names: WHICH THEY ARE`"
)


def float_on_amounts(_path: str, text: str) -> Iterator[Offence]:
    """No float in the parts of the program where every number is money."""
    lines = text.splitlines()
    for node in ast.walk(tree(text)):
        if _makes_float(node) and not _excused(_NOT_MONEY, lines, node.lineno):
            yield node.lineno, _FLOAT_MESSAGE


def _excused(reason: re.Pattern[str], lines: list[str], *numbers: int) -> bool:
    """Whether a reason is given on one of these lines, or on a line of its own above the first."""
    above = lines[numbers[0] - 2].strip() if numbers[0] > 1 else ""
    spoken = [lines[number - 1] for number in numbers]
    return any(map(reason.search, [*spoken, above if above.startswith("#") else ""]))


def _makes_float(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return bool(_FLOAT.search(dotted(node)))
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id == "float"
    converts = isinstance(node.func, ast.Attribute) and node.func.attr in {"astype", "cast", "view"}
    return converts and any(_is_float_name(argument) for argument in node.args)


def _is_float_name(node: ast.AST) -> bool:
    name = node.value if isinstance(node, ast.Constant) else getattr(node, "id", "")
    return isinstance(name, str) and bool(_FLOAT.search(name.lower()))


def decimal_of_float(_path: str, text: str) -> Iterator[Offence]:
    """A decimal of a float literal is already wrong by what the float could not hold."""
    for node in ast.walk(tree(text)):
        if isinstance(node, ast.Call) and dotted(node.func).endswith("Decimal"):
            for argument in node.args:
                if any(_is_float(part) for part in ast.walk(argument)):
                    yield node.lineno, "Decimal of a float; write the number as text"


def _is_float(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def clock(_path: str, text: str) -> Iterator[Offence]:
    """The same input gives the same bytes, whatever the day."""
    message = "the clock is an argument; take the moment from the caller"
    return _names(text, _CLOCK, message)


def chance(_path: str, text: str) -> Iterator[Offence]:
    """The same input gives the same bytes, whatever the dice."""
    message = "ids and chance are arguments; take them, or a seeded generator, from the caller"
    return _names(text, _CHANCE, message)


def _names(text: str, banned: re.Pattern[str], message: str) -> Iterator[Offence]:
    for node in ast.walk(tree(text)):
        if isinstance(node, ast.Attribute) and banned.search(dotted(node)):
            yield node.lineno, message
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if banned.search(f"{node.module}.{alias.name}"):
                    yield node.lineno, message


def built_sql(_path: str, text: str) -> Iterator[Offence]:
    """What comes from data is bound, never written into a statement."""
    lines = text.splitlines()
    for node in ast.walk(tree(text)):
        if not _SQL.search(_built_text(node)):
            continue
        if not _excused(_OUR_NAMES, lines, node.lineno, node.end_lineno or node.lineno):
            yield node.lineno, _SQL_MESSAGE


def _built_text(node: ast.AST) -> str:
    """The text that a node fills or lengthens with something else, where it does so."""
    if isinstance(node, ast.JoinedStr):
        parts = [_text(part) or "{}" for part in node.values]
        return "".join(parts) if any(map(_is_filled, node.values)) else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _text(node.left)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) if not isinstance(node.right, ast.Constant) else ""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _text(node.func.value) if node.func.attr in {"format", "format_map"} else ""
    return ""


def _is_filled(node: ast.AST) -> bool:
    return isinstance(node, ast.FormattedValue)


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def printing(_path: str, text: str) -> Iterator[Offence]:
    """Only the edge speaks to people; all else returns."""
    for node in ast.walk(tree(text)):
        if isinstance(node, ast.Call) and dotted(node.func) in {"print", "builtins.print"}:
            yield node.lineno, "print outside the command line; return it, or raise findings"
