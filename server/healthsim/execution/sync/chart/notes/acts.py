"""What was done and decided in an encounter: diagnoses, procedures, the plan, the way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.notes import awaited, changes, drugs, given, history
from healthsim.execution.sync.chart.notes.admission import (
    begins,
    codes_at_admission,
    known_at_admission,
)
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.phrases import Strings, glued, said
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.surgery import said_again
from healthsim.execution.sync.chart.notes.texts import (
    Places,
    capital,
    dates,
    either,
    listed,
    nothing,
    numbered,
    numbers,
    only,
    taken,
    words,
)
from healthsim.execution.sync.chart.notes.vocabulary import diagnosis, nameless, said_as
from healthsim.tables import Coded

Part: TypeAlias = Callable[[Scene, Notes], tuple[Places, Strings]]
"""Returns (note, line) of one part of a plan."""


def assessment(scene: Scene, notes: Notes) -> Strings:
    """List the diagnoses of the encounter in their order; as a stay begins those known then."""
    place, row = scene.by_encounter("encounter_diagnoses", "sequence").each(notes.encounter)
    known = ~begins(notes)[place] | scene.once(known_at_admission)[row]
    place, row = place[known], row[known]
    number = numbers(numbered(place, len(notes)))
    text, early = (taken(scene.once(lines), row) for lines in (_diagnoses, _diagnoses_at_first))
    text = pc.if_else(pa.array(begins(notes)[place]), early, text)
    return listed(place, len(notes), glued(number, ". ", text))


def _diagnoses(scene: Scene) -> Strings:
    return _as_diagnosed(scene, scene.coded("encounter_diagnoses", "code"))


def _diagnoses_at_first(scene: Scene) -> Strings:
    """Return the diagnoses as they were as the encounter began: by no organism that grew later."""
    return _as_diagnosed(scene, scene.once(codes_at_admission))


def _as_diagnosed(scene: Scene, code: Coded) -> Strings:
    poa = scene.coded("encounter_diagnoses", "poa")
    return said(
        "diagnosis",
        text=diagnosis(code),
        code=words(code),
        when=only("arose during the stay", poa.equals("N")),
    )


def procedures(scene: Scene, notes: Notes) -> Strings:
    """List what was done in the encounter up to the note, an operation once."""
    if not scene.has("procedures"):
        return nothing(len(notes))
    place, row = scene.by_encounter("procedures", "performed_date").each(notes.encounter)
    done = scene.whole("procedures", "performed_date")[row] <= notes.day[place]
    done &= ~scene.once(said_again)[row]
    return listed(place[done], len(notes), taken(scene.once(procedure_lines), row[done]))


def procedure_lines(scene: Scene) -> Strings:
    """Return the line of each procedure, with its day."""
    day = dates(scene.whole("procedures", "performed_date"))
    return said("procedure", procedure=scene.once(procedure_texts), date=day)


def procedure_texts(scene: Scene) -> Strings:
    """Return each procedure in words, with its code."""
    return said("coded", text=scene.once(procedure_names), code=scene.text("procedures", "code"))


def procedure_names(scene: Scene) -> Strings:
    """Return each procedure in words: its own, or those of its system."""
    stated, system = (scene.text("procedures", name) for name in ("display", "system"))
    return either(stated, system)


def plan(scene: Scene, notes: Notes) -> Strings:
    """List what is prescribed, stopped, given, begun and asked for; null where nothing is."""
    parts = [changes.prescribed, drugs.stopped, vaccines, vaccines_not_given, awaited.pending,
             history.screened, orders, referrals, care_plans, goals]  # fmt: skip
    return _told(scene, notes, parts)


def admission_plan(scene: Scene, notes: Notes) -> Strings:
    """List where the stay is, what it gives, holds and asks for as it begins, and what pends."""
    parts = [care_unit, given.ordered, given.withheld, awaited.pending, orders]
    return _told(scene, notes, parts)


def care_unit(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of the unit in which a stay begins."""
    table = "encounter_locations"
    if not scene.has(table):
        return np.zeros(0, dtype=np.int64), nothing(0)
    place, row = scene.by_encounter(table, "sequence").each(notes.encounter)
    first = scene.whole(table, "sequence")[row] == 1
    return place[first], taken(scene.once(_units), row[first])


