"""Answers that whoever asked for them takes only in part."""

import asyncio
from collections.abc import Iterator

import pyarrow as pa
from starlette.types import Message

from apportion.api.answering import answer_table
from apportion.api.formats.format import Answer, Format


def test_what_is_open_behind_an_answer_is_let_go_of_at_once() -> None:
    let_go: list[bool] = []

    def write(_: Answer) -> Iterator[bytes]:
        try:
            while True:
                yield b"a" * 2**20
        finally:
            let_go.append(True)

    answer = answer_table(Answer(pa.table({}), {}), Format("text/csv", write), ())

    async def ask() -> None:
        sent = asyncio.Event()

        async def receive() -> Message:
            await sent.wait()
            return {"type": "http.disconnect"}

        async def send(_: Message) -> None:
            sent.set()

        await answer({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)

    asyncio.run(ask())
    assert let_go == [True]
