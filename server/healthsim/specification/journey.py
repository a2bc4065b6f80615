"""A journey: what happens to people, as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from healthsim.specification import details as say
from healthsim.specification.conditions import Condition, Expression
from healthsim.specification.distributions import Distribution
from healthsim.specification.document import Day, Document, Identifier, Strict

LONGEST_DAYS = 40_000


class At(Strict):
    """When a step happens.

    Attributes:
        day: days from the start of the scope, or from `after`'s edge.
        after: id of a step of the same journey; an occurrence is ``quarter/visit#2``.
        edge: of the step named by `after`: its first or its last day.
        date: a calendar day, in place of `day` and `after`.
        variance_days: uniform scatter of so many days to either side.
        business_days: weekends and US federal holidays roll forward.
    """

    day: Distribution | None = None
    after: Annotated[str, Field(max_length=200)] | None = None
    edge: Literal["start", "end"] = "start"
    date: Day | None = None
    variance_days: Annotated[int, Field(strict=True, ge=0, le=3650)] = 0
    business_days: bool = False

    @model_validator(mode="after")
    def _one_anchor(self) -> At:
        if self.date is not None and (self.day is not None or self.after is not None):
            raise ValueError("date stands beside day or after; keep one of them")
        return self


def _short_at(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"day": value}
    return value


Timing = Annotated[At, BeforeValidator(_short_at)]


class StepHead(Strict):
    """What every step can say: its id, its day, and for whom it happens."""

    id: Identifier
    at: Timing = At()
    when: Condition | None = None
    chance: Distribution | None = None


class EventHead(StepHead):
    """An event; the steps in `with` happen during it."""

    do: Literal["event"] = "event"
    with_: tuple[Step, ...] = Field(default=(), alias="with")


class Encounter(EventHead):
    """A visit or a stay."""

    type: Literal["encounter"]
    details: say.EncounterDetails = say.EncounterDetails()


class Diagnosis(EventHead):
    """A condition begins."""

    type: Literal["diagnosis"]
    details: say.DiagnosisDetails


class Lab(EventHead):
    """A laboratory result."""

    type: Literal["lab"]
    details: say.LabDetails


class Vital(EventHead):
    """A vital sign."""

    type: Literal["vital"]
    details: say.VitalDetails


class Procedure(EventHead):
    """A procedure."""

    type: Literal["procedure"]
    details: say.ProcedureDetails


class Immunization(EventHead):
    """A dose of vaccine."""

    type: Literal["immunization"]
    details: say.ImmunizationDetails


class Prescription(EventHead):
    """A prescription."""

    type: Literal["prescription"]
    details: say.PrescriptionDetails


class Referral(EventHead):
    """A referral."""

    type: Literal["referral"]
    details: say.ReferralDetails


class Claim(EventHead):
    """A claim without an encounter."""

    type: Literal["claim"]
    details: say.ClaimDetails


class Enrollment(EventHead):
    """Coverage begins."""

    type: Literal["enrollment"]
    details: say.EnrollmentDetails


class Disenrollment(EventHead):
    """Coverage ends."""

    type: Literal["disenrollment"]
    details: say.DisenrollmentDetails = say.DisenrollmentDetails()


class Death(EventHead):
    """Life ends."""

    type: Literal["death"]
    details: say.DeathDetails = say.DeathDetails()


class Option(Strict):
    """One way out of a branch: by condition, by weight, by both, or otherwise."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    when: Condition | None = None
    weight: Annotated[float, Field(strict=True, ge=0, le=1)] | None = None
    otherwise: bool = False
    steps: tuple[Step, ...] = ()

    @model_validator(mode="after")
    def _has_a_reason(self) -> Option:
        if self.otherwise and self.when is not None:
            raise ValueError(f"option {self.name!r} has both when and otherwise; keep one")
        if not self.otherwise and self.when is None and self.weight is None:
            raise ValueError(
                f"option {self.name!r} has no when, weight or otherwise; add one of them"
            )
        return self


