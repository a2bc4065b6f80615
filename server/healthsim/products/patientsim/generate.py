"""PatientSim: columns that follow from a code, such as its text, unit or reference interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.loinc import observation
from healthsim.medicine.newborn_intervals import with_newborns
from healthsim.products.patientsim.norms import norms_of
from healthsim.tables import Coded, Columns


def describe_codes(codes: Coded, describe: Callable[[str], str | None]) -> Coded:
    """Return a text for each row's code; `describe` is called once for each code."""
    words = Coded.of([describe(code) or None for code in codes.vocabulary])
    table = np.append(words.codes, np.int32(-1))
    return Coded(table[codes.codes], words.vocabulary)


def diagnosis_columns(codes: Coded) -> Columns:
    """Return display and category of ICD-10-CM codes."""
    rows = {code: icd10cm().entry(code) for code in codes.vocabulary}
    return {
        "display": describe_codes(codes, lambda code: row.display if (row := rows[code]) else code),
        "category": describe_codes(
            codes, lambda code: row.category if (row := rows[code]) else None
        ),
    }


def observation_columns(codes: Coded) -> Columns:
    """Return display and unit of LOINC codes."""
    return {
        "display": describe_codes(codes, lambda code: observation(code).display),
        "unit": describe_codes(codes, lambda code: observation(code).unit),
    }


def lab_columns(
    codes: Coded,
    value: NDArray[np.float64],
    sex: Coded,
    months: NDArray[np.int32],
    hours: NDArray[np.float64],
) -> Columns:
    """Return display, unit, reference interval and flag (L, H or N) of results.

    Args:
        codes: LOINC code of each result.
        value: float64, shape (n,); NaN for a text result, which has no flag.
        sex: of the person of each result.
        months: completed months of age on the day of the specimen.
        hours: float64, from birth to the specimen.
    """
    normal = norms_of(codes, sex, months)
    low, high = with_newborns(codes, hours, (normal.ref_low, normal.ref_high))
    flag = np.where(value < low, 0, np.where(value > high, 1, 2)).astype(np.int32)
    flag[np.isnan(value) | (np.isnan(low) & np.isnan(high))] = -1
    return {
        **observation_columns(codes),
        "ref_low": low,
        "ref_high": high,
        "flag": Coded(flag, ("L", "H", "N")),
    }


def drug_columns(names: Coded) -> Columns:
    """Return RxNorm concept, NDC, drug and ingredient of drugs by their names."""
    book = {name: drugs().find(name, "drug") for name in names.vocabulary}
    return {
        "rxnorm": describe_codes(names, lambda name: book[name].rxnorm),
        "ndc": describe_codes(names, lambda name: book[name].ndc),
        "ingredient": describe_codes(names, lambda name: book[name].ingredient),
        "drug": names,
    }
