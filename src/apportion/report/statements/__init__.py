"""Statements as files that can be sent: pages, tables, spreadsheets, data.

``issue`` gives the bytes of one; ``html`` (with its template) and ``sheet`` each lay it out, what
programs read comes from the report itself. All show the same rounded costs, which sum to the total.
"""
