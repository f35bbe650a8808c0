"""A cloud bill of any length in the FOCUS format, made from a seed, part by part.

Most lines are hourly charges of some thousands of tagged resources. Among them are credits, taxes,
untagged lines, and fees for a month that have to be divided over its days.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

MONTH = datetime(2024, 9, 1, tzinfo=UTC)
DAYS = 30
LINES_OF_A_PART = 250_000
RESOURCES = 14_000
APPLICATIONS = 60
SERVICES = (
    ("Amazon Elastic Compute Cloud", "Compute", "BoxUsage"),
    ("Amazon Simple Storage Service", "Storage", "TimedStorage"),
    ("Amazon Relational Database Service", "Databases", "InstanceUsage"),
    ("Elastic Load Balancing", "Networking", "LCUUsage"),
    ("AWS Lambda", "Compute", "Request"),
    ("Amazon Simple Queue Service", "Integration", "Requests"),
    ("Amazon CloudWatch", "Management and Governance", "Metrics"),
    ("AWS Key Management Service", "Security", "Requests"),
)
_MICROSECONDS = 1_000_000
_HOUR = 3600 * _MICROSECONDS

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Resources:
    """What stays the same about a resource all month: a code into each list of texts."""

    service: Codes
    account: Codes
    region: Codes
    tags: Codes
    tag_texts: list[str | None]


def write_bill(path: Path, lines: int, seed: int = 0) -> None:
    """Write a bill of so many lines to a Parquet file, holding one part of it at a time."""
    resources = _resources(np.random.default_rng(seed))
    parts = _parts(resources, lines, seed)
    first = next(parts)
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)


def _parts(resources: Resources, lines: int, seed: int) -> Iterator[pa.Table]:
    for first in range(0, lines, LINES_OF_A_PART):
        count = min(LINES_OF_A_PART, lines - first)
        random = np.random.default_rng((seed, first))
        yield _part(resources, random, np.arange(first, first + count) / lines)


def _resources(random: np.random.Generator) -> Resources:
    texts: list[str | None] = [None]
    for number in range(2_500):
        tags = {
            "application": f"app-{number % APPLICATIONS:02d}",
            "environment": ("prod", "prod", "staging", "dev")[random.integers(4)],
            "cost_center": f"{1000 + random.integers(300)}",
            "owner": f"team-{random.integers(80)}@example.com",
        }
        texts.append(json.dumps(tags))
    tags = random.integers(1, len(texts), RESOURCES)
    tags[random.random(RESOURCES) < 0.15] = 0
    return Resources(
        random.choice(len(SERVICES), RESOURCES, p=(0.35, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05)),
        random.integers(0, 120, RESOURCES),
        random.integers(0, 6, RESOURCES),
        tags,
        texts,
    )


def _part(resources: Resources, random: np.random.Generator, reached: Any) -> pa.Table:
    """Lines of a stretch of the month. ``reached`` says for each how much of it has passed."""
    count = len(reached)
    resource = random.integers(0, RESOURCES, count)
    kind = random.choice(4, count, p=(0.984, 0.01, 0.005, 0.001))
    usage, credit, fee = kind == 0, kind == 1, kind == 3
    begins = np.where(fee, 0, (reached * DAYS * 24).astype(np.int64) * _HOUR)
    ends = np.where(fee, DAYS * 24 * _HOUR, begins + _HOUR)
    listed = random.gamma(0.5, 0.4, count).round(10)
    listed = np.where(fee, listed * 500, listed).round(10)
    listed = np.where(credit, -listed, listed)
    # Discounted prices leave digits that only a whole double holds.
    effective = np.where(random.random(count) < 0.1, listed * 0.7231, listed)
    start = int(MONTH.timestamp()) * _MICROSECONDS
    service = resources.service[resource]
    names = [f"arn:aws:ec2:us-test-2:{i % 120:012d}:instance/i-{i:017x}" for i in range(RESOURCES)]
    return pa.table(
        {
            "BilledCost": pa.array(np.where(usage, effective, listed)),
            "BillingAccountId": _same("1234567890123", count),
            "BillingAccountName": _same("Example", count),
            "BillingCurrency": _same("USD", count),
            "BillingPeriodEnd": _moments(np.full(count, start + DAYS * 24 * _HOUR)),
            "BillingPeriodStart": _moments(np.full(count, start)),
            "ChargeCategory": _texts(kind, ["Usage", "Credit", "Tax", "Purchase"]),
            "ChargeClass": pa.nulls(count, pa.string()),
            "ChargeDescription": _texts(service, [f"{n} {u} per hour" for n, _, u in SERVICES]),
            "ChargeFrequency": _texts(fee.astype(np.int64), ["Usage-Based", "Recurring"]),
            "ChargePeriodEnd": _moments(start + ends),
            "ChargePeriodStart": _moments(start + begins),
            "ConsumedQuantity": pa.array(random.gamma(0.5, 10, count)),
            "ConsumedUnit": _same("Hrs", count),
            "ContractedCost": pa.array(effective),
            "EffectiveCost": pa.array(effective),
            "InvoiceIssuerName": _same("Amazon Web Services, Inc.", count),
            "ListCost": pa.array(listed),
            "ListUnitPrice": pa.array(random.gamma(0.5, 0.1, count).round(6)),
            "PricingCategory": _same("Standard", count),
            "ProviderName": _same("AWS", count),
            "PublisherName": _same("Amazon Web Services, Inc.", count),
            "RegionId": _texts(resources.region[resource], [f"region-{i}" for i in range(6)]),
            "ResourceId": _texts(resource, names),
            "ServiceCategory": _texts(service, [category for _, category, _ in SERVICES]),
            "ServiceName": _texts(service, [name for name, _, _ in SERVICES]),
            "SkuId": _texts(resource % 3_000, [f"SKU{i:013d}" for i in range(3_000)]),
            "SubAccountId": _texts(resources.account[resource], [f"{i:012d}" for i in range(120)]),
            "Tags": _texts(resources.tags[resource], resources.tag_texts),
        }
    )


def _same(text: str, count: int) -> pa.Array:
    return _texts(np.zeros(count, np.int64), [text])


def _texts(codes: Codes, texts: list[Any]) -> pa.Array:
    return pa.array(texts, pa.string()).take(pa.array(codes))


def _moments(microseconds: Codes) -> pa.Array:
    return pa.array(microseconds).cast(pa.timestamp("us", tz="UTC"))


def write_workspace(folder: Path) -> Path:
    """A workspace whose mapping rules take most of the bill's lines by their tags."""
    (folder / "model").mkdir(parents=True)
    (folder / "apportion.yaml").write_text("name: benchmark\ncurrency: USD\n", encoding="utf-8")
    nodes = [{"id": f"app-{i:02d}", "type": "product"} for i in range(APPLICATIONS)]
    rules = [
        {
            "when": {"tag": "application", "exists": True},
            "node": "{tag.application}",
            "dimension": "{ServiceCategory}",
        },
        {
            "when": {"column": "ServiceName", "prefix": "Amazon Simple"},
            "node": "app-00",
            "dimension": "shared",
        },
    ]
    (folder / "model" / "company.yaml").write_text(
        json.dumps({"nodes": nodes, "mapping": rules}), encoding="utf-8"
    )
    return folder
