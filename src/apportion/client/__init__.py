"""A typed client of the HTTP API, with the method names of ``Workspace``.

- ``client``: the one that people use. ``connection``: requests that are sent again where that is
  safe. ``problems``: a server's problems as the exceptions that local work raises.
- ``arrow``: tables. ``result``, ``reconciliation``, ``charges``: answers about costs and about
  charges. ``records``: single facts, of the kind that ``told`` describes. ``uploads``:
  files on their way. ``running``: a run, followed to its end.

It knows the API and the shape of findings, and nothing else of the program.
"""

from apportion.client.client import Client

__all__ = ["Client"]
