"""A run of mixed plans beside what the independent adjudicator decides of the same tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from adjudicating import Adjudicator
from mixed_plans import documents, rows_of

Row = dict[str, Any]

_SHARES = ("deductible_usd", "coinsurance_usd", "copay_usd", "other_adjustment_usd",
           "plan_paid_usd")  # fmt: skip


@dataclass
class Readjudicated:
    """Rows of a run, and an adjudicator that has decided them again."""

    rows: dict[str, list[Row]]
    judge: Adjudicator

    @classmethod
    def of(cls, count: int, seed: int = 11) -> Readjudicated:
        rows = rows_of(count, seed)
        preventive = {row["event_id"] for row in rows["events"] if row["step"] == "wellness"}
        judge = Adjudicator(rows, documents(), preventive)
        judge.run()
        return cls(rows, judge)

    def lines_off(self) -> list[tuple[Any, ...]]:
        """Return lines whose shares or denial differ: where, what the run has, what is right."""
        off = []
        for row in self.rows["claim_lines"]:
            paid = self.judge.lines[row["claim_id"], row["line"]]
            found = (*(row[name] for name in _SHARES), row["status"] == "denied")
            right = (paid.deductible, paid.coinsurance, paid.copay, paid.other, paid.plan,
                     paid.extra["refused"])  # fmt: skip
            if found != right:
                off.append((row["claim_id"], row["line"], found, right))
        return off

    def fills_off(self) -> list[tuple[Any, ...]]:
        """Return fills whose shares or phases differ."""
        events = {row["fill_id"]: row for row in self.rows["prescription_drug_events"]}
        off = []
        for row in self.rows["fills"]:
            paid = self.judge.fills[row["fill_id"]]
            event = events.get(row["fill_id"])
            if row["status"] == "reversed":
                owed = paid.deductible + paid.copay
                if (row["reversed_member_usd"], row["reversed_plan_paid_usd"]) != (owed, paid.plan):
                    off.append((row["fill_id"], row, paid))
                continue
            found = (
                row["deductible_usd"],
                row["copay_usd"],
                row["plan_paid_usd"],
                {} if event is None else {name: event[name] for name in paid.extra},
            )
            if found != (paid.deductible, paid.copay, paid.plan, paid.extra) or (
                (event is None) == bool(paid.extra)
            ):
                off.append((row["fill_id"], found, paid))
        return off

    def events_off(self) -> list[tuple[int, ...]]:
        """Return accumulator events that only one of both has."""
        found = Counter(
            (row["claim_id"] or row["fill_id"], row["bucket"], row["year"], row["delta_usd"],
             row["balance_usd"])
            for row in self.rows["accumulator_events"]
        )  # fmt: skip
        right = Counter(self.judge.events)
        return [*((found - right).elements()), *((right - found).elements())]
