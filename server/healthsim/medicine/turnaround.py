"""How long a result takes from its specimen, by kind of test and by where it is taken.

The figures are rows of ``data/turnaround.csv`` and ``data/turnaround_kinds.csv``; results that
take another time than their test are rows of ``data/turnaround_results.csv``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from healthsim.codes.loinc import observation
from healthsim.medicine.datafiles import rows
from healthsim.medicine.specimens import result_kind

_TIMES, _KINDS = "turnaround.csv", "turnaround_kinds.csv"
_RESULTS = "turnaround_results.csv"
_USUAL = "chemistry"
_SETTINGS = {"emergency": "emergency", "inpatient": "hospital", "observation": "hospital",
             "outpatient_hospital": "hospital", "asc": "hospital"}  # fmt: skip
_OFFICE, _INFUSION = "office", "infusion"
_INFUSIONS = ("96360", "96365", "9640", "9641", "9642", "J9")
"""Beginnings of the codes of infusions and chemotherapy, before which people are tested."""

_OWN_ANALYZER = ("oncology",)
"""Specialties whose offices count blood themselves: assumption, since treatment waits for it."""


class Turnaround(NamedTuple):
    """Fewest and most minutes from a specimen to its result."""

    least: int
    most: int


def setting_of(encounter_class: str | None, done: Iterable[str] = (), specialty: str = "") -> str:
    """Return where a specimen is taken, in the words of the table.

    Args:
        encounter_class: of the visit; None outside of one.
        done: codes of what is done in the visit.
        specialty: of who treats: oncologists' offices have the analyzer of their infusion center.

    >>> setting_of("office", ["96413"]), setting_of("office"), setting_of("emergency")
    ('infusion', 'office', 'emergency')
    """
    setting = _SETTINGS.get(encounter_class or "", _OFFICE)
    treated = any(code.startswith(_INFUSIONS) for code in done)
    treated |= encounter_class == _OFFICE and specialty in _OWN_ANALYZER
    return _INFUSION if treated and setting != "emergency" else setting


@cache
def kind_of_test(code: str) -> str:
    """Return the kind of a test, in the words of the table.

    >>> kind_of_test("6690-2"), kind_of_test("2823-3"), kind_of_test("8625-6")
    ('count', 'chemistry', 'ekg')
    """
    study, name = result_kind(code).study, observation(code).display
    if study not in ("", "laboratory"):
        return study
    by_code = {row["match"]: row["kind"] for row in rows(_KINDS) if row["by"] == "code"}
    phrases = (
        row["kind"] for row in rows(_KINDS) if row["by"] == "phrase" and row["match"] in name
    )
    return by_code.get(code) or next(phrases, _USUAL)


@cache
def is_there_at_once(code: str) -> bool:
    """Tell whether a result has neither a specimen nor a study, as a questionnaire's total.

    >>> is_there_at_once("44261-6"), is_there_at_once("2823-3"), is_there_at_once("8625-6")
    (True, False, False)
    """
    return not result_kind(code).study


@cache
def turnaround(code: str, setting: str) -> Turnaround:
    """Return how long a result takes, minutes.

    Args:
        code: LOINC.
        setting: as `setting_of` says.

    >>> turnaround("6690-2", "infusion").most < turnaround("6690-2", "office").least
    True

    Raises:
        ValueError: the table has no row of the test's kind and setting, or it ends too soon.
    """
    return _times(kind_of_test(code), setting)


@cache
def slow_results() -> dict[tuple[str, str], Turnaround]:
    """Return how long results take that take longer than others of their test, minutes.

    They are by test (LOINC) and the result's text.

    >>> slow_results()["600-7", "No growth"].least == 5 * 24 * 60
    True

    Raises:
        ValueError: as of `turnaround`.
    """
    return {(row["loinc"], row["result"]): _times(row["kind"], "") for row in rows(_RESULTS)}


def _times(kind: str, setting: str) -> Turnaround:
    row = next((row for row in rows(_TIMES) if row["kind"] == kind
                and row["setting"] in ("", setting)), None)  # fmt: skip
    found = row and Turnaround(int(row["least"]), int(row["most"]))
    if not found or not 1 < found.least < found.most:
        raise ValueError(f"{_TIMES}: {kind}, {setting}: is {found}; write minutes from 2, the "
                         "fewest first")  # fmt: skip
    return found
