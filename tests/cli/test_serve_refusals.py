"""Half an issuer, or keys that nobody could trust, are refused before anything is served."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Apportion = Callable[..., Any]
ISSUER = ("--oidc-issuer", "https://issuer.example")
AUDIENCE = ("--oidc-audience", "apportion")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (ISSUER, 2, "An issuer takes all three"),
        ((*ISSUER, *AUDIENCE), 2, "An issuer takes all three"),
        (AUDIENCE, 2, "An issuer takes all three"),
        ((*ISSUER, *AUDIENCE, "--oidc-keys", "http://issuer.example"), 1, "begins with https://"),
        ((*ISSUER, *AUDIENCE, "--oidc-keys", "missing.json"), 1, "No such file"),
        ((*ISSUER, *AUDIENCE, "--oidc-keys", "apportion.yaml"), 1, "no JSON object"),
        (("--oidc-default-role", "root"), 2, "'root' is not one of"),
    ],
)
def test_it_is_refused(
    enter: Callable[[str], Path],
    apportion: Apportion,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    status: int,
    said: str,
) -> None:
    def served(*_: Any, **__: Any) -> None:
        pytest.fail("it was served")

    monkeypatch.setattr("uvicorn.run", served)
    enter("new")
    answer = apportion("serve", *words)
    assert answer.status == status
    assert said in " ".join(answer.err.split())


@pytest.mark.parametrize(
    ("words", "is_open"),
    [
        ((), True),
        (("--host", "::1"), True),
        (("--require-tokens",), False),
        (("--host", "0.0.0.0"), False),
        ((*ISSUER, *AUDIENCE, "--oidc-keys", "https://issuer.example/keys"), False),
    ],
)
def test_it_is_open_on_loopback_alone_and_only_where_nothing_else_is_asked(
    enter: Callable[[str], Path],
    apportion: Apportion,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    is_open: bool,  # noqa: FBT001
) -> None:
    from apportion.serve_settings import VARIABLE, from_environment

    seen = []
    # What the command sets for its workers is gone after the test.
    for name in (VARIABLE, "PROMETHEUS_MULTIPROC_DIR"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: seen.append(from_environment()))
    enter("new")
    answer = apportion("serve", *words)
    assert answer.status == 0, answer.err
    assert [settings.open_to_all for settings in seen] == [is_open]
    needs_one = not is_open and "--oidc-issuer" not in words
    assert ("There is no token yet" in answer.err) is needs_one
