"""Years, months and days as people write them, as ISO text: "March 2, 2015" is 2015-03-02."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
           "october", "november", "december")  # fmt: skip
_MONTH = "|".join(
    rf"{name[:3]}(?:{name[3:]}|{name[3]})?\.?" if len(name) > 3 else name for name in _MONTHS
)
_YEAR = r"(?:19|20)\d\d"
CALENDAR = (
    rf"(?:{_YEAR}-\d\d-\d\d|{_YEAR}-\d\d"
    rf"|(?:{_MONTH})\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,\s*|\s+){_YEAR}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTH}),?\s+{_YEAR}"
    rf"|(?:{_MONTH}),?\s+(?:of\s+)?{_YEAR}|{_YEAR})(?![\w%]|-\d|,\d)"
)
"""Pattern of a year, a month or a day; dates such as 03/02/2015 are of two meanings, so not read.
"""


def iso_text(words: str) -> str | None:
    """Return a match of `CALENDAR` as ISO text: a year, a month or a day.

    None where the calendar has no such day.

    >>> iso_text("March 2, 2015"), iso_text("Aug 2025"), iso_text("2015"), iso_text("2015-02-30")
    ('2015-03-02', '2025-08', '2015', None)
    """
    named = re.search(rf"\b({_MONTH})(?![a-z])", words, re.IGNORECASE)
    if named is None:
        return words.strip() if _exists(words.strip()) else None
    year = re.search(_YEAR, words)
    day = re.search(r"(?<!\d)\d{1,2}(?!\d)", words)
    month = next(place for place, name in enumerate(_MONTHS, 1)
                 if name.startswith(named[1][:3].lower()))  # fmt: skip
    text = f"{year[0] if year else ''}-{month:02}" + (f"-{int(day[0]):02}" if day else "")
    return text if _exists(text) else None


def _exists(text: str) -> bool:
    """Return whether ISO text of a year, month or day is in the calendar."""
    try:
        date.fromisoformat(text + "-01-01"[: 3 * (2 - text.count("-"))])
    except ValueError:
        return False
    return True
