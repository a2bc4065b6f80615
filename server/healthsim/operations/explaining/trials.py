"""Why rows of a trial are as they are: subjects, arms, answers of a screening."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from healthsim.execution.people.population_pass import PopulationPass
from healthsim.execution.timeline.facts import RandomizationFacts
from healthsim.operations.explaining.case import Reasons, RowCase, number
from healthsim.operations.explaining.steps import asked_of, condition_line, explain_step
from healthsim.specification.journeys.events import OF_TRIALS, Randomization
from healthsim.specification.journeys.journey import JourneySpec


def _journeys(case: RowCase) -> Iterator[JourneySpec]:
    """Yield the journeys of the row's trial."""
    for journey in case.job.journeys:
        if journey.trial is not None and journey.trial.id == case.row["trial"]:
            yield journey


def explain_subject(case: RowCase) -> Reasons:
    """Say how a person came into a trial, into an arm, and out of it."""
    reasons = Reasons()
    for journey in _journeys(case):
        reasons.made_by.append(f"journeys[{journey.name}].trial: {case.row['trial']}")
        if case.row["consent_date"]:
            reasons.because.append(
                f"in the trial from the first of its events on: {case.row['consent_date']}"
            )
        if journey.trial is not None and journey.trial.consent is not None:
            reasons.add(_consent(case, journey))
    trial = f"~trial/{case.row['trial']}"
    site = case.draw(f"{trial}/site")
    if site is not None:
        reasons.because.append(
            f"site {case.row['site']}: uniform {number(site.uniform)}, all sites alike"
        )
    if case.row["status"]:
        why = case.row["screen_fail_reason"] or case.row["end_reason"] or "still in it"
        reasons.because.append(f"status {case.row['status']}: {why}")
    reasons.add(_entry(case))
    return reasons


def _consent(case: RowCase, journey: JourneySpec) -> Reasons:
    """Say how consent was drawn."""
    reasons = Reasons()
    drawn = case.draw(f"~trial/{case.row['trial']}/consent")
    reasons.made_by.append(f"journeys[{journey.name}].trial.consent")
    said = "consented" if case.row["consent_date"] else "refused"
    uniform = f": uniform {number(drawn.uniform)} against the share" if drawn is not None else ""
    reasons.because.append(f"asked on {case.row['asked_date']}, {said}{uniform}")
    return reasons


def _entry(case: RowCase) -> Reasons:
    """Say why the first event of the trial came to the person, and how the arm was drawn."""
    reasons = Reasons()
    events = case.rows("events", person_id=case.person_id)
    events.sort(key=lambda one: str(one["event_date"]))
    sources = [case.at(case.address_of("events", event["event_id"])) for event in events]
    happened = [source for source in sources if source is not None]
    of_trial = [source for source in happened if isinstance(source.occurrence.step, OF_TRIALS)]
    if of_trial:
        reasons.add(explain_step(case, of_trial[0]))
    for source in of_trial:
        if isinstance(source.occurrence.step, Randomization):
            reasons.made_by.append(case.line(source.occurrence))
            reasons.because += randomized(case, source.occurrence.address)
    return reasons


def randomized(case: RowCase, address: str) -> Iterator[str]:
    """Yield how an arm was assigned: stratum, block and place in it."""
    if case.trace is None:
        return
    for source in case.trace.ctx.timeline.occurrences:
        if source.occurrence.address != address or not isinstance(source.facts, RandomizationFacts):
            continue
        persons = case.trace.ctx.person_id[source.rows]
        for at in np.flatnonzero(persons == case.person_id).tolist():
            stratum, arm = source.facts.stratum.texts()[at], source.facts.arm.texts()[at]
            rank = _rank(case.trace.ctx.record.draws.population_pass, address, case.person_id)
            yield (f"arm {arm}: stratum {stratum}, block {source.facts.block[at]}, person number "
                   f"{rank + 1} of the stratum in the order of ids; each block has its arms in an "
                   "order drawn for the block")  # fmt: skip


def _rank(population_pass: PopulationPass, address: str, person_id: int) -> int:
    counted = population_pass.settled.get(address)
    if counted is None:
        return -1
    return int(counted.ranks(np.array([person_id], dtype=np.int64)).rank[0])


def explain_arm(case: RowCase) -> Reasons:
    """Say which line states an arm."""
    reasons = Reasons()
    for journey in _journeys(case):
        ratio = journey.trial.arms if journey.trial is not None else {}
        arms = ", ".join(f"{arm} {count}" for arm, count in ratio.items())
        reasons.made_by.append(f"journeys[{journey.name}].trial.arms: {arms}")
    reasons.because.append(
        f"{case.row['ratio']} of the arm in each round of the ratio, blocks of {case.row['block']}"
    )
    return reasons


def explain_answer(case: RowCase) -> Reasons:
    """Say which criterion was asked, and what it saw."""
    reasons = Reasons()
    for journey in _journeys(case):
        criteria = journey.trial.criteria() if journey.trial is not None else ()
        for kind, criterion in criteria:
            if (kind, criterion.name) == (case.row["kind"], case.row["criterion"]):
                reasons.made_by.append(
                    f"journeys[{journey.name}].trial.{kind}[{criterion.name}]: {criterion.when}"
                )
    if case.source is not None:
        reasons.add(explain_step(case, case.source))
    met = "true" if case.row["met"] else "false"
    said = f"asked on {case.row['asked_date']}: {met}"
    where = f"{case.row['kind']}[{case.row['criterion']}]"
    if case.source is not None:
        asked = asked_of(case, case.source.occurrence, case.person_id)
        said = next((condition_line(one) for one in asked if one.where == where), said)
    reasons.because.insert(0, said)
    return reasons
