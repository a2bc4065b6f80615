"""All problems of specifications at once, for building and execution; reads no files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.codes.published import published
from healthsim.errors import Problem, SpecError, near
from healthsim.specification.checks.agreement import agreement_warnings
from healthsim.specification.checks.benefits import benefit_warnings, unused_plans
from healthsim.specification.checks.codes import unlisted
from healthsim.specification.checks.confirming import confirming_warnings
from healthsim.specification.checks.expectations import expectation_problems
from healthsim.specification.checks.journey import journey_problems, names_of
from healthsim.specification.checks.names import ReferenceNames
from healthsim.specification.checks.pair import pair_problems
from healthsim.specification.checks.physiology import physiology_warnings
from healthsim.specification.checks.profile import profile_problems
from healthsim.specification.checks.reachability import reachability_problems, reachability_warnings
from healthsim.specification.checks.refills import refill_warnings
from healthsim.specification.checks.safety import safety_warnings
from healthsim.specification.checks.service_limits import service_warnings
from healthsim.specification.checks.stay_groups import group_warnings
from healthsim.specification.document import Document
from healthsim.specification.journeys.journey import JourneySpec, in_walking_order
from healthsim.specification.journeys.layouts import Layouts
from healthsim.specification.profiles.profile import ProfileSpec

__all__ = ["ReferenceNames", "check_job", "check_journey", "check_profile", "job_warnings"]


def check_profile(profile: ProfileSpec, known: ReferenceNames) -> list[Problem]:
    """Return what is wrong with a profile by itself."""
    return _collect(profile_problems(profile, known)) + list(_reproduced(profile, "profile"))


def check_journey(
    journey: JourneySpec, known: ReferenceNames, profile: ProfileSpec | None = None
) -> list[Problem]:
    """Return what is wrong with a journey, by itself or for a profile's people.

    Without a profile, names that a profile could define are taken to be defined.
    """
    layouts = Layouts([journey], ["journey"])
    problems = _collect(journey_problems(journey, known, profile, "journey", layouts))
    problems += _reproduced(journey, "journey")
    problems += _collect(reachability_problems(profile, [journey], known, "journey"))
    names = names_of(journey, known, profile, (), layouts)
    products = None if profile is None else profile.products
    expectations = journey.expectations
    return problems + _collect(
        expectation_problems(expectations, names, known, products, "journey")
    )


def check_job(
    profile: ProfileSpec,
    journeys: Sequence[JourneySpec],
    known: ReferenceNames,
    layouts: Layouts | None = None,
) -> list[Problem]:
    """Return everything that is wrong with a profile and the journeys of its people.

    Args:
        profile: who.
        journeys: what happens to them, in the order of the documents.
        known: names of the reference.
        layouts: of the journeys, where they are needed afterwards; made here by default.
    """
    layouts = layouts or Layouts(journeys)
    problems = check_profile(profile, known)
    ordered = in_walking_order(journeys)
    for place, journey in enumerate(journeys):
        where, earlier = f"journeys[{place}]", ordered[: ordered.index(journey)]
        problems += _collect(journey_problems(journey, known, profile, where, layouts, earlier))
        problems += _reproduced(journey, where)
    problems += _collect(pair_problems(profile, journeys, known, layouts))
    problems += _collect(reachability_problems(profile, journeys, known))
    return problems + _collect(_expected(profile, journeys, known, layouts))


def job_warnings(
    profile: ProfileSpec, journeys: Sequence[JourneySpec], known: ReferenceNames
) -> list[Problem]:
    """Return what has no effect for this profile, and what is accepted although it is unlisted."""
    problems = _collect(unlisted(profile, journeys))
    problems += _collect(physiology_warnings(profile, journeys))
    problems += _collect(group_warnings(profile, journeys))
    problems += _collect(service_warnings(profile, journeys))
    problems += _collect(benefit_warnings(profile))
    problems += _collect(unused_plans(profile, journeys))
    problems += _collect(refill_warnings(profile, journeys))
    problems += _collect(safety_warnings(profile, journeys))
    problems += _collect(agreement_warnings(journeys))
    problems += _collect(confirming_warnings(journeys))
    return problems + _collect(reachability_warnings(profile, journeys, known))


def _expected(
    profile: ProfileSpec,
    journeys: Sequence[JourneySpec],
    known: ReferenceNames,
    layouts: Layouts,
) -> Iterator[Problem]:
    """Yield what is wrong with the expectations of all documents; they may use every journey."""
    documents: list[tuple[str, ProfileSpec | JourneySpec]] = [("profile", profile)]
    documents += [(f"journeys[{place}]", journey) for place, journey in enumerate(journeys)]
    names = names_of(None, known, profile, journeys, layouts)
    for where, document in documents:
        yield from expectation_problems(
            document.expectations, names, known, profile.products, where
        )


def _reproduced(document: Document, where: str) -> Iterator[Problem]:
    """Yield the published figures of a document that are unknown, or listed twice."""
    for place, name in enumerate(document.reproduces):
        here = f"{where}.reproduces[{place}]"
        if name not in published():
            yield Problem(here, f"no published figure {name!r}", near(name, published().codes))
        elif name in document.reproduces[:place]:
            yield Problem(here, f"{name} is listed twice", "keep one of them")


def _collect(problems: Iterator[Problem]) -> list[Problem]:
    """Return every problem once; one that stops the search is the last."""
    collected: list[Problem] = []
    try:
        collected.extend(problems)
    except SpecError as error:
        collected.extend(error.problems)
    return list(dict.fromkeys(collected))
