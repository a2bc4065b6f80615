"""What a diagnosis is once a culture has grown an organism: ``data/organisms.csv``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from healthsim.codes.icd10cm import icd10cm
from healthsim.errors import Problem, SpecError
from healthsim.medicine.datafiles import rows

FILE = "organisms.csv"


class Grown(NamedTuple):
    """What an organism in a culture says of some diagnoses.

    Attributes:
        loinc: of the culture.
        organism: as its result has it.
        diagnoses: beginnings of the codes of which it says more.
        becomes: the code that takes their place; ``""`` where they stay.
        beside: the code that is stated after them; ``""`` for none.
    """

    loinc: str
    organism: str
    diagnoses: tuple[str, ...]
    becomes: str
    beside: str


@cache
def organisms() -> tuple[Grown, ...]:
    """Return every row of the table.

    Raises:
        SpecError: a code that is in no book.
    """
    found = tuple(
        Grown(row["loinc"], row["organism"], tuple(row["diagnosis"].split("|")),
              row["becomes"], row["beside"])
        for row in rows(FILE)
    )  # fmt: skip
    for one in found:
        for code in filter(None, (one.becomes, one.beside)):
            if code not in icd10cm():
                raise SpecError([Problem(FILE, f"{code} is no ICD-10-CM code", "correct it")])
    return found


@cache
def named_as(code: str) -> tuple[str, ...]:
    """Return the codes that a diagnosis may have once its organism is known, each once.

    >>> named_as("A41.9")[:2], named_as("N39.0")
    (('A41.51', 'A41.01'), ())
    """
    found = (one.becomes for one in organisms() if code.startswith(one.diagnoses))
    return tuple(dict.fromkeys(filter(None, found)))


@cache
def unnamed() -> dict[str, str]:
    """Return of each code that names an organism the one of before.

    >>> unnamed()["A40.3"]
    'A41.9'
    """
    return {one.becomes: one.diagnoses[0] for one in organisms() if one.becomes}


@cache
def with_organisms(codes: tuple[str, ...], grown: tuple[Grown, ...]) -> tuple[str, ...]:
    """Return the codes of a visit as they are once organisms are known; the first of each counts.

    >>> of_urine = [one for one in organisms() if one.beside == "B96.1"]
    >>> with_organisms(("N39.0", "I10"), tuple(of_urine))
    ('N39.0', 'B96.1', 'I10')
    """
    found: list[str] = []
    for code in codes:
        about = [one for one in grown if code.startswith(one.diagnoses)]
        named = next((one.becomes for one in about if one.becomes), code)
        found += [named, *(one.beside for one in about if one.beside)]
    return tuple(dict.fromkeys(found))


def is_named(codes: Iterable[str]) -> bool:
    """Tell whether an organism may say more of any of some codes."""
    return any(code.startswith(one.diagnoses) for code in codes for one in organisms())
