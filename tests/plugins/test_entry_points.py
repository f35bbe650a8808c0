"""A strategy and a bill format of another package are found through entry points."""

import os
import subprocess
import sys
from pathlib import Path

STRATEGY_MODULE = '''
from apportion.attribution.strategy import Parameters, Strategy


def weights(siblings):
    """All of it to everybody alone: a share of one half, whoever asks."""
    return siblings.count * 0 + 1, siblings.count * 0 + 2


STRATEGY = Strategy(
    name="always_half",
    summary="Half of the source.",
    formula="1 / 2",
    sentence="{receiver} gets {share} of {source}.",
    parameters=Parameters,
    weights=weights,
)
'''

USE = """
from datetime import date

import pyarrow as pa

import apportion as ap

model = ap.Model.from_dict(
    {
        "nodes": [{"id": "db", "type": "resource"}, {"id": "shop", "type": "product"}],
        "edges": [{"source": "db", "receiver": "shop", "strategy": "always_half"}],
    }
)
costs = pa.Table.from_pylist(
    [{"node": "db", "date": date(2024, 1, 1), "dimension": "all", "amount": "9.00"}]
)
print(ap.attribute(model, costs).contributions.to_pylist()[0]["amount"])
"""


def _install(folder: Path, group: str, module: str, text: str, attribute: str) -> None:
    """Lay the package out as an installer would: a module and its metadata."""
    (folder / f"{module}.py").write_text(text, encoding="utf-8")
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8"
    )
    (metadata / "entry_points.txt").write_text(
        f"[{group}]\n{module} = {module}:{attribute}\n", encoding="utf-8"
    )


def _python(folder: Path, code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_strategy_of_another_package_is_used(tmp_path: Path) -> None:
    _install(tmp_path, "apportion.strategies", "halves", STRATEGY_MODULE, "STRATEGY")
    assert _python(tmp_path, USE) == "4.500000000"


def test_two_strategies_of_one_name_are_refused(tmp_path: Path) -> None:
    clash = STRATEGY_MODULE.replace("always_half", "equal")
    _install(tmp_path, "apportion.strategies", "clashing", clash, "STRATEGY")
    code = (
        "from apportion import plugins\n"
        "try:\n"
        "    plugins.registered(plugins.STRATEGIES)\n"
        "except plugins.DuplicatePluginError as error:\n"
        "    print(error)\n"
    )
    assert "'equal'" in _python(tmp_path, code)
