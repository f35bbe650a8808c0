"""A form with several files, which are written to the disk part by part as they come."""

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import IO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from apportion.api.problems import ProblemError
from apportion.findings import QUESTION, Finding, UsageError
from apportion.jobs.uploads import require_plain_name

MEDIA_TYPE = "multipart/form-data"
MOST_FILES = 200
"""Files of one request; a bill of more parts is one that should be joined."""


class SeveralFiles:
    """Takes a form in and keeps its files; ``names`` are those that have come, in their order.

    ``path_of`` says where a file of a plain name belongs.
    """

    def __init__(self, content_type: str, path_of: Callable[[str], Path]) -> None:
        """Begin with nothing. Raises ``ProblemError`` (400) without a boundary to be read by."""
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise _broken("it has no boundary")
        self.names: list[str] = []
        self._path_of = path_of
        self._digest = hashlib.sha256()
        self._of_file = hashlib.sha256()
        self._file: IO[bytes] | None = None
        self._field, self._value, self._disposition = b"", b"", b""
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._add_field,
                    "on_header_value": self._add_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_file,
                    "on_part_data": self._write,
                    "on_part_end": self._end_file,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _broken(str(error)) from error

    def take(self, data: bytes) -> None:
        """Take the next of the body.

        Raises ``ProblemError`` (400), ``UsageError`` for names that are not plain, ``OSError``.
        """
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _broken(str(error)) from error

    def finish(self) -> str:
        """Know that all has come; gives the SHA-256 of the names and contents of all files.

        Raises ``ProblemError`` (400) where the last part has no end, or there is none.
        """
        if not self._ended:
            raise _broken("it ends before its last part does")
        if not self.names:
            raise _broken("it has no file")
        return self._digest.hexdigest()

    def close(self) -> None:
        """Let go of a file that broke off."""
        if self._file:
            self._file.close()

    def _begin_part(self) -> None:
        self._disposition = b""

    def _add_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field, self._value = b"", b""

    def _begin_file(self) -> None:
        given = parse_options_header(self._disposition)[1].get(b"filename")
        if given is None:
            raise _wrong("A part of the form is no file.", "Say the rest in the address.")
        name = require_plain_name(given.decode(errors="replace"))
        if name in self.names:
            raise _wrong(f"Two files are named {name!r}.", "Give each a name of its own.")
        if len(self.names) == MOST_FILES:
            raise _wrong(f"There are more than {MOST_FILES} files.", "Join them first.")
        self.names.append(name)
        self._of_file = hashlib.sha256()
        self._file = self._path_of(name).open("xb")

    def _write(self, data: bytes, start: int, end: int) -> None:
        assert self._file
        self._of_file.update(data[start:end])
        self._file.write(data[start:end])

    def _end_file(self) -> None:
        assert self._file
        self._file.close()
        self._digest.update(f"{self.names[-1]}\0{self._of_file.hexdigest()}\0".encode())

    def _end(self) -> None:
        self._ended = True


def _wrong(message: str, remedy: str) -> UsageError:
    return UsageError([Finding("invalid_argument", message, QUESTION, remedy)])


def _broken(why: str) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, f"The form cannot be read: {why}.")
