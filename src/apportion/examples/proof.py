"""A reconciliation held against the fields that an example expects of it."""

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from apportion.findings import Place
from apportion.model.raw import RawList, place_of
