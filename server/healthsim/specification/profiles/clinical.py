"""What people have on `as_of`: conditions, groups of them that exclude each other, and drugs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from healthsim.specification.distributions.base import check_weights
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.document import Strict
from healthsim.specification.language.expressions import Condition
from healthsim.specification.profiles.household import Pregnancy
from healthsim.specification.profiles.onset import Code, Onset
from healthsim.specification.profiles.pharmacy import Discontinuation, with_usual_supply


class Primary(Strict):
    """The condition that everybody in the profile has.

    `onset: "journey"` means the first day of the first journey that the person is in. What lasts
    began before it, as unstated onsets do, where all visits of the journeys are for something else.

    Attributes:
        code: ICD-10-CM code that can be billed.
        onset: "journey": on the first day of the first journey; or years or days before
            `as_of`.
    """

    code: Code
    onset: Literal["journey"] | Onset = "journey"


Count = Annotated[int, Field(ge=0, strict=True)]


class Group(Strict):
    """A group of people, and how many of them have it.

    Attributes:
        when: who is in the group.
        count: how many of them have it.
    """

    when: Condition
    count: Count


def _form(value: object) -> str:
    return "exact:groups" if isinstance(value, list | tuple) else "exact:count"


Exactly = Annotated[
    Annotated[Count, Tag("exact:count")]
    | Annotated[tuple[Group, ...], Field(min_length=1, max_length=100), Tag("exact:groups")],
    Discriminator(_form),
]
"""A count of all people, or counts by group; people are in the first group that fits."""


class Quota(Strict):
    """How many people have it: a share (a number or a distribution), or an exact count.

    With groups, only people in one of the groups can have it.

    Attributes:
        share: share of people, 0 to 1; may depend on the person.
        exactly: a count of people, or counts by group.
    """

    share: Distribution | None = None
    exactly: Exactly | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Quota:
        if (self.share is None) == (self.exactly is None):
            raise ValueError("give one of share and exactly; remove or add one")
        return self

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups with a count; none where one count is for all people."""
        return self.exactly if isinstance(self.exactly, tuple) else ()


Loading = Annotated[float, Field(strict=True, ge=0, le=1)]
"""How strongly a condition depends on the one factor that all conditions of a person share.

The normal scores of two conditions are correlated by the product of their loadings; the share of
each stays the same. 0 is independent.
"""


class Comorbidity(Quota):
    """A further condition, of a share of the people.

    Attributes:
        code: ICD-10-CM code that can be billed.
        loading: on the person's shared factor; needs a share.
        onset: when it began; default: drawn.
        implies: codes that everyone with it has too; the share of such a code is of the others.
    """

    code: Code
    loading: Loading = 0.0
    onset: Onset | None = None
    implies: tuple[Code, ...] = ()


class Alternative(Strict):
    """One of several conditions of which a person has one at most.

    Attributes:
        code: ICD-10-CM code that can be billed.
        share: share of people, 0 to 1.
        loading: on the person's shared factor, the same for a whole group. The order then
            matters: the first goes to those with the most other conditions.
        onset: when it began; default: drawn.
        implies: codes that everyone with it has too.
    """

    code: Code
    share: Annotated[float, Field(strict=True, ge=0, le=1)]
    loading: Loading = 0.0
    onset: Onset | None = None
    implies: tuple[Code, ...] = ()


def _at_most_one(group: tuple[Alternative, ...]) -> tuple[Alternative, ...]:
    total = sum(one.share for one in group)
    if total > 1 + 1e-9:
        raise ValueError(
            f"shares add up to {total:g}, more than 1; lower them by {total - 1:g} in all"
        )
    loadings = list(dict.fromkeys(one.loading for one in group))
    if len(loadings) > 1:
        raise ValueError(
            f"loadings of one group are {loadings[0]:g} and {loadings[1]:g}, and one random number "
            f"decides among its conditions; give all of them {max(loadings):g}"
        )
    return group


def _depth(value: object) -> str:
    nested = isinstance(value, list | tuple) and bool(value) and isinstance(value[0], list | tuple)
    return "one_of:groups" if nested else "one_of:group"


Alternatives = Annotated[
    tuple[Alternative, ...], Field(min_length=1, max_length=50), AfterValidator(_at_most_one)
]
OneOf = Annotated[
    Annotated[Alternatives, Tag("one_of:group")]
    | Annotated[tuple[Alternatives, ...], Tag("one_of:groups")],
    Discriminator(_depth),
]
"""Conditions of which a person has one at most; or several such groups."""


