"""Many keep-alive clients in one process, each asking its next question when it has its answer.

They share the processors with the server that they measure, so they do as little as they can:
requests are bytes made beforehand, and of an answer only its status, length and body are read.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import uvloop

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"
WAIT_FOR_LAST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Question:
    """A path with its query, and the name under which its answers are counted."""

    name: str
    path: str

    def request(self, port: int) -> bytes:
        """The bytes that ask it."""
        lines = f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json"
        return f"{lines}\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class Figures:
    """How long answers took, in milliseconds."""

    count: int
    p50: float
    p95: float
    p99: float
    worst: float


@dataclass
class Load:
    """What clients ask for some seconds, and what came of it.

    ``order`` says which question is next, for all clients together. Every answer must be a 200
    and, to a question asked before, the same bytes as then.
    """

    questions: Sequence[Question]
    order: Iterator[int]
    port: int
    seconds: float
    until: float = 0.0
    requests: Sequence[bytes] = ()
    took: float = 0.0
    own_seconds: float = 0.0
    octets: int = 0
    times: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    first: dict[str, bytes] = field(default_factory=dict)

    def run(self, clients: int) -> "Load":
        """Ask. Gives itself, filled."""
        uvloop.run(self._run(clients))
        return self

    async def _run(self, clients: int) -> None:
        loop = asyncio.get_running_loop()
        self.requests = [question.request(self.port) for question in self.questions]
        began, own = time.perf_counter(), time.process_time()
        self.until = began + self.seconds
        running = [
            (await loop.create_connection(lambda: Client(self), "127.0.0.1", self.port))[1]
            for _ in range(clients)
        ]
        enough = self.seconds + WAIT_FOR_LAST_SECONDS
        _, late = await asyncio.wait([each.ended for each in running], timeout=enough)
        self.errors += ["no answer in time"] * len(late)
        self.took = time.perf_counter() - began
        self.own_seconds = time.process_time() - own

    @property
    def answers(self) -> int:
        """How many answers came."""
        return sum(map(len, self.times.values()))

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.took

    def figures(self, name: str) -> Figures:
        """How long the answers to the questions of a name took."""
        times = np.array(self.times[name]) * 1000
        p50, p95, p99, worst = np.percentile(times, (50, 95, 99, 100)).tolist()
        return Figures(len(times), p50, p95, p99, worst)

    def answered(self, question: Question, seconds: float, head: bytes, body: bytes) -> None:
        """Count an answer, and hold it to the one before."""
        self.times.setdefault(question.name, []).append(seconds)
        self.octets += len(body)
        if head[9:12] != b"200":
            self.errors.append(f"{question.path}: {head[:80]!r} {body[:200]!r}")
        elif self.first.setdefault(question.path, body) != body:
            self.errors.append(f"{question.path}: another answer than before")


class Client(asyncio.Protocol):
    """One connection, which is kept."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.ended = asyncio.get_running_loop().create_future()
        self.part = b""
        self.whole = 0
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to ask."""
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        """Send the next question, or end."""
        self.sent = time.perf_counter()
        if self.sent >= self.load.until:
            self.ended.set_result(None)
            self.transport.close()
            return
        place = next(self.load.order)
        self.question = self.load.questions[place]
        self.transport.write(self.load.requests[place])

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer, or the whole of it."""
        self.part = self.part + data if self.part else data
        if not self.whole:
            head = self.part.find(END_OF_HEAD)
            if head < 0:
                return
            self.whole = head + len(END_OF_HEAD) + length_of(self.part[:head])
        if len(self.part) < self.whole:
            return
        taken = time.perf_counter() - self.sent
        head, _, body = self.part.partition(END_OF_HEAD)
        self.part, self.whole = b"", 0
        self.load.answered(self.question, taken, head, body)
        self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        """Count a connection that ends before its client does."""
        if not self.ended.done():
            self.load.errors.append(f"{self.question.path}: the connection was lost: {error}")
            self.ended.set_result(None)


def length_of(head: bytes) -> int:
    """The length of the body that a head announces."""
    at = head.lower().find(LENGTH)
    if at < 0:
        raise SystemExit(f"an answer without a length: {head!r}")
    return int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])
