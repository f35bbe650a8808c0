"""``apportion token``: who may use the HTTP API, from where and for how long."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from apportion.access.roles import Role
from apportion.cli.arguments import AsJson, last_day
from apportion.cli.session import session_of
from apportion.findings import QUESTION, Finding, UsageError

if TYPE_CHECKING:
    from apportion.access.principal import Principal
    from apportion.model import Model

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make, list and revoke the tokens that open the HTTP API.",
)

_LONGEST_DAYS = 3650
_EXPECTED = "expected a number of days such as 90d, a day such as 2027-01-31, or never"


@app.command("create")
def create(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Whose it is: a person or a program.")
    ],
    role: Annotated[
        Role,
        typer.Option(
            "--role",
            help="A viewer reads, an analyst also ingests and runs, an admin changes the model.",
        ),
    ],
    products: Annotated[
        list[str] | None,
        typer.Option(
            "--products",
            metavar="IDS",
            help="Show a viewer only these products, as in a,b. Default: everything.",
        ),
    ] = None,
    expires: Annotated[
        str,
        typer.Option(
            "--expires",
            metavar="WHEN",
            help="Days from now (90d), the last day in UTC (2027-01-31), or never.",
        ),
    ] = "90d",
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once; only its hash is kept."""
    import secrets

    from apportion.access.audit import Entry, Event, append_entry, audit_file
    from apportion.access.tokens import Token, check_token, create_token, token_file
    from apportion.cli.views import token as view

    session = session_of(context)
    folder = session.folder()
    now = datetime.now(UTC).replace(microsecond=0)
    ids = [each.strip() for text in products or () for each in text.split(",")]
    token = Token(
        secrets.token_hex(6),
        name,
        role,
        None if products is None else frozenset(_known(session.open().model, ids)),
        now,
        _end(expires, now),
    )
    check_token(token)
    # Logged first: there must be no token that the log does not know of.
    told = Entry(now, Event.TOKEN_CREATED, _typist(), reason=view.in_words(token))
    append_entry(audit_file(folder), told)
    text = create_token(token_file(folder), token, secrets.token_urlsafe(32))
    if as_json:
        view.put_json_created(token, text)
    else:
        view.show_created(token, text, session.suggestions)


@app.command("list")
def list_all(context: typer.Context, as_json: AsJson = False) -> None:
    """List the tokens, the latest first. Their secrets are known to nobody."""
    from apportion.access.tokens import list_tokens, token_file
    from apportion.cli.views import token as view

    session = session_of(context)
    tokens = list_tokens(token_file(session.folder()))
    if as_json:
        view.put_json_list(tokens)
    else:
        view.show_list(tokens, datetime.now(UTC), session.suggestions)


@app.command("revoke")
def revoke(
    context: typer.Context,
    token_id: Annotated[
        str, typer.Argument(metavar="ID", help="The token's id, as in apportion_ID_...")
    ],
    as_json: AsJson = False,
) -> None:
    """Let a token count no longer, from the next request on."""
    from apportion.access.audit import Entry, Event, append_entry, audit_file
    from apportion.access.tokens import find_token, revoke_token, token_file
    from apportion.cli.views import token as view

    session = session_of(context)
    folder = session.folder()
    now = datetime.now(UTC).replace(microsecond=0)
    before = find_token(token_file(folder), token_id)
    # Revoked first: a log that cannot be written keeps no token alive.
    revoke_token(token_file(folder), token_id, now)
    told = Entry(now, Event.TOKEN_REVOKED, _typist(), reason=view.in_words(before))
    append_entry(audit_file(folder), told)
    after = find_token(token_file(folder), token_id)
    if as_json:
        view.put_json_revoked(after)
    else:
        view.show_revoked(before, after, session.suggestions)


def _typist() -> "Principal":
    """Whoever types, by the name that the system knows."""
    from getpass import getuser

    from apportion.access.principal import LOCAL

    try:
        return replace(LOCAL, name=getuser())
    except (OSError, KeyError):
        # Not every container has a name for its user.
        return LOCAL


def _end(text: str, now: datetime) -> datetime | None:
    """The moment from which on a token counts no longer."""
    if text == "never":
        return None
    if text.endswith("d") and text[:-1].isascii() and text[:-1].isdecimal():
        days = int(text[:-1]) if len(text) <= 5 else 0
        if not 1 <= days <= _LONGEST_DAYS:
            said = f"{text!r} is out of range; expected 1d to {_LONGEST_DAYS}d, a day, or never."
            raise typer.BadParameter(said, param_hint="'--expires'")
        return now + timedelta(days=days)
    try:
        day = last_day(text)
    except typer.BadParameter:
        said = f"{text!r} is no end; {_EXPECTED}."
        raise typer.BadParameter(said, param_hint="'--expires'") from None
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _known(model: "Model", ids: list[str]) -> list[str]:
    """The ids, each that of a product. Raises ``UsageError`` with all that are not."""
    from apportion.model import NodeType
    from apportion.model.spelling import did_you_mean

    products = [node.id for node in model.nodes if node.type is NodeType.PRODUCT]
    wrong = [
        Finding(
            "unknown_node",
            f"No product has the id {each!r}.",
            QUESTION,
            did_you_mean(each, products) or "See them with: apportion show products",
        )
        for each in ids
        if each not in products
    ]
    if wrong:
        raise UsageError(wrong)
    return ids
