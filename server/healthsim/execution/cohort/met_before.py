"""A condition that begins with people's first journey was there before one that never meets it."""

from __future__ import annotations

from collections.abc import Sequence

from healthsim.execution.cohort.onsets import USUAL_YEARS_BEFORE
from healthsim.medicine.problems import usual_course
from healthsim.specification.checks.codes import coded_diagnoses
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.onset import Onset
from healthsim.specification.profiles.profile import ProfileSpec

_CATEGORY = 3  # characters of a category of ICD-10-CM


def as_met(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> ProfileSpec:
    """Return the profile, its primary condition begun before where no journey would find it.

    A condition that lasts is found by a step that states a code of its category, or by a visit
    that lists no diagnosis, which is for it. Where the journeys have visits, and all are for
    something else, it began as long ago as conditions usually did.

    Args:
        profile: whose primary condition may begin with the first journey.
        journeys: of the run.
    """
    primary = profile.clinical.primary
    if primary is None or primary.onset != "journey":
        return profile
    if usual_course(primary.code).kind != "lasting":
        return profile
    steps = [step for journey in journeys for _, step in journey.steps()]
    visits = [step for step in steps if isinstance(step, Encounter)]
    codes = [code for step in steps for _, code, _ in coded_diagnoses(step)]
    met = any(code[:_CATEGORY] == primary.code[:_CATEGORY] for code in codes)
    if met or not visits or not all(visit.details.diagnoses for visit in visits):
        return profile
    before = primary.model_copy(update={"onset": Onset(years_before=USUAL_YEARS_BEFORE)})
    clinical = profile.clinical.model_copy(update={"primary": before})
    return profile.model_copy(update={"clinical": clinical})
