"""How much of a drug each person takes: as usual, as stated, by weight, or less to be safe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import Drug
from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.timeline.safety import holds
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.dosing import Dose, doses, instruction, scaled
from healthsim.medicine.weight_doses import (
    WeightDose,
    mg_per_service,
    mg_per_unit,
    substance,
    weight_doses,
)
from healthsim.specification.journeys.dosing import DoseRule
from healthsim.specification.journeys.events import Procedure
from healthsim.tables import Coded

_COUNTED = ("tablet", "capsule")
_CLOSE = 0.1  # assumption: how far a stated quantity may lie from a count of halves of a tablet
_KG, _CM = "29463-7", "8302-2"


@dataclass(frozen=True, eq=False)
class Dosage:
    """How n people take one drug.

    Attributes:
        ways: each distinct way of taking it.
        way: int32, shape (n,), which of them each person has.
        quantity: float64, shape (n,), billing units of one fill.
    """

    ways: tuple[Dose, ...]
    way: NDArray[np.int32]
    quantity: NDArray[np.float64]

    @property
    def amounts(self) -> NDArray[np.float64]:
        """How much everyone takes at one time, float64, shape (n,)."""
        return np.array([way.amount for way in self.ways])[self.way]

    @property
    def frequencies(self) -> Coded:
        """How often everyone takes it."""
        return Coded.of([way.frequency for way in self.ways]).take(self.way)

    @property
    def instructions(self) -> Coded:
        """The words of everyone's label."""
        return Coded.of([instruction(way, way.amount) for way in self.ways]).take(self.way)


def dosage(
    ctx: SyncContext,
    drug: Drug,
    rows: Rows,
    days: Days,
    days_supply: int,
    quantity: float | None = None,
    rule: DoseRule | None = None,
) -> Dosage:
    """Return how people take a drug that is prescribed on a day.

    Args:
        ctx: the chunk.
        drug: the drug.
        rows: positions of the people in the chunk, ascending; shape (n,).
        days: int32, shape (n,).
        days_supply: days that one fill lasts.
        quantity: of one fill, where it is stated; it decides the dose.
        rule: the dose by weight or surface that is stated.
    """
    usual = doses()[drug.display]
    if quantity is not None:
        amount = stated_amount(drug, quantity, days_supply)
        everyone = np.zeros(len(rows), dtype=np.int32)
        return Dosage((usual._replace(amount=amount),), everyone, np.full(len(rows), quantity))
    amounts = np.full(len(rows), usual.amount)
    weighed = _weighed(drug.display, rule)
    if weighed is not None and len(rows):
        amounts = weighed.units(milligrams(ctx, weighed, rows, days))
    some, amount_of = np.unique(amounts, return_inverse=True)
    often, times_of = np.unique(_times(ctx, drug, rows, days), return_inverse=True)
    pairs, way = np.unique(amount_of * len(often) + times_of, return_inverse=True)
    taken = ((some[pair // len(often)], often[pair % len(often)]) for pair in pairs.tolist())
    ways = tuple(scaled(usual._replace(amount=float(one)), float(times)) for one, times in taken)
    fills = [_quantity(drug, usual, one, days_supply) for one in ways]
    chosen = way.reshape(-1).astype(np.int32)
    return Dosage(ways, chosen, np.array(fills, dtype=np.float64)[chosen])


def stated_amount(drug: Drug, quantity: float, days_supply: int) -> float:
    """Return the amount of one dose to which a stated quantity leads, in halves of a tablet.

    Only what is counted and taken regularly follows the quantity: 60 tablets for 30 days of a drug
    that is usually taken once a day are two a day. Else the usual dose stays.
    """
    dose = doses()[drug.display]
    if dose.as_needed or dose.unit not in _COUNTED:
        return dose.amount
    amount = dose.amount * quantity / days_supply / drug.units_per_day
    halves = round(2 * amount) / 2
    return halves if halves > 0 and abs(amount / halves - 1) <= _CLOSE else dose.amount


def milligrams(
    ctx: SyncContext, weighed: WeightDose, rows: Rows, days: Days
) -> NDArray[np.float64]:
    """Return everyone's dose by their weight or body surface of the day, mg, float64, (n,)."""
    on = np.maximum(days, np.int32(ctx.as_of)).astype(np.int32)
    size = ctx.record.body.values([_KG, _CM], rows, on)
    return weighed.milligrams(size[_KG], size[_CM])


@dataclass(frozen=True, eq=False)
class Injected:
    """An injected drug by weight or surface; arrays of shape (n,).

    Attributes:
        milligrams: float64, everyone's dose.
        units: int32, units of service that are billed: those begun.
        display: what was given, with the dose.
    """

    milligrams: NDArray[np.float64]
    units: NDArray[np.int32]
    display: Coded


def injected(ctx: SyncContext, source: OccurrenceRows) -> Injected | None:
    """Return the dose of a treatment by weight or body surface; None where it has no such dose."""
    details = source.step_as(Procedure).details
    per_unit = mg_per_service(details.code)
    if details.dose is None or per_unit is None:
        return None
    given = milligrams(ctx, by_rule(details.dose, per_unit), source.rows, source.days)
    units = np.ceil(np.round(given / per_unit, 6)).astype(np.int32)
    doses_given, chosen = np.unique(given, return_inverse=True)
    name = details.display or substance(details.code)
    words = tuple(f"{name} {dose:g} mg" for dose in doses_given.tolist())
    return Injected(given, units, Coded(chosen.astype(np.int32), words))


def by_rule(rule: DoseRule, per_unit: float, step: float = 1.0) -> WeightDose:
    """Return a stated rule with the milligrams of a unit and the step of amounts."""
    nothing = float("nan")
    return WeightDose(
        nothing if rule.mg_per_kg is None else rule.mg_per_kg,
        nothing if rule.mg_per_m2 is None else rule.mg_per_m2,
        float("inf") if rule.most_mg is None else rule.most_mg,
        per_unit,
        step,
    )


def _weighed(name: str, rule: DoseRule | None) -> WeightDose | None:
    """Return the dose by weight of a drug: the stated one, else the usual one, if it has one."""
    usual = weight_doses().get(name)
    per_unit = mg_per_unit(name)
    if rule is None or per_unit is None:
        return usual
    halves = 0.5 if doses()[name].unit in ("tablet", "mL") else 1.0
    return by_rule(rule, per_unit, halves if usual is None else usual.step)


def _times(ctx: SyncContext, drug: Drug, rows: Rows, days: Days) -> NDArray[np.float64]:
    """Return the share of the usual dose that is safe for everyone, float64, (n,)."""
    times, moment = np.ones(len(rows)), ctx.record.moment(rows, days)
    for rule in ctx.record.safety.book.of_drug(drug.display):
        if rule.action == "reduce" and len(rows):
            found, _ = holds(ctx.record, rule, moment)
            times[found] = np.minimum(times[found], rule.times)
    return times


def _quantity(drug: Drug, usual: Dose, way: Dose, days_supply: int) -> float:
    """Return the billing units of one fill, in whole packages."""
    share = way.amount * way.per_day / (usual.amount * usual.per_day)
    return drug.packaged(round(drug.units_per_day * days_supply * share, 6))
