"""Cost attribution: how the cost of sources reaches their receivers.

- ``strategy`` and ``strategies``: how an edge's share is decided, one file a strategy.
- ``costs`` and ``usage``: tables in, integers out.
- ``graph``: the edges of an epoch in the order in which the kernel takes them.
- ``plan`` and ``weights``: shares as integer weights over one denominator per source and day.
- ``kernel``: arrays in, arrays out; the conserving split along the levels of the graph.
- ``exact``: the slow path in unbounded integers, for numbers that 64 bits cannot hold.
- ``result``: what came out, as Arrow tables.
"""
