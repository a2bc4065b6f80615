"""How values are shown on the page: numbers, nothing, yes and no; and which columns are numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_LONGEST = 600  # characters of a cell
_DOLLARS = re.compile(r"-?\d{1,15}(\.\d+)?")  # as JSON carries amounts
_UNGROUPED = re.compile(r"(^|_)(id|year|loinc|rxcui|ndc|npi|code|zip)$")


def cell(value: Any, column: str = "") -> str:
    """Return a value as a reader expects it.

    >>> cell(1234567), cell(0.82100), cell(2024, "year"), cell(None), cell(True)
    ('1,234,567', '0.821', '2024', '–', 'yes')
    >>> cell("53499.7", "plan_paid_usd"), cell("53499.7")
    ('53,499.70', '53499.7')
    """
    if is_money(value, column):
        return f"{float(value):,.2f}"
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if _UNGROUPED.search(column) else f"{value:,}"
    if isinstance(value, float):
        return _number(value)
    text = plain(str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _number(value: float) -> str:
    """Return a number with four digits that count, or two decimals where it is large.

    >>> _number(1234.5), _number(0.00012345), _number(74.1367), _number(3.0), _number(float("nan"))
    ('1,234.5', '0.0001234', '74.14', '3', 'nan')
    """
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if value == 0 or abs(value) < 1e-4 or abs(value) >= 1e15:
        return f"{value:.4g}"
    digits = max(2, 3 - _magnitude(value)) if abs(value) < 1000 else 2
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _magnitude(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])


def plain(text: str) -> str:
    """Return text with a mark in place of each control character; line ends and tabs stay.

    >>> plain("a" + chr(0) + "b")
    'a�b'
    """
    return "".join(
        letter if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs") else "\ufffd"
        for letter in text
    )


def is_money(value: Any, column: str) -> bool:
    """Tell whether a value is an amount in dollars: a number, or the text of one."""
    if not column.endswith("_usd") or isinstance(value, bool):
        return False
    return isinstance(value, int | float) or bool(_DOLLARS.fullmatch(str(value)))


def numeric(rows: Sequence[Sequence[Any]], position: int, column: str = "") -> bool:
    """Tell whether a column of a table holds numbers, and nothing else."""
    values = [row[position] for row in rows if position < len(row) and row[position] is not None]
    return bool(values) and all(
        (isinstance(value, int | float) and not isinstance(value, bool)) or is_money(value, column)
        for value in values
    )


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    >>> counted(1, "person", "people"), counted(2000, "row")
    ('1 person', '2,000 rows')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
