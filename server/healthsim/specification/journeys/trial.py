"""A trial: its arms, strata and criteria, and the details of its events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.document import Identifier, Strict, each_once
from healthsim.specification.journeys.details import EncounterDetails, StateResult, Words
from healthsim.specification.language.expressions import Condition
from healthsim.specification.profiles.onset import Code

GRADES = ("1", "2", "3", "4", "5")
"""CTCAE grades: mild, moderate, severe, life-threatening, death (NCI CTCAE v5.0, 2017)."""


RELATIONS = ("not related", "unlikely", "possible", "probable", "related")
"""How an adverse event relates to the treatment, least first."""
_OF_A_STAY = {"encounter_class": "inpatient", "comorbidities": True}
YES, NO = frozenset({"Y", "yes"}), frozenset({"N", "no"})
"""Values of whether an adverse event is serious."""


class Criterion(Strict):
    """One criterion of inclusion or exclusion, as a condition on the day of screening.

    Attributes:
        name: of the criterion.
        when: what must be true on the day of screening.
    """

    name: Annotated[str, Field(min_length=1, max_length=120)]
    when: Condition


class TrialSpec(Strict):
    """What makes a journey a trial.

    Attributes:
        id: of the trial, such as SYN-301.
        title: in words.
        phase: of development.
        sites: how many sites enrol.
        arms: ratio of the arms by name, in whole numbers.
        block: subjects in one block of the randomisation: a multiple of the arms' sum.
        strata: attributes or built-in names whose texts form the strata.
        inclusion: criteria that a subject must meet, all of them.
        exclusion: criteria of which a subject may meet none.
        consent: share that consents when asked, before anything of the trial happens to them;
            default: all.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,19}$")]
    title: Words = ""
    phase: Literal["1", "1/2", "2", "2/3", "3", "4"] = "3"
    sites: Annotated[int, Field(strict=True, ge=1, le=500)] = 1
    arms: dict[
        Annotated[str, Field(min_length=1, max_length=40)],
        Annotated[int, Field(strict=True, ge=1, le=20)],
    ] = {}
    block: Annotated[int, Field(strict=True, ge=1, le=200)] | None = None
    strata: tuple[Identifier, ...] = ()
    inclusion: tuple[Criterion, ...] = ()
    exclusion: tuple[Criterion, ...] = ()
    consent: Distribution | None = None

    @field_validator("inclusion", "exclusion")
    @classmethod
    def _named_once(cls, criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        names = [criterion.name for criterion in criteria]
        if len(set(names)) < len(names):
            raise ValueError("two criteria have the same name; rename one")
        return criteria

    @model_validator(mode="after")
    def _blocks_fit(self) -> TrialSpec:
        total = sum(self.arms.values())
        if self.block is not None and total and self.block % total:
            raise ValueError(
                f"block {self.block} is not a multiple of {total}, the sum of the arms' ratio; "
                f"use {total * max(1, round(self.block / total))}"
            )
        return self

    @property
    def block_size(self) -> int:
        """Subjects in one block: `block`, else twice the sum of the arms' ratio."""
        return self.block or 2 * sum(self.arms.values())

    def criteria(self) -> Iterator[tuple[Literal["inclusion", "exclusion"], Criterion]]:
        """Yield every criterion with its kind, in the order in which they are checked."""
        yield from (("inclusion", criterion) for criterion in self.inclusion)
        yield from (("exclusion", criterion) for criterion in self.exclusion)


class TrialVisitDetails(EncounterDetails):
    """A visit of a trial; it is an encounter too.

    Attributes:
        name: of the visit; in a protocol, the protocol's.
        visit_number: as the protocol numbers it; default: its place among the trial's visits.
        routine_care: billed like any visit; otherwise the sponsor pays and there is no claim.
    """

    name: Words = ""
    visit_number: Annotated[int, Field(strict=True, ge=0, le=9999)] | None = None
    routine_care: bool = False


class ScreeningDetails(Strict):
    """The trial's criteria are checked on this day."""


class RandomizationDetails(Strict):
    """An arm is assigned, by permuted blocks within the strata."""


def _short_text(value: object) -> object:
    return {"type": "constant", "value": value} if isinstance(value, str) else value


Texts = Annotated[Distribution, BeforeValidator(_short_text)]
"""A distribution of texts; one text is for everybody."""


def _as_a_stay(given: object) -> object:
    """State what is left out of a stay and is not the same as of a visit."""
    return _OF_A_STAY | given if isinstance(given, dict) else given


class AdverseEventDetails(Strict):
    """An adverse event.

    Attributes:
        term: as reported.
        code: ICD-10-CM code.
        grade: CTCAE grade, "1" to "5". Without one, of a term that a result defines: the grade of
            the latest result; who has none that is graded has no adverse event.
        related: to the treatment: "not related", "unlikely", "possible", "probable", "related".
        serious: "Y" or "N" (or "yes", "no"), or the share that is; grades 4 and 5 always are.
        action: taken with the treatment, in words.
        outcome: default: whether it is over by the end of the trial; grade 5 is "fatal".
        lasts_days: days until it is over; by default it continues.
        stay: of those for whom it is serious: "usual", in hospital for about five nights; "none";
            or the details of the stay, in which left out `encounter_class` is inpatient and
            `comorbidities` true.
        result: of a term that the CTCAE defines by a result, such as neutropenia: "usual", the
            result is measured on the first day; "none". Results have its grade while it lasts.
    """

    term: Annotated[str, Field(min_length=1, max_length=120)]
    code: Code | None = None
    grade: Texts | None = None
    related: Texts | None = None
    serious: Texts | None = None
    action: Texts | None = None
    outcome: Texts | None = None
    lasts_days: Distribution | None = None
    stay: Annotated[Literal["usual", "none"] | EncounterDetails, BeforeValidator(_as_a_stay)] = (
        "usual"
    )
    result: Literal["usual", "none"] = "usual"


class UsualAdverseEventsDetails(Strict):
    """Usual adverse events by class of treatment.

    Attributes:
        classes: of treatment, for all subjects or by arm: "placebo", "cytotoxic chemotherapy",
            "glp-1 agonist" and others; the other arms have the usual ones of placebo.
        within_days: days of risk, from the day of the step on.
        terms: only these; default: all of the table.
        without: none of these.
    """

    classes: str | dict[Annotated[str, Field(min_length=1, max_length=40)], str] = "placebo"
    within_days: Annotated[int, Field(strict=True, ge=1, le=3660)] = 168
    terms: Annotated[tuple[str, ...], AfterValidator(each_once)] = ()
    without: Annotated[tuple[str, ...], AfterValidator(each_once)] = ()


class TumorAssessmentDetails(Strict):
    """Target lesions are measured.

    Attributes:
        baseline_mm: sum of diameters at the first assessment.
        shrinks_per_week: share of the sensitive part that goes in a week, such as by arm.
        grows_per_week: share by which the rest grows in a week.
        new_lesion: share with a new lesion at each later assessment, which is progression.
    """

    baseline_mm: Distribution = Field(default_factory=lambda: parse_distribution(
        {"type": "lognormal", "mean": 75, "sd": 45, "low": 10, "high": 400}))  # fmt: skip
    shrinks_per_week: Distribution = Field(default_factory=lambda: parse_distribution(0))
    grows_per_week: Distribution = Field(default_factory=lambda: parse_distribution(
        {"type": "lognormal", "mean": 0.012, "sd": 0.01, "low": 0, "high": 0.2}))  # fmt: skip
    new_lesion: Distribution = Field(default_factory=lambda: parse_distribution(0.04))


class ExposureDetails(Strict):
    """A dose of the treatment under study.

    Attributes:
        treatment: what is given.
        dose: amount of each administration; or read from a state.
        unit: of the dose.
        route: of administration.
        days: days of this dosing.
    """

    treatment: Annotated[str, Field(min_length=1, max_length=120)]
    dose: StateResult | Distribution
    unit: Annotated[str, Field(min_length=1, max_length=20)] = "mg"
    route: Annotated[str, Field(max_length=40)] = "oral"
    days: Annotated[int, Field(strict=True, ge=1, le=3660)] = 1


class Reason(Strict):
    """Why somebody leaves a trial, for subjects of whom `when` is true.

    Attributes:
        reason: in words.
        when: for whom.
    """

    reason: Annotated[str, Field(min_length=1, max_length=120)]
    when: Condition | None = None


class WithdrawalDetails(Strict):
    """A subject leaves the trial; the first reason that is true is recorded.

    Attributes:
        reasons: the first that is true is recorded; the last has no `when`.
    """

    reasons: Annotated[tuple[Reason, ...], Field(min_length=1, max_length=20)]

    @field_validator("reasons")
    @classmethod
    def _last_always_applies(cls, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        if reasons[-1].when is not None:
            raise ValueError(
                "no reason applies when every condition is false; end with one without a when, "
                'such as {"reason": "withdrawal by subject"}'
            )
        if any(reason.when is None for reason in reasons[:-1]):
            raise ValueError("a reason without a when is before others; put it last")
        return reasons
