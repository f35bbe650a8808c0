"""The ledger: what is recorded, and the only way to record it.

- ``schemas``: every table's columns, with their meaning and unit.
- ``store``: the only module that touches files; reads and writes Delta tables.
- ``record_ingest``, ``record_run``: the ordered steps of a write, visible whole or not at all.
- ``digest``: whether two sets of rows say the same.
- ``views``: tables as views of a DuckDB connection.
- ``runs``: which run answers for which day.

Delta commits one table at a time. So an ingest counts once its row stands in ``ingests``, which
names the versions of ``costs`` and ``usage`` that hold from then on; a run counts once its row
stands in ``runs``. Whatever a killed writer left beside these records is not seen by readers, and
the next writer clears it away (`A26`, `A28`).
"""
