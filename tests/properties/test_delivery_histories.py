"""Whatever the history of deliveries, what counts is what a plain list of lines says (`D4`).

After each step the costs and the lines that count in the ledger are those of ``delivered_lines``,
to the last digit. A soak tries 50,000 histories.
"""

import itertools
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from delivered_lines import Delivered, Ledger, Line, Period
from deliveries_made import (
    MODEL,
    MONTHS,
    SOURCES,
    Spelling,
    amounts,
    bill_file,
    bill_lines,
    cost_file,
    cost_lines,
    spellings,
    spelt,
)
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import apportion as ap
from apportion.findings import ApportionError
from apportion.ledger.bill_lines import BILL_LINES
from apportion.ledger.lines import lines_view
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import COSTS
from apportion.ledger.standing import connect
from apportion.ledger.store import read
from effort import USUAL, effort

EVERY_DAY, SOAK = 60, 500
Place = tuple[str, date, str, str]
answers = st.sampled_from(["", "", "", "append", "replace"])

_KEPT = """
    SELECT kept."ResourceId", c.source, kept.node, kept."ChargePeriodStart"::TIMESTAMP,
           kept."SubAccountId", kept."BillingAccountId", map_extract(kept."Tags", 'node')[1],
           coalesce(kept."ServiceCategory", kept.dimension), kept."BillingCurrency",
           kept."EffectiveCost", map_extract(kept.other, 'x_note')[1]
    FROM kept JOIN counting AS c
    ON kept.delivery = c.kept_in AND kept.bill = c.kept_bill AND kept.day = c.day
       AND kept."BillingCurrency" = c.currency
"""


