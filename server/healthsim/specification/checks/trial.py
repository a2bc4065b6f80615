"""What is wrong with a trial: by itself, among the journeys of a run, and for its products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.errors import Problem, SpecError, near
from healthsim.medicine.adverse_events import BACKGROUND, classes, usual_events
from healthsim.medicine.ctcae import criteria, criterion_of
from healthsim.specification.checks.names import (
    Names,
    number_problems,
    share_problems,
    text_problems,
    unknown_problems,
)
from healthsim.specification.checks.steps import state_result_problems
from healthsim.specification.journeys import events
from healthsim.specification.journeys.changes import End
from healthsim.specification.journeys.details import EncounterDetails, StateResult
from healthsim.specification.journeys.events import OF_TRIALS
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.layouts import Layouts
from healthsim.specification.journeys.nominal_days import nominal_days
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.trial import (
    GRADES,
    NO,
    RELATIONS,
    YES,
    AdverseEventDetails,
    UsualAdverseEventsDetails,
)
from healthsim.specification.profiles.profile import ProfileSpec

_STAYS = ("inpatient", "observation")
_MOST_MM = 1_000  # assumption: sum of five target lesions, each as large as a trunk is wide
_MOST_DOSE = 1e9  # assumption: in any unit, cells and vector genomes are given as powers of ten
_FATAL = "fatal"
_ONCE = (events.Screening, events.Randomization)


def trial_step_problems(
    step: StepHead, journey: JourneySpec, names: Names, here: str
) -> Iterator[Problem]:
    """Yield what is wrong with a step that only trials may have."""
    details = f"{here}.details"
    of_trial = isinstance(step, OF_TRIALS) or (isinstance(step, End) and step.scope == "trial")
    if of_trial and journey.trial is None:
        yield Problem(
            here,
            f"step {step.id!r} is of a trial, and the journey has none",
            'add a trial to the journey, such as "trial": {"id": "T-1", ...}',
        )
    if isinstance(step, events.AdverseEvent):
        yield from _adverse_event(step.details, details)
    elif isinstance(step, events.UsualAdverseEvents):
        yield from _usual_adverse_events(step.details, journey, details)
    elif isinstance(step, events.Withdrawal):
        for place, reason in enumerate(step.details.reasons):
            yield from names.problems(f"{details}.reasons[{place}].when", reason.when)
    elif isinstance(step, events.TumorAssessment):
        tumor = step.details
        yield from number_problems(f"{details}.baseline_mm", tumor.baseline_mm, 10, _MOST_MM)
        yield from share_problems(f"{details}.shrinks_per_week", tumor.shrinks_per_week)
        yield from number_problems(f"{details}.grows_per_week", tumor.grows_per_week, 0, 1)
        yield from share_problems(f"{details}.new_lesion", tumor.new_lesion)
    elif isinstance(step, events.Exposure):
        dose = step.details.dose
        if isinstance(dose, StateResult):
            yield from state_result_problems(f"{details}.dose", dose, journey)
        else:
            yield from number_problems(f"{details}.dose", dose, 0, _MOST_DOSE)


def trial_problems(
    journey: JourneySpec,
    names: Names,
    earlier: Sequence[JourneySpec],
    layouts: Layouts,
    where: str,
) -> Iterator[Problem]:
    """Yield what is wrong with a journey's trial.

    Args:
        journey: the journey.
        names: the names that its conditions may use.
        earlier: journeys that come before it, which may be of the same trial.
        layouts: of the journeys.
        where: path of the journey.
    """
    trial = journey.trial
    if trial is None:
        return
    for kind in ("inclusion", "exclusion"):
        for place, criterion in enumerate(getattr(trial, kind)):
            yield from names.problems(f"{where}.trial.{kind}[{place}].when", criterion.when)
    if trial.consent is not None:
        yield from share_problems(f"{where}.trial.consent", trial.consent)
        yield from names.inside(f"{where}.trial.consent", trial.consent)
    same = [other for other in earlier if other.trial and other.trial.id == trial.id]
    if any(other.trial != trial for other in same):
        yield Problem(
            f"{where}.trial",
            f"{trial.id} is also the id of another journey's trial, which is not the same",
            "make both the same, or give this one an id of its own",
        )
    yield from _order((*same, journey), journey, layouts, where)


def _order(
    of_trial: Sequence[JourneySpec], journey: JourneySpec, layouts: Layouts, where: str
) -> Iterator[Problem]:
    """Refuse a trial without a screening, with two, or with randomisation before screening."""
    screened, randomized = (
        [(other, step) for other in of_trial for _, step in other.steps() if isinstance(step, kind)]
        for kind in _ONCE
    )
    if not screened:
        yield Problem(
            f"{where}.trial",
            "nobody is screened for it",
            'add an event of type "screening", which checks the criteria, as its first',
        )
        return
    for steps in (screened, randomized):
        if len(steps) > 1 and steps[-1][0] is journey:
            last = steps[-1][1]
            yield Problem(
                f"{where}: step {last.id!r}",
                f"is a second {getattr(last, 'type', '')}, after step {steps[0][1].id!r}",
                "keep one: a subject is screened and randomised once",
            )
    yield from _times(journey, layouts, where)


def _times(journey: JourneySpec, layouts: Layouts, where: str) -> Iterator[Problem]:
    """Refuse a screening or randomisation that comes again, or the second before the first."""
    try:
        plan = layouts.of(journey)
    except SpecError:
        return  # reported elsewhere
    days = nominal_days(plan)
    screenings, randomizations = (
        [occurrence for occurrence in plan.occurrences if isinstance(occurrence.step, kind)]
        for kind in _ONCE
    )
    for occurrences in (screenings, randomizations):
        if len({occurrence.step.id for occurrence in occurrences}) < len(occurrences):
            yield Problem(
                f"{where}: step {occurrences[0].step.id!r}",
                f"happens {len(occurrences)} times, in a repeat or a cycle",
                "let it happen once: move it out",
            )
    if not screenings or not randomizations:
        return
    first, then = screenings[0], randomizations[0]
    screened, randomized = days.get(first.number), days.get(then.number)
    reversed_ = first.number > then.number
    if screened is None or randomized is None:
        return
    if (screened, reversed_) > (randomized, False):
        yield Problem(
            f"{where}: step {then.step.id!r}",
            f"randomises on day {randomized:g}, before step {first.step.id!r} has screened on day "
            f"{screened:g}, so nobody would be randomised",
            f"let it come after {first.step.id!r}",
        )


def _adverse_event(details: AdverseEventDetails, here: str) -> Iterator[Problem]:
    yield from text_problems(f"{here}.grade", details.grade, GRADES)
    if details.grade is None and criterion_of(details.term) is None:
        yield Problem(
            f"{here}.grade",
            f"is missing, and {details.term!r} is no term that a result defines",
            'give one, such as "grade": {"1": 0.7, "2": 0.3}, or use one of these terms: '
            + near(details.term, [one.term for one in criteria()]),
        )
    if isinstance(details.stay, EncounterDetails) and not is_stay(details.stay):
        yield Problem(
            f"{here}.stay.encounter_class",
            f"is {details.stay.encounter_class}, which is no stay",
            'use "inpatient" or "observation", or "stay": "none"',
        )
    yield from text_problems(f"{here}.related", details.related, RELATIONS)
    yield from text_problems(f"{here}.action", details.action)
    yield from text_problems(f"{here}.outcome", details.outcome)
    yield from _fatal(details, here)
    if details.serious is not None and details.serious.kind == "text":
        yield from text_problems(f"{here}.serious", details.serious, sorted(YES | NO))
    else:
        yield from share_problems(f"{here}.serious", details.serious)
    yield from number_problems(f"{here}.lasts_days", details.lasts_days, 0)


def _fatal(details: AdverseEventDetails, here: str) -> Iterator[Problem]:
    """Refuse a fatal outcome of what is not of grade 5, and another one of what is."""
    grades = tuple(details.grade.labels) if details.grade is not None else ()
    outcomes = tuple(details.outcome.labels) if details.outcome is not None else ()
    if _FATAL in outcomes and grades != ("5",):
        yield Problem(
            f"{here}.outcome",
            "can be fatal, and an adverse event of another grade than 5 is not",
            'leave it out: grade 5 is fatal, and give its share to grade "5"',
        )


def _usual_adverse_events(
    details: UsualAdverseEventsDetails, journey: JourneySpec, here: str
) -> Iterator[Problem]:
    """Yield classes, arms and terms that are not known."""
    arms = details.classes if isinstance(details.classes, dict) else {"": details.classes}
    known = () if journey.trial is None else tuple(journey.trial.arms)
    for arm, name in arms.items():
        path = f"{here}.classes.{arm}" if arm else f"{here}.classes"
        yield from unknown_problems(path, "class of treatment", name, classes())
        if arm:
            yield from unknown_problems(path, "arm", arm, known)
    if any(name not in classes() for name in arms.values()):
        return
    terms = {term for name in {BACKGROUND, *arms.values()} for term in usual_events(name)}
    for key in ("terms", "without"):
        for place, term in enumerate(getattr(details, key)):
            yield from unknown_problems(f"{here}.{key}[{place}]", "term", term, terms)
    for place, term in enumerate(details.without):
        if term in details.terms:
            where = f"{here}.without[{place}]"
            yield Problem(where, f"{term!r} is in terms too", "remove it from one of them")


def is_stay(details: EncounterDetails) -> bool:
    """Tell whether the details of a serious adverse event's stay are those of a stay."""
    return details.encounter_class in _STAYS


def product_problems(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Refuse a trial in a run without TrialSim, whose tables would hold it.

    TrialSim without a trial is allowed: candidates for a trial can be in other journeys.
    """
    for place, journey in enumerate(journeys):
        if journey.trial is not None and "trialsim" not in profile.products:
            yield Problem(
                f"journeys[{place}].trial",
                "needs trialsim, which products leaves out",
                'add "trialsim" to products',
            )


def arms_of(journey: JourneySpec | None, journeys: Sequence[JourneySpec]) -> tuple[str, ...]:
    """Return the values of the name `arm`; none where it has no meaning.

    It is the arm in the journey's own trial, else in the only trial of the run.
    """
    if journey is not None and journey.trial is not None:
        return tuple(journey.trial.arms)
    trials = {other.trial.id: other.trial for other in journeys if other.trial is not None}
    return tuple(next(iter(trials.values())).arms) if len(trials) == 1 else ()
