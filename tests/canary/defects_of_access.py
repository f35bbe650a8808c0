"""Defects in who may: each lets somebody in."""

from planting import Defect

KEYS = "tests/access/test_issuer_keys.py"
OIDC = "tests/access/test_oidc.py"
MAY = "tests/api/test_who_may.py"
ROLES = "tests/access/test_roles.py"
SEES = "tests/api/test_visibility.py"
TOKENS = "tests/access/test_tokens.py"

DEFECTS = (
    Defect(
        "a token counts for ever",
        "access/tokens.py",
        "kept.expires_at is not None and now >= kept.expires_at",
        "kept.expires_at is not None and kept.is_revoked",
        (f"{TOKENS}::test_a_token_counts_up_to_its_end_and_not_at_it",),
    ),
    Defect(
        "tokens are read once",
        "access/tokens.py",
        "if version != self._seen[2]:",
        "if self._seen[2] < 0:",
        (f"{TOKENS}::test_one_revoked_in_another_process_is_refused_at_once",),
    ),
    Defect(
        "the id of a token is enough",
        "access/tokens.py",
        "if kept is None or not is_right:",
        "if kept is None:",
        (f"{TOKENS}::test_any_other_text_is_refused[another secret]",),
    ),
    Defect(
        "a lower role may what a higher one may",
        "access/roles.py",
        "_RANK[role] >= _RANK[needed]",
        "_RANK[role] <= _RANK[needed]",
        (f"{ROLES}::test_a_role_may_what_those_before_it_may",),
    ),
    Defect(
        "a limit to no products is no limit",
        "access/oidc.py",
        "if issuer.products_claim not in claims:",
        "if not claims.get(issuer.products_claim):",
        (f"{OIDC}::test_a_limit_to_nothing_is_not_the_lack_of_a_limit",),
    ),
    Defect(
        "a token is for whatever audience",
        "access/oidc.py",
        """options={"require": _REQUIRED},""",
        """options={"require": _REQUIRED, "verify_aud": False},""",
        (f"{OIDC}::test_any_other_token_is_refused[wrong aud]",),
    ),
    Defect(
        "what an issuer withdrew counts on",
        "access/issuer_keys.py",
        "if found is not None and self._age() < FRESH_SECONDS:",
        "if found is not None:",
        (f"{KEYS}::test_a_key_that_was_withdrawn_ends_within_minutes",),
    ),
    Defect(
        "a model is narrowed to nothing in particular",
        "api/visibility.py",
        "if node.id in below and node.type is NodeType.PRODUCT]",
        "if node.type is NodeType.PRODUCT]",
        (f"{SEES}::test_a_narrowed_model_names_nobody_else",),
    ),
    Defect(
        "a limited viewer may ask what is not narrowed",
        "api/who_may.py",
        "if principal.products is not None and not need.narrowed:",
        "if principal.products is not None and need is ANYBODY:",
        (f"{MAY}::test_why_somebody_may_not",),
    ),
)
