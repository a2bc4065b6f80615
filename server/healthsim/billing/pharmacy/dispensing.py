"""What a pharmacy may dispense, and when: controlled substances, refills too soon, courses."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from math import ceil
from typing import Literal, NamedTuple, TypeAlias

from healthsim.billing.datafiles import rows
from healthsim.codes.drugs import Drug

YEAR = 365
"""Days that a prescription of a drug that is not controlled may be filled (laws of most states)."""
LONG_SUPPLY = 84
"""Days of the shortest supply that counts as a long one: twelve weeks."""
_LONG, _SHORT, _PACKS = 90, 30, 84
_PACK = 28
_EARLY = 90  # assumption: a visit of the last quarter renews what will run out
_EARLY_SHARE = 0.25  # … and of what is valid for less, one in the last quarter of its days

PharmacyRule: TypeAlias = Literal[
    "controlled_substances", "refill_too_soon", "course_lengths", "discontinuation", "reversals"
]
"""The rules that a profile can switch off."""
PHARMACY_RULES: tuple[PharmacyRule, ...] = (
    "controlled_substances", "refill_too_soon", "course_lengths", "discontinuation", "reversals",
)  # fmt: skip


class Schedule(NamedTuple):
    """What law allows of a controlled substance.

    Attributes:
        most_refills: of one prescription.
        valid_days: in which it may be filled.
        most_days: that one fill usually lasts at most; None where nothing is usual.
    """

    most_refills: int
    valid_days: int
    most_days: int | None


class DrugCourse(NamedTuple):
    """How a drug is usually taken that is not taken for years.

    Attributes:
        most_days: the longest usual course; None where it may last.
        prompt: it is filled on the day or the next, or not at all.
    """

    most_days: int | None
    prompt: bool


@cache
def schedules() -> dict[str, Schedule]:
    """Return the rules of controlled substances, by DEA schedule.

    >>> schedules()["2"].most_refills, schedules()["4"].most_refills
    (0, 5)
    """
    return {
        row["schedule"]: Schedule(
            int(row["most_refills"]), int(row["valid_days"]), _number(row["most_days"])
        )
        for row in rows("controlled_substances.csv")
    }


@cache
def used_shares() -> dict[tuple[str, str], float]:
    """Return the share of the supply on hand that is used before a refill is paid.

    By kind of plan (or ``controlled``) and channel.

    >>> used_shares()["commercial", "retail"]
    0.8
    """
    return {
        (row["plan_kind"], row["channel"]): float(row["used_share"])
        for row in rows("refill_too_soon.csv")
    }


@cache
def drug_courses() -> dict[str, DrugCourse]:
    """Return the usual courses, by name, ingredient or class of a drug."""
    return {
        row["about"]: DrugCourse(_number(row["most_days"]), row["prompt"] == "1")
        for row in rows("drug_courses.csv")
    }


def course_of(drug: Drug) -> DrugCourse:
    """Return how a drug is usually taken: by its name, else its ingredient, else its class."""
    known = drug_courses()
    for about in (drug.display, drug.ingredient, drug.drug_class):
        if about in known:
            return known[about]
    return DrugCourse(None, prompt=False)


def usual_supply(drug: Drug, *, standing: bool) -> int:
    """Return the days of a fill where they are not stated.

    Args:
        drug: the drug.
        standing: it is taken for long: long supplies, but of specialty drugs, of schedule II, and
            of what is taken in courses.
    """
    usual, course = min(drug.days_supply, YEAR), course_of(drug)
    if not standing or course.most_days is not None or usual > _SHORT:
        return usual
    schedule = schedules().get(drug.dea_schedule)
    if schedule is not None and schedule.most_days is not None:
        return schedule.most_days
    if drug.tier == 5:
        return usual
    if usual < _PACK:
        return _SHORT  # usually for a while, taken for long: by the month
    return _PACKS if usual == _PACK else _LONG


class Prescribing(NamedTuple):
    """How a drug is written so that it lasts.

    Attributes:
        days_supply: of one fill.
        refills: of one prescription.
        valid_days: in which a prescription may be filled.
        each_fill: every fill needs a prescription of its own.
        once: it is a course that ends, and is not written again.
    """

    days_supply: int
    refills: int
    valid_days: int
    each_fill: bool
    once: bool = False


def prescribing(drug: Drug, days_supply: int, *, keeps: Collection[PharmacyRule]) -> Prescribing:
    """Return how a drug is written that people go on taking: for a year, or as law allows.

    >>> from healthsim.codes.drugs import drugs
    >>> oxycodone = drugs().find("oxycodone 5 mg tablet", "drug")
    >>> prescribing(oxycodone, 90, keeps=PHARMACY_RULES)
    Prescribing(days_supply=30, refills=0, valid_days=90, each_fill=True, once=False)
    """
    course = short_course(drug, days_supply, keeps=keeps)
    if course is not None:
        return Prescribing(course, 0, YEAR, each_fill=False, once=True)
    schedule = schedules().get(drug.dea_schedule) if "controlled_substances" in keeps else None
    if schedule is None:
        return Prescribing(days_supply, ceil(YEAR / days_supply) - 1, YEAR, each_fill=False)
    supply = min(days_supply, schedule.most_days or days_supply)
    return Prescribing(
        supply, _most_refills(schedule, supply), schedule.valid_days, not schedule.most_refills
    )


def days_early(way: Prescribing) -> int:
    """Return how many days before it is due a visit may renew a prescription."""
    return 0 if way.each_fill else min(_EARLY, int(way.valid_days * _EARLY_SHARE))


def lasting(way: Prescribing) -> int:
    """Return after how many days a drug is written again at the earliest."""
    return way.days_supply if way.each_fill or way.once else way.valid_days


def most_writings(way: Prescribing, days: int) -> int:
    """Return how often a drug may have to be written to last for some days.

    >>> most_writings(Prescribing(90, 4, 365, each_fill=False), 365)
    3
    """
    return 1 if way.once else days // (lasting(way) - days_early(way)) + 2


def short_course(drug: Drug, days_supply: int, *, keeps: Collection[PharmacyRule]) -> int | None:
    """Return the days of the course of a drug that is not taken for long; None of any other."""
    most = course_of(drug).most_days if "course_lengths" in keeps else None
    return None if most is None else min(days_supply, most)


def series(
    drug: Drug, days_supply: int, refills: int, *, keeps: Collection[PharmacyRule]
) -> tuple[int, ...]:
    """Return the refills of each prescription into which stated fills are divided.

    What is not controlled is one prescription. Of a controlled substance none has more refills
    than the law allows, so that the fills after them are of a new one.

    >>> from healthsim.codes.drugs import drugs
    >>> named = drugs().find
    >>> series(named("oxycodone 5 mg tablet", "drug"), 30, 2, keeps=PHARMACY_RULES)
    (0, 0, 0)
    >>> series(named("tramadol 50 mg tablet", "drug"), 30, 11, keeps=PHARMACY_RULES)
    (5, 5)
    """
    schedule = schedules().get(drug.dea_schedule) if "controlled_substances" in keeps else None
    if schedule is None:
        return (refills,)
    most = _most_refills(schedule, days_supply)
    full, rest = divmod(refills + 1, most + 1)
    return (*(most for _ in range(full)), *((rest - 1,) if rest else ()))


def valid_days(drug: Drug, *, keeps: Collection[PharmacyRule]) -> int:
    """Return the days after writing in which a prescription may be filled."""
    schedule = schedules().get(drug.dea_schedule) if "controlled_substances" in keeps else None
    return YEAR if schedule is None else schedule.valid_days


def used_share(
    drug: Drug, plan_kind: str, days_supply: int, *, keeps: Collection[PharmacyRule]
) -> float:
    """Return the share of the supply on hand that is used before it is filled again; 0 for any."""
    if "refill_too_soon" not in keeps:
        return 0.0
    known = used_shares()
    channel = "mail" if days_supply >= LONG_SUPPLY else "retail"
    share = known[plan_kind, channel]
    return max(share, known["controlled", channel]) if drug.dea_schedule else share


def _most_refills(schedule: Schedule, days_supply: int) -> int:
    return min(schedule.most_refills, (schedule.valid_days - 1) // days_supply)


def _number(text: str) -> int | None:
    return int(text) if text else None
