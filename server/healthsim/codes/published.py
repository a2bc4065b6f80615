"""Published figures that templates reproduce: statistic, people, value, source and year."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.codes.books import CodeBook, read_book


class PublishedStatistic(NamedTuple):
    """One published figure, and how it is measured in the tables of a scenario.

    Attributes:
        code: the name by which a template declares it.
        display: statistic and people, in our words.
        statistic: how one value of a person, stay or fill is measured: a name in
            audit.statistics.
        groups: codes for the statistic, each group a tuple of alternatives.
        least: number of the groups, if the statistic counts them.
        low: least value that counts, if the statistic has bounds.
        high: values from this on do not count.
        whose: prefixes of conditions, of which the people have one; empty for all people.
        ages: youngest and oldest age in years, whole.
        sex: ``"M"`` or ``"F"``; both where empty.
        plan: a plan's name or kind; empty for every plan.
        value: the figure.
        tolerance: allowed difference in the figure's unit, beyond chance.
        unit: ``"share"``, or what the value counts.
        year: of the data if the source states it, else of the publication.
        confidence: V read in the source, V2 in a copy, D computed from those, M from memory.
    """

    code: str
    display: str
    statistic: str
    groups: tuple[tuple[str, ...], ...]
    least: int
    low: float
    high: float
    whose: tuple[str, ...]
    ages: tuple[int, int]
    sex: str
    plan: str
    value: float
    tolerance: float
    unit: str
    source: str
    year: int
    confidence: str

    @property
    def verified(self) -> bool:
        """Whether the figure was read in a source, or a copy of one."""
        return self.confidence != "M"


_ENDLESS = 1e9
_OLDEST = 124


def _published(line: list[str]) -> PublishedStatistic:
    (code, display, statistic, groups, least, low, high, whose, ages, sex, plan, value, tolerance,
     unit, source, year, confidence) = line  # fmt: skip
    youngest, _, oldest = ages.partition("-")
    return PublishedStatistic(
        code=code, display=display, statistic=statistic,
        groups=tuple(tuple(group.split("|")) for group in groups.split(";")) if groups else (),
        least=int(least or 1), low=float(low or -_ENDLESS), high=float(high or _ENDLESS),
        whose=tuple(whose.split("|")) if whose else (),
        ages=(int(youngest or 0), int(oldest or _OLDEST)), sex=sex, plan=plan,
        value=float(value), tolerance=float(tolerance), unit=unit, source=source,
        year=int(year), confidence=confidence,
    )  # fmt: skip


@cache
def published() -> CodeBook[PublishedStatistic]:
    """Return the published figures, by the name under which templates declare them.

    >>> published().find("iglay-2016-hypertension", "reproduces").value
    0.821
    """
    return read_book("published figures", "published", _published)
