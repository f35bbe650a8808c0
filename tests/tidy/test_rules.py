"""Every rule finds what it is for and leaves alone what it is not for."""

import textwrap

import pytest
import tidy_modules
import tidy_rules
from tidy_rules import RULES, Scope

CORE = "src/apportion/model/example.py"
MONEY = "src/apportion/amounts/example.py"
LOCK = "requirements.lock"
HOST = f"files.{tidy_rules.REGISTRY_HOSTS[1]}"
FOLDER = f"{tidy_rules.MACHINE_PATHS[0]}main"
LONG_FUNCTION = "def flow():\n" + "    x = 1\n" * (tidy_rules.FUNCTION_LINES - 1)
METHOD = "class Flow:\n" + textwrap.indent(LONG_FUNCTION + "    return x\n", "    ")

# rule, path, text, and the lines on which the rule must complain.
PLANTED = [
    ("file_length", CORE, "x = 1\n" * (tidy_rules.FILE_LINES + 1), [tidy_rules.FILE_LINES + 1]),
    ("file_length", CORE, "x = 1\n" * tidy_rules.FILE_LINES, []),
    ("function_length", CORE, LONG_FUNCTION + "    return x\n", [1]),
    ("function_length", CORE, "async " + LONG_FUNCTION + "    return x\n", [1]),
    ("function_length", CORE, METHOD, [2]),
    ("function_length", CORE, LONG_FUNCTION, []),
    ("line_length", CORE, "x = 1\n" + "#" * (tidy_rules.LINE_COLUMNS + 1), [2]),
    ("line_length", "Makefile", "#" * (tidy_rules.LINE_COLUMNS + 1), [1]),
    ("line_length", CORE, "#" * tidy_rules.LINE_COLUMNS, []),
    ("module_name", "src/apportion/utils.py", "", [1]),
    ("module_name", "src/apportion/helpers/dates.py", "", [1]),
    ("module_name", "src/apportion/model/common.py", "", [1]),
    ("module_name", "src/apportion/manager.py", "", [1]),
    ("module_name", "src/apportion/model/windows.py", "", []),
    ("module_docstring", CORE, "x = 1\n", [1]),
    ("module_docstring", CORE, "", [1]),
    ("module_docstring", CORE, '"""  """\n', [1]),
    ("module_docstring", CORE, "# a comment\n0\n", [1]),
    ("module_docstring", CORE, '"""What it is for."""\n', []),
    ("machine_path", "docs/start.md", f"go\nto {FOLDER}/src\n", [2]),
    ("machine_path", "docs/start.md", "go\nto the network, the roots\n", []),
    ("registry_host", "README.md", f"from https://{HOST.upper()}/x\n", [1]),
    ("registry_host", "README.md", "from the package index\n", []),
    ("lock_address", LOCK, "--index-url somewhere\nx==1\n--find-links here\n-i there\n", [1, 3, 4]),
    ("lock_address", LOCK, "x==1\ny @ https://example.invalid/y.whl\n", [2]),
    ("lock_address", LOCK, "x==1 \\\n    --hash=sha256:00ff\n", []),
    ("float_on_amounts", MONEY, "x = float(y)\n", [1]),
    ("float_on_amounts", MONEY, "import numpy as np\nx = np.float64(y)\n", [2]),
    ("float_on_amounts", MONEY, "x = table.astype(float)\n", [1]),
    ("float_on_amounts", MONEY, "x = table.astype('float32')\n", [1]),
    ("float_on_amounts", MONEY, "x = column.cast('double')\n", [1]),
    ("float_on_amounts", "src/apportion/ledger/schemas.py", "x = pa.float64()\n", [1]),
    ("float_on_amounts", MONEY, "x = float(y)  # not an amount:\n", [1]),
    ("float_on_amounts", MONEY, "x = float(y)  # not an amount: seconds of waiting\n", []),
    ("float_on_amounts", MONEY, "# not an amount: seconds of waiting\nx = float(y)\n", []),
    ("float_on_amounts", MONEY, "x = 1  # not an amount: a count\ny = float(z)\n", [2]),
    ("float_on_amounts", MONEY, "x = int(y)\nfloating = 'float(y)'\n", []),
    ("float_on_amounts", "src/apportion/attribution/example.py", "x = float(y)\n", None),
    ("decimal_of_float", CORE, "x = Decimal(0.1)\n", [1]),
    ("decimal_of_float", CORE, "import decimal\nx = decimal.Decimal(-0.5)\n", [2]),
    ("decimal_of_float", CORE, "x = Decimal('0.1') + Decimal(1)\n", []),
    ("clock", CORE, "x = datetime.now()\n", [1]),
    ("clock", CORE, "x = field(default_factory=datetime.datetime.now)\n", [1]),
    ("clock", CORE, "x = date.today()\ny = time.time()\nz = time.time_ns()\n", [1, 2, 3]),
    ("clock", CORE, "from time import time\n", [1]),
    ("clock", CORE, "x = time.monotonic()\ny = date(2026, 1, 1)\n", []),
    ("clock", "src/apportion/cli/run.py", "x = datetime.now()\n", None),
    ("clock", "src/apportion/pipeline.py", "x = datetime.now()\n", None),
    ("chance", CORE, "x = uuid.uuid4()\ny = random.random()\n", [1, 2]),
    ("chance", CORE, "from uuid import uuid4\n", [1]),
    ("chance", CORE, "x = np.random.rand(3)\n", [1]),
    ("chance", CORE, "x = random.Random(seed).random()\n", []),
    ("built_sql", CORE, "x = f'SELECT * FROM {table}'\n", [1]),
    ("built_sql", CORE, "x = f'''\n    select a from {table}\n'''\n", [1]),
    ("built_sql", CORE, "x = f'select a.id from {table}'\n", [1]),
    ("built_sql", CORE, "x = f'node in (select id from {table})'\n", [1]),
    ("built_sql", CORE, "x = f'with {name} as (select 1)'\n", [1]),
    ("built_sql", CORE, "x = 'DELETE FROM nodes WHERE id = %s' % node\n", [1]),
    ("built_sql", CORE, "x = 'INSERT INTO {} VALUES (1)'.format(table)\n", [1]),
    ("built_sql", CORE, "x = 'SELECT a FROM ' + table\n", [1]),
    ("built_sql", CORE, "x = f'UPDATE {table} SET a = 1'\n", [1]),
    ("built_sql", CORE, "x = f'CREATE OR REPLACE TEMP TABLE {name} AS SELECT 1'\n", [1]),
    ("built_sql", CORE, "x = f'SELECT {n}'  # our own names:\n", [1]),
    ("built_sql", CORE, "x = f'SELECT {n}'  # our own names: columns of the schema\n", []),
    ("built_sql", CORE, "x = f'''\nSELECT {n}\n'''  # our own names: columns of the schema\n", []),
    ("built_sql", CORE, "# our own names: columns of the schema\nx = f'SELECT {n}'\n", []),
    ("built_sql", CORE, "x = f'SELECT 1'\ny = 'SELECT a FROM b WHERE c = ?'\n", []),
    ("built_sql", CORE, "x = f'select one of {names}; with {n} as it is'\n", []),
    ("built_sql", CORE, "x = f'Update the file {name}. Create it.'\n", []),
    ("printing", CORE, "print('done')\n", [1]),
    ("printing", CORE, "report('print this')\n", []),
    ("printing", "src/apportion/cli/run.py", "print('done')\n", None),
]


