"""Days of birth and due dates as people state them: a year, a month, a day, or from one to another.

All are inclusive: ``"2015"`` is from 1 January to 31 December 2015.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from healthsim.errors import quoted
from healthsim.specification.document import Strict

_FORM = re.compile(r"(?:18|19|20|21)\d\d(?:-\d\d(?:-\d\d)?)?")


def _in_calendar(text: str) -> str:
    if not _FORM.fullmatch(text):
        raise ValueError(f"is {text!r}; write a year, a month or a day: 2015, 2015-03, 2015-03-02")
    try:
        date.fromisoformat(_first(text))
    except ValueError:
        raise ValueError(f"{text} is not in the calendar; correct it") from None
    return text


def _first(text: str) -> str:
    return text + "-01-01"[: 10 - len(text)]


_CalendarText = Annotated[str, Field(strict=True), AfterValidator(_in_calendar)]


class CalendarSpan(Strict):
    """Days of the calendar, each as likely: from the first day of one text to the last of another.

    A text alone is both.

    Attributes:
        from_: first year, month or day.
        to: last year, month or day.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    from_: _CalendarText = Field(alias="from")
    to: _CalendarText

    @model_validator(mode="after")
    def _in_order(self) -> CalendarSpan:
        if self.last_day < self.first_day:
            raise ValueError(f"from {self.from_} is after to {self.to}; swap them")
        return self

    @property
    def first_day(self) -> date:
        """The first day of the span."""
        return date.fromisoformat(_first(self.from_))

    @property
    def last_day(self) -> date:
        """The last day of the span."""
        first = date.fromisoformat(_first(self.to))
        if len(self.to) == len("2015-03-02"):
            return first
        months = 12 if len(self.to) == len("2015") else 1
        year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
        return date(year, month + 1, 1) - timedelta(days=1)

    def __str__(self) -> str:
        """Return it as it is said."""
        return self.from_ if self.from_ == self.to else f"{self.from_} to {self.to}"


def _short(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # a year
    if isinstance(value, str):
        text = _in_calendar(value)
        return {"from": text, "to": text}
    if isinstance(value, Mapping | CalendarSpan):
        return value
    raise ValueError(f'is {quoted(value)}; write it as text, such as "2015" or "2015-03-02"')


Calendar = Annotated[CalendarSpan, BeforeValidator(_short)]
"""A span of days, or a text for one year, month or day."""
