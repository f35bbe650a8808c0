"""Files on their way to a server: one as it is, several as a form, read anew for each try."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apportion.findings import QUESTION, Finding, Place, UsageError

_AT_ONCE = 2**20
_INSTEAD = {'"': "%22", "\r": "%0D", "\n": "%0A"}


@dataclass(frozen=True, slots=True)
class Upload:
    """Files to be sent, and ``boundary``, which stands in none of them.

    ``sizes`` are those of the files, in bytes.
    """

    files: tuple[Path, ...]
    sizes: tuple[int, ...]
    boundary: str

    @property
    def name(self) -> str | None:
        """The name that the address says; files of a form have theirs in it."""
        return self.files[0].name if len(self.files) == 1 else None

    def headers(self) -> Mapping[str, str]:
        """What the body is, and how long."""
        if len(self.files) == 1:
            kind, length = "application/octet-stream", self.sizes[0]
        else:
            kind = f"multipart/form-data; boundary={self.boundary}"
            framing = sum(len(self._beginning(file)) + len(_END) for file in self.files)
            length = sum(self.sizes) + framing + len(self._last())
        return {"Content-Type": kind, "Content-Length": str(length)}

    def body(self) -> Iterator[bytes]:
        """The body, part by part. Raises ``UsageError`` where a file cannot be read."""
        if len(self.files) == 1:
            yield from _parts(self.files[0], self.sizes[0])
            return
        for file, size in zip(self.files, self.sizes, strict=True):
            yield self._beginning(file)
            yield from _parts(file, size)
            yield _END
        yield self._last()

    def _beginning(self, file: Path) -> bytes:
        name = "".join(_INSTEAD.get(character, character) for character in file.name)
        said = f'Content-Disposition: form-data; name="files"; filename="{name}"'
        return f"--{self.boundary}\r\n{said}\r\n\r\n".encode()

    def _last(self) -> bytes:
        return f"--{self.boundary}--\r\n".encode()


_END = b"\r\n"


def upload(paths: Sequence[Path | str], boundary: str) -> Upload:
    """The files to be sent. Raises ``UsageError`` where there is none, or one cannot be read."""
    files = tuple(Path(path) for path in paths)
    if not files:
        raise UsageError([Finding("invalid_argument", "There is no file to be sent.", QUESTION)])
    return Upload(files, tuple(map(_size, files)), boundary)


def _size(file: Path) -> int:
    try:
        with file.open("rb") as opened:
            return os.fstat(opened.fileno()).st_size
    except OSError as error:
        raise _unreadable(file, error) from error


def _parts(file: Path, size: int) -> Iterator[bytes]:
    left = size
    try:
        with file.open("rb") as opened:
            while part := opened.read(_AT_ONCE):
                left -= len(part)
                if left < 0:
                    break
                yield part
    except OSError as error:
        raise _unreadable(file, error) from error
    if left:
        message = "The file was written to while it was sent."
        remedy = "Wait until it is whole, then send it again."
        raise UsageError([Finding("unreadable_file", message, Place(str(file)), remedy)])


def _unreadable(file: Path, error: OSError) -> UsageError:
    message = f"The file cannot be read: {error.strerror or error}."
    return UsageError([Finding("unreadable_file", message, Place(str(file)))])
