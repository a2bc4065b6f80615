"""What is wrong with a trial: alone, among the journeys of a run, and for its products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.errors import Problem, SpecError, near
from healthsim.specification.checks.names import Names, number_problems, text_problems
from healthsim.specification.journeys import events
from healthsim.specification.journeys.changes import End
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.events import OF_TRIALS
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.layouts import Layouts
from healthsim.specification.journeys.nominal_days import nominal_days
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.trial import GRADES, NO, RELATIONS, YES
from healthsim.specification.profiles.profile import ProfileSpec

_ONCE = (events.Screening, events.Randomization)


def trial_problems(
    journey: JourneySpec,
    names: Names,
    earlier: Sequence[JourneySpec],
    layouts: Layouts,
    where: str,
) -> Iterator[Problem]:
    """Yield what is wrong with a journey's trial and with its events.

    Args:
        journey: the journey, whose steps may be of a trial.
        names: what may be asked in it.
        earlier: journeys walked before, which may be of the same trial.
        layouts: of the journeys.
        where: path put before every problem's own.
    """
    for path, step in journey.steps():
        here = f"{where}.{path}"
        of_trial = isinstance(step, OF_TRIALS) or (isinstance(step, End) and step.scope == "trial")
        if of_trial and journey.trial is None:
            yield Problem(
                here,
                f"step {step.id!r} is of a trial, and the journey has none",
                'add a trial to the journey, such as "trial": {"id": "T-1", ...}',
            )
        yield from _details(step, journey, names, f"{here}.details")
    if journey.trial is None:
        return
    for kind in ("inclusion", "exclusion"):
        for place, one in enumerate(getattr(journey.trial, kind)):
            yield from names.problems(f"{where}.trial.{kind}[{place}].when", one.when, "truth")
    same = [one for one in earlier if one.trial and one.trial.id == journey.trial.id]
    if any(one.trial != journey.trial for one in same):
        yield Problem(
            f"{where}.trial",
            f"{journey.trial.id} is also the id of another journey's trial, which is not the same",
            "make both the same, or give this one an id of its own",
        )
    yield from _order((*same, journey), journey, layouts, where)


def _order(
    of_trial: Sequence[JourneySpec], journey: JourneySpec, layouts: Layouts, where: str
) -> Iterator[Problem]:
    """Refuse a trial that nobody enters, enters twice, or is randomised in before screening."""
    screened, randomized = (
        [(one, step) for one in of_trial for _, step in one.steps() if isinstance(step, kind)]
        for kind in _ONCE
    )
    if not screened:
        yield Problem(
            f"{where}.trial",
            "nobody is screened for it",
            'add an event of type "screening", which asks the criteria, as its first',
        )
        return
    for found in (screened, randomized):
        if len(found) > 1 and found[-1][0] is journey:
            last = found[-1][1]
            yield Problem(
                f"{where}: step {last.id!r}",
                f"is a second {getattr(last, 'type', '')}, after step {found[0][1].id!r}",
                "keep one: a subject is screened and randomised once",
            )
    yield from _times(journey, layouts, where)


def _times(journey: JourneySpec, layouts: Layouts, where: str) -> Iterator[Problem]:
    """Refuse a screening or randomisation that comes again, or the second before the first."""
    try:
        plan = layouts.of(journey)
    except SpecError:
        return  # told elsewhere
    days = nominal_days(plan)
    for kind in _ONCE:
        comes = [one for one in plan.occurrences if isinstance(one.step, kind)]
        if len({one.step.id for one in comes}) < len(comes):
            yield Problem(
                f"{where}: step {comes[0].step.id!r}",
                f"comes {len(comes)} times, in a repeat or a cycle",
                "let it come once: move it out",
            )
    first, then = (
        next((one for one in plan.occurrences if isinstance(one.step, kind)), None)
        for kind in _ONCE
    )
    if first is None or then is None:
        return
    asked, assigned = days.get(first.number), days.get(then.number)
    tied = first.number > then.number
    if asked is not None and assigned is not None and (asked, tied) > (assigned, False):
        yield Problem(
            f"{where}: step {then.step.id!r}",
            f"randomises on day {assigned:g}, before step {first.step.id!r} has screened on day "
            f"{asked:g}, so nobody would be randomised",
            f"let it come after {first.step.id!r}",
        )


def _details(step: StepHead, journey: JourneySpec, names: Names, here: str) -> Iterator[Problem]:
    if isinstance(step, events.AdverseEvent):
        yield from _adverse_event(step, here)
    elif isinstance(step, events.Withdrawal):
        for place, one in enumerate(step.details.reasons):
            if one.when is not None:
                yield from names.problems(f"{here}.reasons[{place}].when", one.when, "truth")
    elif isinstance(step, events.Exposure):
        dose = step.details.dose
        if not isinstance(dose, StateResult):
            yield from number_problems(f"{here}.dose", dose, 0)
            return
        if dose.from_ not in journey.state:
            yield Problem(
                f"{here}.dose.from",
                f"unknown state {dose.from_!r}",
                near(dose.from_, journey.state),
            )
        if dose.noise is not None:
            yield from number_problems(f"{here}.dose.noise", dose.noise)


def _adverse_event(step: events.AdverseEvent, here: str) -> Iterator[Problem]:
    said = step.details
    yield from text_problems(f"{here}.grade", said.grade, GRADES)
    if said.related is not None:
        yield from text_problems(f"{here}.related", said.related, RELATIONS)
    for name in ("action", "outcome"):
        told = getattr(said, name)
        if told is not None:
            yield from text_problems(f"{here}.{name}", told)
    if said.serious is not None and said.serious.kind == "text":
        yield from text_problems(f"{here}.serious", said.serious, sorted(YES | NO))
    elif said.serious is not None:
        yield from number_problems(f"{here}.serious", said.serious, 0, 1)
    if said.lasts_days is not None:
        yield from number_problems(f"{here}.lasts_days", said.lasts_days, 0)


def product_problems(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Refuse a trial whose rows no product would hold.

    TrialSim without a trial is no fault: candidates for one can be made, and walk other journeys.
    """
    asked = "trialsim" in profile.products
    for place, journey in enumerate(journeys):
        if journey.trial is not None and not asked:
            yield Problem(
                f"journeys[{place}].trial",
                "needs trialsim, which products leaves out",
                'add "trialsim" to products',
            )


def arms_of(journey: JourneySpec | None, every: Sequence[JourneySpec]) -> tuple[str, ...]:
    """Return the arms that the name `arm` may have; none where there is nothing that it means.

    It is the arm in the journey's own trial, else in the only trial that there is.
    """
    if journey is not None and journey.trial is not None:
        return tuple(journey.trial.arms)
    trials = {one.trial.id: one.trial for one in every if one.trial is not None}
    return tuple(next(iter(trials.values())).arms) if len(trials) == 1 else ()
