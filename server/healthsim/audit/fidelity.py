"""Fidelity: compares what the specifications ask for with what the stored tables hold.

A share may differ from the one asked for by chance: `low` and `high` are three standard errors
below and above it, so about one row in 370 lies outside though nothing is wrong. Where a figure
depends on what no table stores (an attribute, a published figure), only what was got is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from healthsim.audit import realized_shares
from healthsim.audit.attributes import attributes_compared, labels_compared
from healthsim.audit.comparison import (
    Comparison,
    compare_exact,
    compare_within,
    got_only,
    not_judged,
    share,
)
from healthsim.audit.drawn_values import compare_drawn
from healthsim.audit.expected import labels_of_each, share_of_each, spread
from healthsim.audit.households import household_compared
from healthsim.audit.members import born_compared, members_compared, places_decided
from healthsim.audit.people import ColumnNotStored, StoredPeople, combinations_of
from healthsim.audit.realized_figures import compare_figures, compare_options
from healthsim.audit.residence import counties_as_specified
from healthsim.audit.unjudged import without_verdict
from healthsim.codes.icd10cm import icd10cm, mutually_exclusive
from healthsim.medicine.allergies import substances
from healthsim.medicine.social import SMOKING, says_of_smoking
from healthsim.persistence.database import open_read
from healthsim.persistence.scenario import read_tables
from healthsim.products.membersim.plans import is_uninsured
from healthsim.products.populationsim.regions import in_counties_only
from healthsim.specification.distributions.kinds import Categorical, Distribution
from healthsim.specification.distributions.loadings import joint_share
from healthsim.specification.document import read
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.timing import YEAR_DAYS
from healthsim.specification.profiles.clinical import Comorbidity, Quota
from healthsim.specification.profiles.demographics import Location
from healthsim.specification.profiles.dependencies import in_order
from healthsim.specification.profiles.genders import other_sex
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded
from healthsim.watching import step

_UNKNOWN = "conditional"


def compare(
    path: Path,
    profile: str,
    journeys: Sequence[str],
    counted: Sequence[Sequence[Any]] | None = None,
) -> list[Comparison]:
    """Compare a scenario's or run's file with its specifications.

    Args:
        path: the DuckDB file.
        profile: the profile as JSON text.
        journeys: the journeys as JSON texts, in the order in which they were run.
        counted: the figures of journeys as the run counted them, from the file's manifest.

    Returns:
        Rows in the order of the documents.

    Raises:
        NotFound: there is no such file.
        SpecError: a text is not a specification that this version reads.
        StorageError: the file cannot be read.
    """
    spec = read(ProfileSpec, profile, "profile")
    journey_specs = tuple(
        read(JourneySpec, text, f"journeys[{place}]") for place, text in enumerate(journeys)
    )
    with open_read(path) as connection:
        stored = {table.name for table in read_tables(connection, path)}
        people = StoredPeople(connection, stored, spec, journey_specs)
        family = spec.unit == "family"
        anchors = (
            StoredPeople(connection, stored, spec, journey_specs, anchors=True)
            if family
            else people
        )
        size = compare_exact("families" if family else "people", spec.count, anchors.size)
        return _said(
            {
                "people": [size],
                "demographics": _demographics(spec, anchors),
                "attributes": attributes_compared(spec, people),
                "households": household_compared(spec, anchors, people),
                "members": members_compared(spec, people),
                "conditions and drugs": _clinical(spec, people, anchors),
                "coverage": _coverage(spec, anchors),
                "journeys": _journeys(connection, stored, journey_specs, counted),
                "trials": _trials(connection, stored, journey_specs),
                "figures of journeys": compare_figures(connection, journey_specs, counted),
                "drawn values": compare_drawn(connection, stored, journey_specs),
                "the others": without_verdict(spec, journey_specs),
            }
        )


def _said(parts: Mapping[str, Iterable[Comparison]]) -> list[Comparison]:
    """Return the rows of all parts, saying before each which it is."""
    rows: list[Comparison] = []
    for done, (name, part) in enumerate(parts.items()):
        step(f"asked against got: {name}", done, len(parts))
        rows += part
    return rows


def _demographics(profile: ProfileSpec, people: StoredPeople) -> Iterator[Comparison]:
    demographics = profile.demographics
    if demographics.born is None:
        yield from _age(demographics.age, people)
    else:
        yield from born_compared("people", demographics.born, people)
    for name in ("gender", "race", "ethnicity", "language", "marital_status"):
        asked = getattr(demographics, name)
        if asked is None:
            continue
        if name == "marital_status" and profile.household is not None:
            yield not_judged(name, "those who have a spouse are married")
        elif asked.type != "population":
            yield from _labels(name, asked, people)
        elif name in ("language", "marital_status"):  # the others are published figures by default
            yield not_judged(name, "it is that of the published figures of each place")
    location = in_counties_only(demographics.location)
    for name, asked in (
        ("us_state", location.states),
        ("county", location.counties or location.metros),
    ):
        if asked is not None:
            yield from _labels(name, asked, people, location)


def _age(distribution: Distribution, people: StoredPeople) -> Iterator[Comparison]:
    try:
        age = people.age
    except ColumnNotStored:
        return
    mean, sd = float(age.mean()), float(age.std())
    try:
        expected = spread(distribution, people, integers=True)
    except ColumnNotStored:
        yield Comparison("age: mean", distribution.type, round(mean, 2))
        yield Comparison("age: standard deviation", distribution.type, round(sd, 2))
        return
    yield compare_within("age: mean", expected.mean, mean, expected.mean_error)
    yield compare_within("age: standard deviation", expected.sd, sd, expected.sd_error)
    low, high = distribution.range()
    bounds = float(np.floor(low)), float(np.floor(high))
    yield _bound("age: youngest", bounds[0], int(age.min()), bounds)
    yield _bound("age: oldest", bounds[1], int(age.max()), bounds)
    yield from _within_a_year(people, low, high)


def _within_a_year(people: StoredPeople, low: float, high: float) -> Iterator[Comparison]:
    """Judge bounds that are parts of a year, such as 0.2, by days of age; one day is allowed."""
    exact, day = people.exact_age, 1 / YEAR_DAYS
    allowed = (low - day, high + day)
    if not low.is_integer() and np.isfinite(low):
        yield _bound("age: youngest, by day", low, round(float(exact.min()), 3), allowed)
    if not high.is_integer() and np.isfinite(high):
        yield _bound("age: oldest, by day", high, round(float(exact.max()), 3), allowed)


def _bound(what: str, asked: float, got: float, bounds: tuple[float, float]) -> Comparison:
    low, high = (bound if np.isfinite(bound) else None for bound in bounds)
    inside = bounds[0] <= got <= bounds[1]
    return Comparison(what, asked if np.isfinite(asked) else "any", got, low, high, inside)


def _labels(
    name: str, distribution: Distribution, people: StoredPeople, location: Location | None = None
) -> Iterator[Comparison]:
    try:
        labels = people.name(name)
    except ColumnNotStored:
        return
    if not isinstance(labels, Coded):
        return
    if name == "county" and location is not None:
        labels = counties_as_specified(labels, location)
    yield from labels_compared(name, distribution, labels, people)


def _clinical(
    profile: ProfileSpec, people: StoredPeople, anchors: StoredPeople
) -> Iterator[Comparison]:
    clinical = profile.clinical
    if "conditions" not in people.stored:
        if clinical.codes or clinical.medications:
            yield not_judged("conditions and medications", "the run has no charts")
        return
    if clinical.primary is not None:
        code = clinical.primary.code
        yield compare_exact(
            f"condition {_with_combinations(code)}", anchors.size, int(anchors.has(code).sum())
        )
    for comorbidity in clinical.comorbidities:
        yield from _comorbidity(profile, comorbidity.code, comorbidity, people)
    for group in clinical.alternatives:
        for other in group:
            alone = Comorbidity.model_validate({"code": other.code, "share": other.share})
            yield from _comorbidity(profile, other.code, alone, people)
    stated = {comorbidity.code for comorbidity in clinical.comorbidities}
    for code in (code for code in clinical.implied_by if code not in stated):
        nobody = Comorbidity.model_validate({"code": code, "share": 0})
        yield from _comorbidity(profile, code, nobody, people)
    yield from _together(profile, people)
    for drug in clinical.medications:
        has = people.takes("drug", drug.drug)
        able = np.ones(people.size, np.bool_)
        if drug.groups:
            yield from _groups(f"medication {drug.drug}", drug, has, able, people)
        else:
            yield _quota(f"medication {drug.drug}", drug, has, able, people)
    yield from _allergies(profile, people)
    yield from _smoking(profile, people)


def _smoking(profile: ProfileSpec, people: StoredPeople) -> Iterator[Comparison]:
    """Compare the stated smoking statuses of adults; codes may have decided it for some."""
    stated = profile.clinical.smoking
    if stated is None:
        return
    if "observations" not in people.stored:
        yield not_judged("smoking", "detail leaves observations out")
        return
    coded = [code for code in profile.clinical.codes if says_of_smoking(code)]
    adults = people.age > _ADULT  # who was asked before the data was an adult by then
    for code in coded:
        adults &= ~people.has(code)
    whom = f", of adults without {' or '.join(coded)}" if coded else ", of adults"
    for status, wanted in zip(SMOKING, stated.shares, strict=True):
        chances = np.full(int(adults.sum()), wanted)
        yield share(f"smoking: {status}{whom}", chances, people.smoking(status)[adults])


_ADULT = 18


def _allergies(profile: ProfileSpec, people: StoredPeople) -> Iterator[Comparison]:
    """Compare the stated allergies of those who do not take what the allergy forbids."""
    for allergy in profile.clinical.allergies:
        what = f"allergy to {allergy.substance}"
        substance = substances()[allergy.substance]
        forbidden = {drug for rule in substance.rules for drug in rule.drugs}
        taken = [one.drug for one in profile.clinical.medications if one.drug in forbidden]
        can = np.ones(people.size, np.bool_)
        for drug in taken:
            can &= ~people.takes("drug", drug)
        whom = f", of people without {' or '.join(taken)}" if taken else ""
        if "allergies" not in people.stored:
            yield not_judged(what, "detail leaves allergies out")
        elif set(substance.implied) & set(profile.clinical.codes):
            yield got_only(what, people.allergic(substance.name), "a code states it too")
        else:
            wanted = np.full(int(can.sum()), allergy.share)
            yield share(f"{what}{whom}", wanted, people.allergic(substance.name)[can])


def _comorbidity(
    profile: ProfileSpec, code: str, quota: Quota, people: StoredPeople
) -> Iterator[Comparison]:
    row, has = icd10cm().row(code), people.has(code)
    others = [other for other in profile.clinical.codes if other != code]
    if any(other in combinations_of(code) for other in others):
        yield got_only(
            f"condition {_with_combinations(code)}", has, "stated twice: also by its combination"
        )
        return
    can, limits = np.ones(people.size, dtype=np.bool_), []
    members = places_decided(profile, code)
    if members:
        can &= ~np.isin(people.person_id % 100, members)
        limits.append("without the members who are stated to have it or what excludes it")
    gender = people.name("gender")
    if row.sex and isinstance(gender, Coded):
        other = other_sex(row.sex)
        can &= ~gender.equals(other)
        all_of_it = bool((can <= gender.equals(row.sex)).all())
        limits.append(f"with gender {row.sex}" if all_of_it else f"of a gender other than {other}")
    if row.age_low > 0 or people.age.max() > row.age_high:
        can &= (people.age >= row.age_low) & (people.age <= row.age_high)
        age = f"age {row.age_low} to {row.age_high}"
        limits.append(age if limits else f"with {age}")
    for other in _drawn_before(profile, code):
        if mutually_exclusive(code, other):
            can &= ~people.has(other)
            limits.append(f"without {other}")
    causes = profile.clinical.implied_by.get(code, ())
    if causes:
        with_one = np.logical_or.reduce([people.has(cause) for cause in causes])
        implied, causes_text = can & with_one, " or ".join(causes)
        what = f"condition {_with_combinations(code)}, implied by {causes_text}"
        yield compare_exact(what, int(implied.sum()), int((has & implied).sum()))
        can &= ~with_one
        limits.append(f"without {causes_text}")
    whom = f", of people {', '.join(limits)}" if limits else ""
    if quota.groups:
        yield from _groups(f"condition {_with_combinations(code)}", quota, has, can, people)
    else:
        yield _quota(f"condition {_with_combinations(code)}{whom}", quota, has, can, people)


def _together(profile: ProfileSpec, people: StoredPeople) -> Iterator[Comparison]:
    """Compare how often two conditions with loadings occur together, for the strongest pairs."""
    loading = [
        comorbidity
        for comorbidity in profile.clinical.comorbidities
        if comorbidity.loading and _share_alone_decides(comorbidity.code, profile)
    ]
    pairs = sorted(combinations(loading, 2), key=lambda two: -two[0].loading * two[1].loading)
    if len(pairs) > _MOST_PAIRS:
        more = f"conditions together, {len(pairs) - _MOST_PAIRS} more pairs"
        yield not_judged(more, f"only the {_MOST_PAIRS} strongest are compared")
    for one, other in pairs[:_MOST_PAIRS]:
        has = people.has(one.code) & people.has(other.code)
        what = f"conditions {one.code} and {other.code} together"
        shares = [each.share for each in (one, other) if each.share is not None]
        try:
            first, second = (share_of_each(each, people) for each in shares)
        except ColumnNotStored:
            yield got_only(what, has)
            continue
        yield share(what, joint_share(first, second, one.loading * other.loading), has)


def _share_alone_decides(code: str, profile: ProfileSpec) -> bool:
    """Return whether everybody can have a condition, by its share alone."""
    row, clinical = icd10cm().row(code), profile.clinical
    others = [other for other in clinical.codes if other != code]
    return not (
        row.sex
        or row.age_low
        or code in clinical.implied_by
        or places_decided(profile, code)
        or any(
            mutually_exclusive(code, other) or other in combinations_of(code) for other in others
        )
    )


_MOST_PAIRS = 6  # of seventeen conditions there are 136


def _groups(
    what: str, quota: Quota, has: NDArray[np.bool_], can: NDArray[np.bool_], people: StoredPeople
) -> Iterator[Comparison]:
    """Compare the exact count of each group; nobody outside all groups has it."""
    left = can.copy()
    for group in quota.groups:
        try:
            members = left & group.when.holds(people)
        except ColumnNotStored:
            total = sum(group.count for group in quota.groups)
            yield compare_exact(f"{what}, of all groups", total, int(has.sum()))
            return
        yield compare_exact(
            f"{what}, of people with {group.when}", group.count, int(has[members].sum())
        )
        left &= ~members
    yield compare_exact(f"{what}, of the others", 0, int(has[left | ~can].sum()))


def _quota(
    what: str, quota: Quota, has: NDArray[np.bool_], can: NDArray[np.bool_], people: StoredPeople
) -> Comparison:
    if isinstance(quota.exactly, int):
        return compare_exact(what, quota.exactly, int(has.sum()))
    if quota.share is None:
        return got_only(what, has[can])
    try:
        return share(what, share_of_each(quota.share, people)[can], has[can])
    except ColumnNotStored:
        return got_only(what, has[can])


def _with_combinations(code: str) -> str:
    """Return a code as text, with the codes that the classification puts in its place."""
    others = combinations_of(code)
    return f"{code} (or {', '.join(others)})" if others else code


def _drawn_before(profile: ProfileSpec, code: str) -> list[str]:
    """Return the conditions that are drawn before one and are no alternative to it.

    Alternatives are drawn at once, and the share of each is of everybody.
    """
    drawn = [part.name.removeprefix("has ") for part in in_order(profile)
             if part.name.startswith("has ")]  # fmt: skip
    at_once = {other.code for group in profile.clinical.alternatives for other in group
               if code in {one.code for one in group}}  # fmt: skip
    return [other for other in drawn[: drawn.index(code)] if other not in at_once]


def _coverage(profile: ProfileSpec, people: StoredPeople) -> Iterator[Comparison]:
    if profile.coverage is None:
        return
    if "enrollments" not in people.stored:
        yield not_judged("plan", "the run has no enrollments")
        return
    distribution, plan = profile.coverage.plan, people.plan
    exact = distribution.exactly if isinstance(distribution, Categorical) else None
    try:
        chances = labels_of_each(distribution, people)
    except ColumnNotStored:
        for label in plan.vocabulary:
            yield got_only(f"plan {label}", plan.equals(label))
        return
    for label, each in chances.items():
        has = plan.codes < 0 if is_uninsured(label) else plan.equals(label)
        if exact is not None:
            yield compare_exact(f"plan {label}", exact[label], int(has.sum()))
        else:
            yield share(f"plan {label}", each, has)


def _journeys(
    connection: duckdb.DuckDBPyConnection,
    stored: set[str],
    journeys: Sequence[JourneySpec],
    counted: Sequence[Sequence[Any]] | None,
) -> Iterator[Comparison]:
    for journey in journeys:
        for option_share in realized_shares.option_shares(connection, journey):
            what = f"{journey.name}/{option_share.step}: {option_share.option}"
            if option_share.exactly is not None:
                yield compare_exact(what, option_share.exactly, option_share.taken)
            elif option_share.weight is None:
                weighed = compare_options(
                    journey.name, option_share.step, option_share.option, counted
                )
                yield from weighed or [
                    not_judged(what, "its condition decides", round(option_share.share, 4))
                ]
            else:
                yield share(
                    what,
                    np.full(option_share.reached, option_share.weight),
                    _first_true(option_share.taken, option_share.reached),
                )
        for fill in realized_shares.first_fills(connection, stored, journey):
            what = f"{journey.name}/{fill.step}: filled within 30 days"
            yield share(
                what, np.full(fill.reached, fill.share), _first_true(fill.taken, fill.reached)
            )


def _trials(
    connection: duckdb.DuckDBPyConnection, stored: set[str], journeys: Sequence[JourneySpec]
) -> Iterator[Comparison]:
    """Compare arms with their ratio: blocks leave them off by no more than one in each stratum.

    Who fails screening is decided by the criteria, so it is shown and not judged.
    """
    for screening in realized_shares.screenings(connection, stored, journeys):
        yield not_judged(
            f"trial {screening.trial}: failed screening, of those screened",
            "the criteria decide; see the figures that they ask about",
            round(screening.failed / screening.screened, 4),
        )
    for arm_share in realized_shares.arm_shares(connection, stored, journeys):
        what = f"trial {arm_share.trial}: arm {arm_share.arm}, of those randomised"
        yield compare_within(
            what, arm_share.share, arm_share.taken / arm_share.randomized, arm_share.error
        )


def _first_true(taken: int, reached: int) -> NDArray[np.bool_]:
    return np.arange(reached) < taken