class Histories(RuleBasedStateMachine):
    """A ledger and a plain list, to which the same is delivered."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="histories-"))
        self.known = Ledger()
        self.has_changed = False

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        (self.folder / "model").mkdir()
        (self.folder / "apportion.yaml").write_text('{"name": "made", "currency": "USD"}')
        (self.folder / "model" / "company.yaml").write_text(json.dumps(MODEL))
        ids = itertools.count(1)
        self.names = (f"file-{number}" for number in itertools.count(1))
        self.workspace = ap.Workspace(
            self.folder,
            now=lambda: datetime(2024, 12, 1, tzinfo=UTC),
            new_id=lambda: f"{next(ids):08d}",
        )

    def deliver(
        self,
        lines: Sequence[Line],
        how: Spelling,
        answer: str,
        declared: tuple[str, date, date] | None = None,
    ) -> None:
        """Give lines to both, and see that they agree on whether they are taken."""
        lines = spelt(lines, how)
        path = self.folder / next(self.names)
        told: dict[str, Any] = {answer: True} if answer else {}
        emptied: list[Period] = []
        if declared:
            source, *days = declared
            told |= {"source": source, "period": tuple(days)}
            span = (days[1] - days[0]).days + 1
            emptied = [Period(source, days[0] + timedelta(days=shift)) for shift in range(span)]
            answer = answer or "replace"
        form = "focus" if lines[0].period.is_bill else "costs"
        file = (bill_file if form == "focus" else cost_file)(path, lines, how)
        judged = self.known.judged(lines, answer, emptied)
        done, refused = self._try(self.workspace.ingest, form, file, **told)
        assert set(refused) <= {"unsaid_replacement"}, refused
        assert bool(refused) == (judged is None), "refused without need, or taken without a word"
        if done is None or judged is None:
            return
        parts, replaces = judged
        assert bool(done.recorded.ingest_id) == bool(parts)
        if parts:
            before = Counter(line.cell for line in self.known.lines())
            self.known.deliveries.append(Delivered(done.recorded.ingest_id, parts, replaces))
            after = Counter(line.cell for line in self.known.lines())
            assert answer or before.keys() <= after.keys(), "cells went and nobody was asked"
            self.has_changed = True

    def _try(self, do: Callable[..., Any], *told: Any, **how: Any) -> tuple[Any, list[str]]:
        """What came of it, or the codes with which it was refused."""
        try:
            return do(*told, **how), []
        except ApportionError as error:
            return None, [each.code for each in error.findings]

    @rule(lines=st.lists(bill_lines(), min_size=1, max_size=6), how=spellings, answer=answers)
    def a_bill(self, lines: list[Line], how: Spelling, answer: str) -> None:
        self.deliver(_distinct(lines), how, answer)

    @rule(lines=st.lists(cost_lines(), min_size=1, max_size=5), how=spellings, answer=answers)
    def plain_costs(self, lines: list[Line], how: Spelling, answer: str) -> None:
        self.deliver(_distinct(lines), how, answer)

    @rule(
        lines=st.lists(cost_lines(), min_size=1, max_size=4),
        source=st.sampled_from(SOURCES),
        how=spellings,
    )
    def plain_costs_that_are_all_of_some_days(
        self, lines: list[Line], source: str, how: Spelling
    ) -> None:
        mine = [
            line._replace(period=Period(source, line.period.first)) for line in _distinct(lines)
        ]
        self.deliver(_distinct(mine), how, "", (source, MONTHS[0], date(2024, 9, 4)))

    @precondition(lambda self: self.known.deliveries)
    @rule(data=st.data(), how=spellings, answer=answers, to_the_letter=st.booleans())
    def the_same_again(
        self, data: st.DataObject, how: Spelling, answer: str, *, to_the_letter: bool
    ) -> None:
        old = data.draw(st.sampled_from(self.known.deliveries))
        lines = [line for part in old.parts.values() for line in part]
        if not lines:
            return
        if to_the_letter:
            how = replace(how, **_letters(lines[0]))
        self.deliver(data.draw(st.permutations(lines)), how, answer)

    @precondition(lambda self: self.known.lines())
    @rule(data=st.data(), how=spellings, answer=answers, changed=amounts)
    def all_of_a_period_restated(
        self, data: st.DataObject, how: Spelling, answer: str, changed: Decimal
    ) -> None:
        lines, period = self._some_period(data)
        others = cost_lines(period) if not lines[0].resource else bill_lines(period)
        more = data.draw(st.lists(others, max_size=2))
        self.deliver(_distinct([lines[0]._replace(amount=changed), *lines[1:], *more]), how, answer)

    @precondition(lambda self: self.known.lines())
    @rule(data=st.data(), how=spellings, answer=answers)
    def a_part_of_a_period(self, data: st.DataObject, how: Spelling, answer: str) -> None:
        lines, _ = self._some_period(data)
        some = data.draw(st.sets(st.sampled_from(range(len(lines))), min_size=1))
        self.deliver([lines[place] for place in sorted(some)], how, answer)

    @precondition(lambda self: self.known.lines())
    @rule(data=st.data(), how=spellings, answer=st.sampled_from(["", "append"]))
    def an_increment(self, data: st.DataObject, how: Spelling, answer: str) -> None:
        lines, period = self._some_period(data)
        others = cost_lines(period) if not lines[0].resource else bill_lines(period)
        cells = {line.cell for line in lines}
        new = data.draw(st.lists(others, min_size=1, max_size=3))
        new = [line for line in _distinct(new) if line.cell not in cells]
        if new:
            self.deliver(new, how, answer)

    @precondition(lambda self: any(not each.is_withdrawn for each in self.known.deliveries))
    @rule(data=st.data())
    def one_is_withdrawn(self, data: st.DataObject) -> None:
        some = [each for each in self.known.deliveries if not each.is_withdrawn]
        delivery = data.draw(st.sampled_from(some))
        done, refused = self._try(self.workspace.withdraw, delivery.name, "made in error")
        assert set(refused) <= {"unsaid_replacement"}, refused
        assert (done is not None) == self.known.withdraw(delivery)
        self.has_changed = True

    @precondition(lambda self: any(each.is_withdrawn for each in self.known.deliveries))
    @rule(data=st.data(), answer=answers)
    def one_is_restored(self, data: st.DataObject, answer: str) -> None:
        some = [each for each in self.known.deliveries if each.is_withdrawn]
        delivery = data.draw(st.sampled_from(some))
        told = {answer: True} if answer else {}
        done, refused = self._try(self.workspace.restore, delivery.name, "it was right", **told)
        assert set(refused) <= {"unsaid_replacement"}, refused
        assert (done is not None) == self.known.restore(delivery, answer)
        self.has_changed = True

    @rule(lines=st.lists(bill_lines(), min_size=1, max_size=2), answer=answers)
    def a_file_that_cannot_be_read(self, lines: list[Line], answer: str) -> None:
        how = Spelling()
        file = bill_file(self.folder / next(self.names), spelt(_distinct(lines), how), how)
        with file.open("a", encoding="utf-8") as more:
            more.write("no,line,of,this,file\n")
        told = {answer: True} if answer else {}
        done, refused = self._try(self.workspace.ingest, "focus", file, **told)
        assert done is None
        assert refused
        self.has_changed = True

    def _some_period(self, data: st.DataObject) -> tuple[list[Line], Period]:
        periods = sorted({line.period for line in self.known.lines()})
        period = data.draw(st.sampled_from(periods))
        return [line for group in self.known.groups(period) for line in group], period

    @invariant()
    def the_ledger_counts_what_the_list_says(self) -> None:
        if not self.has_changed:
            return
        self.has_changed = False
        store = self.workspace.store
        pins = pinned_versions(store)
        costs: dict[Place, Decimal] = {}
        for row in read(store, COSTS, pins[COSTS.name]).to_pylist():
            place = row["node"], row["date"], row["dimension"], row["currency"]
            costs[place] = costs.get(place, Decimal(0)) + row["amount"]
        assert _plain(costs) == _plain(self.known.costs())
        connection = connect(store)
        held = connection.sql("SELECT DISTINCT kept_in FROM counting").fetchall()
        lines_view(connection, store, [row[0] for row in held], pins[BILL_LINES.name])
        kept = connection.sql(_KEPT).fetchall()
        assert Counter(map(_told, kept)) == Counter(map(_as_kept, self.known.lines()))
        sources = {(row[0] and row[0].rsplit("-", 2)[0], row[1]) for row in kept if row[0]}
        assert len(sources) == len({owner for owner, _ in sources}), f"two names of one: {sources}"


def _distinct(lines: Sequence[Line]) -> list[Line]:
    """Lines of which no two are equal; those are refused as copies of each other."""
    return list({line._replace(amount=Decimal(0)): line for line in lines}.values())


def _letters(line: Line) -> dict[str, Any]:
    """The spelling with which a line came before."""
    for numbers in itertools.product(range(4), repeat=4):
        names = dict(zip(("issuer", "account", "sub_account", "end"), numbers, strict=True))
        how = Spelling(**names, note=dict(line.written).get("x_note", ""))
        if spelt([line], how) == [line]:
            return {**names, "note": how.note}
    return {}


def _plain(costs: dict[Place, Decimal]) -> dict[Place, Decimal]:
    return {place: amount.normalize() for place, amount in costs.items()}


def _told(row: Sequence[Any]) -> tuple[Any, ...]:
    resource, source, node, begins, sub_account, account, tag, dimension, currency, cost, note = row
    names = (sub_account or "", account or "", note or "") if resource else (source,)
    return resource or "", node or tag, begins, dimension, currency, cost.normalize(), names


def _as_kept(line: Line) -> tuple[Any, ...]:
    texts = dict(line.written)
    names = tuple(texts.get(name, "") for name in ("SubAccountId", "BillingAccountId", "x_note"))
    return (
        line.resource, line.node, line.begins, line.dimension, line.currency,
        line.amount.normalize(), names if line.resource else (line.period.owner,),
    )  # fmt: skip


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    effort(EVERY_DAY if settings.default.max_examples <= USUAL else SOAK), stateful_step_count=7
)
