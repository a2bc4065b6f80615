"""Emergency visits that led to a stay: the stay begins where and when the visit ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.visits.care_team import Network
from healthsim.execution.sync.visits.visits import DAY, VisitKey, VisitRows
from healthsim.specification.journeys.trial import TrialVisitDetails


@dataclass(frozen=True, eq=False)
class Admission:
    """An emergency visit that led to a stay, for some people; `rows` are their positions."""

    emergency: VisitKey
    stay: VisitKey
    rows: Rows


def find_admissions(visits: Mapping[VisitKey, VisitRows]) -> tuple[Admission, ...]:
    """Return every emergency visit and the stay that it led to."""
    stays = [visit for visit in visits.values() if _is_of_class(visit, "inpatient")]
    emergencies = [visit for visit in visits.values() if _is_of_class(visit, "emergency")]
    return tuple(admission for visit in emergencies for admission in _admissions(visit, stays))


def _is_of_class(visit: VisitRows, encounter_class: str) -> bool:
    """Tell whether a visit is of a class, and not a visit of a trial, which has its own bill."""
    of_trial = isinstance(visit.details, TrialVisitDetails)
    return visit.details.encounter_class == encounter_class and not of_trial


def _admissions(emergency: VisitRows, stays: Sequence[VisitRows]) -> Iterator[Admission]:
    """Yield the stays that an emergency visit led to: the same person's, begun within a day."""
    free = np.ones(len(emergency.rows), dtype=np.bool_)
    for stay in stays:
        if stay.is_encounter != emergency.is_encounter:
            continue
        _, at, in_stay = np.intersect1d(emergency.rows, stay.rows, return_indices=True)
        gap = stay.first[in_stay] - emergency.first[at]
        admitted = at[(gap >= 0) & (gap <= 1) & free[at]]
        free[admitted] = False
        if len(admitted):
            yield Admission(emergency.key, stay.key, emergency.rows[admitted])


def with_admissions(
    visits: Mapping[VisitKey, VisitRows], admissions: Sequence[Admission], network: Network
) -> dict[VisitKey, VisitRows]:
    """Return the visits, with each admitted stay in the emergency visit's facility and after it."""
    admitted = dict(visits)
    for admission in admissions:
        emergency, stay = visits[admission.emergency], admitted[admission.stay]
        admitted[admission.stay] = _admitted(stay, emergency, admission.rows, network)
    return admitted


def _admitted(stay: VisitRows, emergency: VisitRows, rows: Rows, network: Network) -> VisitRows:
    at, before = stay.position_of(rows), emergency.position_of(rows)
    facility, provider = stay.facility.copy(), stay.provider.copy()
    start_at, end_at = stay.start_at.copy(), stay.end_at.copy()
    facility[at] = emergency.facility[before]
    left = emergency.end_at[before]
    at_once = left // DAY == stay.first[at]
    start_at[at] = np.where(at_once, left, np.maximum(start_at[at], left))
    end_at[at] = np.maximum(end_at[at], start_at[at])
    moved = replace(stay, facility=facility, start_at=start_at, end_at=end_at)
    request = moved.treating_request(rows)
    if request.on_duty:
        provider[at] = network.provider(request)
    return replace(moved, provider=provider)
