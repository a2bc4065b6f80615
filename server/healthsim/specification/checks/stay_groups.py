"""Stated DRGs that a stay's own codes cannot give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from healthsim.billing.drg.definitions import versions_of
from healthsim.billing.drg.grouping import Stay, group
from healthsim.dates import day_of
from healthsim.errors import Problem
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import (
    NO_DRG,
    ClaimDetails,
    CodedDiagnosis,
    EncounterDetails,
)
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.profiles.profile import ProfileSpec

_Details: TypeAlias = EncounterDetails | ClaimDetails

_SEVERITIES = ((), ("J96.01",), ("N17.9",), ("G93.41",), ("D62",))
"""What a person may have besides: nothing, an MCC, a CC; two of each, as one may be excluded."""
_COMBINED = ("I10", "I11", "I12", "I13", "I50", "N18", "E08", "E09", "E10", "E11", "E13", "O", "Z3")
"""Codes that people's other conditions may combine, put behind others, or specify."""


def group_warnings(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield stated DRGs that what the step always codes cannot give; they pay all the same."""
    day = np.array([day_of(profile.as_of.isoformat())], dtype=np.int32)
    version = int(versions_of(day)[0])
    for place, journey in enumerate(journeys):
        for path, step in journey.steps():
            if isinstance(step, events.Encounter | events.Claim):
                where = f"journeys[{place}].{path}.details.drg"
                yield from _misfit(step, step.details, version, where)


def _misfit(
    step: events.Encounter | events.Claim, details: _Details, version: int, where: str
) -> Iterator[Problem]:
    """Yield the problem of one stay whose principal diagnosis and procedures are known."""
    always = [code for code in details.diagnoses if not isinstance(code, CodedDiagnosis)]
    principal = details.diagnoses[0] if details.diagnoses else ""
    stated = details.drg
    if stated in (None, NO_DRG) or isinstance(principal, CodedDiagnosis) or not principal:
        return
    if principal.startswith(_COMBINED) or any(_adds_procedure(one) for one in step.with_):
        return
    possible = [_derived(always, more, details, version) for more in _SEVERITIES]
    if not _may_have_more(step, details, always):
        possible = possible[:1]
    given = sorted({drg for each in possible for drg in each})
    if given and stated not in given:
        yield Problem(
            where,
            f"is {stated}, and the stay's codes give {' or '.join(given)}; {stated} is paid all "
            "the same",
            "leave drg out for the derived one, or state the diagnoses and icd10pcs that give it",
        )


def _derived(
    always: Sequence[str],
    more: Sequence[str],
    details: EncounterDetails | ClaimDetails,
    version: int,
) -> set[str]:
    done = tuple(getattr(details, "icd10pcs", ()))
    stays = (Stay(always[0], (*always[1:], *more), frozenset(), done, sex, status, version)
             for sex in ("F", "M") for status in ("01", "20"))  # fmt: skip
    return {found.drg for stay in stays if (found := group(stay)).drg is not None}


def _may_have_more(
    step: events.Encounter | events.Claim, details: _Details, always: Sequence[str]
) -> bool:
    """Tell whether somebody may have further codes."""
    drawn = any(isinstance(one, events.Diagnosis) for one in step.with_)
    return drawn or details.comorbidities or len(always) < len(details.diagnoses)


def _adds_procedure(step: StepHead) -> bool:
    return isinstance(step, events.Procedure) and len(step.details.code) == len("0SRC0J9")
