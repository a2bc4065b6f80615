"""The events of a journey: one class for each type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from healthsim.specification.journeys import details as of_events
from healthsim.specification.journeys import trial
from healthsim.specification.journeys.step import EventHead, StepHead
from healthsim.specification.journeys.timing import At
from healthsim.specification.language.expressions import Expression

if TYPE_CHECKING:
    from healthsim.specification.journeys.step import Step


class Encounter(EventHead):
    """A visit or a stay."""

    type: Literal["encounter"]
    details: of_events.EncounterDetails = of_events.EncounterDetails()

    @property
    def keeps_business_days(self) -> bool:
        """Whether weekends and holidays move: as stated, else where it is by appointment."""
        if self.at.business_days is not None:
            return self.at.business_days
        unstated = self.at == At() and self.hazard is None
        return unstated and self.details.encounter_class in of_events.APPOINTED

    def conditions(self) -> Iterator[tuple[str, Expression]]:
        """Yield its own condition and those of its diagnoses."""
        yield from super().conditions()
        yield from of_events.conditions_of(self.details.diagnoses)


class Diagnosis(EventHead):
    """A condition begins."""

    stoppable: ClassVar[bool] = True

    type: Literal["diagnosis"]
    details: of_events.DiagnosisDetails


class Lab(EventHead):
    """A laboratory result."""

    type: Literal["lab"]
    details: of_events.LabDetails


class Vital(EventHead):
    """A vital sign."""

    type: Literal["vital"]
    details: of_events.VitalDetails


class Procedure(EventHead):
    """A procedure."""

    table: ClassVar[str] = "procedures"

    type: Literal["procedure"]
    details: of_events.ProcedureDetails


class Immunization(EventHead):
    """A dose of vaccine."""

    table: ClassVar[str] = "immunizations"

    type: Literal["immunization"]
    details: of_events.ImmunizationDetails


class Prescription(EventHead):
    """A prescription."""

    stoppable: ClassVar[bool] = True

    type: Literal["prescription"]
    details: of_events.PrescriptionDetails


class Referral(EventHead):
    """A referral."""

    table: ClassVar[str] = "referrals"

    type: Literal["referral"]
    details: of_events.ReferralDetails


class Claim(EventHead):
    """A claim without an encounter."""

    type: Literal["claim"]
    details: of_events.ClaimDetails

    def conditions(self) -> Iterator[tuple[str, Expression]]:
        """Yield its own condition and those of its diagnoses."""
        yield from super().conditions()
        yield from of_events.conditions_of(self.details.diagnoses)


class Enrollment(EventHead):
    """Coverage begins."""

    table: ClassVar[str] = "enrollments"

    type: Literal["enrollment"]
    details: of_events.EnrollmentDetails


class Disenrollment(EventHead):
    """Coverage ends."""

    type: Literal["disenrollment"]
    details: of_events.DisenrollmentDetails = of_events.DisenrollmentDetails()


class Death(EventHead):
    """Life ends."""

    type: Literal["death"]
    details: of_events.DeathDetails = of_events.DeathDetails()


class CarePlan(EventHead):
    """A plan of care begins."""

    table: ClassVar[str] = "care_plans"
    stoppable: ClassVar[bool] = True

    type: Literal["care_plan"]
    details: of_events.CarePlanDetails


class Birth(EventHead):
    """A child is born; the steps in `newborn` happen to the child, dated from birth."""

    table: ClassVar[str] = "enrollments"

    type: Literal["birth"]
    details: of_events.BirthDetails = of_events.BirthDetails()
    newborn: tuple[Step, ...] = ()

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield what happens during it, and to the child."""
        yield "with", self.with_
        yield "newborn", self.newborn


class Screening(EventHead):
    """The trial's criteria are checked; people who fail one leave the trial."""

    type: Literal["screening"]
    details: trial.ScreeningDetails = trial.ScreeningDetails()


class Randomization(EventHead):
    """The subject is assigned to an arm."""

    type: Literal["randomization"]
    details: trial.RandomizationDetails = trial.RandomizationDetails()


class TrialVisit(Encounter):
    """A visit of the trial; it is an encounter too."""

    table: ClassVar[str] = "trial_visits"

    type: Literal["trial_visit"]  # type: ignore[assignment]
    details: trial.TrialVisitDetails = trial.TrialVisitDetails()


class AdverseEvent(EventHead):
    """An adverse event."""

    table: ClassVar[str] = "adverse_events"

    type: Literal["adverse_event"]
    details: trial.AdverseEventDetails

    def conditions(self) -> Iterator[tuple[str, Expression]]:
        """Yield its own condition and those of the diagnoses of its stay."""
        yield from super().conditions()
        stay = self.details.stay
        if isinstance(stay, of_events.EncounterDetails):
            for path, condition in of_events.conditions_of(stay.diagnoses):
                yield path.replace("details", "details.stay", 1), condition


class UsualAdverseEvents(EventHead):
    """Usual adverse events by class of treatment, each with a risk of its own."""

    type: Literal["usual_adverse_events"]
    details: trial.UsualAdverseEventsDetails = trial.UsualAdverseEventsDetails()


class TumorAssessment(EventHead):
    """Target lesions are measured; the steps in `on_progression` follow the first progression."""

    table: ClassVar[str] = "tumor_responses"

    type: Literal["tumor_assessment"]
    details: trial.TumorAssessmentDetails = trial.TumorAssessmentDetails()
    on_progression: tuple[Step, ...] = ()

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield what happens during it, and once the disease progresses."""
        yield "with", self.with_
        yield "on_progression", self.on_progression


class Exposure(EventHead):
    """A dose of the treatment under study."""

    table: ClassVar[str] = "exposures"

    type: Literal["exposure"]
    details: trial.ExposureDetails


class Withdrawal(EventHead):
    """The subject leaves the trial; no later steps of it happen."""

    type: Literal["withdrawal"]
    details: trial.WithdrawalDetails


EVENTS: tuple[type[EventHead], ...] = (
    Encounter, Diagnosis, Lab, Vital, Procedure, Immunization, Prescription, Referral, Claim,
    Enrollment, Disenrollment, Death, CarePlan, Birth, Screening, Randomization, TrialVisit,
    AdverseEvent, UsualAdverseEvents, TumorAssessment, Exposure, Withdrawal,
)  # fmt: skip
"""Every type of event, in the order in which documents and errors list them."""

OF_TRIALS = (
    Screening, Randomization, TrialVisit, AdverseEvent, UsualAdverseEvents,
    TumorAssessment, Exposure, Withdrawal,
)  # fmt: skip
"""Events that only a journey with a `trial` may have."""
