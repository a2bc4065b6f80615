"""Which procedures are operations, by the codes of surgeons and of hospitals."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import BITS
from healthsim.codes.procedures import procedure_system
from healthsim.execution.sync.chart.notes.scene import Groups, Scene
from healthsim.execution.sync.chart.notes.texts import Places, words
from healthsim.medicine.studies import study_of

_SURGICAL = "01"  # sections of ICD-10-PCS: medical and surgical, obstetrics
_APPROACH, _OPENED = 4, "04F"  # open, percutaneous endoscopic, natural opening with assistance
_DAYS = 2**32  # more than there are between any two days
_ANESTHESIA = range(100, 2000)  # CPT 00100 to 01999


@cache
def _ranges() -> tuple[tuple[int, int, bool], ...]:
    path = Path(__file__).parent / "data" / "operations.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple((int(row["first"]), int(row["last"]), row["operation"] == "yes")
                     for row in csv.DictReader(file))  # fmt: skip


def is_operation(code: str) -> bool:
    """Tell whether a code of a procedure is that of an operation; the last range that fits rules.

    >>> is_operation("27447"), is_operation("20610"), is_operation("0SRC0J9")
    (True, False, False)
    """
    if not (len(code) == 5 and code.isdecimal()):
        return False
    found = [operation for first, last, operation in _ranges() if first <= int(code) <= last]
    return bool(found) and found[-1]


def is_anesthesia(code: str) -> bool:
    """Tell whether a code is of anesthesia.

    >>> is_anesthesia("01402"), is_anesthesia("27447")
    (True, False)
    """
    return len(code) == 5 and code.isdecimal() and int(code) in _ANESTHESIA


def is_operation_of_a_hospital(code: str) -> bool:
    """Tell whether an ICD-10-PCS code is an operation: surgery or a birth, opened or by endoscope.

    >>> [is_operation_of_a_hospital(code) for code in ("0SRC0J9", "10D00Z1", "10E0XZZ", "02HV33Z")]
    [True, True, False, False]
    """
    surgical = procedure_system(code) == "ICD-10-PCS" and code[0] in _SURGICAL
    return surgical and code[_APPROACH] in _OPENED


def operations(scene: Scene) -> NDArray[np.bool_]:
    """Tell which procedures are operations in an encounter that have a note.

    They are those of surgeons, the first of each surgeon in an encounter and on a day; on a day
    without, the first that the hospital lists. The note is of all that it stands for.
    """
    surgeons, hospitals = scene.once(by_surgeon), np.flatnonzero(scene.once(by_hospital))
    own = scene.once(days_of_encounters)
    alone = hospitals[~np.isin(own[hospitals], own[scene.once(_without_report)])]
    alone = alone[np.argsort(_listed_at(scene, alone), kind="stable")]
    noted = surgeons & first_of_note(scene)
    noted[alone[np.unique(own[alone], return_index=True)[1]]] = True
    return noted & (scene.encounter("procedures") >= 0)


def first_of_note(scene: Scene) -> NDArray[np.bool_]:
    """Tell which procedures are listed first of their surgeon or hospital, encounter and day."""
    order = scene.once(_in_listed_order)
    own = scene.once(owners)[order]
    first = np.zeros(len(own), dtype=np.bool_)
    first[order[np.unique(own, return_index=True)[1]]] = True
    return first


def of_one_note(scene: Scene) -> Groups:
    """Return the operations of each owner of `owners`, as they are listed."""
    own = scene.once(owners)
    listed = np.argsort(scene.once(_in_listed_order))
    return Groups.of(own, int(own.max(initial=-1)) + 1, listed)


def owners(scene: Scene) -> Places:
    """Return a number of the encounter, day and surgeon of each operation; -1 of no operation.

    A hospital's codes of an encounter and day have one number, whoever is said to have operated.
    """
    surgeons, hospitals = scene.once(by_surgeon), scene.once(by_hospital)
    who = np.where(surgeons, scene.whole("procedures", "performer_npi"), -1)
    keys = np.stack([scene.once(days_of_encounters), who])
    number = np.unique(keys, axis=1, return_inverse=True)[1].reshape(-1)
    return np.where(surgeons | hospitals, number, -1)


def _in_listed_order(scene: Scene) -> Places:
    """Return all procedures in the order in which their encounters list them."""
    every = np.arange(len(scene.whole("procedures", "procedure_id")))
    return np.argsort(_listed_at(scene, every), kind="stable")


def _listed_at(scene: Scene, rows: Places) -> Places:
    """Return where the encounters of procedures list them, from 0."""
    number = scene.whole("procedures", "procedure_id")[rows] & (2**BITS - 1)
    every, which = np.unique(number, return_inverse=True)
    found = (scene.ctx.numbering.address("procedures", one) or "" for one in every.tolist())
    last = [one.rpartition("/")[2] for one in found]
    return np.array([int(one) if one.isdecimal() else 0 for one in last], dtype=np.int64)[which]


def days_of_encounters(scene: Scene) -> Places:
    """Return a number of each procedure's encounter and day."""
    day = scene.whole("procedures", "performed_date")
    return scene.encounter("procedures") * _DAYS + day + _DAYS // 2


def said_again(scene: Scene) -> NDArray[np.bool_]:
    """Tell which procedures another code of the same operation says, of that encounter and day.

    It is the hospital's, or the surgeon's where that has no words.
    """
    surgeons, hospitals = scene.once(_without_report), scene.once(by_hospital)
    own = scene.once(days_of_encounters)
    wordless = surgeons & scene.text("procedures", "display").is_null().to_numpy(False)
    told = np.isin(own, own[surgeons]) & ~np.isin(own, own[wordless])
    again: NDArray[np.bool_] = (hospitals & told) | (wordless & np.isin(own, own[hospitals]))
    return again


def _without_report(scene: Scene) -> NDArray[np.bool_]:
    """Tell which operations of surgeons are no studies: a scope has a report of its own."""
    return _coded(scene, lambda code: is_operation(code) and not study_of("CPT", code).loinc)


def by_surgeon(scene: Scene) -> NDArray[np.bool_]:
    """Tell which procedures are operations by the code of a surgeon."""
    return _coded(scene, is_operation)


def by_anesthetist(scene: Scene) -> NDArray[np.bool_]:
    """Tell which procedures are anesthesia."""
    return _coded(scene, is_anesthesia)


def _coded(scene: Scene, wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
    code = words(scene.column("procedures", "code")).dictionary_encode()
    truth = np.array([wanted(one) for one in code.dictionary.to_pylist()], dtype=np.bool_)
    found: NDArray[np.bool_] = truth[code.indices.to_numpy()]
    return found


def by_hospital(scene: Scene) -> NDArray[np.bool_]:
    """Tell which procedures are operations by the code of a hospital."""
    return _coded(scene, is_operation_of_a_hospital)
