"""What is wrong with pregnancies, and with the days on which conditions began."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite

from healthsim.codes.pregnancy import GESTATION_DAYS, LONGEST_PREGNANCY, is_of_pregnancy
from healthsim.errors import Problem
from healthsim.specification.checks.names import number_problems
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.profiles.household import EARLIEST_KNOWN, Pregnancy
from healthsim.specification.profiles.onset import Onset
from healthsim.specification.profiles.profile import ProfileSpec

OLDEST = 125
_MOTHER = (9, 64)  # years: maternity ages of Medicare's code editor


@dataclass(frozen=True)
class Expectant:
    """Who is said to be pregnant.

    Attributes:
        name: for errors.
        sexes: that the person may have.
        ages: youngest and oldest on `as_of`.
        is_anchor: whether demographics describes the person.
    """

    name: str
    sexes: tuple[str, ...]
    ages: tuple[float, float]
    is_anchor: bool


def ages_text(ages: tuple[float, float]) -> str:
    """Return ages as they are said: one, or from one to another."""
    if not all(map(isfinite, ages)):
        return "of any number of"
    low, high = (int(age) for age in ages)
    return f"{low}" if low == high else f"{low} to {high}"


def pregnancy_problems(
    profile: ProfileSpec, pregnancy: Pregnancy, whom: Expectant, where: str
) -> Iterator[Problem]:
    """Refuse a pregnancy of somebody who cannot be pregnant, or not on `as_of`."""
    sexes, ages = whom.sexes, whom.ages
    if sexes != ("F",):
        key = "demographics.gender" if whom.is_anchor else "gender"
        others = [sex for sex in sexes if sex != "F"] or ["M"]
        state = f"{'can be' if 'F' in sexes or len(sexes) != 1 else 'is'} {others[0]}"
        value = '{"F": 1}' if whom.is_anchor else '"F"'
        other = ", or give pregnant to another member" if profile.household is not None else ""
        yield Problem(where, f"the {whom.name} {state}, and only F can be pregnant",
                      f"set {key} to {value}{other}")  # fmt: skip
    if ages[0] < _MOTHER[0] or ages[1] > _MOTHER[1] + 1:
        key = "demographics.age" if whom.is_anchor else "age or born"
        yield Problem(
            where,
            f"the {whom.name} can be {ages_text(ages)} years old, and codes of "
            f"pregnancy are for {_MOTHER[0]} to {_MOTHER[1]}",
            f"give {key} within them, such as 22 to 40",
        )
    if pregnancy.due is None:
        return
    first = profile.as_of + timedelta(days=1)
    last = profile.as_of + timedelta(days=GESTATION_DAYS - EARLIEST_KNOWN)
    if pregnancy.due.last_day < first:
        yield Problem(
            f"{where}.due",
            f"is {pregnancy.due}, not after as_of {profile.as_of}: the child is born already",
            "list the child in members, or set as_of to a day of the pregnancy",
        )
    elif pregnancy.due.first_day > last:
        begin = pregnancy.due.first_day - timedelta(days=GESTATION_DAYS - EARLIEST_KNOWN)
        yield Problem(
            f"{where}.due",
            f"is {pregnancy.due}, and on as_of {profile.as_of} nobody knows of a pregnancy that is "
            f"due after {last}",
            f"set as_of to {begin} or later, or give an earlier due date",
        )


_LONGEST = {"years_before": OLDEST, "days_before": OLDEST * 366}


def onset_problems(where: str, onset: Onset | None) -> Iterator[Problem]:
    """Yield that a condition would begin after `as_of`, or longer ago than people live."""
    for name in () if onset is None else ("years_before", "days_before"):
        before: Distribution | None = getattr(onset, name)
        yield from number_problems(f"{where}.{name}", before, 0)
        middle = None if before is None else before.middle()
        if middle is not None and middle > _LONGEST[name]:
            found = f"has a median of {middle:.0f}, longer than a life"
            yield Problem(f"{where}.{name}", found, f"lower it below {_LONGEST[name]}")


def pregnancy_onset_problems(
    where: str, code: str, onset: Onset | None, *, of_all: bool = False
) -> Iterator[Problem]:
    """Refuse a code of a pregnancy that would begin before the pregnancy.

    Args:
        where: the place of the onset.
        code: of the condition.
        onset: as stated; the usual onset is years before `as_of`.
        of_all: whether one that is not stated is that of a journey or of the pregnancy.
    """
    if not is_of_pregnancy(code) or (onset is None and of_all):
        return
    limit = f"within 42 weeks ({LONGEST_PREGNANCY} days) of as_of"
    mend = 'give {"days_before": {"type": "uniform", "low": 0, "high": 42}}, or shorter than that'
    if onset is None:
        yield Problem(where, f"is missing, and {code} begins in a pregnancy, {limit}", mend)
        return
    before, days = (
        (onset.days_before, 1.0) if onset.days_before is not None else (onset.years_before, 365.25)
    )
    if before is None or any(before.measures()) or before.kind != "number":
        return
    if any(want == "number" for _, _, want in before.expressions()):
        return  # what a formula gives is held within the pregnancy when people are drawn
    most = before.range()[1] * days
    if most > LONGEST_PREGNANCY:
        longest = "without limit" if most == float("inf") else f"up to {most:.0f} days"
        yield Problem(
            where, f"goes back {longest}, and {code} begins in a pregnancy, {limit}", mend
        )
