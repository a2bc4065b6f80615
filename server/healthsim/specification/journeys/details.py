"""The details of each type of event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.document import Identifier, Strict, each_once
from healthsim.specification.journeys.dosing import DoseRule
from healthsim.specification.language.expressions import Condition, Expression
from healthsim.specification.profiles.onset import Code
from healthsim.specification.profiles.pharmacy import Discontinuation, with_usual_supply

EncounterClass = Literal[
    "office", "telehealth", "urgent_care", "emergency", "observation", "inpatient",
    "outpatient_hospital", "asc", "snf", "home_health", "dialysis",
]  # fmt: skip
APPOINTED = frozenset({"office", "telehealth", "outpatient_hospital", "asc"})
"""Classes of visits by appointment, on business days where no day is stated."""
ProcedureCode = Annotated[str, Field(pattern=r"^([0-9]{4}[0-9FTU]|[A-Z][0-9]{4})$")]
NO_DRG = "none"
"""Stated for a stay that no DRG pays."""

Written = Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-]{1,20}$")]
"""A code that is checked against the code book later."""
Loinc = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-]{0,19}$")]
Words = Annotated[str, Field(max_length=200)]


class Billed(Strict):
    """A service that is billed as one line.

    Attributes:
        code: HCPCS or CPT code.
        units: units of service; default: one, and of anaesthesia the minutes of the operation.
        modifiers: two characters each.
        global_days: days after it in which office visits of the same specialty are part of its
            price and are not paid again.
    """

    code: ProcedureCode
    units: Annotated[int, Field(strict=True, ge=1, le=999)] | None = None
    modifiers: Annotated[tuple[Annotated[str, Field(pattern="^[A-Z0-9]{2}$")], ...],
                         Field(max_length=4), AfterValidator(each_once)] = ()  # fmt: skip
    global_days: Literal[0, 10, 90] = 0

    @property
    def billed_units(self) -> int:
        """Units of service; one where they are not stated."""
        return 1 if self.units is None else self.units


def _each_once(services: tuple[str | Billed, ...] | None) -> tuple[str | Billed, ...] | None:
    codes = [service.code if isinstance(service, Billed) else service for service in services or ()]
    twice = [code for code in codes if codes.count(code) > 1]
    if twice:
        raise ValueError(f"{twice[0]} is listed twice; give it once, with units")
    return services


Services = Annotated[tuple[ProcedureCode | Billed, ...], AfterValidator(_each_once)]


class CodedDiagnosis(Strict):
    """A diagnosis of an encounter, for people of whom `when` is true.

    Attributes:
        code: ICD-10-CM code that can be billed.
        when: for whom.
    """

    code: Code
    when: Condition | None = None


def conditions_of(
    diagnoses: tuple[Code | CodedDiagnosis, ...],
) -> Iterator[tuple[str, Expression]]:
    """Yield (path, condition) of the diagnoses that have one."""
    for place, diagnosis in enumerate(diagnoses):
        if isinstance(diagnosis, CodedDiagnosis) and diagnosis.when is not None:
            yield f"details.diagnoses[{place}].when", diagnosis.when


class EncounterDetails(Strict):
    """A visit or a stay.

    Attributes:
        encounter_class: kind of visit or stay.
        reason: in words.
        specialty: of the clinician; default: by class, primary care for an office visit.
        clinician: "own", the same clinician of the specialty each time, or "duty", whoever is
            on duty; default: duty for emergencies, hospitalists and the like, own for the
            others.
        requires_referral: only for people with an earlier `referral` to the specialty.
        diagnoses: coded in this order, as far as the classification allows; they begin conditions
            (symptoms and reasons for a visit do not). Default: the profile's primary condition.
        comorbidities: code the person's other active conditions after them.
        procedures: billed lines of the visit itself; an empty list for a visit without any.
        icd10pcs: procedures of a stay, ICD-10-PCS.
        drg: MS-DRG that pays a stay; default: the one that its diagnoses and procedures give;
            "none": no DRG pays it.
        los_days: nights of a stay.
        disposition: weights by discharge status, such as 01 home, 03 nursing facility, 06 home
            health, whose visits follow where no later step states them; who died has 20.
        preventive: free for the member where the plan has it so.
    """

    encounter_class: EncounterClass = "office"
    reason: Words = ""
    specialty: Words | None = None
    clinician: Literal["own", "duty"] | None = None
    requires_referral: bool = False
    diagnoses: Annotated[tuple[Code | CodedDiagnosis, ...], Field(max_length=24)] = ()
    comorbidities: bool = False
    procedures: Services | None = None
    icd10pcs: Annotated[tuple[Annotated[str, Field(pattern="^[0-9A-HJ-NP-Z]{7}$")], ...],
                        AfterValidator(each_once)] = ()  # fmt: skip
    drg: Written | None = None
    los_days: Distribution | None = None
    disposition: Distribution | None = None
    preventive: bool = False

    def operations(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the code of each procedure that it lists, with its modifiers."""
        yield from ((code, ()) for code in self.icd10pcs)
        for one in self.procedures or ():
            yield (one, ()) if isinstance(one, str) else (one.code, one.modifiers)

    @model_validator(mode="after")
    def _referred_to_somebody(self) -> EncounterDetails:
        if self.requires_referral and self.specialty is None:
            raise ValueError("requires_referral needs a specialty; add it")
        return self


