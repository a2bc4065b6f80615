"""When things happen: days, windows, beats, and hazards."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, field_validator, model_validator

from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.document import Day, Strict

LONGEST_DAYS = 40_000
YEAR_DAYS = 365.25
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
_LEAST_YEARS = 0.01  # about four days


def _whole(years: float | None) -> int | float | None:
    """Return 2.0 as 2, so that whole years stay as they are written."""
    return years if years is None or years != int(years) else int(years)


_AS_WRITTEN = PlainSerializer(_whole)


def months_and_days(months: float) -> tuple[int, int]:
    """Return the whole months of a length of time, and the days of what is left of a month.

    >>> months_and_days(18.0), months_and_days(2.5)
    ((18, 0), (2, 15))
    """
    whole = int(months + 1e-9)
    return whole, round((months - whole) * YEAR_DAYS / 12)


_Factor = Annotated[float, Field(strict=True, ge=0, le=1000)]


_Years = Annotated[float, Field(strict=True, ge=_LEAST_YEARS, le=100), _AS_WRITTEN]


class Length(Strict):
    """A length of time: exactly one of days, months and years.

    Attributes:
        days: in days.
        months: in months.
        years: in years; 1.5 is 18 months.
    """

    days: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS)] | None = None
    months: Annotated[int, Field(strict=True, ge=1, le=1200)] | None = None
    years: _Years | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Length:
        if sum(part is not None for part in (self.days, self.months, self.years)) != 1:
            raise ValueError("give one of days, months and years; remove or add one")
        return self

    @property
    def nominal_days(self) -> float:
        """Days of it, a month counted as a twelfth of 365.25 days."""
        return (
            (self.days or 0) + YEAR_DAYS / 12 * (self.months or 0) + YEAR_DAYS * (self.years or 0)
        )


class Age(Strict):
    """An age that a person reaches: so many days, months or years after birth.

    Attributes:
        days: in days.
        months: in months.
        years: in years; 1.5 is 18 months.
    """

    days: Annotated[int, Field(strict=True, ge=0, le=LONGEST_DAYS)] | None = None
    months: Annotated[int, Field(strict=True, ge=0, le=1440)] | None = None
    years: Annotated[float, Field(strict=True, ge=0, le=120), _AS_WRITTEN] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Age:
        if sum(part is not None for part in (self.days, self.months, self.years)) != 1:
            raise ValueError("give one of days, months and years; remove or add one")
        return self


class At(Strict):
    """When a step happens.

    Attributes:
        day: days from the start of the scope, or from the edge of `after`, or from `age`/`month`.
        after: id of a step of the same journey; an occurrence is ``quarter/visit#2``.
        edge: of the step named by `after`: its first or its last day.
        date: a calendar day, in place of everything else.
        age: the day on which the person reaches an age; not before its scope begins.
        month: the first day of that month, on or after the base.
        variance_days: uniform variation by up to so many days to either side.
        business_days: weekends and US federal holidays move to the next business day. Default:
            they do for visits by appointment (office, telehealth, outpatient hospital, surgery
            center) that state neither a day nor a hazard; what is stated is kept.
    """

    day: Distribution | None = None
    after: Annotated[str, Field(max_length=200)] | None = None
    edge: Literal["start", "end"] = "start"
    date: Day | None = None
    age: Age | None = None
    month: Annotated[int, Field(strict=True, ge=1, le=12)] | None = None
    variance_days: Annotated[int, Field(strict=True, ge=0, le=3650)] = 0
    business_days: bool | None = None

    @model_validator(mode="after")
    def _one_anchor(self) -> At:
        if self.date is not None and (self.day is not None or self.after is not None):
            raise ValueError("date is given with day or after; keep one of them")
        if self.date is not None and (self.age is not None or self.month is not None):
            raise ValueError("date is given with age or month; keep one of them")
        if self.age is not None and (self.after is not None or self.month is not None):
            raise ValueError("age is given with after or month; keep one of them")
        return self


def _short_at(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"day": value}
    return value


Timing = Annotated[At, BeforeValidator(_short_at)]


class HazardBand(Strict):
    """A factor on a hazard until a day since risk began; the last band has no end.

    Attributes:
        until_day: last day of the band, from the day on which risk began.
        factor: of the rate.
    """

    until_day: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS)] | None = None
    factor: _Factor


class Hazard(Strict):
    """The risk that something happens, day by day, from the day on which risk begins.

    An event is on the first day by whose end its random time is over, so never on the day on which
    risk begins: by day n it has happened to exactly the share that the closed form gives for n.

    Attributes:
        share: share of people to whom it happens within `within_days`, spread evenly over them;
            to nobody after it.
        within_days: the days of `share`.
        per_year: events a year of 365.25 days; its conditions are evaluated when risk begins.
        shape: of a Weibull hazard, cumulative (per_year × years) ** shape; 1 is constant.
        by_month: factor of the rate in months of the calendar, "1" to "12"; others have 1.
        bands: factors of the rate by days since risk began.
        renew_days: evaluate `per_year` again every so many days.
    """

    share: Distribution | None = None
    within_days: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS)] | None = None
    per_year: Distribution | None = None
    shape: Annotated[float, Field(strict=True, gt=0, le=20)] = 1.0
    by_month: dict[
        Literal["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"], _Factor
    ] = {}
    bands: tuple[HazardBand, ...] = ()
    renew_days: Annotated[int, Field(strict=True, ge=1, le=3660)] | None = None

    @property
    def figure(self) -> str:
        """What it states, in words."""
        return "events a year" if self.share is None else f"within {self.within_days} days"

    @property
    def stated(self) -> Distribution:
        """The share or the rate a year that it states."""
        stated = self.share or self.per_year
        if stated is None:
            raise TypeError("a hazard needs share or per_year")
        return stated

    @field_validator("bands")
    @classmethod
    def _in_order(cls, bands: tuple[HazardBand, ...]) -> tuple[HazardBand, ...]:
        ends = [band.until_day for band in bands]
        limits = [end for end in ends[:-1] if end is not None]
        if bands and (ends[-1] is not None or len(limits) < len(ends) - 1):
            raise ValueError("every band but the last has an until_day; add or remove one")
        if limits != sorted(set(limits)):
            raise ValueError("bands do not follow each other; sort them by until_day")
        return bands

    @model_validator(mode="after")
    def _one_kind(self) -> Hazard:
        if (self.share is None) == (self.per_year is None):
            raise ValueError("give one of share (with within_days) and per_year; remove or add one")
        if (self.share is None) != (self.within_days is None):
            raise ValueError("share and within_days belong together; add the other")
        shaped = [self.shape != 1.0, bool(self.by_month), bool(self.bands),
                  self.renew_days is not None]  # fmt: skip
        if sum(shaped) > 1 or (self.share is not None and any(shaped)):
            raise ValueError("only one of shape, by_month, bands and renew_days can be used, and "
                             "only with per_year; keep one")  # fmt: skip
        return self


class Every(Strict):
    """The beat of a repeat: days, weeks, months, years, weekdays, or the gaps of a hazard.

    Attributes:
        days: every so many days.
        weeks: every so many weeks.
        months: every so many months.
        years: every so many years; 0.5 is every six months.
        weekdays: on these days of each week.
        hazard: gaps by chance, such as attacks.
    """

    days: Annotated[int, Field(strict=True, ge=1, le=3660)] | None = None
    weeks: Annotated[int, Field(strict=True, ge=1, le=520)] | None = None
    months: Annotated[int, Field(strict=True, ge=1, le=120)] | None = None
    years: Annotated[float, Field(strict=True, ge=_LEAST_YEARS, le=10), _AS_WRITTEN] | None = None
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] | None = None
    hazard: Hazard | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Every:
        given = [
            unit for unit in (self.days, self.weeks, self.months, self.years,
                              self.weekdays, self.hazard) if unit
        ]  # fmt: skip
        if len(given) != 1:
            raise ValueError(
                "give one of days, weeks, months, years, weekdays and hazard; remove or add one"
            )
        if self.weekdays is not None and len(set(self.weekdays)) < len(self.weekdays):
            raise ValueError("a weekday is listed twice; give it once")
        if self.hazard is not None and self.hazard.renew_days is not None:
            raise ValueError("renew_days does not fit a beat: each gap evaluates the rate again; "
                             "remove it")  # fmt: skip
        return self

    @property
    def nominal_days(self) -> float:
        """Days of one beat, a month counted as a twelfth of 365.25 days."""
        if self.weekdays is not None:
            return 7 / len(self.weekdays)
        if self.hazard is not None:
            return hazard_days(self.hazard)
        days = (self.days or 0) + 7 * (self.weeks or 0)
        return days + YEAR_DAYS / 12 * (self.months or 0) + YEAR_DAYS * (self.years or 0)


def hazard_days(hazard: Hazard) -> float:
    """Return roughly how long a hazard takes: the mean of its rate, or half of its window."""
    if hazard.within_days is not None:
        return hazard.within_days / 2
    middle = hazard.per_year.middle() if hazard.per_year is not None else None
    return YEAR_DAYS / middle if middle else YEAR_DAYS


class Window(Strict):
    """How far from its planned day a protocol visit may lie, in days.

    Attributes:
        before: days before the planned day.
        after: days after it.
    """

    before: Annotated[int, Field(strict=True, ge=0, le=365)] = 0
    after: Annotated[int, Field(strict=True, ge=0, le=365)] = 0
