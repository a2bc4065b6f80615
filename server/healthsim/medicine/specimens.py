"""What a test is taken from: the kind of specimen and tube of a result, by its LOINC code.

The rules are rows of ``data/specimens.csv``: by code, else by a phrase of LOINC's name, of which
the longest applies; of pathology by the group of its study (`medicine/studies.py`).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.codes.loinc import observation
from healthsim.medicine.datafiles import rows

_FILE = "specimens.csv"


class ResultKind(NamedTuple):
    """How a result comes about.

    Attributes:
        study: laboratory, ekg, echo, spirometry or dxa; ``""`` for a questionnaire or a vital
            sign, which nobody reports.
        type: of the specimen, HL7 table 0487; ``""`` where there is none.
        additive: of its tube, HL7 table 0371; ``""`` where there is no specimen.
    """

    study: str
    type: str
    additive: str


_NOT_REPORTED = ResultKind("", "", "")


@cache
def _rules() -> dict[str, dict[str, ResultKind]]:
    """Return the rules by code, by phrase, the longest phrase first, and by study."""
    by: dict[str, dict[str, ResultKind]] = {"code": {}, "phrase": {}, "study": {}}
    for row in sorted(rows(_FILE), key=lambda row: -len(row["match"])):
        by[row["by"]][row["match"]] = ResultKind(row["study"], row["type"], row["additive"])
    return by


def result_kind(code: str) -> ResultKind:
    """Return how a result comes about.

    Args:
        code: LOINC.

    >>> result_kind("2345-7")
    ResultKind(study='laboratory', type='SER', additive='SST')
    >>> result_kind("44261-6").study
    ''
    """
    by, name = _rules(), observation(code).display
    found = by["code"].get(code)
    if found is None:
        found = next((kind for phrase, kind in by["phrase"].items() if phrase in name), None)
    return found or _NOT_REPORTED


def tissue_kind(group: str) -> ResultKind:
    """Return what a study of tissue examines; without a type where it examines none.

    Args:
        group: of the study.

    >>> tissue_kind("tissue").additive
    'F10'
    """
    return _rules()["study"].get(group, _NOT_REPORTED)
