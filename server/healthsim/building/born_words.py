"""Years and days of birth as requests say them: "born in 2015", "born between 1950 and 1959"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from healthsim.building.calendar_words import CALENDAR, iso_text

_YEAR = r"(?:19|20)\d\d"
_BORN = re.compile(
    r"\b(?:born|(?:dates?|years?) of birth|birth ?(?:dates?|years?)|birthdays?|dob)\b\s*"
    rf"(?:(?:is|was|were|of|in|on|from|:)\s*)?(?:(?:the\s+)?(?P<decade>(?:19|20)\d0)['’]?s\b"
    rf"|between\s+(?P<first>{CALENDAR})\s+and\s+(?P<last>{CALENDAR})"
    rf"|(?P<years>{_YEAR})\s*[-–]\s*(?P<until>{_YEAR})(?![\w-])"
    rf"|(?P<from>{CALENDAR})\s+(?:to|until|through)\s+(?P<to>{CALENDAR})"
    rf"|(?P<one>{CALENDAR})(?!\s*(?:and|or|,|&)\s*{_YEAR}))",
    re.IGNORECASE,
)


class Born(NamedTuple):
    """A piece of a request that says when people were born, from one ISO text to another."""

    start: int
    end: int
    first: str
    last: str


def births(text: str) -> Iterator[Born]:
    """Yield each span of births that is certain; "before 1950" and two single years are not.

    >>> [one[2:] for one in births("women born between 1950 and March 1960")]
    [('1950', '1960-03')]
    >>> [one[2:] for one in births("born in the 1970s, or born 2015")]
    [('1970', '1979'), ('2015', '2015')]
    """
    for match in _BORN.finditer(text):
        said = {name: words for name, words in match.groupdict().items() if words}
        if "decade" in said:
            first, last = said["decade"], f"{said['decade'][:3]}9"
        else:
            days = [iso_text(words) for words in said.values()]
            if None in days:
                continue
            first, last = str(days[0]), str(days[-1])
        if first <= last or last.startswith(first):
            yield Born(match.start(), match.end(), first, last)
