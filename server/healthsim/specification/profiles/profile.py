"""A profile: who the people are, as data."""

from __future__ import annotations

from datetime import date
from itertools import chain
from typing import Annotated, ClassVar, Literal

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from healthsim.billing.pharmacy.dispensing import PharmacyRule
from healthsim.codes.pregnancy import supervises_pregnancy
from healthsim.medicine.safety import SafetyBook, safety_rules
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.document import Day, Document, Identifier, Strict
from healthsim.specification.expectations import Expectations
from healthsim.specification.profiles.births import CalendarSpan
from healthsim.specification.profiles.clinical import Clinical
from healthsim.specification.profiles.demographics import Demographics
from healthsim.specification.profiles.household import (
    HeldCondition,
    Household,
    Pregnancy,
    supervision,
)
from healthsim.specification.profiles.mortality import Mortality
from healthsim.specification.profiles.pharmacy import PharmacyChoice, rules_kept
from healthsim.specification.profiles.physiology import PhysiologyChoice
from healthsim.specification.profiles.plan_design import PlanDesign
from healthsim.specification.profiles.problem_list import ProblemList
from healthsim.specification.profiles.safety import Safety, SafetyChoice
from healthsim.specification.profiles.vital_signs import VitalSignsChoice
from healthsim.tables import Detail

MOST_PEOPLE = 100_000_000  # ids of 63 bits have room for 171 million units
MOST_FAMILIES = 10_000_000
PRODUCTS = ("patientsim", "membersim", "rxmembersim", "trialsim")


class Correlation(Strict):
    """How two attributes are correlated; only the second changes.

    Attributes:
        between: names of two numeric attributes.
        rank: Spearman's rank correlation.
    """

    between: tuple[Identifier, Identifier]
    rank: Annotated[float, Field(strict=True, gt=-1, lt=1)]


class Coverage(Strict):
    """Which plan people have: a built-in design or one of `plans`.

    Attributes:
        plan: weights by name of plan; "Uninsured" is no coverage.
        plans: plans of one's own, by name.
    """

    plan: Distribution
    plans: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9 _-]{0,39}$")], PlanDesign] = {}


class NetworkChoice(Strict):
    """The directory of clinicians and facilities, and how far people go.

    Attributes:
        source: the synthetic directory, or real clinicians and hospitals that were imported.
        radius_miles: the longest distance between centres of counties; a profile in which
            somebody would have to go farther is refused.
    """

    source: Literal["synthetic", "nppes"] = "synthetic"
    radius_miles: Annotated[float, Field(strict=True, gt=0, le=1000)] | None = None


