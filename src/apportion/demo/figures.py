"""The figures that the example company is made from: CSV files in ``data``.

They say what a year of each thing costs or an ordinary day of it counts, and by which profile it
varies. To make the company larger or stranger, change them there.
"""

import csv
from importlib.resources import files


def figures(name: str) -> list[dict[str, str]]:
    """The records of a file, such as ``cloud.csv``, in its order."""
    text = files("apportion.demo").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
