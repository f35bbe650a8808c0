"""The proof of a result: figures and invariants, derived anew from the result's own tables.

Nothing here calls what computed the result. The edges that were active on a day are worked out
again from the model, the sums again from the rows, so that a mistake made there is seen here.

- ``proof``: the one entry, ``reconcile``.
- ``facts``: what the model says, as Arrow tables; ``evidence``: those and the result, side by
  side in DuckDB; ``recorded``: the costs as recorded, converted.
- ``invariants``: one file for each thing that must hold.
- ``sums``, ``figures``, ``reasons``, ``origin``: the figures of `A18` to `A21`, and why cost was
  left where it is.
- ``graph_size``: how large the graph is; ``hierarchy``: products rolled up over ``part_of``.
- ``reconciliation``: what comes out; ``requirement``: what it must show.
"""
