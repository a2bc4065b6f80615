"""What is wrong with the codes of a specification, by the code books and the days of their use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from healthsim.codes.classify import CodeVerdict, classify
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.procedures import procedure_system
from healthsim.errors import Problem
from healthsim.specification.document import read
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import (
    NO_DRG,
    Billed,
    ClaimDetails,
    CodedDiagnosis,
    EncounterDetails,
)
from healthsim.specification.journeys.journey import Begins, JourneySpec
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.expressions import Expression
from healthsim.specification.profiles.profile import ProfileSpec

Stated: TypeAlias = tuple[str, str, str]
"""The path of a code, its system, and the code."""


@dataclass(frozen=True)
class Codes:
    """How the codes of one document are checked.

    Attributes:
        first: first day on which a code may be used; None while that is not known.
        last: last such day.
        unlisted: whether codes that are in no code book are accepted.
    """

    first: date | None
    last: date | None
    unlisted: bool

    @classmethod
    def of_profile(cls, profile: ProfileSpec, journeys: Sequence[JourneySpec] = ()) -> Codes:
        """Return how a profile's codes are checked: until the last day of its journeys."""
        lasts = [cls.of_journey(journey, profile).last for journey in journeys]
        ends = [last for last in lasts if last is not None]
        last = max([profile.through or profile.as_of, *ends])
        return cls(profile.as_of, last, profile.allow_unlisted_codes)

    @classmethod
    def of_journey(cls, journey: JourneySpec, profile: ProfileSpec | None) -> Codes:
        """Return how a journey's codes are checked, on the profile's days if there is one."""
        if profile is None and not isinstance(journey.begins, Begins):
            return cls(None, None, journey.allow_unlisted_codes)
        first, latest = journey.window(profile.as_of if profile is not None else date.min)
        last = latest + timedelta(journey.duration_days)
        if profile is not None and profile.through is not None:
            last = max(first, min(last, profile.through))
        return cls(first, last, journey.allow_unlisted_codes)

    def problems(self, where: str, system: str, code: str) -> Iterator[Problem]:
        """Yield what is wrong with the code at a place of the document."""
        for day in dict.fromkeys((self.first, self.last)):
            verdict = classify(system, code, on=day)
            if verdict.as_written or (self.unlisted and is_accepted(verdict)):
                continue
            found = verdict.found
            if self.unlisted and verdict.status == "unknown" and not verdict.well_formed:
                found += ", and it does not have the form that an unlisted code must have"
            if day is not None and verdict.status in ("retired", "not_yet", "header"):
                later = day == self.last != self.first
                found += f", and it is used until {self.last}" if later else ""
            yield Problem(where, found, verdict.mend)
            return


def age_range_problems(where: str, code: str, youngest: float, oldest: float) -> Iterator[Problem]:
    """Yield that nobody from `youngest` to `oldest` years can have a diagnosis."""
    row = icd10cm().row(code)
    if row.age_low <= oldest and youngest < row.age_high + 1:
        return
    yield Problem(
        where,
        f"{code} is only for ages {row.age_low} to {row.age_high}, and ages here are "
        f"{youngest:g} to {oldest:g}",
        "choose a code for these ages, remove it or change demographics.age",
    )


def is_accepted(verdict: CodeVerdict) -> bool:
    """Tell whether `allow_unlisted_codes` accepts a code.

    It does where the code is in no code book and has the form of its system.
    """
    return verdict.status == "unknown" and not verdict.found_in and verdict.well_formed


def profile_code_problems(
    profile: ProfileSpec, journeys: Sequence[JourneySpec]
) -> Iterator[Problem]:
    """Yield the codes of a profile that are invalid only because its journeys end later."""
    alone, codes = Codes.of_profile(profile), Codes.of_profile(profile, journeys)
    for place, system, code in of_profile(profile):
        where = f"profile.{place}"
        if next(alone.problems(where, system, code), None) is None:
            yield from codes.problems(where, system, code)


