"""What is wrong with the codes of a specification: asked of the books, on the days of their use."""

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
from healthsim.specification.journeys.details import Billed, CodedDiagnosis
from healthsim.specification.journeys.journey import Begins, JourneySpec
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.profiles.profile import ProfileSpec

Stated: TypeAlias = tuple[str, str, str]
"""Where a code stands, its system, and the code."""


@dataclass(frozen=True)
class Codes:
    """How the codes of one document are asked.

    Attributes:
        first: first day on which one may be used; None where that is not known yet.
        last: last such day.
        unlisted: codes that no book knows pass.
    """

    first: date | None
    last: date | None
    unlisted: bool

    @classmethod
    def of_profile(cls, profile: ProfileSpec, journeys: Sequence[JourneySpec] = ()) -> Codes:
        """Return how a profile's codes are asked: they are stated until its journeys end."""
        ends = [end for one in journeys if (end := cls.of_journey(one, profile).last) is not None]
        last = max([profile.through or profile.as_of, *ends])
        return cls(profile.as_of, last, profile.allow_unlisted_codes)

    @classmethod
    def of_journey(cls, journey: JourneySpec, profile: ProfileSpec | None) -> Codes:
        """Return how a journey's codes are asked, for a profile's people if they are known."""
        if profile is None and not isinstance(journey.begins, Begins):
            return cls(None, None, journey.allow_unlisted_codes)
        first, latest = journey.window(profile.as_of if profile is not None else date.min)
        last = latest + timedelta(journey.duration_days)
        if profile is not None and profile.through is not None:
            last = max(first, min(last, profile.through))
        return cls(first, last, journey.allow_unlisted_codes)

    def problems(self, where: str, system: str, code: str) -> Iterator[Problem]:
        """Yield what is wrong with a code that stands at a place of the document."""
        for day in dict.fromkeys((self.first, self.last)):
            verdict = classify(system, code, on=day)
            if verdict.as_written or (self.unlisted and is_accepted(verdict)):
                continue
            found = verdict.found
            if self.unlisted and verdict.status == "unknown" and not verdict.well_formed:
                found += ", and it has not the form of one, which an unlisted code must have"
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
    """Tell whether `allow_unlisted_codes` lets a code pass.

    It does where no book knows the code and it has the form of its system.
    """
    return verdict.status == "unknown" and not verdict.found_in and verdict.well_formed


def profile_code_problems(
    profile: ProfileSpec, journeys: Sequence[JourneySpec]
) -> Iterator[Problem]:
    """Yield the codes of a profile that only its journeys' last day makes invalid."""
    alone, codes = Codes.of_profile(profile), Codes.of_profile(profile, journeys)
    for place, system, code in of_profile(profile):
        where = f"profile.{place}"
        if next(alone.problems(where, system, code), None) is None:
            yield from codes.problems(where, system, code)


def unlisted(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield the codes that no book knows and that pass because a document says so."""
    for where, verdict in _passing(profile, journeys):
        yield Problem(where, f"{verdict.found}, and it passes as unlisted", verdict.mend)


def unlisted_in(profile: str, journeys: Iterable[str]) -> tuple[str, ...]:
    """Return the codes of canonical texts that pass though no book knows them, each once."""
    texts = [profile, *journeys]
    if not any('"allow_unlisted_codes"' in text for text in texts):
        return ()
    walked = [read(JourneySpec, text) for text in texts[1:]]
    return unlisted_codes(read(ProfileSpec, profile), walked)


def unlisted_codes(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> tuple[str, ...]:
    """Return the codes that no book knows and that pass, each once, in document order."""
    return tuple(dict.fromkeys(verdict.said for _, verdict in _passing(profile, journeys)))


def _passing(
    profile: ProfileSpec, journeys: Sequence[JourneySpec]
) -> Iterator[tuple[str, CodeVerdict]]:
    documents = [(f"journeys[{n}].", one, of_journey(one)) for n, one in enumerate(journeys)]
    whole = [("profile.", profile, of_profile(profile)), *documents]
    for where, document, stated in whole:
        for place, system, code in stated if document.allow_unlisted_codes else ():
            verdict = classify(system, code)
            if is_accepted(verdict):
                yield f"{where}{place}", verdict


def of_profile(profile: ProfileSpec) -> Iterator[Stated]:
    """Yield the codes that a profile states."""
    clinical = profile.clinical
    if clinical.primary is not None:
        yield "clinical.primary.code", "icd10cm", clinical.primary.code
    for place, one in enumerate(clinical.comorbidities):
        yield f"clinical.comorbidities[{place}].code", "icd10cm", one.code
    for number, group in enumerate(clinical.alternatives):
        for place, other in enumerate(group):
            yield f"clinical.one_of[{number}][{place}].code", "icd10cm", other.code
    for code, causes in clinical.implied_by.items():
        yield f"clinical.comorbidities[{causes[0]}].implies", "icd10cm", code


def of_journey(journey: JourneySpec) -> Iterator[Stated]:
    """Yield the codes that the steps of a journey state."""
    for path, step in journey.steps():
        for place, system, code in of_step(step):
            yield f"{path}.{place}", system, code


def of_step(step: StepHead) -> Iterator[Stated]:
    """Yield the codes that one step states, at their places in it."""
    yield from _diagnoses(step)
    details = getattr(step, "details", None)
    if isinstance(step, events.Encounter | events.Claim) and step.details.drg is not None:
        yield "details.drg", "drg", step.details.drg
    elif isinstance(step, events.Lab | events.Vital) and step.details.loinc is not None:
        yield "details.loinc", "loinc", step.details.loinc
    elif isinstance(step, events.Immunization):
        yield "details.cvx", "cvx", step.details.cvx
    if isinstance(step, events.Procedure):
        yield from _service("details.code", step.details.code)
    elif isinstance(step, events.Lab) and step.details.procedure is not None:
        yield from _service("details.procedure", step.details.procedure)
    for place, one in enumerate(getattr(details, "procedures", None) or ()):
        code = one.code if isinstance(one, Billed) else one
        yield from _service(f"details.procedures[{place}]", code)


def _diagnoses(step: StepHead) -> Iterator[Stated]:
    if isinstance(step, events.Diagnosis):
        yield "details.code", "icd10cm", step.details.code
    elif isinstance(step, events.Death) and step.details.cause is not None:
        yield "details.cause", "icd10cm", step.details.cause
    elif isinstance(step, events.AdverseEvent) and step.details.code is not None:
        yield "details.code", "icd10cm", step.details.code
    elif isinstance(step, events.Encounter | events.Claim):
        for place, one in enumerate(step.details.diagnoses):
            code = one.code if isinstance(one, CodedDiagnosis) else one
            yield f"details.diagnoses[{place}]", "icd10cm", code


def _service(place: str, code: str) -> Iterator[Stated]:
    """Yield a billed code that a book can know: CPT is known by its form, which the door asks."""
    if procedure_system(code) == "HCPCS":
        yield place, "hcpcs", code