def _units(scene: Scene) -> Strings:
    unit = scene.coded("encounter_locations", "unit")
    return said("care_in", care=said_as("care", unit, "Care in {}".format))


def _told(scene: Scene, notes: Notes, parts: Sequence[Part]) -> Strings:
    found = [part(scene, notes) for part in parts]
    place = np.concatenate([one for one, _ in found])
    lines = pa.concat_arrays([one for _, one in found])
    order = np.argsort(place, kind="stable")
    return listed(place[order], len(notes), taken(lines, order))


def vaccines(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of the vaccines given."""
    return _of_encounter(scene, notes, "immunizations", "given_date", _vaccines)


def _vaccines(scene: Scene) -> Strings:
    table = "immunizations"
    name = either(words(scene.column(table, "display")), words(scene.column(table, "cvx")))
    return said(
        "vaccine",
        vaccine=name,
        dose=numbers(scene.column(table, "dose")),
        site=said_as("site", scene.coded(table, "site"), nameless),
        lot=words(scene.column(table, "lot")),
    )


def vaccines_not_given(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of the vaccines that were due and not given."""
    table = "immunizations_not_given"
    return _of_encounter(scene, notes, table, "occurrence_date", _not_given)


def _not_given(scene: Scene) -> Strings:
    table = "immunizations_not_given"
    why = said_as("not_given", scene.coded(table, "reason_code"), str.lower)
    return said("vaccine_not_given", vaccine=scene.text(table, "display"), reason=why)


def orders(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of the tests and studies that are ordered and not done yet."""
    table = "service_requests"
    if not scene.has(table):
        return np.zeros(0, dtype=np.int64), nothing(0)
    place, row = scene.by_encounter(table, "ordered_at").each(notes.encounter)
    done = scene.whole(table, "occurrence_date")[row]
    due = scene.whole(table, "ordered_at")[row] <= notes.authored[place]
    due &= ((done == NO_DAY) | (done > notes.day[place])) & ~scene.once(_is_referral)[row]
    return place[due], taken(scene.once(_orders), row[due])


def _is_referral(scene: Scene) -> NDArray[np.bool_]:
    return scene.coded("service_requests", "kind").equals("referral")


def _orders(scene: Scene) -> Strings:
    table = "service_requests"
    priority = scene.coded(table, "priority")
    urgent = only(words(priority), ~priority.equals("routine"))
    return said("order", what=capital(scene.text(table, "display")), priority=urgent)


def goals(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of the goals that are set."""
    return _of_encounter(scene, notes, "goals", "start_date", _goals)


def _goals(scene: Scene) -> Strings:
    goal = scene.text("goals", "description")
    return said("goal", goal=goal, due=dates(scene.whole("goals", "due_date")))


def referrals(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of the referrals."""
    return _of_encounter(scene, notes, "referrals", "referred_date", _referrals)


def _referrals(scene: Scene) -> Strings:
    return said(
        "referral",
        specialty=scene.text("referrals", "specialty"),
        reason=scene.text("referrals", "reason"),
    )


def care_plans(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of the plans of care that begin."""
    return _of_encounter(scene, notes, "care_plans", "start_date", _care_plans)


def _care_plans(scene: Scene) -> Strings:
    return said("care_plan", plan=scene.text("care_plans", "display"))


def _of_encounter(
    scene: Scene, notes: Notes, table: str, day: str, lines: Callable[[Scene], Strings]
) -> tuple[Places, Strings]:
    """Return (note, line) of a table's rows of the encounter."""
    if not scene.has(table):
        return np.zeros(0, dtype=np.int64), nothing(0)
    place, row = scene.by_encounter(table, day).each(notes.encounter)
    return place, taken(scene.once(lines), row)


def disposition(scene: Scene, notes: Notes) -> Strings:
    """Say where the person went."""
    ways = scene.coded("encounters", "disposition")
    return taken(said_as("disposition", ways, nameless), notes.encounter)


def death(scene: Scene, notes: Notes) -> Strings:
    """Say that somebody died in a visit; null for the others."""
    return only("Died during the visit.", drugs.died(scene, notes))
