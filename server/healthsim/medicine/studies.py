"""Which procedures are ordered, and which are told in a report, by the beginning of their code.

The rules are rows of ``data/studies.csv``; the longest beginning of a code applies. Words of
procedures that a specification does not name are rows of ``data/procedure_words.csv``.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

STUDIES = "studies.csv"
_WORDS = "procedure_words.csv"
RESULTS = "study_results.csv"
_LONGEST = 7


class Study(NamedTuple):
    """How a procedure is ordered and reported.

    Attributes:
        kind: laboratory, imaging or procedure; ``""`` where nobody orders it apart.
        category: of its report, HL7 table 0074; ``""`` where it has none.
        group: whose sentences its conclusion has; ``""`` where it has none.
        side: ``one`` where it shows one side of the body.
        loinc: code of the report.
        display: of the report, or of the order where there is no report.
        hours: from the study to its report, fewest and most, such as ``1-24``.
    """

    kind: str
    category: str
    group: str
    side: str
    loinc: str
    display: str
    hours: str


NOT_ORDERED = Study("", "", "", "", "", "", "")


@cache
def _studies() -> dict[tuple[str, str], Study]:
    return {
        (row["system"], row["prefix"]): Study(*(row[name] for name in Study._fields))
        for row in rows(STUDIES)
    }


def study_of(system: str, code: str) -> Study:
    """Return how a procedure is ordered and reported.

    Args:
        system: CPT, HCPCS or ICD-10-PCS.
        code: of the procedure.

    >>> study_of("CPT", "71046").display
    'XR Chest 2 Views'
    >>> study_of("CPT", "99213").kind
    ''
    """
    known = _studies()
    beginnings = ((system, code[:length]) for length in range(min(len(code), _LONGEST), -1, -1))
    return next((known[one] for one in beginnings if one in known), NOT_ORDERED)


def measured_by(system: str, code: str) -> tuple[str, ...]:
    """Return the results that a study always has, as LOINC codes.

    Args:
        system: CPT, HCPCS or ICD-10-PCS.
        code: of the procedure.

    >>> measured_by("CPT", "93306"), measured_by("CPT", "71046")
    (('10230-1',), ())
    """
    group = study_of(system, code).group
    return tuple(row["loinc"] for row in rows(RESULTS) if row["group"] == group)


@cache
def _words() -> dict[tuple[str, str], str]:
    return {(row["system"], row["code"]): row["display"] for row in rows(_WORDS)}


def procedure_words(system: str, code: str) -> str | None:
    """Return our own short words for a procedure; None where the table has none.

    Args:
        system: CPT, HCPCS or ICD-10-PCS.
        code: of the procedure.

    >>> procedure_words("CPT", "93458"), procedure_words("CPT", "12345")
    ('Coronary angiogram with left heart catheter', None)
    """
    return _words().get((system, code))


def hours_of(study: Study) -> tuple[int, int]:
    """Return the fewest and most hours from a study to its report.

    >>> hours_of(study_of("CPT", "71046"))
    (1, 24)
    """
    fewest, _, most = study.hours.partition("-")
    return int(fewest or 0), int(most or 0)


_KIND_OF = {"laboratory": "laboratory", "dxa": "imaging"}


def study_kind(study: str) -> str:
    """Return the kind of order of a result's study (`medicine/specimens.py`).

    >>> study_kind("ekg")
    'procedure'
    """
    return _KIND_OF.get(study, "procedure")
