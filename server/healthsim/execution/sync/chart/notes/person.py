"""Who a note is about, in which encounter, and what was known of the person before."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from healthsim.dates import whole_months
from healthsim.execution.sync.chart.notes.kinds import Notes, ends_a_stay
from healthsim.execution.sync.chart.notes.phrases import Strings, glued, said
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import (
    Places,
    clock,
    dates,
    either,
    flags,
    nothing,
    numbers,
    only,
    recoded,
    taken,
    words,
)
from healthsim.execution.sync.chart.notes.vocabulary import (
    as_it_is,
    diagnosis,
    lowered,
    nameless,
    said_as,
)
from healthsim.execution.sync.visits.visits import DAY
from healthsim.tables import NO_NUMBER, Coded

_GROWN = 18 * 12  # months
_NEWBORN = "4"  # type of admission, by which a source has another meaning
_NOUNS = ("boy", "girl", "child", "man", "woman", "person")


def patient(scene: Scene, notes: Notes) -> Strings:
    """Say who it is: name, age on the day that the note is of, sex, birthday, number."""
    born = scene.whole("patients", "birth_date")[notes.person]
    return said(
        "patient",
        given=taken(scene.text("patients", "given_name"), notes.person),
        family=taken(scene.text("patients", "family_name"), notes.person),
        age=age_and_sex(scene, notes, born),
        born=dates(born),
        mrn=taken(scene.text("patients", "mrn"), notes.person),
    )


def age_and_sex(scene: Scene, notes: Notes, born: NDArray[np.int64]) -> Strings:
    """Say age and sex: a 74-year-old woman; below two years in months, below two months in days.

    The age is that of the first day of an encounter, in a summary of a stay that of its last day.
    """
    today = np.where(ends_a_stay(notes), notes.end // DAY, notes.first_day)
    months = whole_months(born.astype(np.int32), today.astype(np.int32))
    days = np.maximum(today - born, 0)
    number = np.select([months >= 24, months >= 2], [months // 12, months], days)
    unit = np.select([months >= 24, months >= 2], [0, 1], 2)
    gender = scene.coded("patients", "gender").take(notes.person)
    sex = np.where(gender.equals("M"), 0, np.where(gender.equals("F"), 1, 2))
    noun = sex + np.where(months >= _GROWN, 3, 0)
    return taken(_ages(), (np.clip(number, 0, 129) * 3 + unit) * len(_NOUNS) + noun)


@cache
def _ages() -> Strings:
    return pa.array([f"{number}-{unit}-old {noun}" if number else f"newborn {noun}"
                     for number in range(130) for unit in ("year", "month", "day")
                     for noun in _NOUNS])  # fmt: skip


def clinician(scene: Scene, notes: Notes) -> Strings:
    """Say who wrote it: who treated, of an operation who operated; name and specialty."""
    return either(surgeon(scene, notes), taken(scene.once(_clinicians), notes.encounter))


def surgeon(scene: Scene, notes: Notes) -> Strings:
    """Say who operated; null of notes that are of no operation."""
    if not (notes.procedure >= 0).any():
        return nothing(len(notes))
    return taken(scene.once(_surgeons), notes.procedure)


def _clinicians(scene: Scene) -> Strings:
    return _named(scene, scene.whole("encounters", "attending_npi"))


def _surgeons(scene: Scene) -> Strings:
    return _named(scene, scene.whole("procedures", "performer_npi"))


def _named(scene: Scene, npi: NDArray[np.int64]) -> Strings:
    rows = scene.ctx.directory.row_of(npi)
    providers = scene.ctx.directory.providers
    return said(
        "clinician",
        given=words(providers.given_name.take(rows)),
        family=words(providers.family_name.take(rows)),
        specialty=words(providers.specialty.take(rows)),
    )


def facility(scene: Scene, notes: Notes) -> Strings:
    """Say in which facility; null where in none."""
    return taken(scene.once(_facilities), notes.encounter)


def _facilities(scene: Scene) -> Strings:
    rows = scene.whole("encounters", "facility_id")
    here = rows != NO_NUMBER
    names = words(scene.ctx.directory.facilities.name.take(np.where(here, rows, 0)))
    return only(names, here)


def visit_class(scene: Scene, encounters: Places) -> Strings:
    """Return the classes of encounters in words."""
    return taken(scene.once(_classes), encounters)


def _classes(scene: Scene) -> Strings:
    return said_as("class", scene.coded("encounters", "encounter_class"), as_it_is)


def visit_setting(scene: Scene, notes: Notes) -> Strings:
    """Say the class of a visit, its day and hours, where it was and who treated."""
    return said(
        "visit",
        what=visit_class(scene, notes.encounter),
        start=clock(notes.start),
        date=dates(notes.first_day),
        until=clock(notes.end),
        facility=facility(scene, notes),
        clinician=clinician(scene, notes),
    )


def admission_setting(scene: Scene, notes: Notes) -> Strings:
    """Say when, from where and to whom somebody was admitted."""
    return said(
        "admitted",
        start=clock(notes.start),
        date=dates(notes.first_day),
        facility=facility(scene, notes),
        source=_source(scene, notes),
        clinician=clinician(scene, notes),
    )


def _source(scene: Scene, notes: Notes) -> Strings:
    """Say from where: the emergency department where there was a visit to it, else the source."""
    through = scene.once(came_through)[notes.encounter] >= 0
    source = scene.coded("encounters", "admit_source")
    born = scene.coded("encounters", "admit_type").equals(_NEWBORN)[notes.encounter]
    usual, of_newborns = (
        taken(said_as(kind, source, nameless), notes.encounter)
        for kind in ("source", "source of newborns")
    )
    others = either(only(of_newborns, born), only(usual, ~born))
    return either(only("from the emergency department", through), others)


def came_through(scene: Scene) -> Places:
    """Return for each encounter the emergency visit that led to it; -1 where none did."""
    parent = scene.visit_at(scene.whole("encounters", "parent_encounter_id"))
    led = np.full(scene.visits, -1, dtype=np.int64)
    led[parent[parent >= 0]] = np.flatnonzero(parent >= 0)
    return led


def stay_setting(scene: Scene, notes: Notes) -> Strings:
    """Say from when to when a stay was, and where."""
    nights = scene.whole("encounters", "los_days")[notes.encounter]
    died = scene.coded("encounters", "disposition").take(notes.encounter).equals("20")
    return said(
        "stay",
        admitted=dates(notes.first_day),
        ended=recoded_flag(died, "died", "discharged"),
        discharged=dates(notes.end // DAY),
        nights=counted(nights, "night"),
        facility=facility(scene, notes),
        clinician=clinician(scene, notes),
    )


def recoded_flag(flag: NDArray[np.bool_], yes: str, no: str) -> Strings:
    """Return one of two texts for each row."""
    return taken(pa.array([no, yes]), flag.astype(np.int64))


def counted(count: NDArray[np.int64], thing: str) -> Strings:
    """Return how many of a thing there are, in words such as 1 night or 3 nights."""
    said_ = glued(numbers(count), f" {thing}")
    plural = glued(said_, "s")
    return pc.if_else(flags(count == 1), said_, plural)


def reason(scene: Scene, notes: Notes) -> Strings:
    """Say why, in the words of the encounter; else the text of its first diagnosis."""
    return taken(scene.once(_reasons), notes.encounter)


def _reasons(scene: Scene) -> Strings:
    stated = said("reason", reason=ended(scene.coded("encounters", "reason")))
    first = said("reason", reason=diagnosis(scene.coded("encounters", "reason_code")))
    return either(stated, first)


def ended(column: Coded, form: Callable[[str], str] = str) -> Strings:
    """Return words, in a form, without the full stop that a sentence puts after them."""
    texts = [form(word.strip().rstrip(".")) or None for word in column.vocabulary]
    return recoded(column, texts)


def interval(scene: Scene, notes: Notes) -> Strings:
    """Say the encounter before: a visit with its day, a stay from when to when."""
    before = scene.once(_before)[notes.encounter]
    return taken(scene.once(_seen), before)


def _seen(scene: Scene) -> Strings:
    """Return what each encounter is called in the note of a later one."""
    start, end = scene.days("encounters", "start_at"), scene.days("encounters", "end_at")
    why = ended(scene.coded("encounters", "reason"), lowered)
    kind = scene.once(_classes)
    stay = said("last_stay", what=kind, start=dates(start), until=dates(end), reason=why)
    seen = said("last_seen", what=kind, date=dates(start), reason=why)
    return pc.if_else(flags(start != end), stay, seen)


def _before(scene: Scene) -> Places:
    """Return for each encounter the one before it; not the emergency visit that led to it."""
    person = scene.person("encounters")
    start, end = scene.whole("encounters", "start_at"), scene.whole("encounters", "end_at")
    order = np.lexsort((end, start, person))
    before = np.full(scene.visits, -1, dtype=np.int64)
    same = person[order][1:] == person[order][:-1]
    before[order[1:][same]] = order[:-1][same]
    led = scene.once(came_through)
    through = (led >= 0) & (led == before)
    before[through] = before[led[through]]
    late = (before >= 0) & (end[before] > start)
    before[late] = -1
    return before
