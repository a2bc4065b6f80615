"""Who bills which part of a test: the clinician its reading, the facility what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from healthsim.billing.datafiles import rows
from healthsim.billing.professional.fee_schedule import laboratory_fees, physician_fees

_IMAGES = "7"
_TISSUE = ("8830", "8831", "8832", "8833")
_DRUGS = "J"


@cache
def reading_codes() -> Mapping[str, str]:
    """Return the code of a test, whole or its making -> the code of its reading.

    >>> reading_codes()["93000"], reading_codes()["93005"]
    ('93010', '93010')
    """
    return {row[part]: row["professional"] for row in rows("split_codes.csv")
            for part in ("whole", "technical")}  # fmt: skip


@cache
def making_codes() -> Mapping[str, str]:
    """Return the code of a test, whole -> the code of its making, which the facility bills.

    >>> making_codes()["93000"]
    '93005'
    """
    return {row["whole"]: row["technical"] for row in rows("split_codes.csv")}


def indicator(code: str) -> str:
    """Return the indicator of components; images and tissue that the schedule lacks split too.

    >>> [indicator(code) for code in ("93306", "93005", "99213", "70999", "12345")]
    ['1', '3', '0', '1', '0']
    """
    fee = physician_fees().get((code, ""))
    if fee is not None:
        return fee.pctc
    splits = len(code) == 5 and code.isdigit() and code.startswith((_IMAGES, *_TISSUE))
    return "1" if splits else "0"


def clinician_part(code: str, modifiers: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    """Return what a clinician bills of a service done in a hospital or surgery centre.

    There the facility has room, staff, drugs and tests; the clinician has the reading.

    Args:
        code: HCPCS or CPT code.
        modifiers: those that are stated; a stated component stays.

    Returns:
        Code and modifiers; None where the facility bills all of it.

    >>> clinician_part("71046", ())
    ('71046', ('26',))
    >>> clinician_part("93005", ()), clinician_part("96413", ()), clinician_part("99223", ())
    (('93010', ()), None, ('99223', ()))
    """
    if code in reading_codes():
        return reading_codes()[code], modifiers
    kind = indicator(code)
    if kind in {"3", "5"} or (code in laboratory_fees() and kind not in {"1", "2"}):
        return None
    if code.startswith(_DRUGS):
        return None
    if kind == "1" and not {"26", "TC"} & set(modifiers):
        return code, ("26", *modifiers)
    return code, modifiers
