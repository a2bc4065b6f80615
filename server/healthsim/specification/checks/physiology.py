"""What is wrong with a specification's effects on bodies, and with results that no body has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf, isnan

import numpy as np

from healthsim.codes.drugs import drugs
from healthsim.codes.loinc import loinc
from healthsim.errors import NotFound, Problem, near
from healthsim.medicine.adverse_events import BACKGROUND, classes, usual_events
from healthsim.medicine.analytes import analytes, key_of
from healthsim.medicine.derivation import derived
from healthsim.medicine.effects import check_effect, unknown_causes
from healthsim.specification.checks.codes import done, services
from healthsim.specification.distributions.base import Numeric
from healthsim.specification.distributions.kinds import Distribution, Nested
from healthsim.specification.journeys import events
from healthsim.specification.journeys.changes import Change
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.profiles.physiology import OwnEffect, own_effects
from healthsim.specification.profiles.profile import ProfileSpec

_KEYS = {"sd": "set.sd", "low": "set.low", "onset": "onset_days"}
"""Keys of a specification, by the name that the tables of effects use."""


def physiology_problems(profile: ProfileSpec) -> Iterator[Problem]:
    """Yield effects on unknown or computed analytes, and of unknown causes."""
    for place, effect in enumerate(own_effects(profile.physiology)):
        where, row = f"profile.physiology.effects[{place}]", effect.row(place)
        key, _ = effect.cause
        unknown = (
            [] if key in ("treatment", "procedure", "adverse_event") else unknown_causes(row, where)
        )
        for problem in (*check_effect(row, where), *unknown):
            part = problem.where.removeprefix(f"{where}.")
            named = key if part == "cause" else _KEYS.get(part, part)
            yield Problem(f"{where}.{named}", problem.found, problem.mend)
        yield from _size_problems(effect, where)
        yield from _twice(own_effects(profile.physiology), place, where)


_LEAST_TIMES, _MOST_TIMES = 0.001, 1_000


def _size_problems(effect: OwnEffect, where: str) -> Iterator[Problem]:
    """Yield effects so large that they would only put everybody at the end of the possible."""
    low, high, unit = bounds_of(effect.analyte)
    if effect.times is not None and not _LEAST_TIMES <= effect.times <= _MOST_TIMES:
        if effect.times > 0:  # others are reported already
            found = f"multiplies by {effect.times:g}"
            yield Problem(f"{where}.times", found, f"use {_LEAST_TIMES:g} to {_MOST_TIMES:,}")
    elif effect.add is not None and abs(effect.add) > high - low:
        found = f"adds {effect.add:g} {unit}, and all that is possible is {low:g} to {high:g}"
        yield Problem(f"{where}.add", found, "use a smaller amount; check the unit")
    elif effect.set is not None and not low <= effect.set.mean <= high:
        found = f"{effect.analyte} of {effect.set.mean:g} {unit} is not possible"
        yield Problem(f"{where}.set.mean", found, f"use {low:g} to {high:g} {unit}; check the unit")
    elif effect.set is not None and effect.set.sd > high - low:
        found = f"is {effect.set.sd:g}, and all that is possible is {low:g} to {high:g} {unit}"
        yield Problem(f"{where}.set.sd", found, "use a smaller one; check the unit")


def bounds_of(analyte: str) -> tuple[float, float, str]:
    """Return the least and greatest possible value of an analyte, and their unit.

    Args:
        analyte: LOINC code or key; one that does not exist has no bounds.
    """
    try:
        key = key_of(analyte)
    except NotFound:
        return -inf, inf, ""
    row = analytes().get(key) or derived()[key]
    return row.low, row.high, row.unit


def _twice(effects: Sequence[OwnEffect], place: int, where: str) -> Iterator[Problem]:
    """Yield that an earlier effect is of the same cause on the same analyte and people."""
    mine = effects[place]
    for number, other in enumerate(effects[:place]):
        same = other.cause == mine.cause and _key(other) == _key(mine)
        if same and other.share == mine.share and other.lasts_days == mine.lasts_days:
            found = f"{mine.cause[1]!r} on {mine.analyte} is effects[{number}] too"
            yield Problem(where, found, "keep one of them")
            return


def _key(effect: OwnEffect) -> str:
    try:
        return key_of(effect.analyte)
    except NotFound:
        return effect.analyte


def possible_result_problems(
    code: str, result: StateResult | Distribution | None, where: str
) -> Iterator[Problem]:
    """Yield a stated result that is outside of what is possible."""
    row = loinc().rows.get(code)
    if row is None or result is None or isinstance(result, StateResult) or isnan(row.low):
        return
    named = f"{code} ({row.display})"
    if result.kind != "number":
        found = f"{named} is a number of {row.unit}, and this gives text"
        yield Problem(where, found, f"give a number from {row.low:g} to {row.high:g}")
        return
    yield from impossible(named, result, row.low, row.high, row.unit, where)


def impossible(
    named: str, stated: Distribution, low: float, high: float, unit: str, where: str
) -> Iterator[Problem]:
    """Yield the parts of a distribution that lie outside of what is possible, or mostly do.

    Args:
        named: what is stated.
        stated: its distribution, of numbers.
        low: least possible value.
        high: greatest possible one.
        unit: of both.
        where: path of the distribution.
    """
    for place, part in leaves(stated, where):
        least, most = part.range()
        middle = part.middle()
        out = least > high or most < low
        out |= middle is not None and not low <= middle <= high
        share = 1.0 if out else _share_outside(part, low, high)
        shown = f"{middle:g}" if middle is not None else f"{least:g} to {most:g}"
        found = f"{named} of {shown} {unit} is not possible"
        mend = "check the unit"
        if not out:
            found = f"{named} is outside of what is possible in {share:.0%} of cases"
            mend = "give low and high, or less spread"
        if share > _MOST_OUTSIDE:
            yield Problem(place, found, f"use {low:g} to {high:g} {unit}; {mend}")


_MOST_OUTSIDE = 0.1
"""Share of a stated distribution that may lie outside: those values are cut to what is possible."""
_LOOKED_AT = (np.arange(200) + 0.5) / 200


def _share_outside(part: Distribution, low: float, high: float) -> float:
    if not isinstance(part, Numeric):
        return 0.0
    values = part.quantile(_LOOKED_AT)
    return float(np.mean((values < low) | (values > high)))


def leaves(stated: Distribution, where: str) -> Iterator[tuple[str, Distribution]]:
    """Yield (path, distribution) of the parts of a distribution, itself where it has none."""
    if not isinstance(stated, Nested):
        yield where, stated
        return
    for path, part in stated.inner():
        yield from leaves(part, f"{where}.{path}")


def measured_as_problems(code: str, vital: bool, where: str) -> Iterator[Problem]:
    """Yield a vital sign that a lab orders, or a test that is taken as a vital sign."""
    row = loinc().rows.get(code)
    if row is not None and row.vital != vital:
        found = "is no vital sign" if vital else "is a vital sign, no laboratory test"
        own = "lab" if vital else "vital"
        yield Problem(where, f"{code} ({row.display}) {found}", f'write "type": "{own}" for it')


def physiology_warnings(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield effects whose cause nobody can have, and responses to drugs that nobody takes."""
    steps = [(place, path, step) for place, journey in enumerate(journeys)
             for path, step in journey.steps()]  # fmt: skip
    taken = {one.drug for one in profile.clinical.medications}
    taken |= {step.details.drug for *_, step in steps if isinstance(step, events.Prescription)}
    names = {name for drug in taken for name in _names(drug)}
    known = {
        "drug": names,
        "treatment": {
            one.details.treatment for *_, one in steps if isinstance(one, events.Exposure)
        },
        "procedure": {code for *_, one in steps for _, code in (*services(one), *done(one))},
        "adverse_event": {term for *_, one in steps for term in _terms(one)},
    }
    for place, effect in enumerate(own_effects(profile.physiology)):
        yield from _unused(effect, f"profile.physiology.effects[{place}]", known)
    for place, path, step in steps:
        if isinstance(step, Change) and step.while_taking not in (None, *names):
            yield Problem(
                f"journeys[{place}].{path}.while_taking",
                f"nobody takes {step.while_taking!r}, so that the response never comes",
                _instead(step.while_taking or "", names),
            )


