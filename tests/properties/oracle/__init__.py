"""The rules of attribution once more, as plainly as they can be written, to hold the engine to.

Nothing here imports the program under test, and nothing here is fast: dictionaries and lists in,
``fractions.Fraction`` and integers inside.

- ``declared``: a model as a dictionary, read into edges with windows.
- ``recorded``: cost lines to units of one currency, usage rows to figures.
- ``shares``: the share of every sibling (`A8` to `A14`).
- ``same_rounding``: flows in units with the rounding that the program promises, to be equal to.
- ``rational``: flows without any rounding, to be near to.
- ``figures``: the reconciliation (`A18` to `A21`) and the hierarchy (`A25`) from rows alone.
"""
