"""Which ICD-10-CM codes are tumors where they began, and which are where they have spread to.

The blocks are those of the classification itself: C00 to C76 and C7A are malignant tumors of a
stated or presumed place, C77 to C79 and C7B are secondary ones. C80 names no place, and tumors of
blood and lymph (C81 to C96) have no secondary codes.
"""

from __future__ import annotations

HISTORY = "Z85"
"""Beginning of the codes of a malignant tumor that people have had."""
_FIRST, _LAST, _NEUROENDOCRINE = "C00", "C76", "C7A"
_SPREAD = ("C77", "C78", "C79", "C7B")


def is_primary_tumor(code: str) -> bool:
    """Tell whether a code is a malignant tumor where it began.

    >>> is_primary_tumor("C18.7"), is_primary_tumor("C78.7"), is_primary_tumor("C91.00")
    (True, False, False)
    """
    return _FIRST <= code[:3] <= _LAST or code.startswith(_NEUROENDOCRINE)


def is_spread(code: str) -> bool:
    """Tell whether a code is a secondary tumor: a metastasis.

    >>> is_spread("C78.7"), is_spread("C79.51"), is_spread("C18.7")
    (True, True, False)
    """
    return code.startswith(_SPREAD)


def primary_sql(column: str) -> str:
    """Return SQL that is true where a column of codes is a primary tumor."""
    block = f"left({column}, 3)"
    return f"({block} BETWEEN '{_FIRST}' AND '{_LAST}' OR {block} = '{_NEUROENDOCRINE}')"


def spread_sql(column: str) -> str:
    """Return SQL that is true where a column of codes is a metastasis."""
    return f"left({column}, 3) IN {_SPREAD}"
