"""What is wrong with a specification's effects on bodies, and with results that no body has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan

from healthsim.codes.drugs import drugs
from healthsim.codes.loinc import loinc
from healthsim.errors import Problem, near
from healthsim.medicine.effects import check_effect, unknown_causes
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys import events
from healthsim.specification.journeys.changes import Change
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.journey import JourneySpec
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


def possible_result_problems(
    code: str, result: StateResult | Distribution | None, where: str
) -> Iterator[Problem]:
    """Yield a stated result that is outside of what is possible."""
    row = loinc().rows.get(code)
    if row is None or result is None or isinstance(result, StateResult) or isnan(row.low):
        return
    if result.kind != "number":
        return
    low, high = result.range()
    middle = result.middle()
    outside = low > row.high or high < row.low
    outside |= middle is not None and not row.low <= middle <= row.high
    if outside:
        shown = f"{middle:g}" if middle is not None else f"{low:g} to {high:g}"
        yield Problem(
            where,
            f"{code} ({row.display}) of {shown} {row.unit} is not possible",
            f"use {row.low:g} to {row.high:g} {row.unit}; check the unit",
        )


def physiology_warnings(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield effects whose cause nobody can have, and responses to drugs that nobody takes."""
    steps = [(place, path, step) for place, journey in enumerate(journeys)
             for path, step in journey.steps()]  # fmt: skip
    taken = {one.drug for one in profile.clinical.medications}
    taken |= {step.details.drug for *_, step in steps if isinstance(step, events.Prescription)}
    names = {name for drug in taken for name in _names(drug)}
    given = {step.details.treatment for *_, step in steps if isinstance(step, events.Exposure)}
    for place, effect in enumerate(own_effects(profile.physiology)):
        yield from _unused(effect, f"profile.physiology.effects[{place}]", names, given)
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


def _unused(effect: OwnEffect, where: str, taken: set[str], given: set[str]) -> Iterator[Problem]:
    key, text = effect.cause
    if key == "drug" and text not in taken:
        yield Problem(f"{where}.drug", f"nobody takes {text!r}", near(text, taken))
    if key == "treatment" and text not in given:
        found = f"no exposure of a journey gives {text!r}"
        yield Problem(f"{where}.treatment", found, near(text, given))


def _names(drug: str) -> tuple[str, ...]:
    row = drugs().rows.get(drug)
    return (drug,) if row is None else (drug, row.ingredient, row.drug_class)
