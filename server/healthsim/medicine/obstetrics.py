"""How pregnancies are coded: weeks, complications before, at and after the birth.

The forms of a complication are rows of ``data/childbirth_codes.csv``.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import cache, lru_cache

from healthsim.codes.icd10cm import icd10cm
from healthsim.medicine.datafiles import rows

_FILE = "childbirth_codes.csv"
_BIRTHS = ("Z37", "O80", "O82")
_UNCOMPLICATED = ("O80", "O82")
_SUPERVISION = ("Z34", "O09")
_AFTER = ("O85", "O86", "O87", "O88", "O89", "O9")
_EARLIEST, _LATEST = 8, 42  # weeks that have a code of their own
_DAYS = 7
_TRIMESTERS = (14 * _DAYS, 28 * _DAYS)  # first days of the second and third (ICD-10-CM, chapter 15)
_NTH = ("first", "second", "third")


class Stage(IntEnum):
    """Where in a pregnancy a visit is."""

    NONE = 0
    BEFORE = 1
    BIRTH = 2
    AFTER = 3


_CAESAREAN = ("10D00Z", "59510", "59514", "59515", "59618", "59620", "59622")
_VAGINAL = ("10D07Z", "10E0XZ", "59400", "59409", "59410", "59610", "59612", "59614")
# beginnings of ICD-10-PCS codes, and CPT codes, of a birth


def mode_of_birth(procedures: Sequence[str]) -> str:
    """Return how a child is born by procedures of it: caesarean, vaginal, or "" where none says.

    >>> mode_of_birth(["10D00Z1"]), mode_of_birth(["99221", "59400"]), mode_of_birth(["01967"])
    ('caesarean', 'vaginal', '')
    """
    if any(code.startswith(_CAESAREAN) for code in procedures):
        return "caesarean"
    return "vaginal" if any(code.startswith(_VAGINAL) for code in procedures) else ""


@cache
def _forms() -> dict[str, tuple[str, str]]:
    return {row["code"]: (row["birth"], row["after"]) for row in rows(_FILE)}


def is_birth(code: str) -> bool:
    """Tell whether a visit that states a code is that of a birth.

    >>> is_birth("Z37.0"), is_birth("O60.14X0")
    (True, False)
    """
    return code.startswith(_BIRTHS)


def is_obstetric(code: str) -> bool:
    """Tell whether a visit that states a code is one of a pregnancy.

    >>> is_obstetric("Z34.93"), is_obstetric("O24.410"), is_obstetric("Z00.00")
    (True, True, False)
    """
    return code.startswith(("O", "Z34", "Z37", "Z39", "Z3A"))


def week_code(days: int) -> str:
    """Return the code of a week of gestation.

    Args:
        days: since the last period.

    >>> week_code(30), week_code(200), week_code(301)
    ('Z3A.01', 'Z3A.28', 'Z3A.49')
    """
    week = days // _DAYS
    if week > _LATEST:
        return "Z3A.49"
    return "Z3A.01" if week < _EARLIEST else f"Z3A.{week:02}"


def form_of(code: str, stage: Stage) -> str:
    """Return the code of a complication at a stage; "" where it is none any more.

    >>> form_of("O24.410", Stage.BIRTH), form_of("O24.410", Stage.AFTER), form_of("O09.93", 2)
    ('O24.420', 'O24.430', '')
    """
    if stage in (Stage.NONE, Stage.BEFORE):
        return code
    if code.startswith(_SUPERVISION):
        return ""
    birth, after = _forms().get(code, (code, code if code.startswith(_AFTER) else ""))
    return birth if stage == Stage.BIRTH else after


@lru_cache(maxsize=65_536)
def coded_in_pregnancy(
    stated: tuple[str, ...], held: tuple[str, ...], stage: Stage, days: int
) -> tuple[str, ...]:
    """Return the codes of a visit of a pregnancy.

    Complications that the person has are stated too, in the form of the stage. A birth without
    complications is O80, one with them is not; supervision of a normal pregnancy is not stated
    beside complications. Codes of the pregnancy stand first, its week last of them.

    Args:
        stated: what the visit states.
        held: the conditions of a pregnancy that the person has.
        stage: where in the pregnancy the visit is.
        days: since the last period; -1 where that is not known.

    >>> coded_in_pregnancy(("O80", "Z37.0"), ("O24.410",), Stage.BIRTH, 275)
    ('O24.420', 'Z37.0', 'Z3A.39')
    >>> coded_in_pregnancy(("Z34.93", "Z23"), (), Stage.BEFORE, 200)
    ('Z34.93', 'Z23')
    """
    if stage == Stage.NONE or not any(map(is_obstetric, stated)):
        return stated
    own = [code for code in held if code.startswith("O") and not code.startswith(_SUPERVISION)]
    listed = [code for code in stated if not code.startswith("Z3A")] if days >= 0 else [*stated]
    forms = [form_of(code, stage) if code.startswith(("O", "Z34")) else code
             for code in (*listed, *(own if stage != Stage.AFTER else ()))]  # fmt: skip
    codes = list(dict.fromkeys(code for code in forms if code))
    complications = [code for code in codes if code.startswith("O")
                     and not code.startswith((*_UNCOMPLICATED, "O09"))]  # fmt: skip
    if complications:
        codes = [code for code in codes if not code.startswith((*_UNCOMPLICATED, "Z34"))]
    if days >= 0 and stage != Stage.AFTER:
        codes = [in_trimester(code, days) for code in codes]
    first = [code for code in codes if code.startswith("O")]
    outcome = [code for code in codes if code.startswith("Z37")]
    rest = [code for code in codes if not code.startswith(("O", "Z37"))]
    weeks = [week_code(days)] if days >= 0 and stage != Stage.AFTER and first else []
    return (*first, *outcome, *weeks, *rest) or stated


@lru_cache(maxsize=65_536)
def in_trimester(code: str, days: int) -> str:
    """Return a code of a trimester as that of the trimester in which a day is.

    Args:
        code: any code.
        days: since the last period.

    >>> in_trimester("Z34.00", 100), in_trimester("O10.019", 250), in_trimester("O24.410", 250)
    ('Z34.02', 'O10.013', 'O24.410')
    """
    nth = sum(days >= first for first in (0, *_TRIMESTERS))
    entry, other = icd10cm().entry(code), icd10cm().entry(f"{code[:-1]}{nth}")
    if entry is None or other is None or "trimester" not in entry.display:
        return code
    (what, _, when), (of_other, _, then) = (each.display.rpartition(",") for each in (entry, other))
    named = when.endswith(" trimester") and then == f" {_NTH[nth - 1]} trimester"
    return other.code if named and what == of_other else code