def unlisted(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield the codes that are in no code book and that a document accepts all the same."""
    for where, verdict in _accepted(profile, journeys):
        yield Problem(where, f"{verdict.found}, and it is accepted as unlisted", verdict.mend)


def unlisted_in(profile: str, journeys: Iterable[str]) -> tuple[str, ...]:
    """Return the unlisted codes that documents, as canonical texts, accept, each once."""
    texts = [profile, *journeys]
    if not any('"allow_unlisted_codes"' in text for text in texts):
        return ()
    read_journeys = [read(JourneySpec, text) for text in texts[1:]]
    return unlisted_codes(read(ProfileSpec, profile), read_journeys)


def unlisted_codes(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> tuple[str, ...]:
    """Return the unlisted codes that documents accept, each once, in document order."""
    return tuple(dict.fromkeys(verdict.said for _, verdict in _accepted(profile, journeys)))


def _accepted(
    profile: ProfileSpec, journeys: Sequence[JourneySpec]
) -> Iterator[tuple[str, CodeVerdict]]:
    documents: list[tuple[str, ProfileSpec | JourneySpec, Iterator[Stated]]] = [
        ("profile", profile, of_profile(profile))
    ]
    documents += [
        (f"journeys[{place}]", journey, of_journey(journey))
        for place, journey in enumerate(journeys)
    ]
    for where, document, stated in documents:
        for place, system, code in stated if document.allow_unlisted_codes else ():
            verdict = classify(system, code)
            if is_accepted(verdict):
                yield f"{where}.{place}", verdict


def of_profile(profile: ProfileSpec) -> Iterator[Stated]:
    """Yield the codes that a profile states."""
    clinical = profile.clinical
    if clinical.primary is not None:
        yield "clinical.primary.code", "icd10cm", clinical.primary.code
    for place, comorbidity in enumerate(clinical.comorbidities):
        yield f"clinical.comorbidities[{place}].code", "icd10cm", comorbidity.code
    for number, group in enumerate(clinical.alternatives):
        for place, alternative in enumerate(group):
            yield f"clinical.one_of[{number}][{place}].code", "icd10cm", alternative.code
    for code, causes in clinical.implied_by.items():
        yield f"clinical.comorbidities[{causes[0]}].implies", "icd10cm", code
    for position, _, member in () if profile.household is None else profile.household.placed:
        for place, one in enumerate(member.conditions):
            where = f"household.members[{position}].conditions[{place}].code"
            yield where, "icd10cm", one.code


def of_journey(journey: JourneySpec) -> Iterator[Stated]:
    """Yield the codes that the steps of a journey state."""
    for path, step in journey.steps():
        for place, system, code in of_step(step):
            yield f"{path}.{place}", system, code


def of_step(step: StepHead) -> Iterator[Stated]:
    """Yield the codes that one step states, at their places in it."""
    for place, code, _ in coded_diagnoses(step):
        yield place, "icd10cm", code
    match step:
        case events.Death() if step.details.cause is not None:
            yield "details.cause", "icd10cm", step.details.cause
        case events.AdverseEvent() if step.details.code is not None:
            yield "details.code", "icd10cm", step.details.code
        case events.Lab() | events.Vital() if step.details.loinc is not None:
            yield "details.loinc", "loinc", step.details.loinc
        case events.Immunization():
            yield "details.cvx", "cvx", step.details.cvx
    visit, path = stay_of(step)
    if visit is not None and visit.drg not in (None, NO_DRG):
        yield f"{path}.drg", "drg", str(visit.drg)
    for place, code in services(step):
        if procedure_system(code) == "HCPCS":  # a CPT code is checked by its form when it is read
            yield place, "hcpcs", code


def coded_diagnoses(step: StepHead) -> Iterator[tuple[str, str, Expression | None]]:
    """Yield (path, code, its own condition) of every diagnosis that a step gives."""
    if isinstance(step, events.Diagnosis):
        yield "details.code", step.details.code, None
        return
    visit, path = stay_of(step)
    if visit is not None:
        for place, diagnosis in enumerate(visit.diagnoses):
            where = f"{path}.diagnoses[{place}]"
            if isinstance(diagnosis, CodedDiagnosis):
                yield where, diagnosis.code, diagnosis.when
            else:
                yield where, diagnosis, None


def done(step: StepHead) -> Iterator[tuple[str, str]]:
    """Yield (path, code) of the ICD-10-PCS procedures of a stay."""
    visit, path = stay_of(step)
    for place, code in enumerate(getattr(visit, "icd10pcs", ())):
        yield f"{path}.icd10pcs[{place}]", code


def stay_of(step: StepHead) -> tuple[EncounterDetails | ClaimDetails | None, str]:
    """Return the details of a step's visit, or of the stay of an adverse event, and their path."""
    if isinstance(step, events.Encounter | events.Claim):
        return step.details, "details"
    if isinstance(step, events.AdverseEvent) and isinstance(step.details.stay, EncounterDetails):
        return step.details.stay, "details.stay"
    return None, "details"


def services(step: StepHead) -> Iterator[tuple[str, str]]:
    """Yield (path, code) of the services that a step bills."""
    details = getattr(step, "details", None)
    if isinstance(step, events.Procedure):
        yield "details.code", step.details.code
    elif isinstance(step, events.Lab) and step.details.procedure is not None:
        yield "details.procedure", step.details.procedure
    visit, path = stay_of(step)
    for place, service in enumerate(getattr(visit or details, "procedures", None) or ()):
        code = service.code if isinstance(service, Billed) else service
        yield f"{path}.procedures[{place}]", code
