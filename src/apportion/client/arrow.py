"""Tables as a server gives them: Arrow streams, with the columns that the caller expects."""

from collections.abc import Sequence

import pyarrow as pa

from apportion.client.connection import Asked, Connection

MEDIA_TYPE = "application/vnd.apache.arrow.stream"


def table(connection: Connection, path: str, asked: Asked, columns: Sequence[str] = ()) -> pa.Table:
    """The whole table of an answer; the columns that are named, or all.

    Raises the ``ApportionError`` that a problem stands for.
    """
    answer = connection.answer("GET", path, asked, headers={"Accept": MEDIA_TYPE})
    try:
        found = pa.ipc.open_stream(pa.py_buffer(answer.content)).read_all()
    except pa.ArrowException as error:
        raise connection.not_ours(answer) from error
    return found.select(list(columns)) if columns else found
