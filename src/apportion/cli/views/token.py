"""Tokens for people and programs."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apportion.access.tokens import Token
from apportion.cli.names import shown_name
from apportion.cli.output import note, put, put_json, say, say_as_typed, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.cli.words import few


def _data(token: Token) -> dict[str, Any]:
    return {
        "id": token.token_id,
        "name": token.name,
        "role": str(token.role),
        "products": None if token.products is None else sorted(token.products),
        "created": token.created_at.isoformat(),
        "expires": None if token.expires_at is None else token.expires_at.isoformat(),
        "revoked": None if token.revoked_at is None else token.revoked_at.isoformat(),
    }


def in_words(token: Token) -> str:
    """A token in one sentence, for the audit log."""
    limit = "" if token.products is None else f", only {', '.join(sorted(token.products))}"
    return f"token {token.token_id} of {token.name}: {token.role}{limit}, {_until(token)}"


def _until(token: Token) -> str:
    return f"valid until {_moment(token.expires_at)}" if token.expires_at else "never expires"


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def put_json_created(token: Token, text: str) -> None:
    """What is known of a token, and the token itself."""
    put_json({"token": text, **_data(token)})


def show_created(token: Token, text: str, suggestions: Suggestions) -> None:
    """The token alone to stdout, so that a shell can take it; all else to stderr."""
    limit = "all products" if token.products is None else f"only {few(sorted(token.products))}"
    note(f"Token {token.token_id} of {token.name}: {token.role}, {limit}, {_until(token)}.")
    note("It is printed this once; only its hash is kept. Send it as: Authorization: Bearer TOKEN")
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    revoke = suggestions.command("token", "revoke", token.token_id)
    sys.stderr.write(f"Next: {suggestions.command('token', 'list')}, or {revoke}\n")


def put_json_list(tokens: Sequence[Token]) -> None:
    """What is known of each."""
    put_json({"tokens": [_data(each) for each in tokens]})


def show_list(tokens: Sequence[Token], now: datetime, suggestions: Suggestions) -> None:
    """A line per token."""
    if not tokens:
        create = suggestions.command("token", "create", "NAME", "--role", "viewer")
        say_as_typed(f"There is no token yet. Next: {create}")
        return
    heads = [
        Head("Token", whole=True),
        Head("Name"),
        Head("Role"),
        Head("Products"),
        Head("Created", whole=True),
        Head("Expires", whole=True),
        Head(""),
    ]
    rows = [
        (
            each.token_id,
            each.name,
            str(each.role),
            "all" if each.products is None else ", ".join(sorted(each.products)),
            f"{each.created_at:%Y-%m-%d} UTC",
            f"{each.expires_at:%Y-%m-%d} UTC" if each.expires_at else "never",
            "revoked" if each.revoked_at else "expired" if _is_over(each, now) else "",
        )
        for each in tokens
    ]
    put(table(heads, rows))
    counting = [each for each in tokens if not each.revoked_at and not _is_over(each, now)]
    if counting:
        say_next(suggestions.command("token", "revoke", counting[0].token_id))


def _is_over(token: Token, now: datetime) -> bool:
    return token.expires_at is not None and now >= token.expires_at


def put_json_revoked(token: Token) -> None:
    """What is known of the token now."""
    put_json(_data(token))


def show_revoked(before: Token, after: Token, suggestions: Suggestions) -> None:
    """That it counts no longer, and since when."""
    name = f"Token {after.token_id} of {shown_name(after.name)}"
    if before.revoked_at:
        say(f"{name} was revoked before, at {_moment(before.revoked_at)}.")
    else:
        say(f"{name} counts no longer, from the next request on.")
    say_next(suggestions.command("token", "list"))