class Branch(StepHead):
    """One of several ways; a way that is taken opens a scope that begins on the branch's day.

    Options with the same `when` (or none, or otherwise) form a group whose weights add up to 1.
    """

    do: Literal["branch"]
    options: Annotated[tuple[Option, ...], Field(min_length=1, max_length=50)]

    @field_validator("options")
    @classmethod
    def _has_a_way_out(cls, options: tuple[Option, ...]) -> tuple[Option, ...]:
        names = [option.name for option in options]
        if len(set(names)) < len(names):
            raise ValueError("two options carry one name; rename one")
        for group in grouped(options):
            weights = [option.weight for option in group]
            if len(group) == 1 and weights[0] is None:
                continue
            if None in weights:
                raise ValueError(
                    f"option {group[weights.index(None)].name!r} shares its condition with "
                    "another and has no weight; give each of them a weight"
                )
            total = sum(weight for weight in weights if weight is not None)
            if abs(total - 1) > 0.001:
                raise ValueError(f"weights add up to {total:g}, not 1; change them by "
                                 f"{1 - total:+g} in all")  # fmt: skip
        always = [group for group in grouped(options) if group[0].otherwise or not group[0].when]
        if len(always) > 1:
            raise ValueError(
                f"option {always[1][0].name!r} is never taken: {always[0][0].name!r} needs no "
                "condition either; give one of them a when, or put them into one group of weights"
            )
        if not always:
            raise ValueError(
                "no way out when every condition fails; add an option "
                '{"name": "otherwise", "otherwise": true, "steps": []}'
            )
        return options

    def groups(self) -> list[list[Option]]:
        """Return the options that share a condition together, those without one last."""
        return grouped(self.options)


def grouped(options: Sequence[Option]) -> list[list[Option]]:
    """Return options in document order, those with one condition together, the others last."""
    groups: dict[tuple[Expression | None, bool], list[Option]] = {}
    for option in options:
        groups.setdefault((option.when, option.otherwise), []).append(option)
    return sorted(groups.values(), key=lambda group: group[0].otherwise or group[0].when is None)


class Every(Strict):
    """The beat of a repeat: so many days, weeks, months or years."""

    days: Annotated[int, Field(strict=True, ge=1, le=3660)] | None = None
    weeks: Annotated[int, Field(strict=True, ge=1, le=520)] | None = None
    months: Annotated[int, Field(strict=True, ge=1, le=120)] | None = None
    years: Annotated[int, Field(strict=True, ge=1, le=10)] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Every:
        given = [unit for unit in (self.days, self.weeks, self.months, self.years) if unit]
        if len(given) != 1:
            raise ValueError("give one of days, weeks, months and years; remove or add one")
        return self

    @property
    def nominal_days(self) -> float:
        """Days of one beat, a month counted as a twelfth of 365.25 days."""
        days = (self.days or 0) + 7 * (self.weeks or 0)
        return days + 30.4375 * (self.months or 0) + 365.25 * (self.years or 0)


class Repeat(StepHead):
    """The same steps again and again; each occurrence opens a scope."""

    do: Literal["repeat"]
    every: Every
    times: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    until: Condition | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ends(self) -> Repeat:
        if self.times is None and self.until is None:
            raise ValueError("a repeat needs an end; add times or until")
        return self


class Over(Strict):
    """How long a change takes."""

    days: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS)]


class Change(StepHead):
    """A state variable moves, by or to a value, at once or in a straight line over days."""

    do: Literal["change"]
    state: Identifier
    by: Distribution | None = None
    to: Distribution | None = None
    over: Over | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Change:
        if (self.by is None) == (self.to is None):
            raise ValueError("give one of by and to; remove or add one")
        return self


class End(StepHead):
    """Nothing in the scope is dated later: in the journey, the coverage, or the person's life."""

    do: Literal["end"]
    scope: Literal["journey", "coverage", "person"] = "journey"
    reason: Annotated[str, Field(max_length=200)] = ""


_EVENTS = (
    "encounter", "diagnosis", "lab", "vital", "procedure", "immunization", "prescription",
    "referral", "claim", "enrollment", "disenrollment", "death",
)  # fmt: skip


