"""Outside files become rows of the ledger.

The way of a file, each step a module:

- ``safe_reading`` and ``columns`` find out what a file is (``inspected``) before anything is read;
  ``connection`` opens it to queries, and nothing else on the machine.
- A format in ``formats`` says in a ``Layout`` how each cell is read (``cells``, ``decimals``).
- ``acceptance`` takes lines or refuses them: ``first_reading`` groups and sums, ``careful`` finds
  the lines that are wrong, ``second_reading`` proves the totals by another way.
- ``mapping`` says where groups of lines belong; ``cost_rows`` makes rows of them, with
  ``rounding`` and ``spread``; ``cost_report`` tells what happened.
- ``incoming`` holds what comes out; ``ingest`` is the entrance.
"""
