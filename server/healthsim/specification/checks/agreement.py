"""Stated results of one visit that cannot be true together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from healthsim.codes.loinc import loinc
from healthsim.errors import Problem
from healthsim.medicine.analytes import analytes
from healthsim.medicine.derivation import Derived, derived
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead

Result: TypeAlias = StateResult | Distribution
Stated: TypeAlias = dict[str, tuple[str, Result]]
"""LOINC code -> path and result, as specified."""

_PARTS = (("1968-7", "1975-2"), ("8462-4", "8480-6"), ("2085-9", "2093-3"))
"""What is never above what: direct and total bilirubin, diastolic and systolic pressure, HDL and
total cholesterol."""


def agreement_warnings(journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield results that are computed from others which the same visit states as well."""
    for place, journey in enumerate(journeys):
        for path, step in journey.steps():
            stated = _stated(step, f"journeys[{place}].{path}")
            yield from _computed(stated)
            yield from _parts(stated)


def _stated(step: StepHead, here: str) -> Stated:
    """Return what a visit's own steps state, for everybody; of a panel alone, what it states."""
    inner = [(f"{here}.with[{number}]", one) for number, one in enumerate(step.with_)] if (
        isinstance(step, events.Encounter)
    ) else [(here, step)] if isinstance(step, events.Lab) else []  # fmt: skip
    found: Stated = {}
    for path, one in inner:
        if isinstance(one, events.Lab | events.Vital) and one.when is None and one.chance is None:
            found |= {code: (f"{path}.details.{key}", result) for code, key, result in _of(one)}
    return found


def _of(step: events.Lab | events.Vital) -> Iterator[tuple[str, str, Result]]:
    details = step.details
    if details.loinc is not None and details.result is not None:
        yield details.loinc, "result", details.result
    for code, result in getattr(details, "results", {}).items():
        yield code, f"results.{code}", result


def _computed(stated: Stated) -> Iterator[Problem]:
    """Yield what is computed from one analyte that is stated beside it."""
    keys = _keys(stated)
    for code, (where, result) in stated.items():
        row = _rows_by_code().get(code)
        source = _source(row) if row is not None else None
        if row is None or source is None or keys.get(source) in (None, code):
            continue
        other = keys[source]
        if _follows(result, other) or _follows(stated[other][1], code):
            continue
        yield Problem(
            where,
            f"is computed from {source} ({other}), which the same visit states too, so that both "
            "need not agree",
            f"state one of them; the other follows, or is a formula of last('{other}')",
        )


def _parts(stated: Stated) -> Iterator[Problem]:
    """Yield a part that is usually above its whole."""
    for part, whole in _PARTS:
        if part not in stated or whole not in stated:
            continue
        (where, small), (_, great) = stated[part], stated[whole]
        if isinstance(small, StateResult) or isinstance(great, StateResult):
            continue
        low, high = small.middle(), great.middle()
        if low is not None and high is not None and low > high:
            names = [loinc().rows[code].display for code in (part, whole)]
            yield Problem(
                where,
                f"{names[0]} of {low:g} is above {names[1]} of {high:g}",
                f"keep it below {high:g}",
            )


def _source(row: Derived) -> str | None:
    """Return the only drawn analyte that a stated value of a computed one sets."""
    drawn = {name for way in row.solves[:1] for name in way}
    (source,) = drawn if len(drawn) == 1 else (None,)
    return source if source in row.inputs else None


def _follows(result: Result, code: str) -> bool:
    """Tell whether a result is a formula of the latest result of a code."""
    if isinstance(result, StateResult):
        return False
    return any(("last", code) in expression.calls for _, expression, _ in result.expressions())


def _rows_by_code() -> Mapping[str, Derived]:
    return {row.loinc: row for row in derived().values() if row.loinc}


def _keys(stated: Stated) -> dict[str, str]:
    """Return key of an analyte -> the LOINC code under which it is stated."""
    return {
        analyte.key: analyte.loinc for analyte in analytes().values() if analyte.loinc in stated
    }