class DiagnosisDetails(Strict):
    """A condition that begins; what is acute ends after its usual time.

    Attributes:
        code: ICD-10-CM code that can be billed.
    """

    code: Code


class StateResult(Strict):
    """A result read from a state variable of the journey, with measurement noise.

    Attributes:
        from_: name of a state.
        noise: added to its value.
    """

    from_: Identifier = Field(alias="from")
    noise: Distribution | None = None


class LabDetails(Strict):
    """A laboratory order: one analyte, or a panel of them.

    Attributes:
        loinc: one analyte.
        panel: lipid, bmp, cmp, cbc, liver, renal, urine_albumin, thyroid, coagulation, anemia,
            cardiac, urinalysis or diabetes.
        result: of `loinc`; default: the code book's distribution of healthy adults.
        results: of a panel's members, by LOINC; the others have the code book's.
        procedure: the billed code, if it is billed.
    """

    loinc: Loinc | None = None
    panel: Identifier | None = None
    result: StateResult | Distribution | None = None
    results: dict[Loinc, StateResult | Distribution] = {}
    procedure: ProcedureCode | None = None

    @model_validator(mode="after")
    def _one_of(self) -> LabDetails:
        if (self.loinc is None) == (self.panel is None):
            raise ValueError("give one of loinc and panel; remove or add one")
        if self.loinc is not None and self.results:
            raise ValueError("results belongs to a panel; use result")
        if self.panel is not None and self.result is not None:
            raise ValueError("a panel has one result for each member; use results")
        return self


class VitalDetails(Strict):
    """A vital sign.

    Attributes:
        loinc: what is measured.
        result: default: the code book's distribution.
    """

    loinc: Loinc
    result: StateResult | Distribution | None = None


class ProcedureDetails(Billed):
    """A procedure done to the person, billed with its encounter.

    Attributes:
        display: what it is, in words.
        specialty: who bills it; default: the visit's clinician.
        dose: of an injected drug, by weight or body surface; units and the amount in the words of
            `display` follow from it.
    """

    display: Words = ""
    dose: DoseRule | None = None
    specialty: Words | None = None

    @model_validator(mode="after")
    def _one_amount(self) -> ProcedureDetails:
        if self.dose is not None and self.billed_units != 1:
            raise ValueError("dose and units are both given; remove one: the other follows")
        return self


class ImmunizationDetails(Strict):
    """A dose of a vaccine.

    Attributes:
        cvx: vaccine code.
        dose: number in the series.
        procedures: billed codes of product and administration.
    """

    cvx: Written
    dose: Annotated[int, Field(strict=True, ge=1, le=20)] | None = None
    procedures: Services = ()


