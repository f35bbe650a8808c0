"""The application: the layers around it, the resources in it, and how it starts and stops."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import anyio.to_thread
from fastapi import Depends, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

import apportion
from apportion.access.denials import Denials
from apportion.api import documentation
from apportion.api.layers.authentication import Authentication
from apportion.api.layers.authorisation import Authorisation
from apportion.api.layers.limits import Limits
from apportion.api.layers.origins import Origins
from apportion.api.layers.refusing import log_counts
from apportion.api.layers.remembered import RememberedAnswers
from apportion.api.layers.request_log import RequestLog
from apportion.api.layers.security_headers import SecurityHeaders
from apportion.api.logs import start_logging
from apportion.api.parameters import require_keys_once, require_known_parameters
from apportion.api.problems import answer_errors
from apportion.api.resources import RESOURCES, ROOT_RESOURCES
from apportion.api.working import Working, at_work
from apportion.serve_settings import ServeSettings, from_environment

PREFIX = "/api/v1"


def create() -> FastAPI:
    """The application of a worker process, as ``apportion serve`` starts it."""
    start_logging()
    return application(from_environment())


def application(settings: ServeSettings) -> FastAPI:
    """The application over a workspace."""
    app = FastAPI(
        title="Apportion",
        version=apportion.__version__,
        description=documentation.WHAT_IT_IS,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_life,
        middleware=_layers(settings),
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.known = None
    app.state.denials = Denials()
    one_reading = [Depends(require_known_parameters), Depends(require_keys_once)]
    for router in RESOURCES:
        app.include_router(router, prefix=PREFIX, dependencies=one_reading)
    for router in ROOT_RESOURCES:
        app.include_router(router)
    documentation.add(app)
    answer_errors(app)
    return app


def _layers(settings: ServeSettings) -> list[Middleware]:
    """From the outside in."""
    return [
        Middleware(RequestLog),
        Middleware(SecurityHeaders),
        Middleware(Limits, settings=settings),
        *_letting_in(settings),
        Middleware(Origins, settings=settings),
        Middleware(Authentication, settings=settings),
        Middleware(Authorisation, settings=settings),
        Middleware(RememberedAnswers, settings=settings),
    ]


def _letting_in(settings: ServeSettings) -> list[Middleware]:
    """Pages of other origins that a browser may show answers to: none unless the settings do."""
    if not settings.origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"],
            expose_headers=["ETag", "Link", "Location", "Retry-After", "X-Request-Id"],
            max_age=600,
        )
    ]


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """Let as many questions be worked on at once as the settings say, and know of a stop at once.

    The server closes its connections before it tells the application to stop; answers that have no
    end by themselves would keep it waiting.
    """
    app.state.stopping = asyncio.Event()
    app.state.working = Working(app.state.settings)
    anyio.to_thread.current_default_thread_limiter().total_tokens = app.state.settings.readers
    counts = asyncio.create_task(log_counts(app.state.settings.folder, app.state.denials))
    with _told_of_signals(app.state.stopping):
        async with at_work(app.state.working, app.state.stopping):
            yield
    counts.cancel()
    await asyncio.wait([counts])
    # Connections that are open when Python ends are told of as leaks.
    app.state.known = None


class _told_of_signals:  # noqa: N801 - it reads as what it is used for
    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()

        def hear(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._stopping.set)
            before = self._before[number]
            if callable(before):
                before(number, frame)

        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                self._before[number] = signal.signal(number, hear)
            except ValueError:
                # Signals come to the main thread alone; elsewhere somebody else hears them.
                return

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
