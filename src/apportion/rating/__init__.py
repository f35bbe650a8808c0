"""Usage becomes charges: units x rate - allowance (`B1`-`B20`).

The way of a row, each step a module:

- ``usage`` reads a table of billable usage strictly.
- ``calendar`` knows financial years and their months, ``allowance`` what is free in them.
- ``plan`` puts what the model says into small tables beside the usage; ``running`` is the one
  expression that rates, the same on every engine.
- ``setting`` changes allowances, ``changes`` tells what moved, ``metrics`` gives usage on to the
  attribution of costs.
- ``charges`` holds rated rows; ``views`` are the questions about them, one file a question.

Everything is whole units and decimals. Nothing is rounded here: the sums of rows are shown by
``apportion.report``.
"""
