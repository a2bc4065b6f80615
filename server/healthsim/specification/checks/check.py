"""What is wrong with specifications, all at once: pure, for building and execution alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.codes.published import published
from healthsim.errors import Problem, SpecError, near
from healthsim.specification.checks.codes import unlisted
from healthsim.specification.checks.expectations import expectation_problems
from healthsim.specification.checks.journey import journey_problems, names_of
from healthsim.specification.checks.names import ReferenceNames
from healthsim.specification.checks.pair import pair_problems
from healthsim.specification.checks.profile import profile_problems
from healthsim.specification.checks.reachability import reachability_problems, reachability_warnings
from healthsim.specification.document import Document
from healthsim.specification.journeys.journey import JourneySpec, in_walking_order
from healthsim.specification.journeys.layouts import Layouts
from healthsim.specification.profiles.profile import ProfileSpec

__all__ = ["ReferenceNames", "check_job", "check_journey", "check_profile", "job_warnings"]


def check_profile(profile: ProfileSpec, known: ReferenceNames) -> list[Problem]:
    """Return what is wrong with a profile by itself."""
    return _gathered(profile_problems(profile, known)) + list(_reproduced(profile, "profile"))


def check_journey(
    journey: JourneySpec, known: ReferenceNames, profile: ProfileSpec | None = None
) -> list[Problem]:
    """Return what is wrong with a journey, by itself or for a profile's people.

    Without a profile, names that a profile could define are taken to be defined.
    """
    layouts = Layouts([journey], ["journey"])
    found = _gathered(journey_problems(journey, known, profile, "journey", layouts))
    found += _reproduced(journey, "journey")
    names = names_of(journey, known, profile, (), layouts)
    products = None if profile is None else profile.products
    asked = journey.expectations
    found += _gathered(reachability_problems(profile, [journey], known, "journey"))
    return found + _gathered(expectation_problems(asked, names, known, products, "journey"))


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
    found = check_profile(profile, known)
    walked = in_walking_order(journeys)
    for place, journey in enumerate(journeys):
        where, earlier = f"journeys[{place}]", walked[: walked.index(journey)]
        found += _gathered(journey_problems(journey, known, profile, where, layouts, earlier))
        found += _reproduced(journey, where)
    found += _gathered(pair_problems(profile, journeys, known, layouts))
    found += _gathered(reachability_problems(profile, journeys, known))
    return found + _gathered(_expected(profile, journeys, known, layouts))


def job_warnings(
    profile: ProfileSpec, journeys: Sequence[JourneySpec], known: ReferenceNames
) -> list[Problem]:
    """Return what is said in vain for this profile, and yet can be run."""
    found = _gathered(unlisted(profile, journeys))
    return found + _gathered(reachability_warnings(profile, journeys, known))


def _expected(
    profile: ProfileSpec,
    journeys: Sequence[JourneySpec],
    known: ReferenceNames,
    layouts: Layouts,
) -> Iterator[Problem]:
    """Yield what is wrong with the expectations of all documents; they see every journey."""
    whole = [("profile", profile.expectations)]
    whole += [(f"journeys[{place}]", one.expectations) for place, one in enumerate(journeys)]
    names = names_of(None, known, profile, journeys, layouts)
    for where, asked in whole:
        yield from expectation_problems(asked, names, known, profile.products, where)


def _reproduced(document: Document, where: str) -> Iterator[Problem]:
    """Yield the published figures of a document that nobody knows, or that stand twice."""
    for place, name in enumerate(document.reproduces):
        here = f"{where}.reproduces[{place}]"
        if name not in published():
            yield Problem(here, f"no published figure {name!r}", near(name, published().codes))
        elif name in document.reproduces[:place]:
            yield Problem(here, f"{name} stands twice", "keep one of them")


def _gathered(problems: Iterator[Problem]) -> list[Problem]:
    """Return every problem once; one that stops the search is the last."""
    found: list[Problem] = []
    try:
        found.extend(problems)
    except SpecError as error:
        found.extend(error.problems)
    return list(dict.fromkeys(found))
