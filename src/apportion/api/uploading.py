"""Files that come in as a body: written to the disk as they come, and never held in memory."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from pathlib import Path

import anyio
from fastapi import Request
from starlette.requests import ClientDisconnect

from apportion.api.once import principal_of
from apportion.api.problems import ProblemError
from apportion.api.several_files import MEDIA_TYPE, SeveralFiles
from apportion.api.working import sending, working_of
from apportion.findings import Finding, LedgerError, Place
from apportion.jobs.ingesting import Upload, upload_into
from apportion.jobs.uploads import private_folder

_PART = 2**20


@dataclass(frozen=True, slots=True)
class Taken:
    """Files that lie on the disk now, and the SHA-256 of what came."""

    upload: Upload
    digest: str


def is_form(request: Request) -> bool:
    """Whether the body is a form with files, rather than a file itself."""
    return request.headers.get("content-type", "").lower().startswith(MEDIA_TYPE)


@asynccontextmanager
async def taken_in(request: Request, name: str) -> AsyncIterator[Taken]:
    """Take in the body as a file of that name, or the files of a form; they are gone at the end.

    Raises ``UsageError`` for a name that is not plain, ``ProblemError`` for a body or form that
    breaks off, ``JobError`` where too many files are coming in, ``LedgerError`` where the disk
    takes no more.
    """
    working = working_of(request)
    with sending(working, principal_of(request).name):
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
        if is_form(request):
            return await _write_several(request, upload_into(private))
        upload = upload_into(private, name)
        return Taken(upload, await _write(request, upload.path_of(name)))
    except OSError as error:
        message = f"The file could not be kept: {error.strerror}."
        remedy = "The server's disk is full or refuses to write."
        raise LedgerError([Finding("storage_failed", message, Place(name), remedy)]) from error


async def _write(request: Request, path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("xb") as file:

        def write(part: bytes) -> None:
            digest.update(part)
            file.write(part)

        await _pass_on(request, write)
    return digest.hexdigest()


async def _write_several(request: Request, upload: Upload) -> Taken:
    files = SeveralFiles(request.headers["content-type"], upload.path_of)
    try:
        await _pass_on(request, files.take)
        return Taken(replace(upload, names=tuple(files.names)), files.finish())
    finally:
        files.close()


async def _pass_on(request: Request, write: Callable[[bytes], None]) -> None:
    """Hand on the body as it comes, in parts that are worth a thread."""
    working, gathered = working_of(request), bytearray()
    try:
        async for part in request.stream():
            gathered += part
            if len(gathered) >= _PART:
                await working.look(partial(write, bytes(gathered)))
                gathered.clear()
    except ClientDisconnect:
        said = "The body broke off before its end."
        raise ProblemError(HTTPStatus.BAD_REQUEST, said) from None
    await working.look(partial(write, bytes(gathered)))
