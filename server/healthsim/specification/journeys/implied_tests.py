"""The tests that a visit brings with it: of a diagnosis that they show, of a study that measures.

Like other implied steps they are laid out as those of a document, and their ids have a tilde. A
test of a kind has the same id in every visit, so that one that was just done in emergency is not
done again in the stay that follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from healthsim.codes.loinc import panel
from healthsim.codes.procedures import procedure_system
from healthsim.medicine.confirming import ACUTE, LATER, ConfirmingTest, confirming_tests
from healthsim.medicine.studies import measured_by
from healthsim.specification.journeys.details import Billed, CodedDiagnosis
from healthsim.specification.journeys.events import Diagnosis, Encounter, Lab, Procedure
from healthsim.specification.journeys.step import EventHead, StepHead
from healthsim.specification.journeys.timing import At
from healthsim.specification.language.expressions import LONGEST

LATER_TEST = "~later_"
"""Beginning of the ids of visits for tests days later; they are made within the journey only."""
_CLASSES = frozenset({"emergency", "inpatient", "observation"})
_SAME = 1  # days within which a test of an emergency visit is that of the stay after it


class ImpliedTest(NamedTuple):
    """A test that a visit brings with it.

    Attributes:
        below: the id of the diagnosis in the visit that asks for it; ``""`` where the visit lists
            the code.
        step: the step that does it.
        around: the id of the visit in which a procedure or diagnosis asks for it, if any.
        later: whether it is some days later, in a visit of its own.
    """

    below: str
    step: EventHead
    around: tuple[str, ...] = ()
    later: bool = False


class _Asked(NamedTuple):
    """A test that somebody in a visit needs: by which diagnosis, when, and for whom."""

    test: ConfirmingTest
    below: str
    at: At
    when: str


def tested_in_emergency(steps: Iterable[StepHead]) -> Mapping[str, tuple[str, ...]]:
    """Return the steps of a document that test in emergency visits: ids by LOINC or CPT code."""
    found: dict[str, tuple[str, ...]] = {}
    for visit in steps:
        if isinstance(visit, Encounter) and visit.details.encounter_class == "emergency":
            for code, name in _done(visit):
                found[code] = (*found.get(code, ()), name)
    return found


def implied_tests(visit: Encounter, before: Mapping[str, tuple[str, ...]]) -> Iterator[ImpliedTest]:
    """Yield the tests that a visit's diagnoses ask for and that it does not state.

    Args:
        visit: an encounter; only emergency visits, observations and stays test by themselves.
        before: the emergency visits' tests, as `tested_in_emergency` returns them.
    """
    if visit.details.encounter_class not in _CLASSES:
        return
    always = {code for code, name in _done(visit) if name == visit.id}
    always |= {code for one in visit.with_ if _for_all(one) for code in _codes(one)}
    stated = [(code, name) for code, name in _done(visit) if code not in always]
    for asked in _asked(visit):
        if not always.intersection(asked.test.codes):
            names = [name for code, name in stated if code in asked.test.codes]
            names += [name for code in asked.test.codes for name in before.get(code, ())]
            yield ImpliedTest(asked.below, _step(asked, names))


def implied_results(step: EventHead, around: StepHead | None) -> Iterator[ImpliedTest]:
    """Yield what a procedure, or those that a visit lists, always measure and nobody states.

    Args:
        step: a procedure, or a visit.
        around: the visit that it is in; None outside of one.
    """
    visit = step if isinstance(step, Encounter) else around
    stated = {code for one in (visit.with_ if isinstance(visit, Encounter) else ())
              for code in _codes(one) if isinstance(one, Lab) and _for_all(one)}  # fmt: skip
    done = _codes(step) if isinstance(step, Procedure) else ()
    if isinstance(step, Encounter):
        done = tuple(code for code, name in _done(step) if name == step.id)
    measured = (loinc for code in done for loinc in measured_by(procedure_system(code) or "", code))
    outer = () if around is None else (around.id,)
    for loinc in dict.fromkeys(measured):
        if loinc not in stated:
            yield ImpliedTest("", _measuring(loinc), outer)


def _measuring(loinc: str) -> EventHead:
    made = Lab.model_validate(_written("lab", {"loinc": loinc}, ""))
    return made.model_copy(update={"id": f"~{loinc}"})


def implied_later(step: Diagnosis, around: StepHead | None) -> Iterator[ImpliedTest]:
    """Yield the visits, some days after a diagnosis, for a test that shows what became of it.

    Args:
        step: the diagnosis.
        around: the visit that makes it; None outside of one.
    """
    outer = () if around is None else (around.id,)
    for test in confirming_tests(step.details.code):
        if test.visits == LATER:
            yield ImpliedTest("", _later(test, step.details.code), outer, later=True)


def _later(test: ConfirmingTest, diagnosis: str) -> EventHead:
    """Return the office visit of a later test, coded by whether the diagnosis is there by then."""
    kind, _, code = test.given.partition(":")
    fewest, most = test.days
    day = {"type": "uniform", "low": fewest, "high": most, "decimals": 0}
    coded = [{"code": diagnosis, "when": f"has({diagnosis!r})"},
             {"code": test.over, "when": f"not has({diagnosis!r})"}]  # fmt: skip
    details = {"encounter_class": "office", "reason": test.reason, "diagnoses": coded}
    visit = Encounter.model_validate({**_written("encounter", details, ""), "at": {"day": day}})
    lab = Lab.model_validate(_written("lab", {kind: code}, ""))
    inside = (lab.model_copy(update={"id": f"~{test.words.replace(' ', '_')}"}),)
    return visit.model_copy(update={"id": f"{LATER_TEST}{test.words}", "with_": inside})


def _asked(visit: Encounter) -> Iterator[_Asked]:
    """Yield each test once for what the visit lists, and once for each diagnosis made in it."""
    listed: dict[ConfirmingTest, list[str]] = {}
    for one in visit.details.diagnoses:
        code = one.code if isinstance(one, CodedDiagnosis) else one
        when = one.when.text if isinstance(one, CodedDiagnosis) and one.when else ""
        for test in _by_itself(code):
            listed.setdefault(test, []).append(when)
    for test, whens in listed.items():
        anybody = "" if "" in whens else " or ".join(f"({when})" for when in whens)
        yield _Asked(test, "", At(), anybody)
    for step in visit.with_:
        if isinstance(step, Diagnosis):
            for test in _by_itself(step.details.code):
                yield _Asked(test, step.id, step.at, f"within({step.id!r}, 0)")


def _by_itself(code: str) -> Iterator[ConfirmingTest]:
    return (test for test in confirming_tests(code) if test.visits == ACUTE)


def _step(asked: _Asked, others: Sequence[str]) -> EventHead:
    """Return the step that tests, unless one of `others` or one of its own did so just now."""
    kind, _, code = asked.test.given.partition(":")
    name = f"~{asked.test.words.replace(' ', '_')}"
    when = f"({asked.when})" if asked.when else ""
    for other in dict.fromkeys((name, *others)):
        more = f"not within({other!r}, {_SAME})"
        joined = f"{when} and {more}" if when else more
        when = joined if len(joined) <= LONGEST else when
    details: dict[str, Any] = {kind: code}
    if kind == "procedure":
        made: EventHead = Procedure.model_validate(_written("procedure", {"code": code}, when))
    else:
        if asked.test.procedure:
            details["procedure"] = asked.test.procedure
        if asked.test.result:
            details["result"] = dict(asked.test.result)
        made = Lab.model_validate(_written("lab", details, when))
    return made.model_copy(update={"id": name, "at": asked.at})


def _written(kind: str, details: dict[str, Any], when: str) -> dict[str, Any]:
    head = {"do": "event", "type": kind, "id": "implied", "details": details}
    return {**head, "when": when} if when else head


def _done(visit: Encounter) -> Iterator[tuple[str, str]]:
    """Yield (LOINC or CPT code, id of the step) of what a visit measures and does."""
    for one in visit.details.procedures or ():
        yield one.code if isinstance(one, Billed) else one, visit.id
    for step in visit.with_:
        for code in _codes(step):
            yield code, step.id


def _for_all(step: StepHead) -> bool:
    """Tell whether a step happens to everybody in its visit."""
    return step.when is None and step.chance is None and step.hazard is None


def _codes(step: StepHead) -> tuple[str, ...]:
    """Return what a step measures or does: LOINC codes of a lab, the code of a procedure."""
    if isinstance(step, Procedure):
        return (step.details.code,)
    if isinstance(step, Lab):
        if step.details.panel is not None:
            return panel(step.details.panel)
        return (step.details.loinc,) if step.details.loinc else ()
    return ()