class PrescriptionDetails(Strict):
    """A prescription, and how it will be filled.

    Attributes:
        drug: ingredient, strength and form, as `look_up` writes it.
        days_supply: days that one fill lasts; default: what is usual of the drug.
        quantity: units a fill; default: the drug's usual daily units times `days_supply`.
        dose: one dose by weight or body surface, where it is not the drug's usual one.
        refills: fills after the first.
        first_fill_share: share that is ever filled; default 0.81 within 30 days (Franklin et
            al., JGIM 2018). Whose share is missing never fills it.
        adherence: the person's target share of days covered while it is taken, 0 to 1; 1 where
            it is missing.
        discontinuation: "usual": some stop it of their own accord, as is usual of its class;
            "none": nobody does.
        replaces: a drug or ingredient that stops when this one is written.
    """

    drug: Annotated[str, Field(max_length=120)]
    days_supply: Annotated[int, Field(strict=True, ge=1, le=365)] = 30
    quantity: Annotated[float, Field(strict=True, gt=0, le=10_000, multiple_of=0.01)] | None = None
    dose: DoseRule | None = None
    refills: Annotated[int, Field(strict=True, ge=0, le=99)] = 0
    first_fill_share: Distribution | None = None
    adherence: Distribution | None = None
    discontinuation: Discontinuation = "usual"
    replaces: Annotated[str, Field(max_length=120)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _usual_supply(cls, data: Any) -> Any:
        return with_usual_supply(data, standing=False)

    @model_validator(mode="after")
    def _one_dose(self) -> PrescriptionDetails:
        if self.dose is not None and self.quantity is not None:
            raise ValueError("dose and quantity are both given; remove one: the other follows")
        return self


class ReferralDetails(Strict):
    """A referral to a specialist; later visits to that specialty are with the same one.

    Attributes:
        specialty: to whom.
        reason: in words.
    """

    specialty: Words
    reason: Words = ""


class ClaimDetails(Strict):
    """A claim without an encounter: only the payer's view.

    Attributes:
        encounter_class: kind of visit or stay.
        specialty: of the clinician; default: by class.
        diagnoses: coded in this order; default: the profile's primary condition.
        comorbidities: code the person's other active conditions after them.
        procedures: billed lines.
        drg: MS-DRG that pays a stay; default: the one that its diagnoses and procedures give;
            "none": no DRG pays it.
        los_days: nights of a stay.
        disposition: weights by discharge status.
        preventive: free for the member where the plan has it so.
    """

    encounter_class: EncounterClass = "office"
    specialty: Words | None = None
    diagnoses: Annotated[tuple[Code | CodedDiagnosis, ...], Field(max_length=24)] = ()
    comorbidities: bool = False
    procedures: Annotated[Services, Field(min_length=1)]
    drg: Written | None = None
    los_days: Distribution | None = None
    disposition: Distribution | None = None
    preventive: bool = False


class EnrollmentDetails(Strict):
    """Coverage begins: on the plan named here or, by default, on the person's own plan.

    It begins by the plan's calendar (`coverage_dates`), usually on the first of a month; where a
    journey enrolls people in their own plan, that coverage begins then, not before.

    Attributes:
        plan: name of a plan; default: the person's own.
        reason: in words.
    """

    plan: Annotated[str, Field(max_length=40)] | None = None
    reason: Words = "new"


class DisenrollmentDetails(Strict):
    """Coverage ends.

    It ends by the plan's calendar (`coverage_dates`), usually with the month.

    Attributes:
        reason: in words.
        unpaid: no premium is paid from this day on: a plan with months of grace ends coverage
            with this month, but enters that only after them.
    """

    reason: Words = "voluntary"
    unpaid: bool = False


class DeathDetails(Strict):
    """Life ends with this day.

    Attributes:
        cause: ICD-10-CM code.
    """

    cause: Code | None = None


class CarePlanDetails(Strict):
    """A plan of care, in words, and its code where it has one.

    Attributes:
        display: the plan in words.
        code: of the plan, if it has one.
    """

    display: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[str, Field(max_length=20)] | None = None


class BirthDetails(Strict):
    """A birth: how many children, and of which sex (51.2 % boys: CDC NVSS, about 105 to 100).

    Attributes:
        gender: of each child.
        number: children of this birth.
    """

    gender: Distribution = Field(
        default_factory=lambda: parse_distribution({"M": 0.512, "F": 0.488})
    )
    number: Distribution = Field(default_factory=lambda: parse_distribution(1))
