"""What is known of a person besides illness: allergies, how the person lives, family, devices."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.notes.drugs import died
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.phrases import Strings, said
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import (
    Places,
    capital,
    dates,
    either,
    listed,
    nothing,
    numbers,
    only,
    recoded,
    taken,
)
from healthsim.execution.sync.chart.notes.vocabulary import (
    as_it_is,
    diagnosis,
    in_a_sentence,
    nameless,
    said_as,
)
from healthsim.execution.sync.visits.visits import DAY

_FOREVER = np.int64(2**40)
_OF_RELATIVES = ("relationship", "code")


def known(
    scene: Scene, notes: Notes, table: str, day: str, *, order: tuple[str, ...] = ()
) -> tuple[Places, Places]:
    """Return (note, row) of a person's rows that were written by the day of the encounter.

    Args:
        scene: the tables.
        notes: whose persons they are of.
        table: its name.
        day: its column of the day on which a row is known.
        order: columns by which the rows of a person are in order; by that day without any.
    """
    place, row = scene.by_person(table, *(order or (day,))).each(notes.person)
    there = scene.whole(table, day)[row] <= notes.day[place]
    return place[there], row[there]


def allergies(scene: Scene, notes: Notes) -> Strings:
    """List allergies and intolerances; none where the chart has none; null without the table."""
    if "allergies" not in scene.tables:
        return nothing(len(notes))
    none = only("No known allergies.", np.ones(len(notes), dtype=np.bool_))
    if not scene.has("allergies"):
        return none
    place, row = known(scene, notes, "allergies", "recorded_date")
    active = scene.coded("allergies", "status").equals("active")[row]
    lines = taken(scene.once(_allergies), row[active])
    return either(listed(place[active], len(notes), lines), none)


def _allergies(scene: Scene) -> Strings:
    kind = scene.coded("allergies", "kind")
    return said(
        "allergy",
        substance=capital(scene.text("allergies", "substance")),
        kind=only("intolerance", kind.equals("intolerance")),
        reaction=said_as("reaction", scene.coded("allergies", "reaction"), str.lower),
        severity=scene.text("allergies", "severity"),
    )


def social_history(scene: Scene, notes: Notes) -> Strings:
    """List the latest answers on smoking, alcohol, work and the like."""
    if not scene.has("observations"):
        return nothing(len(notes))
    table = "observations"
    place, row = known(scene, notes, table, "effective_date", order=("kind", "effective_date"))
    latest = scene.once(_superseded)[row] > notes.day[place]
    place, row = place[latest], row[latest]
    return listed(place, len(notes), taken(scene.once(_social), row))


def social_news(scene: Scene, notes: Notes) -> Strings:
    """List the same, of what was asked since the person's note before."""
    if not scene.has("observations"):
        return nothing(len(notes))
    table = "observations"
    place, row = known(scene, notes, table, "effective_date", order=("kind", "effective_date"))
    asked = scene.whole(table, "effective_date")[row]
    new = (scene.once(_superseded)[row] > notes.day[place]) & (asked > notes.since[place] // DAY)
    return listed(place[new], len(notes), taken(scene.once(_social), row[new]))


def _social(scene: Scene) -> Strings:
    table = "observations"
    what = said_as("observation", scene.coded(table, "kind"), nameless)
    return said("social", what=what, answer=scene.text(table, "value_text"))


def _superseded(scene: Scene) -> NDArray[np.int64]:
    """Return the day of the person's next answer to the same question."""
    table = "observations"
    person, kind = scene.person(table), scene.coded(table, "kind").codes
    day = scene.whole(table, "effective_date")
    order = np.lexsort((day, kind, person))
    until = np.full(len(day), _FOREVER)
    same = (person[order][1:] == person[order][:-1]) & (kind[order][1:] == kind[order][:-1])
    until[order[:-1][same]] = day[order[1:][same]]
    return until


def family_history(scene: Scene, notes: Notes) -> Strings:
    """List the illnesses of relatives, with the age at which they began, as far as known."""
    if not scene.has("family_history"):
        return nothing(len(notes))
    place, row = known(scene, notes, "family_history", "recorded_date", order=_OF_RELATIVES)
    return listed(place, len(notes), taken(scene.once(_relatives), row))


def family_news(scene: Scene, notes: Notes) -> Strings:
    """List the same, of what was told since the person's note before."""
    if not scene.has("family_history"):
        return nothing(len(notes))
    place, row = known(scene, notes, "family_history", "recorded_date", order=_OF_RELATIVES)
    told = scene.whole("family_history", "recorded_date")[row]
    new = told > notes.since[place] // DAY
    return listed(place[new], len(notes), taken(scene.once(_relatives), row[new]))


def _relatives(scene: Scene) -> Strings:
    table = "family_history"
    return said(
        "relative",
        who=capital(said_as("relative", scene.coded(table, "relationship"), as_it_is)),
        illness=diagnosis(scene.coded(table, "code"), in_a_sentence),
        age=numbers(scene.column(table, "onset_age")),
    )


def screenings(scene: Scene, notes: Notes) -> Strings:
    """List the questionnaires that were answered in the encounter, with their totals."""
    if not scene.has("screenings"):
        return nothing(len(notes))
    place, row = scene.by_encounter("screenings", "taken_at", "instrument").each(notes.encounter)
    there = scene.whole("screenings", "taken_at")[row] <= notes.authored[place]
    return listed(place[there], len(notes), taken(scene.once(_screenings), row[there]))


def screened(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of what follows from totals that call for something; not of the dead."""
    if not scene.has("screenings"):
        return np.zeros(0, dtype=np.int64), nothing(0)
    place, row = scene.by_encounter("screenings", "taken_at", "instrument").each(notes.encounter)
    there = scene.whole("screenings", "taken_at")[row] <= notes.authored[place]
    there &= ~died(scene, notes)[place]
    return place[there], taken(scene.once(_plans), row[there])


def _plans(scene: Scene) -> Strings:
    """Return what follows from each screening; null where nothing does."""
    table = "screenings"
    name = scene.coded(table, "instrument")
    score = np.asarray(scene.column(table, "score"), dtype=np.float64)
    known = _plans_of_screenings()
    least = np.array([*(known.get(word, (np.inf, ""))[0] for word in name.vocabulary), np.inf])
    calls = score >= least[name.codes]  # of no total: never
    plan = only(recoded(name, [known.get(word, (0, None))[1] for word in name.vocabulary]), calls)
    return said(
        "screened",
        instrument=scene.text(table, "instrument"),
        score=numbers(score),
        meaning=scene.text(table, "interpretation"),
        plan=plan,
    )


@cache
def _plans_of_screenings() -> dict[str, tuple[float, str]]:
    """Return of each questionnaire the total from which something follows, and what does."""
    path = Path(__file__).parent / "data" / "plans_of_screenings.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["instrument"]: (float(row["from_score"]), row["plan"])
                for row in csv.DictReader(file)}  # fmt: skip


def _screenings(scene: Scene) -> Strings:
    table = "screenings"
    return said(
        "screening",
        instrument=scene.text(table, "instrument"),
        score=numbers(scene.column(table, "score")),
        meaning=scene.text(table, "interpretation"),
    )


def implants(scene: Scene, notes: Notes) -> Strings:
    """List what was there as the encounter began: not what is put in on that day."""
    if not scene.has("devices"):
        return nothing(len(notes))
    table = "devices"
    place, row = scene.by_person(table, "start_date").each(notes.person)
    put, out = scene.whole(table, "implanted_date")[row], scene.whole(table, "removed_date")[row]
    begun = notes.first_day[place]
    there = (put != NO_DAY) & (put < begun) & ((out == NO_DAY) | (out >= begun))
    return listed(place[there], len(notes), taken(scene.once(_devices), row[there]))


def _devices(scene: Scene) -> Strings:
    table = "devices"
    return said(
        "implant",
        what=capital(said_as("device", scene.coded(table, "type"), as_it_is)),
        site=scene.text(table, "body_site"),
        date=dates(scene.whole(table, "implanted_date")),
    )
