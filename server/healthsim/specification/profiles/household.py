"""Who lives with an insured person: a spouse and children by shares, or members by role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from healthsim.codes.pregnancy import supervises_pregnancy
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.document import Strict
from healthsim.specification.profiles.births import Calendar
from healthsim.specification.profiles.genders import Gender
from healthsim.specification.profiles.onset import Code, Onset

MOST_CHILDREN = 12
SPOUSE, FIRST_CHILD = 2, 3
"""Places in a household; the anchor's is 1."""


class Spouse(Strict):
    """The anchor's spouse: how many anchors have one, and the spouse's age.

    Conditions here use the anchor's values. A spouse is 18 or older; values that would make one
    younger are drawn again.

    Attributes:
        share: share of anchors with a spouse.
        age_gap: years that the spouse is younger than the anchor; negative where older.
        gender: of the spouse; by default nearly always the other sex.
    """

    share: Distribution
    age_gap: Distribution | None = None
    gender: Distribution | None = None


CHILD_AGE = parse_distribution({"type": "uniform", "low": 0, "high": 26})
# assumption: every age as likely; a dependant is covered below 26 (42 USC 300gg-14)


class Children(Strict):
    """The children who live with an anchor, all below 26.

    Conditions here use the anchor's values. Ages at which the youngest parent would have been
    below 15 or above 50, or siblings less than 280 days apart, are drawn again.

    Attributes:
        number: whole numbers, or weights of "0", "1", "2"; at most 12.
        age: years on `as_of`, one draw for each child.
    """

    number: Distribution
    age: Distribution = Field(default_factory=lambda: CHILD_AGE)


class MemberCondition(Strict):
    """A condition of one member, beside those of `clinical`.

    Attributes:
        code: ICD-10-CM code that can be billed.
        share: share of the families in which the member has it.
        onset: when it began; default: drawn.
    """

    code: Code
    share: Annotated[float, Field(strict=True, ge=0, le=1)] = 1.0
    onset: Onset | None = None


EARLIEST_KNOWN = 28  # days since the last period: a missed period, and a test that can tell


class Pregnancy(Strict):
    """A pregnancy on `as_of`: the due date, or the weeks since the last period.

    It gives a code of supervision (Z34, or O09 from 35 years on the due date; or those among the
    stated conditions) from the day on which it was found until the birth, or 42 weeks.

    Attributes:
        due: month or day of the due date.
        weeks: weeks since the last period, in place of `due`.
    """

    due: Calendar | None = None
    weeks: Annotated[int, Field(strict=True, ge=4, le=39)] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Pregnancy:
        if (self.due is None) == (self.weeks is None):
            raise ValueError("give one of due and weeks; remove or add one")
        return self


class Member(Strict):
    """One member of every family; the anchor, `self`, is described by `demographics`.

    Attributes:
        role: self, spouse or child.
        gender: M, F, other or unknown; default: drawn, M or F.
        age: years on `as_of`.
        born: year, month or day of birth, or from one to another, in place of `age`.
        conditions: the member's own, beside those of `clinical`.
        pregnant: a pregnancy on `as_of`.
    """

    role: Literal["self", "spouse", "child"]
    gender: Gender | None = None
    age: Distribution | None = None
    born: Calendar | None = None
    conditions: Annotated[tuple[MemberCondition, ...], Field(max_length=20)] = ()
    pregnant: Pregnancy | None = None

    @model_validator(mode="after")
    def _stated_once(self) -> Member:
        if self.age is not None and self.born is not None:
            raise ValueError("age and born are both given; keep one")
        stated = [name for name in ("gender", "age", "born") if getattr(self, name) is not None]
        if self.role == "self" and stated:
            raise ValueError(f"{stated[0]} of self is the anchor's; give demographics.{stated[0]} "
                             "instead")  # fmt: skip
        codes = [one.code for one in self.conditions]
        twice = [code for code in codes if codes.count(code) > 1]
        if twice:
            raise ValueError(f"{twice[0]} is listed twice; keep one")
        return self


@dataclass(frozen=True)
class HeldCondition:
    """A condition of the members at one place of every family.

    Attributes:
        place: in the household.
        onset: as stated; None where it follows from the pregnancy, or from nothing.
        of_pregnancy: whether it lasts from the finding of the member's pregnancy to its end.
        mothers: ages on the due date at which it is the pregnancy's code: lowest, and the first
            that is too high.
    """

    place: int
    share: float
    onset: Onset | None
    of_pregnancy: bool = False
    mothers: tuple[int, int] = (0, 200)


_ELDERLY = 35  # years at delivery: ICD-10-CM, note at O09.5
_NORMAL = {True: "Z34.00", False: "Z34.80", None: "Z34.90"}
_LATE = {True: "O09.519", False: "O09.529", None: "O09.90"}
"""Codes of the first pregnancy, of another one, and where that is not known."""


def supervision(place: int, *, first: bool | None) -> Iterator[tuple[str, HeldCondition]]:
    """Yield the codes that a pregnancy has by the mother's age on the due date."""
    yield _NORMAL[first], HeldCondition(place, 1.0, None, True, (0, _ELDERLY))
    yield _LATE[first], HeldCondition(place, 1.0, None, True, (_ELDERLY, 200))


class Household(Strict):
    """Who lives with the anchor of a family, and shares address, plan and subscriber.

    Attributes:
        spouse: whether the anchor has one.
        children: how many children, and how old.
        members: who is in every family, in place of `spouse` and `children`; a member `self` gives
            the anchor's own conditions and pregnancy.
    """

    spouse: Spouse | None = None
    children: Children | None = None
    members: Annotated[
        tuple[Member, ...], Field(max_length=MOST_CHILDREN + 2, exclude_if=lambda given: not given)
    ] = ()

    @model_validator(mode="after")
    def _one_form(self) -> Household:
        given = [name for name in ("spouse", "children") if getattr(self, name) is not None]
        if self.members and given:
            raise ValueError(f"members and {given[0]} are both given; list everybody in members, "
                             "or remove members")  # fmt: skip
        roles: list[str] = [one.role for one in self.members]
        for role, most in (("self", 1), ("spouse", 1), ("child", MOST_CHILDREN)):
            if roles.count(role) > most:
                raise ValueError(f"members has {roles.count(role)} of role {role!r}; keep at most "
                                 f"{most}")  # fmt: skip
        return self

    @property
    def placed(self) -> tuple[tuple[int, int, Member], ...]:
        """Position in `members`, place in the household, and member, in document order."""
        found: list[tuple[int, int, Member]] = []
        child = FIRST_CHILD
        for position, member in enumerate(self.members):
            place = {"self": 1, "spouse": SPOUSE}.get(member.role, child)
            child += member.role == "child"
            found.append((position, place, member))
        return tuple(found)

    @property
    def held(self) -> dict[str, tuple[HeldCondition, ...]]:
        """Code -> the members who have it, in document order."""
        found: dict[str, tuple[HeldCondition, ...]] = {}
        for _, place, member in self.placed:
            for code, one in self._of(place, member):
                found[code] = (*found.get(code, ()), one)
        return found

    def _of(self, place: int, member: Member) -> Iterator[tuple[str, HeldCondition]]:
        pregnant, stated = member.pregnant is not None, False
        for one in member.conditions:
            supervised = pregnant and supervises_pregnancy(one.code)
            stated |= supervised
            of_pregnancy = supervised and one.onset is None
            yield one.code, HeldCondition(place, one.share, one.onset, of_pregnancy)
        if pregnant and not stated:
            first = all(other.role != "child" for other in self.members)
            yield from supervision(place, first=first)
