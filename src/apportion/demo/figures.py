"""The figures that an example is made from: CSV files in its folder ``data``.

They say what each thing costs or an ordinary day of it counts, and by which profile it varies. To
make an example larger or stranger, change them there.
"""

import csv
from importlib.resources import files


def figures(example: str, name: str) -> list[dict[str, str]]:
    """The records of a file of an example, such as ``cloud.csv`` of ``company``, in its order."""
    text = files("apportion.demo").joinpath(example, "data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
