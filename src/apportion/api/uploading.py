"""A file that comes in as a body: written to the disk as it comes, and never held in memory."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

import anyio
from fastapi import Request
from starlette.requests import ClientDisconnect

from apportion.api.problems import ProblemError
from apportion.api.working import take_place, working_of
from apportion.findings import Finding, LedgerError, Place
from apportion.jobs.ingesting import Upload, upload_into
from apportion.jobs.uploads import private_folder

_PART = 2**20
_FORM = "multipart/"
# What curl calls a file that it is told to send as it is says "form" too, so that is no reason.


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that lies on the disk now, and the SHA-256 of its bytes."""

    upload: Upload
    digest: str


@asynccontextmanager
async def taken_in(request: Request, name: str) -> AsyncIterator[Taken]:
    """Take in the body as a file of that name, which is gone at the end.

    Raises ``UsageError`` for a name that is not plain, ``ProblemError`` for a form, ``JobError``
    where too many files are coming in, ``LedgerError`` where the disk takes no more.
    """
    if request.headers.get("content-type", "").lower().startswith(_FORM):
        said = "Send the file itself as the body, not in a form: curl --data-binary @FILE."
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, said)
    working = working_of(request)
    with ExitStack() as place:
        place.callback(take_place(working.uploads, "So many uploads"))
        held = ExitStack()
        try:
            yield await _taken(request, name, held)
        finally:
            with anyio.CancelScope(shield=True):
                await working.look(held.close)


async def _taken(request: Request, name: str, held: ExitStack) -> Taken:
    working = working_of(request)
    folder = working.settings.folder
    try:
        private = await working.look(lambda: held.enter_context(private_folder(folder)))
        upload = upload_into(private, name)
        return Taken(upload, await _write(request, upload))
    except OSError as error:
        message = f"The file could not be kept: {error.strerror}."
        remedy = "The server's disk is full or refuses to write."
        raise LedgerError([Finding("storage_failed", message, Place(name), remedy)]) from error


async def _write(request: Request, upload: Upload) -> str:
    working, digest = working_of(request), hashlib.sha256()
    gathered = bytearray()
    with upload.path.open("xb") as file:

        def write() -> None:
            digest.update(gathered)
            file.write(gathered)
            gathered.clear()

        try:
            async for part in request.stream():
                gathered += part
                if len(gathered) >= _PART:
                    await working.look(write)
        except ClientDisconnect:
            said = "The body broke off before its end."
            raise ProblemError(HTTPStatus.BAD_REQUEST, said) from None
        await working.look(write)
    return digest.hexdigest()
