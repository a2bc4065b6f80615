"""Exact counts: the place of a person in a keyed order, and the count that it is held against."""

from __future__ import annotations

import numpy as np

from healthsim.operations.explaining.case import RowCase
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.plan import Occurrence
from healthsim.specification.profiles.clinical import Comorbidity, Medication
from healthsim.streams import Streams


def quota_place(case: RowCase, decision: str, quota: Comorbidity | Medication) -> str:
    """Say by which place somebody is in an exact count of a profile, or not.

    Args:
        case: the row of the person.
        decision: address of the quota.
        quota: what is counted.
    """
    if not isinstance(quota.exactly, tuple):
        unit = case.person_id // 100 - 1
        place = _place(case, f"{decision}/place", unit, case.job.count)
        return f"exactly {quota.exactly}: place {place:,} of {case.job.count:,} in a keyed order"
    found = _rank(case, f"{decision}/exactly", case.person_id)
    if found is None:
        return "exact counts by group: in none of the groups"
    stratum, rank, size = found
    group = quota.exactly[int(stratum)]
    place = _place(case, f"{decision}/exactly/{group.when}", rank, size)
    return (f"exactly {group.count} of those with {group.when}: place {place:,} of {size:,} in a "
            "keyed order")  # fmt: skip


def option_place(case: RowCase, occurrence: Occurrence, step: Branch, person_id: int) -> str:
    """Say by which place somebody takes an option that an exact count of people takes."""
    found = _rank(case, occurrence.address, person_id)
    if found is None:
        return ""
    stratum, rank, size = found
    group = step.groups()[int(stratum)]
    key = group[0].when if group[0].when is not None else "otherwise"
    place = _place(case, f"{occurrence.address}/exactly/{key}", rank, size)
    counts = ", ".join(f"{one.name} {one.exactly}" for one in group if one.exactly is not None)
    return f", place {place:,} of {size:,} in a keyed order ({counts} come first)"


def _rank(case: RowCase, step: str, person_id: int) -> tuple[str, int, int] | None:
    """Return stratum, rank and size of a person in a settled step; None where not counted."""
    if case.trace is None:
        return None
    counted = case.trace.ctx.record.draws.population_pass.settled.get(step)
    if counted is None:
        return None
    at = np.flatnonzero(counted.persons == person_id)
    if not len(at) or counted.stratum[at[0]] < 0:
        return None
    stratum = int(counted.stratum[at[0]])
    return counted.strata[stratum], int(counted.rank[at[0]]), int(counted.sizes[stratum])


def _place(case: RowCase, key: str, index: int, size: int) -> int:
    """Return a place in a keyed order, from 1."""
    places = Streams(case.job.seed).permuted(key, np.array([index], dtype=np.int64), size)
    return int(places[0]) + 1
