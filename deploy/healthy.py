#!/usr/bin/env python3
"""Whether the server on this machine says that it is well: status 0 if so, for a health check."""

import sys
from http.client import HTTPConnection


def is_well(port: int) -> bool:
    """Ask a port of the loopback. Raises ``OSError`` where nobody answers."""
    # Not by a library that would go through the proxy of the environment.
    connection = HTTPConnection("127.0.0.1", port, timeout=4)
    connection.request("GET", "/api/v1/health")
    return connection.getresponse().status == 200


if __name__ == "__main__":
    sys.exit(not is_well(int(sys.argv[1])))
