"""What was done and decided in an encounter: diagnoses, procedures, the plan, the way out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from healthsim.execution.sync.chart.notes import drugs, findings
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.phrases import Strings, said
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import (
    Places,
    dates,
    either,
    listed,
    nothing,
    numbers,
    only,
    words,
)
from healthsim.execution.sync.chart.notes.vocabulary import diagnosis, nameless, said_as


def assessment(scene: Scene, notes: Notes) -> Strings:
    """List the diagnoses of the encounter in their order."""
    place, row = scene.by_encounter("encounter_diagnoses", "sequence").each(notes.encounter)
    return listed(place, len(notes), scene.once(_diagnoses).take(pa.array(row)))


def _diagnoses(scene: Scene) -> Strings:
    table = "encounter_diagnoses"
    code, poa = scene.coded(table, "code"), scene.coded(table, "poa")
    return said(
        "diagnosis",
        number=numbers(scene.column(table, "sequence")),
        text=diagnosis(code),
        code=words(code),
        when=only("arose during the stay", poa.equals("N")),
    )


def procedures(scene: Scene, notes: Notes) -> Strings:
    """List what was done in the encounter up to the note."""
    if not scene.has("procedures"):
        return nothing(len(notes))
    place, row = scene.by_encounter("procedures", "performed_date").each(notes.encounter)
    done = scene.whole("procedures", "performed_date")[row] <= notes.day[place]
    return listed(place[done], len(notes), scene.once(_procedures).take(pa.array(row[done])))


def _procedures(scene: Scene) -> Strings:
    table = "procedures"
    text = either(words(scene.column(table, "display")), words(scene.column(table, "system")))
    return said(
        "procedure",
        text=text,
        code=words(scene.column(table, "code")),
        date=dates(scene.whole(table, "performed_date")),
    )


def plan(scene: Scene, notes: Notes) -> Strings:
    """List what is prescribed, stopped, given, begun and asked for; null where nothing is."""
    parts = [drugs.prescribed, drugs.stopped, vaccines, findings.pending, referrals, care_plans]
    found = [part(scene, notes) for part in parts]
    place = np.concatenate([one for one, _ in found])
    lines = pa.concat_arrays([one for _, one in found])
    order = np.argsort(place, kind="stable")
    return listed(place[order], len(notes), lines.take(pa.array(order)))


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
    return place, scene.once(lines).take(pa.array(row))


def disposition(scene: Scene, notes: Notes) -> Strings:
    """Say where the person went."""
    ways = scene.coded("encounters", "disposition")
    return said_as("disposition", ways, nameless).take(pa.array(notes.encounter))
