"""Which codes of bills are procedures that the chart holds too, by ranges of codes.

The ranges are rows of ``data/charted_procedures.csv``; the narrowest one that has a code decides.
"""

from __future__ import annotations

from functools import cache

from healthsim.medicine.datafiles import rows

YES, OPERATION, NO = "yes", "operation", "no"
"""How a code is charted: by itself; by itself or by the hospital's code; not at all."""
_WAYS = (YES, OPERATION, NO)


@cache
def charted_ranges() -> tuple[tuple[str, str, str], ...]:
    """Return (first, last, how charted) of each range of codes, the narrowest first.

    Raises:
        ValueError: a range ends before it begins, or is charted in an unknown way.
    """
    found = [(row["first"], row["last"], row["charted"]) for row in rows("charted_procedures.csv")]
    for first, last, way in found:
        if way not in _WAYS or first > last or _shape(first) != _shape(last):
            raise ValueError(f"charted_procedures.csv: {first} to {last}: is {way}; write one of "
                             f"{_WAYS}, the lower code first")  # fmt: skip
    return tuple(sorted(found, key=_width))


def _width(one: tuple[str, str, str]) -> int:
    first, last = (int("".join(filter(str.isdecimal, code))) for code in one[:2])
    return last - first


def _shape(code: str) -> str:
    """Return a code with a 9 for each digit: only codes of one shape are in a range."""
    return "".join("9" if letter.isdecimal() else letter for letter in code)


@cache
def charted(code: str) -> str:
    """Return how a code of a bill is charted; what no range has is not.

    Args:
        code: CPT or HCPCS.

    >>> [charted(code) for code in ("96413", "27447", "99213", "J9190", "G0121", "0SRC0J9")]
    ['yes', 'operation', 'no', 'no', 'yes', 'no']
    """
    return next(
        (way for first, last, way in charted_ranges()
         if first <= code <= last and _shape(code) == _shape(first)),
        NO,
    )  # fmt: skip
