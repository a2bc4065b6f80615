"""Why the body of a person shows a result that no specification states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from healthsim.dates import day_of
from healthsim.execution.body.exposures import Acting
from healthsim.medicine.analytes import analytes, has_usual, key_of
from healthsim.medicine.derivation import derived, plan
from healthsim.operations.explaining.case import RowCase

_OPERATIONS = {"*": "times", "+": "plus", "=": "sets it to about", "e": "times, of the excess,"}


def body_words(case: RowCase, loinc: str) -> list[str]:
    """Say what a usual result is made of, and what acted on it on its day.

    Args:
        case: the row of a result or vital sign.
        loinc: its code.
    """
    if not has_usual(loinc):
        return []
    key = key_of(loinc)
    words = [_nature(key)]
    if case.trace is not None:
        record = case.trace.ctx.record
        day = day_of(str(case.row.get("collected_at") or case.row["measured_at"])[:10])
        rows = np.array([np.searchsorted(record.people.person_id, case.person_id)])
        on = record.body.collect(rows, np.array([day], dtype=np.int32))
        words += [_effect_words(one) for one in record.body.acting_on(loinc, on)]
    return words


def _nature(key: str) -> str:
    row = derived().get(key)
    if row is not None:
        inputs = ", ".join(row.inputs)
        return (
            f"no result is stated: {key} is computed from the person's {inputs} of that time "
            f"(medicine/data/derived.csv: {row.source})"
        )
    name, source = key.replace("_", " "), analytes()[key].source
    return (
        f"no result is stated: it is the person's own {name} of that day, a set point for life "
        f"with drift and noise (medicine/data/analytes.csv: {source})"
    )


def _effect_words(one: Acting) -> str:
    effect, weight = one.effect, float(one.weight[0])
    cause = "|".join(effect.causes)
    return (
        f"{effect.kind.replace('_', ' ')} {cause} acts on {effect.analyte}: "
        f"{_OPERATIONS[effect.op]} {effect.size:g}, {weight:.0%} of it on that day "
        f"(medicine/data/effects.csv: {effect.source})"
    )


def body_draws(case: RowCase, loinc: str) -> Iterator[list[Any]]:
    """Yield the draws of the set points behind a usual result, as rows of the answer."""
    if has_usual(loinc):
        for key in plan((loinc,)).drawn:
            yield from case.drawn(f"physiology/{key}/set")
