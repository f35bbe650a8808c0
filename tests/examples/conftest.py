"""Makes the oracle and what reads examples for it importable."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
for folder in (TESTS / "properties", TESTS / "examples"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
