"""What a test is taken from: the kind of specimen and tube of a result, by its LOINC code.

The rules are rows of ``data/specimens.csv``: by code, else by a phrase of LOINC's name, of which
the longest applies.
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
def _rules() -> tuple[dict[str, ResultKind], dict[str, ResultKind]]:
    """Return the rules by code and by phrase, the longest phrase first."""
    by: dict[str, dict[str, ResultKind]] = {"code": {}, "phrase": {}}
    for row in sorted(rows(_FILE), key=lambda row: -len(row["match"])):
        by[row["by"]][row["match"]] = ResultKind(row["study"], row["type"], row["additive"])
    return by["code"], by["phrase"]


def result_kind(code: str) -> ResultKind:
    """Return how a result comes about.

    Args:
        code: LOINC.

    >>> result_kind("2345-7")
    ResultKind(study='laboratory', type='SER', additive='SST')
    >>> result_kind("44261-6").study
    ''
    """
    codes, phrases = _rules()
    name = observation(code).display
    found = codes.get(code)
    if found is None:
        found = next((kind for phrase, kind in phrases.items() if phrase in name), _NOT_REPORTED)
    return found
