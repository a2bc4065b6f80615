"""Figures that a specification states and that nothing judges: each with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.audit.comparison import Comparison, not_judged
from healthsim.specification.distributions.kinds import Constant
from healthsim.specification.journeys.changes import Change
from healthsim.specification.journeys.details import BirthDetails, StateResult
from healthsim.specification.journeys.events import Birth, Claim, Lab, Prescription, Vital
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.profiles.plan_design import PlanNetwork
from healthsim.specification.profiles.profile import ProfileSpec

_NOISE = "noise cannot be told from the changes of the state"
_ADHERENCE = "the days that fills cover also depend on coverage, stops and the end of the data"
_NEARBY = "whom people choose also depends on who is near"


def without_verdict(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Comparison]:
    """Yield what is stated and judged nowhere, in document order."""
    yield from _of_profile(profile)
    for journey in journeys:
        for _, step in journey.steps():
            for figure, why in _of_step(step):
                yield not_judged(f"{journey.name}/{step.id}: {figure}", why)


def _of_profile(profile: ProfileSpec) -> Iterator[Comparison]:
    clinical = profile.clinical
    onsets = [(one.code, one.onset) for one in clinical.comorbidities]
    onsets += [(one.code, one.onset) for group in clinical.alternatives for one in group]
    for code, onset in onsets:
        if onset is not None:
            yield not_judged(f"condition {code}: onset", "no condition begins before birth")
    for drug in clinical.medications:
        if drug.adherence is not None:
            yield not_judged(f"medication {drug.drug}: adherence", _ADHERENCE)
    plans = profile.coverage.plans if profile.coverage is not None else {}
    for name, plan in plans.items():
        for figure in sorted(plan.network.model_fields_set & PlanNetwork.model_fields.keys()):
            if getattr(plan.network, figure) != PlanNetwork.model_fields[figure].default:
                yield not_judged(f"plan {name}: network.{figure}", _NEARBY)


def _of_step(step: StepHead) -> Iterator[tuple[str, str]]:
    """Yield (figure, reason) of what one step states."""
    if isinstance(step, Change) and step.noise is not None:
        yield "noise", _NOISE
    elif isinstance(step, Lab | Vital):
        results = step.details.results.values() if isinstance(step, Lab) else ()
        if any(isinstance(one, StateResult) and one.noise is not None
               for one in (step.details.result, *results)):  # fmt: skip
            yield "noise of the result", _NOISE
    elif isinstance(step, Prescription):
        share = step.details.first_fill_share
        if share is not None and not isinstance(share, Constant):
            yield "first_fill_share", "it is not the same for everybody"
    elif isinstance(step, Claim):
        if step.details.los_days is not None:
            yield "los_days", "a claim shows its days, not the nights that were drawn"
    elif isinstance(step, Birth):
        yield from _of_birth(step.details)


def _of_birth(details: BirthDetails) -> Iterator[tuple[str, str]]:
    for name in sorted({"gender", "number"} & details.model_fields_set):
        default = type(details).model_fields[name].get_default(call_default_factory=True)
        if getattr(details, name) != default:
            yield name, "newborns are not compared with the births that they come from"
