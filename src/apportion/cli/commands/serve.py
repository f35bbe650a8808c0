"""``apportion serve``: answer other programs over HTTP."""

from typing import TYPE_CHECKING, Annotated

import typer

from apportion.access.roles import Role
from apportion.cli.session import session_of

if TYPE_CHECKING:
    from apportion.cli.suggestions import Suggestions
    from apportion.serve_settings import ServeSettings

APPLICATION = "apportion.api.application:create"
CONNECTION = "apportion.api.connections:Connection"
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
    Role | None,
    typer.Option(
        "--oidc-default-role",
        help="The role of tokens that name none. Default: they are refused.",
    ),
]
RoleClaim = Annotated[
    str, typer.Option("--oidc-role-claim", metavar="NAME", help="The claim that names the role.")
]
ProductsClaim = Annotated[
    str,
    typer.Option(
        "--oidc-products-claim",
        metavar="NAME",
        help="The claim that lists the products that a viewer is limited to.",
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
    oidc_default_role: DefaultRole = None,
    oidc_role_claim: RoleClaim = "apportion_role",
    oidc_products_claim: ProductsClaim = "apportion_products",
    grace: Grace = 10.0,
) -> None:
    """Serve the workspace over HTTP: questions, statements, ingests and runs.

    On loopback everybody who reaches it may do everything, unless tokens are required or an issuer
    is given. The description of all paths is at /api/docs. Stop it with Ctrl-C; a run that is under
    way leaves nothing half done.
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
        open_to_all=is_loopback(host) and not require_tokens and not oidc_issuer,
        host=host,
        origins=tuple(origins or ()),
        oidc_issuer=oidc_issuer,
        oidc_audience=oidc_audience,
        oidc_keys=oidc_keys,
        oidc_default_role=str(oidc_default_role or ""),
        oidc_role_claim=oidc_role_claim,
        oidc_products_claim=oidc_products_claim,
        grace_seconds=grace,
    )
    _require_issuer(settings)
    _require_free(host, port)
    _tell_who_may(settings, session.suggestions)
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
            http=CONNECTION,
        )


def _require_issuer(settings: "ServeSettings") -> None:
    """Refuse half an issuer here, rather than in the workers. Raises what its keys' place does."""
    given = (settings.oidc_issuer, settings.oidc_audience, settings.oidc_keys)
    if any(given) and not all(given):
        said = "An issuer takes all three: --oidc-issuer, --oidc-audience and --oidc-keys."
        raise typer.BadParameter(said, param_hint="'--oidc-issuer'")
    if settings.oidc_keys:
        from apportion.access.issuer_keys import issuer_keys

        keys = issuer_keys(settings.oidc_keys)
        if "://" not in settings.oidc_keys:
            keys.find("")


def _require_free(host: str, port: int) -> None:
    """Say here that nothing can listen there, rather than in the log of a worker."""
    import socket

    from apportion.findings import QUESTION, Finding, UsageError

    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        message = f"Nothing can listen at {host}, port {port}: {error.strerror or error}."
        remedy = "Name another place with --host or --port."
        raise UsageError([Finding("invalid_argument", message, QUESTION, remedy)]) from error


def _tell_who_may(settings: "ServeSettings", suggestions: "Suggestions") -> None:
    from apportion.access.tokens import list_tokens, token_file
    from apportion.cli.output import note

    if settings.open_to_all or settings.oidc_issuer or list_tokens(token_file(settings.folder)):
        return
    create = suggestions.command("token", "create", "NAME", "--role", "viewer")
    note(f"There is no token yet, so nobody may ask anything. Make one with: {create}")
