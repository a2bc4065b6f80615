"""PatientSim: what the chart says about a code, added to the rows that carry it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.loinc import Observation, loinc
from healthsim.tables import Coded, Columns


def described(codes: Coded, describe: Callable[[str], str | None]) -> Coded:
    """Return a text for each code's row, worked out once for each code of the vocabulary."""
    words = Coded.of([describe(code) or None for code in codes.vocabulary])
    table = np.append(words.codes, np.int32(-1))
    return Coded(table[codes.codes], words.vocabulary)


def diagnosis_columns(codes: Coded) -> Columns:
    """Return display and category of ICD-10-CM codes."""
    book = icd10cm().rows
    return {
        "display": described(codes, lambda code: book[code].display if code in book else None),
        "category": described(codes, lambda code: book[code].category if code in book else None),
    }


def observation_columns(codes: Coded) -> Columns:
    """Return display and unit of LOINC codes."""
    book = loinc()
    return {
        "display": described(codes, lambda code: book.find(code, "loinc").display),
        "unit": described(codes, lambda code: book.find(code, "loinc").unit),
    }


def lab_columns(codes: Coded, value: NDArray[np.float64]) -> Columns:
    """Return display, unit, reference interval and flag (L, H or N) of results.

    Args:
        codes: LOINC code of each result.
        value: float64, shape (n,); NaN for a text result, which has no flag.
    """
    rows = [loinc().find(code, "loinc") for code in codes.vocabulary]
    low, high = _of(rows, codes, "ref_low"), _of(rows, codes, "ref_high")
    flag = np.where(value < low, 0, np.where(value > high, 1, 2)).astype(np.int32)
    flag[np.isnan(value) | (np.isnan(low) & np.isnan(high))] = -1
    return {
        **observation_columns(codes),
        "ref_low": low,
        "ref_high": high,
        "flag": Coded(flag, ("L", "H", "N")),
    }


def _of(rows: list[Observation], codes: Coded, name: str) -> NDArray[np.float64]:
    return np.array([getattr(row, name) for row in rows], dtype=np.float64)[codes.codes]


def drug_columns(names: Coded) -> Columns:
    """Return what the code book says of drugs by their names."""
    book = drugs()
    found = {
        "rxnorm": described(names, lambda name: book.find(name, "drug").rxnorm),
        "ndc": described(names, lambda name: book.find(name, "drug").ndc),
        "ingredient": described(names, lambda name: book.find(name, "drug").ingredient),
    }
    return {**found, "drug": names}