def _instead(drug: str, taken: set[str]) -> str:
    known = drugs()
    ingredients = sorted(name for name in taken if name in known.ingredients)
    listed = ", ".join(ingredients) or "no drug"
    return f"name a drug that is taken ({listed}), prescribe {drug}, or remove the change"


_NOBODY = {
    "drug": "nobody takes {!r}",
    "treatment": "no exposure of a journey gives {!r}",
    "procedure": "no step states a procedure that begins with {!r}",
    "adverse_event": "no step has an adverse event {!r}",
}


def _unused(effect: OwnEffect, where: str, known: Mapping[str, set[str]]) -> Iterator[Problem]:
    key, text = effect.cause
    if key not in known:
        return
    begins = key == "procedure"
    if not any(one.startswith(text) if begins else one == text for one in known[key]):
        yield Problem(f"{where}.{key}", _NOBODY[key].format(text), near(text, known[key]))


def _terms(step: StepHead) -> tuple[str, ...]:
    """Return the terms of the adverse events that a step may give."""
    if isinstance(step, events.AdverseEvent):
        return (step.details.term,)
    if not isinstance(step, events.UsualAdverseEvents):
        return ()
    arms = step.details.classes
    names = {BACKGROUND, *(arms.values() if isinstance(arms, dict) else (arms,))}
    return tuple(term for name in names if name in classes() for term in usual_events(name))


def _names(drug: str) -> tuple[str, ...]:
    row = drugs().rows.get(drug)
    return (drug,) if row is None else (drug, row.ingredient, row.drug_class)
