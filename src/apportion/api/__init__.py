"""The HTTP API: what the workspace knows, for other programs, spreadsheets and web pages.

Thin: it parses a question, asks ``workspace`` and ``report``, and puts the answer into the format
that was asked for. ``application`` puts the parts together and reads as a list of them.

- ``asking``: the query parameters that many questions share. ``reading``: what they are asked of.
- ``answering`` and ``formats/``: JSON, CSV, Arrow and Parquet, pages, and their OpenAPI.
- ``problems``: errors as RFC 9457 says.
- ``layers/``: what happens to every request before and after it, one file each.
- ``resources/``: the paths, one file a resource.
- ``current``: the workspace as it is now, and by what one knows that it has changed.
"""
