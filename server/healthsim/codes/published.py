"""Published figures that templates say they reproduce: what of whom, how much, by whom, when."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.codes.books import CodeBook, read_book


class PublishedStatistic(NamedTuple):
    """One published figure, and how it is read off a scenario's tables.

    Attributes:
        code: the name by which a template declares it.
        display: what of whom, in our words.
        statistic: how one value a person, stay or fill is found: a name of audit.statistics.
        groups: codes that the statistic asks for, each group a tuple of alternatives.
        least: how many of the groups, where the statistic counts them.
        low: least value that counts, where the statistic bounds one.
        high: the value from which on nothing counts.
        whose: prefixes of conditions, of which the people have one; all people where empty.
        ages: youngest and oldest age in years, whole.
        sex: ``"M"`` or ``"F"``; both where empty.
        plan: a plan's name or kind; whatever plan where empty.
        value: the figure.
        tolerance: how far off is near enough, in the figure's unit, besides chance.
        unit: ``"share"``, or what the value counts.
        year: of the data where the source says it, else of the publication.
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
        """Whether anyone has read the figure in a source, or a copy of one."""
        return self.confidence != "M"


_ENDLESS = 1e9
_OLDEST = 124


def _published(line: list[str]) -> PublishedStatistic:
    (code, display, statistic, groups, least, low, high, whose, ages, sex, plan, value, tolerance,
     unit, source, year, confidence) = line  # fmt: skip
    youngest, _, oldest = ages.partition("-")
    return PublishedStatistic(
        code=code, display=display, statistic=statistic,
        groups=tuple(tuple(one.split("|")) for one in groups.split(";")) if groups else (),
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