class Medication(Quota):
    """A drug that a share of the people takes on `as_of` and afterwards.

    Attributes:
        drug: ingredient, strength and form, as `look_up` writes it.
        days_supply: days that one fill lasts; default: 90, or what is usual of a drug that is
            dispensed by the month, the pack or the course.
        adherence: the person's target share of days covered while it is taken, 0 to 1; the usual
            one where it is missing.
        discontinuation: "usual": some stop it of their own accord, as is usual of its class;
            "none": nobody does.
    """

    drug: Annotated[str, Field(max_length=120)]
    days_supply: Annotated[int, Field(strict=True, ge=1, le=365)] = 90
    adherence: Distribution | None = None
    discontinuation: Discontinuation = "usual"

    @model_validator(mode="before")
    @classmethod
    def _usual_supply(cls, data: Any) -> Any:
        return with_usual_supply(data, standing=True)


Share = Annotated[float, Field(strict=True, ge=0, le=1)]


class Allergy(Strict):
    """An allergy or intolerance, of a share of the people.

    Who takes a drug on `as_of` that it forbids has it not; drugs that it forbids are not begun.

    Attributes:
        substance: its name, such as "penicillin", "latex" or "peanut".
        share: share of people, 0 to 1.
    """

    substance: Annotated[str, Field(max_length=60)]
    share: Share


class Smoking(Strict):
    """Shares of adults by whether they smoke; they add up to 1. Codes have precedence.

    Attributes:
        daily: every day.
        some_days: on some days.
        former: not now.
        never: never smoked.
    """

    daily: Share = 0.0
    some_days: Share = 0.0
    former: Share = 0.0
    never: Share = 0.0

    @property
    def shares(self) -> tuple[float, float, float, float]:
        """The shares in the order of the keys."""
        return self.daily, self.some_days, self.former, self.never

    @model_validator(mode="after")
    def _one_in_all(self) -> Smoking:
        check_weights(self.shares)
        return self


class Clinical(Strict):
    """The conditions and drugs of the people on `as_of`.

    Attributes:
        primary: the condition that everybody has.
        comorbidities: further conditions, each of a share of people.
        medications: drugs that they already take on `as_of`.
        one_of: conditions that exclude each other, by share; or several lists of them.
        pregnant: a pregnancy of everybody on `as_of`; codes of supervision without an onset begin
            when it was found.
        allergies: those whose share is not as usual.
        smoking: shares of adults who smoke, where not as usual.
    """

    primary: Primary | None = None
    comorbidities: tuple[Comorbidity, ...] = ()
    medications: tuple[Medication, ...] = ()
    one_of: OneOf | None = None
    pregnant: Annotated[Pregnancy | None, Field(exclude_if=lambda given: given is None)] = None
    smoking: Annotated[Smoking | None, Field(exclude_if=lambda given: given is None)] = None
    allergies: Annotated[
        tuple[Allergy, ...], Field(max_length=100, exclude_if=lambda given: not given)
    ] = ()

    @property
    def alternatives(self) -> tuple[tuple[Alternative, ...], ...]:
        """The groups of conditions of which a person has one at most."""
        listed = self.one_of or ()
        groups = [group for group in listed if isinstance(group, tuple)]
        single = tuple(one for one in listed if isinstance(one, Alternative))
        return (single,) if single else tuple(groups)

    @property
    def implied_by(self) -> dict[str, tuple[str, ...]]:
        """Code -> the codes that imply it, in document order."""
        pairs = [(one.code, one.implies) for one in self.comorbidities]
        pairs += [(one.code, one.implies) for group in self.alternatives for one in group]
        causes: dict[str, tuple[str, ...]] = {}
        for cause, implied in pairs:
            for code in implied:
                causes[code] = (*causes.get(code, ()), cause)
        return causes

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that people may have, each once."""
        primary = [self.primary.code] if self.primary is not None else []
        others = [one.code for group in self.alternatives for one in group]
        stated = (*primary, *(one.code for one in self.comorbidities), *others, *self.implied_by)
        return tuple(dict.fromkeys(stated))

    @field_validator("comorbidities")
    @classmethod
    def _codes_once(cls, conditions: tuple[Comorbidity, ...]) -> tuple[Comorbidity, ...]:
        codes = [condition.code for condition in conditions]
        twice = [code for code in codes if codes.count(code) > 1]
        if twice:
            raise ValueError(f"{twice[0]} is listed twice; keep one and give it the joint share")
        return conditions

    @field_validator("medications")
    @classmethod
    def _drugs_once(cls, medications: tuple[Medication, ...]) -> tuple[Medication, ...]:
        drugs = [medication.drug for medication in medications]
        twice = [drug for drug in drugs if drugs.count(drug) > 1]
        if twice:
            raise ValueError(f"{twice[0]!r} is listed twice; keep one and give it the joint share")
        return medications

    @field_validator("allergies")
    @classmethod
    def _substances_once(cls, allergies: tuple[Allergy, ...]) -> tuple[Allergy, ...]:
        names = [allergy.substance for allergy in allergies]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"{twice[0]!r} is listed twice; keep one and give it the joint share")
        return allergies