def scope_of(name: str) -> Scope:
    """The rule of this name, with the files it is tried on."""
    return next(scope for scope in RULES if scope.rule.__name__ == name)


@pytest.mark.parametrize(("name", "path", "text", "lines"), PLANTED)
def test_rule_complains_of_what_it_is_for(name, path, text, lines):
    tried, found = tidy_rules.complaints([(path, text)], scope_of(name))
    assert tried == (lines is not None)
    assert [complaint.split(" ")[0] for complaint in found] == [
        f"{path}:{line}:" for line in lines or []
    ]


def test_every_rule_is_shown_to_catch_and_to_spare():
    names = {scope.rule.__name__ for scope in RULES}
    assert len(RULES) == len(names)
    assert names == {name for name, _, _, lines in PLANTED if lines}
    assert names == {name for name, _, _, lines in PLANTED if lines == []}


def test_an_orphan_is_a_module_that_no_other_one_mentions():
    texts = {
        "src/a/__init__.py": "",
        "src/a/start.py": "from a import used\nfrom .b import near\nimport a.plain\n",
        "src/a/used.py": "NAME = 'a.late:main'\n",
        "src/a/plain.py": "",
        "src/a/late.py": "",
        "src/a/b/__init__.py": "",
        "src/a/b/near.py": "from ..b.next import f\n",
        "src/a/b/next.py": "",
        "src/a/b/lonely.py": "import a.b.lonely\n",
        "src/a/plugins/found.py": "",
        "src/a/astray.py": "",
    }
    found = tidy_modules.orphans(texts, {"src/a/plugins"}, {"a.start"})
    assert found == ["src/a/astray.py", "src/a/b/lonely.py"]


def test_a_file_that_git_lacks_is_found():
    assert tidy_modules.missing_from({"a.py"}, {"b.py", "a.py"}) == ["b.py"]
    assert tidy_modules.missing_from({"a.py", "b.py"}, {"a.py"}) == []
