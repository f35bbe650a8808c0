"""``apportion serve``: answer other programs over HTTP."""

from typing import Annotated

import typer

from apportion.cli.session import session_of

APPLICATION = "apportion.api.application:create"
"""Named and not imported, so that the command line knows nothing of what is served."""


Host = Annotated[
    str,
    typer.Option(
        "--host",
        metavar="ADDRESS",
        help="Where to listen. On any other than loopback callers need tokens.",
    ),
]
Port = Annotated[
    int, typer.Option("--port", min=0, max=65535, metavar="PORT", help="Where to listen.")
]
RequireTokens = Annotated[
    bool,
    typer.Option(
        "--require-tokens",
        help="Ask for tokens on loopback too: behind a proxy everybody comes from there.",
    ),
]
Workers = Annotated[
    int, typer.Option("--workers", min=1, max=64, metavar="N", help="Processes that answer.")
]
Origins = Annotated[
    list[str] | None,
    typer.Option(
        "--origin",
        metavar="URL",
        help="Let web pages of this origin read answers. May be repeated. Default: none.",
    ),
]
Issuer = Annotated[
    str, typer.Option("--oidc-issuer", metavar="URL", help="Take bearer tokens of this issuer too.")
]
Audience = Annotated[
    str, typer.Option("--oidc-audience", metavar="NAME", help="Whom those tokens are for.")
]
Keys = Annotated[
    str,
    typer.Option(
        "--oidc-keys", metavar="FILE|URL", help="The issuer's public keys, as JSON Web Keys."
    ),
]
DefaultRole = Annotated[
    str,
    typer.Option(
        "--oidc-default-role",
        metavar="ROLE",
        help="The role of tokens that name none. Default: they are refused.",
    ),
]
Grace = Annotated[
    float,
    typer.Option(
        "--grace", min=0, max=3600, metavar="SECONDS", help="How long a stop waits for work."
    ),
]


def serve(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    require_tokens: RequireTokens = False,
    workers: Workers = 1,
    origins: Origins = None,
    oidc_issuer: Issuer = "",
    oidc_audience: Audience = "",
    oidc_keys: Keys = "",
    oidc_default_role: DefaultRole = "",
    grace: Grace = 10.0,
) -> None:
    """Serve the workspace over HTTP: questions, statements, ingests and runs.

    On loopback everybody who reaches it may do everything, unless tokens are required. The
    description of all paths is at /api/docs. Stop it with Ctrl-C; a run that is under way leaves
    nothing half done.
    """
    import os
    import tempfile

    import uvicorn

    from apportion.cli.output import note
    from apportion.serve_settings import ServeSettings, is_loopback, to_environment

    session = session_of(context)
    folder = session.folder()
    session.open().store  # noqa: B018 - a ledger that cannot be opened is said here, not in workers
    settings = ServeSettings(
        workspace=str(folder.resolve()),
        open_to_all=is_loopback(host) and not require_tokens,
        host=host,
        origins=tuple(origins or ()),
        oidc_issuer=oidc_issuer,
        oidc_audience=oidc_audience,
        oidc_keys=oidc_keys,
        oidc_default_role=oidc_default_role,
        grace_seconds=grace,
    )
    shown = f"[{host}]" if ":" in host else host
    note(f"Serving {folder} at http://{shown}:{port}/api/docs; stop with Ctrl-C.")
    with tempfile.TemporaryDirectory(prefix="apportion-metrics-") as counted:
        os.environ.update(to_environment(settings))
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counted
        uvicorn.run(
            APPLICATION,
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=int(grace) + 1,
            timeout_keep_alive=75,
            h11_max_incomplete_event_size=64 * 1024,
        )
