"""Lines of a bill that land on no declared node: those no rule takes, and those a rule leads on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

BILL = """\
BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,\
ChargePeriodEnd,EffectiveCost,ProviderName,ServiceCategory,ServiceName
acct,USD,2024-09-01,2024-10-01,2024-09-02,2024-09-03,9.00,AWS,Compute,EC2
acct,USD,2024-09-01,2024-10-01,2024-09-02,2024-09-03,7.00,AWS,Storage,S3
"""
RULE = """
mapping:
  - when: {column: ServiceName, equals: S3}
    node: nowhere
    dimension: Storage
"""


def test_each_line_stands_under_its_own_reason(acme: Path, apportion: Callable[..., Any]) -> None:
    (acme / "bill.csv").write_text(BILL)
    (acme / "model" / "mapping.yaml").write_text(RULE)
    said = apportion("ingest", "focus", "bill.csv").out
    before, between = said.split("No mapping rule takes these lines")
    between, after = between.split("The node to which a rule leads these lines is not declared")
    assert "unmapped:AWS" not in before
    assert [line.split() for line in between.splitlines() if "unmapped:AWS" in line] == [
        ["unmapped:AWS", "1", "9", "USD"]
    ]
    assert [line.split() for line in after.splitlines() if "unmapped:AWS" in line] == [
        ["unmapped:AWS", "1", "7", "USD"]
    ]
