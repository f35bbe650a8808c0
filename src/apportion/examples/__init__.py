"""Examples as data: given these costs and usage, expect these figures.

A file of examples is read by people, by this program (``apportion test``), and by whatever else
knows the rules. What is wrong with a file and what an example gets wrong are findings alike, each
with file and line.

- ``types``: what an example says. ``reading``: files to examples; ``given`` and ``expected`` read
  the two halves of one.
- ``answers``: what the engine says of the same questions. ``checking``: both, side by side.
"""

from apportion.examples.checking import Checked, Report, check, check_files
from apportion.examples.reading import ReadFile, read_examples
from apportion.examples.types import Example

__all__ = ["Checked", "Example", "ReadFile", "Report", "check", "check_files", "read_examples"]
