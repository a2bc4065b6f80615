"""What a step does to one person."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from execution.calendar_days import after
from execution.layout import Node
from execution.person_changes import AR1Noise, DrugResponse, LinearTrend, Shift
from execution.person_record import NEVER, settle
from healthsim.billing.pharmacy.persistence import days_taken
from healthsim.codes.drugs import Drug, drugs
from healthsim.codes.loinc import panel
from healthsim.execution.timeline.clinical_steps import FIRST_FILL_SHARE, ONE_FILL_SHARE
from healthsim.products.rxmembersim.fills import LAST_LAG_DAYS
from healthsim.specification.journeys import events
from healthsim.specification.journeys.changes import Change, End, Stop
from healthsim.specification.journeys.details import StateResult

if TYPE_CHECKING:
    from execution.one_by_one import Walk


def days_until_quit(drug: Drug, u: float, *, established: bool) -> int:
    """Return after how many days a person stops a drug of their own accord."""
    days = days_taken(drug, np.array([established]), np.array([u]))
    return max(int(days[0]), LAST_LAG_DAYS + 1)


class PersonSteps:
    """Does the steps of one person in one journey."""

    def __init__(self, walk: Walk) -> None:
        self.walk, self.record, self.log = walk, walk.record, walk.log

    def do(self, node: Node, day: int) -> int:
        """Do a step; return its last day."""
        step = node.step
        if isinstance(step, events.Encounter):
            self.walk.discharge[node.key] = day + self.nights(node, day)
            self.mention(node, day)
            if self.walk.interpreter.job.profile.one_bed == "postpone":
                self.walk.beds.admit(node, day)
            return self.walk.discharge[node.key]
        if isinstance(step, events.Lab | events.Vital):
            self.measure(node, day)
        elif isinstance(step, events.Diagnosis):
            self.record.conditions.begin(step.details.code, day, (self.walk.number, node.key))
        elif isinstance(step, events.Prescription):
            self.prescribe(node, day)
        elif isinstance(step, events.Referral):
            self.record.referrals.append((step.details.specialty, day))
        elif isinstance(step, Change):
            self.record.add_change(step.state, self.change(node, day))
        elif isinstance(step, Stop):
            self.stop(step, day)
        elif isinstance(step, events.Death):
            self.record.death = day
        else:
            self.end(step, day)
        return day

    def mention(self, node: Node, day: int) -> None:
        """Begin the conditions that an encounter states, unless it has a diagnosis for them."""
        details, last = node.step.details, self.walk.discharge[node.key]
        inside = {child.details.code for _, children in node.step.inner() for child in children
                  if isinstance(child, events.Diagnosis)}  # fmt: skip
        primary = self.walk.interpreter.job.profile.clinical.primary
        for code in details.diagnoses or [primary.code]:
            if code not in inside:
                self.record.conditions.mention(code, day, last, details.encounter_class)

    def change(self, node: Node, day: int) -> Any:
        step = node.step
        if step.noise is not None or step.per_year is not None:
            until = after(day, step.lasts) if step.lasts is not None else NEVER
            scopes = list(self.walk.layout.scopes_around(node.scope))

            def ends() -> int:
                return min(until, *(self.walk.scope_ends.get(one, NEVER) for one in scopes), NEVER)

            if step.noise is not None:
                noise = f"{node.address}/noise"
                return AR1Noise(day, step.noise, lambda n: self.walk.u(f"{noise}#{n}"), ends)
            return LinearTrend(
                day, self.walk.draw(f"{node.address}/per_year", step.per_year, day), ends
            )
        name = "by" if step.by is not None else "to"
        amount = self.walk.draw(f"{node.address}/{name}", getattr(step, name), day)
        over = step.over.days if step.over else 0
        if step.while_taking is not None:
            return DrugResponse(day, amount, over, step.while_taking, step.washout_days,
                            self.record.courses)  # fmt: skip
        return Shift(day, amount, name == "to", over)

    def stop(self, step: Stop, day: int) -> None:
        """End what the named step started and what still goes on."""
        for node in self.walk.layout.called(step.of):
            source = (self.walk.number, node.key)
            for course in self.record.courses:
                if course[3] == source and course[1] <= day < course[2]:
                    course[2] = day
            self.record.conditions.end(source, day)

    def end(self, step: Any, day: int) -> None:
        if isinstance(step, events.Disenrollment):
            self.record.disenroll(day)
        elif isinstance(step, events.Enrollment):
            self.record.enroll(step.details.plan, day)
        elif not isinstance(step, End):
            return
        elif step.scope == "person":
            self.record.death = day
        elif step.scope == "coverage":
            self.record.disenroll(day)
        else:
            self.walk.log.last_day = day

    def nights(self, node: Node, day: int) -> int:
        details = node.step.details
        if details.los_days is None:
            assert details.encounter_class not in {"inpatient", "snf", "observation"}
            return 0
        drawn: float = self.walk.draw(f"{node.address}/los", details.los_days, day)
        return max(0, round(drawn))

    def prescribe(self, node: Node, day: int) -> None:
        step = node.step
        drug = drugs().find(step.details.drug, "drug")
        established = any(
            course[0] == drug.ingredient and course[1] <= day < min(course[2], quits)
            for _, course, _, quits in self.record.taken
        )
        ended = {drug.ingredient, step.details.replaces}
        for course in self.record.courses:
            if course[0] in ended and course[1] <= day < course[2]:
                course[2] = day
        self.record.safety.begun(step.details.drug, day)
        supply = step.details.days_supply * (step.details.refills + 1)
        source = (self.walk.number, node.key)
        following = [begins for ingredient, begins, stop, _ in self.record.courses
                     if ingredient == drug.ingredient and day < begins < stop]  # fmt: skip
        course = [drug.ingredient, day, min([day + supply, *following]), source]
        self.record.courses.append(course)
        quits = NEVER
        usual = step.details.refills > 0 and step.details.discontinuation == "usual"
        if usual and "discontinuation" in self.walk.interpreter.job.profile.pharmacy_rules:
            u = self.walk.u(f"{node.address}/discontinuation")
            quits = day + days_until_quit(drug, u, established=established)
        self.record.taken.append((step.details.drug, course, self.share_taken(node, day), quits))

    def share_taken(self, node: Node, day: int) -> float:
        """Return the share of a drug that is taken: none of what is never filled."""
        details = node.step.details
        first = FIRST_FILL_SHARE if details.refills else ONE_FILL_SHARE
        if details.first_fill_share is not None:
            first = self.walk.draw(
                f"{node.address}/first_fill_share", details.first_fill_share, day
            )
        if not self.walk.u(f"{node.address}/first_fill") < first:
            return 0.0
        if details.adherence is None:
            return 1.0
        share = float(self.walk.draw(f"{node.address}/adherence", details.adherence, day))
        return 1.0 if isnan(share) else share

    def measure(self, node: Node, day: int) -> None:
        details = node.step.details
        if getattr(details, "panel", None) is not None:
            wanted = {
                code: (details.results.get(code), f"{code}/") for code in panel(details.panel)
            }
        else:
            wanted = {details.loinc: (details.result, "")}
        found: dict[str, Any] = {}
        for code, (result, prefix) in wanted.items():
            if result is not None:
                self.show([other for other in wanted if wanted[other][0] is None
                           and other not in found and reads(result, other)],
                          wanted, found, day)  # fmt: skip
                found[code] = self.stated(node, result, prefix, day)
                self.record.results[code].append((day, found[code]))
        self.show([code for code in wanted if code not in found], wanted, found, day)
        for code in wanted:
            self.log.values[node.address, code] = found[code]
            self.record.safety.measured(code, found[code], day)

    def show(self, codes: list[str], wanted: Any, found: dict[str, Any], day: int) -> None:
        """Measure some codes, given what is stated so far."""
        stated = {code: value for code, value in found.items()
                  if wanted[code][0] is not None and isinstance(value, float)}  # fmt: skip
        states = {code for code in stated if isinstance(wanted[code][0], StateResult)}
        if codes or len(found) == len(wanted):
            self.record.body.take(stated, day, states)
        for code, value in self.record.body.values(codes, day).items():
            found[code] = value
            self.record.results[code].append((day, value))

    def stated(self, node: Node, result: Any, prefix: str, day: int) -> Any:
        """Return a result that the specification states."""
        if not isinstance(result, StateResult):
            return self.walk.draw(f"{node.address}/{prefix}result", result, day)
        value = self.record.state(result.from_, day)
        if result.noise is not None:
            noise = self.walk.draw(f"{node.address}/{prefix}noise", result.noise, day)
            noise = self.record.decided.get(result.from_, noise)
            value = settle(value + noise, self.record.states[result.from_][1])
        return value


def reads(result: Any, code: str) -> bool:
    """Tell whether a stated result reads the latest result of a code."""
    if isinstance(result, StateResult):
        return False
    return any(("last", code) in expression.calls for _, expression, _ in result.expressions())
