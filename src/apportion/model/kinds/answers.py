"""What is said once of all deliveries of an issuer or a source, so that none has to say it (`D4`).

Issuers have aliases beside those that the program knows (`D3`).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.fields import Fields, Shape
from apportion.model.types import StandingAnswer
from apportion.model.values import show

MODES = ("replace", "append")

MEANINGS = MappingProxyType(
    {
        "issuer": "Whose bills are meant, under any of the issuer's names.",
        "source": "Or the one source that is meant.",
        "mode": "`replace`: each delivery is all there is of its periods; `append`: it adds to "
        "what the ledger has.",
    }
)
SHAPE = Shape(
    keys=frozenset(MEANINGS),
    meanings=MEANINGS,
    required=MappingProxyType({"mode": "append"}),
    subject=lambda raw: (
        f"the answer for {show(named)}"
        if (named := raw.get("issuer") or raw.get("source"))
        else "an answer of 'deliveries'"
    ),
)


def build_answers(
    raws: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> tuple[StandingAnswer, ...]:
    """Read the answers, in their order."""
    found: dict[tuple[str, str], StandingAnswer] = {}
    for raw in raws:
        fields = Fields(raw, SHAPE, findings)
        issuer, source = fields.identifier("issuer"), fields.identifier("source")
        mode = fields.choice("mode", MODES, "")
        if not fields.broken and bool(issuer) == bool(source):
            fields.problem(
                "missing_key" if not issuer else "invalid_value",
                f"{fields.name()} names {'both' if issuer else 'neither'} 'issuer' "
                f"{'and' if issuer else 'nor'} 'source'.",
                "Name one of the two.",
            )
        answer = StandingAnswer(issuer, source, mode, fields.place())
        key = issuer.casefold(), source
        if not fields.broken and key in found:
            message = f"{fields.name()} is given twice; it stands first at {found[key].where}."
            fields.problem("duplicate_key", message, "Keep one of the two.")
        if not fields.broken:
            found[key] = answer
    return tuple(found.values())


def build_aliases(fields: Fields, key: str) -> Mapping[str, tuple[str, ...]]:
    """Read the other names of issuers, each a name or a list of them."""
    raw = fields.mapping(key)
    shape = Shape(keys=frozenset(raw), subject=lambda _: f"{show(key)}")
    names = Fields(raw, shape, fields.findings)
    read = {issuer: names.identifiers(issuer) for issuer in raw if isinstance(issuer, str)}
    if len(read) < len(raw):
        fields.problem("wrong_type", f"{show(key)} has a name that is no text.", "Quote it.", key)
    return MappingProxyType(
        {issuer: tuple(name for name, _ in each) for issuer, each in read.items()}
    )