def _tag(value: Any) -> str:
    def get(name: str) -> object:
        return value.get(name) if isinstance(value, dict) else getattr(value, name, None)

    do = get("do") or "event"
    return f"event:{get('type')}" if do == "event" else str(do)


Step: TypeAlias = Annotated[
    Annotated[Encounter, Tag("event:encounter")]
    | Annotated[Diagnosis, Tag("event:diagnosis")]
    | Annotated[Lab, Tag("event:lab")]
    | Annotated[Vital, Tag("event:vital")]
    | Annotated[Procedure, Tag("event:procedure")]
    | Annotated[Immunization, Tag("event:immunization")]
    | Annotated[Prescription, Tag("event:prescription")]
    | Annotated[Referral, Tag("event:referral")]
    | Annotated[Claim, Tag("event:claim")]
    | Annotated[Enrollment, Tag("event:enrollment")]
    | Annotated[Disenrollment, Tag("event:disenrollment")]
    | Annotated[Death, Tag("event:death")]
    | Annotated[Branch, Tag("branch")]
    | Annotated[Repeat, Tag("repeat")]
    | Annotated[Change, Tag("change")]
    | Annotated[End, Tag("end")],
    Discriminator(
        _tag,
        custom_error_type="step_kind",
        custom_error_message="is no step that is built; use do: event (with type "
        + ", ".join(_EVENTS)
        + "), branch, repeat, change or end",
    ),
]
Event: TypeAlias = (
    Encounter | Diagnosis | Lab | Vital | Procedure | Immunization | Prescription | Referral
    | Claim | Enrollment | Disenrollment | Death
)  # fmt: skip


class State(Strict):
    """A variable that evolves with the person.

    Attributes:
        start: the profile's attribute of this name ("attribute"), another attribute's name, or
            a distribution.
        low, high: no value leaves them.
        decimals: places that are kept at every change.
    """

    start: Annotated[str, Field(max_length=64)] | Distribution = "attribute"
    low: float | None = None
    high: float | None = None
    decimals: Annotated[int, Field(strict=True, ge=0, le=6)] = 2
    unit: Annotated[str, Field(max_length=20)] = ""

    @model_validator(mode="after")
    def _ordered(self) -> State:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}; swap them")
        return self


class Begins(Strict):
    """The window in which people begin, one day each, evenly."""

    earliest: Day
    latest: Day

    @model_validator(mode="after")
    def _ordered(self) -> Begins:
        if self.latest < self.earliest:
            raise ValueError(f"latest {self.latest} is before earliest {self.earliest}; swap them")
        return self


class Phase(Strict):
    """A named part of the journey; it groups steps and opens no scope."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    steps: tuple[Step, ...] = ()


class JourneySpec(Document):
    """What happens: phases, steps, timing."""

    kind_name: ClassVar[str] = "journey"

    kind: Literal["journey"] = "journey"
    duration_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS, strict=True)]
    eligible: Condition | None = None
    begins: Begins | None = None
    state: dict[Identifier, State] = {}
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]

    def steps(self) -> Iterator[tuple[str, StepHead]]:
        """Yield (path, step) of every step in document order."""
        for number, phase in enumerate(self.phases):
            yield from _walk(f"phases[{number}].steps", phase.steps)


def _walk(path: str, steps: tuple[Any, ...]) -> Iterator[tuple[str, StepHead]]:
    for number, step in enumerate(steps):
        here = f"{path}[{number}]"
        yield here, step
        if isinstance(step, EventHead):
            yield from _walk(f"{here}.with", step.with_)
        elif isinstance(step, Repeat):
            yield from _walk(f"{here}.steps", step.steps)
        elif isinstance(step, Branch):
            for place, option in enumerate(step.options):
                yield from _walk(f"{here}.options[{place}].steps", option.steps)


for _model in (*Event.__args__, Branch, Repeat, Change, End, Option, Phase, JourneySpec):
    _model.model_rebuild()
