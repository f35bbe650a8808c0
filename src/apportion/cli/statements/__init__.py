"""Statements as files that can be sent: pages, tables, spreadsheets, data.

``issue`` chooses and writes; ``html`` (with its template), ``sheet``, ``flat`` and ``data`` each
lay a statement out. All show the same rounded costs, which sum to the total.
"""
