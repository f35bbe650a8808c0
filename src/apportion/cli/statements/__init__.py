"""Statements as files that can be sent: pages, tables, spreadsheets, data.

``issue`` chooses and writes; ``html`` (with its template) and ``sheet`` each lay a statement out,
what programs read comes from the report. All show the same rounded costs, which sum to the total.
"""
