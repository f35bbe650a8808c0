"""What browsers might be tricked into: writes for another page, and reads under a false name.

A server that is open to this machine trusts whoever reaches it, which a web page elsewhere could
do through the browser of somebody here: by a form that it sends, or by a name of its own that it
lets point to this machine. And a proxy would let in whoever reaches the proxy.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from apportion.api.layers.refusing import READS, DeniedError, deny
from apportion.serve_settings import ServeSettings, is_loopback

_PROXIED = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"})


class Origins:
    """Denies what comes from other pages and, on an open server, under other names."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        """Stand before an application."""
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what a browser was not tricked into."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            try:
                if self.settings.open_to_all:
                    _require_near(headers)
                if scope["method"] not in READS:
                    _require_own_page(headers, self.settings.origins)
            except DeniedError as denied:
                await deny(scope, send, self.settings.folder, denied)
                return
        await self.app(scope, receive, send)


def _require_near(headers: Headers) -> None:
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not is_loopback(_name_of(hosts[0])):
        said = "This server is open, so it answers to names of this machine alone."
        raise DeniedError(HTTPStatus.FORBIDDEN, said, f"{said} Asked for {hosts}.")
    through = sorted(_PROXIED & set(headers))
    if through:
        said = "This server is open, so nothing may come through a proxy: --require-tokens."
        raise DeniedError(HTTPStatus.FORBIDDEN, said, f"{said} There is {through}.")


def _name_of(host: str) -> str:
    """The name or address in a header ``Host``; empty where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
    except ValueError:
        return ""


def _require_own_page(headers: Headers, origins: tuple[str, ...]) -> None:
    """A write comes from no page, from one of ours, or from one that the settings let in.

    Browsers say by themselves whether a page is ours; of those that do not the origin is compared
    with the host that was asked for.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin in origins:
        return
    if site is None:
        is_ours = origin is None or _host_of(origin) == headers.get("host", "")
    else:
        is_ours = site in _OURS
    if not is_ours:
        said = "Pages of other origins may not write here, unless --origin lets them in."
        raise DeniedError(HTTPStatus.FORBIDDEN, said, f"{said} Origin: {origin}, site: {site}.")


_OURS = frozenset({"same-origin", "none"})


def _host_of(origin: str) -> str:
    """The host and port of an origin; of one that is hidden something that no host is."""
    return origin.partition("://")[2] or "hidden"
