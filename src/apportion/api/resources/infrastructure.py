"""What each infrastructure-like node had, gave and kept, to whom it gave, and why it kept."""

import pyarrow as pa
from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion.api.answering import answer_data, answer_table, wanted_format
from apportion.api.asking import AskedFilter, AskedPeriod, FormatName
from apportion.api.described import (
    AMOUNT,
    DAY,
    DOUBTS,
    TEXT,
    described_formats,
    object_schema,
    schema_of,
)
from apportion.api.formats import FORMATS
from apportion.api.formats.format import Answer
from apportion.api.reading import read_result
from apportion.report.infrastructure import GivingNode, as_data, flat, infrastructure
from apportion.report.listing import Wanted, require_known

router = APIRouter(tags=["costs"])

_SAID = object_schema(
    {
        "start_date": DAY,
        "end_date": DAY,
        "currency": TEXT,
        "direct_cost": AMOUNT,
        "retained": AMOUNT,
        "nodes": schema_of(tuple[GivingNode, ...]),
        **DOUBTS,
    }
)


@router.get("/infrastructure", response_class=Response, responses=described_formats(_SAID))
def get_infrastructure(
    request: Request, period: AskedPeriod, named: AskedFilter, format_name: FormatName = ""
) -> Response:
    """One entry per resource, shared service or platform with cost, with its receivers.

    What the entries keep sums to unallocated cost, less what products keep unallocated. Flat
    formats have a row for each node and receiver.
    """
    chosen = wanted_format(request, format_name)
    read = read_result(request, period)
    result = read.result
    wanted = Wanted(result.start, result.end, named.nodes, named.dimensions)
    require_known(read.connection, result.model, wanted)
    proof = read.proof(named.dimensions)
    found = infrastructure(
        read.connection, result.model, wanted, result.currency, result.scale, proof
    )
    if chosen is FORMATS["json"]:
        return answer_data(as_data(found), read.doubts)
    names, cells = flat(found)
    lines = [dict(zip(names, row, strict=True)) for row in cells]
    table = pa.Table.from_pylist(lines, schema=_flat_schema(result.scale))
    return answer_table(Answer(table, {}), chosen, read.doubts)


def _flat_schema(scale: int) -> pa.Schema:
    amount, text, day = pa.decimal128(38, scale), pa.string(), pa.date32()
    kinds = {
        **dict.fromkeys(("id", "name", "type"), text),
        **dict.fromkeys(("direct_cost", "indirect_cost", "holistic_cost"), amount),
        **dict.fromkeys(("given", "retained"), amount),
        **dict.fromkeys(("reason", "receiver"), text),
        "amount": amount,
        "share": pa.float64(),
        "currency": text,
        "start_date": day,
        "end_date": day,
    }
    return pa.schema(list(kinds.items()))
