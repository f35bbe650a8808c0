"""The questions people ask of a result, one file a question.

A report reads a DuckDB connection that has the result's views, and the model; it gives back plain
records or an Arrow table. This is the only place where figures are rounded for people
(``figures``); how they are laid out is the business of whoever shows them.

- ``products``: what each product costs, by itself and with all that is part of it (`A25`).
- ``hierarchy``: the same as a forest, with the figures of the whole beside it; ``sanity``: whether
  these can be right, summed again from rows. ``infrastructure``: who gave what to whom, and why the
  rest was kept. ``node``: all of one node; ``timeseries``: it day by day.
- ``nodes``, ``edges``, ``allocations``, ``contributions``, ``shares``, ``costs_by_type``,
  ``costs_by_label``: the figures themselves, as a ``listing`` with columns, filters and totals
  (``node_figures``: those of a node), whole, in pages (``paging``) or handed on in parts as it
  is read (``listing_parts``).
- ``reconciliation``: what came in, where it went, what is left and why.
- ``runs``: which of them answer for some day. ``deliveries``: what came in, and the runs that a
  change of it left behind. ``strategies``: how shares can be decided.
- ``usage_statement``: what an account used and owes; ``statements``: files of it that can be sent.
  ``margin``: charges beside cost. ``usage_questions``: usage and charges, as a ``usage_listing``;
  ``usage_changes``: what moved between two ratings.
- ``doubts``: what stands in the way of trusting an answer. ``assumptions``: what it rests on that
  nobody measured, with the money moved. ``ledger_doubts``: what the ledger tells of a model.

Whoever gives answers to programs takes their shape from here, so that it is the same everywhere:
``as_data`` is an answer as JSON holds it, ``flat`` the same as a table, ``head`` and ``rows`` those
of a long one. ``json_text`` and ``csv_text`` write them.
"""
