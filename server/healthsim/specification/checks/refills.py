"""Refills that the law does not allow of a controlled substance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.billing.pharmacy.dispensing import schedules
from healthsim.codes.drugs import drugs
from healthsim.errors import Problem
from healthsim.specification.journeys import events
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec


def refill_warnings(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield refills beyond the law's: the pharmacy never fills them."""
    if "controlled_substances" not in profile.pharmacy_rules:
        return
    for place, journey in enumerate(journeys):
        for path, step in journey.steps():
            if isinstance(step, events.Prescription):
                yield from _refilled(step, f"journeys[{place}].{path}.details.refills")


def _refilled(step: events.Prescription, where: str) -> Iterator[Problem]:
    drug = drugs().rows.get(step.details.drug)
    schedule = schedules().get(drug.dea_schedule) if drug is not None else None
    if drug is None or schedule is None or step.details.refills <= schedule.most_refills:
        return
    most = schedule.most_refills
    yield Problem(
        where,
        f"is {step.details.refills}, and schedule {drug.dea_schedule} allows {most} of "
        f"{drug.display}, so that the others are never filled",
        f"write {most}, and prescribe it again",
    )