class ProfileSpec(Document):
    """Who: demographics, conditions, coverage, as distributions.

    `count` counts units. In a family, demographics, the primary condition and the plan describe
    the anchor; comorbidities, attributes and medications are drawn for everyone.

    Attributes:
        count: number of people, or of families where `unit` is family.
        seed: another seed gives other people.
        as_of: the day on which ages, conditions and coverage are true.
        through: last day of the data; default: the end of the longest journey and 17 days.
        sampling: "balanced" makes shares exact, so that 48 % of 200 is 96.
        unit: "family": each unit is an anchor with a household.
        household: who lives with the anchor of a family.
        demographics: ages, sexes and places.
        attributes: values of one's own, by name.
        correlations: rank correlations of two numeric attributes.
        clinical: conditions and drugs.
        problem_list: "none": only diagnoses and `stop` steps begin and end conditions; usually
            visits begin them too, and what is acute ends after its usual time.
        coverage: plans; needed for membersim and rxmembersim.
        network: which providers, and how far.
        vaccine_intervals: "usual": a dose waits for the ACIP's minimum age and interval; "none": it
            is given on the stated day, valid or not.
        physiology: what illness and treatment do to results and vital signs that are not stated.
        one_bed: "postpone": nobody is in two places; what falls into a stay is moved to after it
            or left out, by rules. "none": everything stays on its day.
        mortality: deaths besides those that journeys state, by the life table and conditions.
        vital_signs: what each class of encounter usually measures, besides what journeys state.
        safety: "usual": drugs that a person must not take are refused and stopped.
        pharmacy: "usual": fills keep the rules of controlled substances and of refills too soon,
            what is taken in courses ends, people stop.
        charge_capture: "usual": bills follow from what happened, as payers ask for them; "none":
            they have what journeys state, and no more.
        products: patientsim chart, membersim claims, rxmembersim fills, trialsim trials.
        detail: how much of a chart.
        expectations: what must be true of a run's rows.
    """

    kind_name: ClassVar[str] = "profile"

    kind: Literal["profile"] = "profile"
    count: Annotated[int, Field(ge=1, le=MOST_PEOPLE, strict=True)] = 100
    seed: Annotated[int, Field(ge=0, lt=2**53, strict=True)] = 0
    as_of: Day = date(2025, 1, 1)
    through: Day | None = None
    sampling: Literal["independent", "balanced"] = "independent"
    unit: Literal["person", "family"] = "person"
    household: Household | None = None
    demographics: Demographics = Demographics()
    attributes: dict[Identifier, Distribution] = {}
    correlations: tuple[Correlation, ...] = ()
    clinical: Clinical = Clinical()
    problem_list: ProblemList = "usual"
    coverage: Coverage | None = None
    network: NetworkChoice = NetworkChoice()
    vaccine_intervals: Literal["usual", "none"] = "usual"
    physiology: Annotated[PhysiologyChoice, Field(exclude_if=lambda given: given == "usual")] = (
        "usual"
    )
    one_bed: Annotated[
        Literal["postpone", "none"], Field(exclude_if=lambda given: given == "postpone")
    ] = "postpone"
    mortality: Annotated[Mortality, Field(exclude_if=lambda given: given == "usual")] = "usual"
    vital_signs: VitalSignsChoice = "usual"
    safety: SafetyChoice = "usual"
    pharmacy: Annotated[PharmacyChoice, Field(exclude_if=lambda given: given == "usual")] = "usual"
    charge_capture: Annotated[
        Literal["usual", "none"], Field(exclude_if=lambda given: given == "usual")
    ] = "usual"
    products: Annotated[
        tuple[Literal["patientsim", "membersim", "rxmembersim", "trialsim"], ...],
        Field(min_length=1),
    ] = ("patientsim", "membersim", "rxmembersim")
    detail: Annotated[Detail, Field(exclude_if=lambda given: given == "full")] = "full"
    expectations: Expectations = ()

    @property
    def safety_book(self) -> SafetyBook:
        """The rules of safe drugs that hold."""
        if self.safety == "none":
            return SafetyBook()
        return safety_rules().without(
            self.safety.without if isinstance(self.safety, Safety) else ()
        )

    @property
    def pharmacy_rules(self) -> tuple[PharmacyRule, ...]:
        """The rules of pharmacies that hold."""
        return rules_kept(self.pharmacy)

    @property
    def plants_violations(self) -> bool:
        """Whether rules of safe drugs are broken on purpose, and labelled."""
        return isinstance(self.safety, Safety) and self.safety.allow_violations > 0

    @property
    def ages(self) -> Distribution:
        """The ages of persons or anchors on `as_of`, from `age` or `born`."""
        born = self.demographics.born
        return self.demographics.age if born is None else ages_of(born, self.as_of)

    @property
    def pregnancies(self) -> dict[int, Pregnancy]:
        """Place in the household -> the pregnancy of whoever has it; everybody's place is 1."""
        placed = () if self.household is None else self.household.placed
        found = {place: one.pregnant for _, place, one in placed if one.pregnant is not None}
        return found if self.clinical.pregnant is None else {1: self.clinical.pregnant}

    @property
    def held(self) -> dict[str, tuple[HeldCondition, ...]]:
        """Code -> the members of a family, or all people, who have it besides their shares."""
        if self.clinical.pregnant is not None:
            stated = any(supervises_pregnancy(code) for code in self.clinical.codes)
            return {} if stated else {code: (one,) for code, one in supervision(1, first=None)}
        return {} if self.household is None else self.household.held

    def pregnancy_begins(self, code: str) -> bool:
        """Tell whether a code of `clinical` begins with the pregnancy: none states its onset."""
        onsets = [one.onset for one in self.clinical.comorbidities if one.code == code]
        onsets += [one.onset for one in chain(*self.clinical.alternatives) if one.code == code]
        return (
            self.clinical.pregnant is not None
            and supervises_pregnancy(code)
            and all(onset is None for onset in onsets)
        )

    @property
    def codes(self) -> tuple[str, ...]:
        """Every condition that people may have, each once."""
        return tuple(dict.fromkeys((*self.clinical.codes, *self.held)))

    @field_validator("products")
    @classmethod
    def _products_once(cls, products: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in PRODUCTS if name in products)

    @model_validator(mode="after")
    def _fits_together(self) -> ProfileSpec:
        if self.household is not None and self.unit == "person":
            raise ValueError("household is given and unit is person; set unit to family or remove "
                             "household")  # fmt: skip
        if self.clinical.pregnant is not None and self.unit == "family":
            raise ValueError("clinical.pregnant is of persons, and unit is family; give it to one "
                             "of household.members")  # fmt: skip
        if self.unit == "family" and self.count > MOST_FAMILIES:
            raise ValueError(f"count is {self.count} families; lower it to at most "
                             f"{MOST_FAMILIES:,}")  # fmt: skip
        if self.through is not None and self.through < self.as_of:
            raise ValueError(f"through {self.through} is before as_of {self.as_of}; swap them")
        if "trialsim" in self.products and "patientsim" not in self.products:
            raise ValueError("products ask for trialsim without patientsim, and a trial's visits "
                             "are encounters of the chart; add \"patientsim\"")  # fmt: skip
        if self.coverage is None and set(self.products) & {"membersim", "rxmembersim"}:
            raise ValueError("products ask for membersim or rxmembersim and coverage is missing; "
                             "add coverage.plan, such as {\"MA-HMO\": 1}")  # fmt: skip
        return self


def ages_of(born: CalendarSpan, as_of: date) -> Distribution:
    """Return the ages on a day of people who were born within a span: a range of whole years."""
    youngest, oldest = (_age(day, as_of) for day in (born.last_day, born.first_day))
    if youngest == oldest:
        return parse_distribution(youngest)
    return parse_distribution({"type": "uniform", "low": youngest, "high": oldest, "decimals": 0})


def _age(born: date, as_of: date) -> int:
    return as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))
