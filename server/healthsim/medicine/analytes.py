"""What a body has that can be measured and is drawn: laboratory analytes and vital signs.

`data/analytes.csv` holds the healthy middle of each, how people differ and how one person
varies. A test of the LOINC book that has no row there and is computed from nothing
(`derivation`) is an analyte all the same: its usual mean and SD are the book's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from healthsim.codes import imported_books
from healthsim.codes.loinc import Observation, loinc
from healthsim.errors import NotFound, Problem, SpecError, near
from healthsim.medicine.datafiles import rows


class Analyte(NamedTuple):
    """One quantity that is drawn for a person and a time.

    Attributes:
        key: name in the tables here: ``hemoglobin``; the LOINC code of a test without a row.
        loinc: code under which it is reported; ``""`` of a quantity that nobody reports.
        unit: UCUM.
        decimals: places of a reported value; `LATENT_DECIMALS` of one that nobody reports.
        female: middle of healthy women at `AGE_OF_MIDDLES`, in `unit`: the mean on scale ``n``,
            the median on ``l``.
        male: the same of men.
        trend: change a year of age, as a share of the middle.
        trend_from: age in years at which the trend begins.
        trend_to: age at which it ends.
        between: coefficient of variation of people's set points, a share; of those below the
            middle where `skew` is not 1.
        within: coefficient of variation of one person's values, a share.
        skew: spread of set points above the middle, by that below it.
        scale: ``"n"``: normal; ``"l"``: its logarithm is.
        drift: share of the variance within a person that changes slowly, 0 to 1.
        low: least possible value.
        high: greatest possible value.
        states: names of state variables of a journey that are this quantity.
        fade_days: days over which a stated result's deviation from the usual fades.
        source: of the figures.
        confidence: ``V``, ``M`` or ``A``: `data/README.md`.
    """

    key: str
    loinc: str
    name: str
    unit: str
    decimals: int
    female: float
    male: float
    trend: float
    trend_from: int
    trend_to: int
    between: float
    within: float
    skew: float
    scale: str
    drift: float
    low: float
    high: float
    states: tuple[str, ...]
    fade_days: int
    source: str
    confidence: str


LATENT_DECIMALS = 6
AGE_OF_MIDDLES = 50  # years
_FILE = "analytes.csv"
_MEND = "mend the row in medicine/data"


@cache
def tabled() -> Mapping[str, Analyte]:
    """Return the analytes of the table, by key, in its order.

    Raises:
        SpecError: a row that contradicts the LOINC book or itself; with the row and the mend.
    """
    return read_analytes(rows(_FILE))


def read_analytes(lines: tuple[dict[str, str], ...]) -> dict[str, Analyte]:
    """Read and check rows of the table of analytes.

    Args:
        lines: header -> text.

    Raises:
        SpecError: as `tabled`.
    """
    book, found, problems = loinc().rows, dict[str, Analyte](), list[Problem]()
    for number, line in enumerate(lines, start=2):
        where = f"{_FILE} row {number} ({line['key']})"
        known = book.get(line["loinc"])
        if line["loinc"] and known is None:
            problems.append(Problem(where, f"LOINC {line['loinc']} is not in the book", _MEND))
            continue
        analyte = _analyte(line, known)
        problems += [Problem(where, fault, _MEND) for fault in _faults(analyte, line, known)]
        if analyte.key in found:
            problems.append(Problem(where, "the key is taken", "keep one row for each key"))
        found[analyte.key] = analyte
    if problems:
        raise SpecError(problems)
    return found


def _analyte(line: dict[str, str], known: Observation | None) -> Analyte:
    low, high = (float(line[end] or "nan") for end in ("low", "high"))
    return Analyte(
        key=line["key"],
        loinc=line["loinc"],
        name=known.display if known else line["key"].replace("_", " "),
        unit=line["unit"],
        decimals=known.decimals if known else LATENT_DECIMALS,
        female=float(line["female"]),
        male=float(line["male"]),
        trend=float(line["trend_percent"]) / 100,
        trend_from=int(line["trend_from"]),
        trend_to=int(line["trend_to"]),
        between=float(line["between_percent"]) / 100,
        within=float(line["within_percent"]) / 100,
        skew=float(line["skew"]),
        scale=line["scale"],
        drift=float(line["drift"]),
        low=known.low if known and math.isnan(low) else low,
        high=known.high if known and math.isnan(high) else high,
        states=tuple(line["state"].split()),
        fade_days=int(line["fade_days"]),
        source=line["source"],
        confidence=line["confidence"],
    )


def _faults(analyte: Analyte, line: dict[str, str], known: Observation | None) -> list[str]:
    """Return what is wrong with a row, as parts of sentences."""
    middles = (analyte.female, analyte.male)
    checks = {
        f"scale {analyte.scale!r} is neither 'n' nor 'l'": analyte.scale not in ("n", "l"),
        f"unit {line['unit']!r} is not the book's {known.unit if known else ''!r}": known
        is not None
        and known.unit != line["unit"],
        "a middle is outside low..high": not all(
            analyte.low <= middle <= analyte.high for middle in middles
        ),
        "a logarithm needs values above 0": analyte.scale == "l" and min(middles) <= 0,
        "skew is not above 0": not analyte.skew > 0,
        "drift is a share from 0 to 1": not 0 <= analyte.drift <= 1,
        "a variation is not between 0 and 200 percent": not all(
            0 <= share <= 2 for share in (analyte.between, analyte.within)
        ),
        "the trend ends before it begins": analyte.trend_from >= analyte.trend_to,
        "the source is missing": not line["source"] or line["confidence"] not in ("V", "M", "A"),
    }
    return [fault for fault, holds in checks.items() if holds]


WITHIN_OF_BOOK = 0.5  # assumption: share of the book's variance that is within a person
_LEAST_MEAN_IN_SDS = 3.0  # assumption: a quantity of less that cannot be below 0 is skewed
_FADE_DAYS = 30  # assumption


def of_book(row: Observation) -> Analyte | None:
    """Return an analyte with a book row's usual mean and SD; `None` where the row has none.

    Half of the variance is between people: a test without a row in the table is the same
    person's all the same. Skewed where the mean is less than three SDs from 0.
    """
    if math.isnan(row.mean):
        return None
    skewed = row.low >= 0 and 0 < row.mean < _LEAST_MEAN_IN_SDS * row.sd
    share = row.sd / row.mean if row.mean else 0.0
    middle = row.mean / math.sqrt(1 + share**2) if skewed else row.mean
    within = abs(share) * math.sqrt(WITHIN_OF_BOOK)
    return Analyte(
        key=row.code,
        loinc=row.code,
        name=row.display,
        unit=row.unit,
        decimals=row.decimals,
        female=middle,
        male=middle,
        trend=0.0,
        trend_from=20,
        trend_to=90,
        between=within,
        within=within,
        skew=1.0,
        scale="l" if skewed else "n",
        drift=0.0,
        low=row.low,
        high=row.high,
        states=(),
        fade_days=_FADE_DAYS,
        source="LOINC book of this package; half of the variance between people: assumption",
        confidence="A",
    )


@imported_books.cached_per_shelf
def analytes() -> Mapping[str, Analyte]:
    """Return everything that is drawn, by key: the table's rows, then the book's others.

    A test that is computed from others (`derivation.derived`) is not here, nor an imported test
    without usual values.
    """
    reported = {analyte.loinc for analyte in tabled().values()} | {
        line["loinc"] for line in rows("derived.csv")
    }
    others = (of_book(row) for code, row in loinc().rows.items() if code not in reported)
    return dict(tabled()) | {other.key: other for other in others if other is not None}


@imported_books.cached_per_shelf
def _keys() -> Mapping[str, str]:
    """Return the key of every analyte, drawn or computed, by key and by LOINC code."""
    keys = {analyte.key: analyte.key for analyte in analytes().values()}
    keys |= {line["key"]: line["key"] for line in rows("derived.csv")}
    codes = {analyte.loinc: analyte.key for analyte in tabled().values() if analyte.loinc}
    codes |= {line["loinc"]: line["key"] for line in rows("derived.csv") if line["loinc"]}
    return keys | codes


def key_of(name: str, where: str = "analyte") -> str:
    """Return the key of an analyte, drawn or computed.

    Args:
        name: a LOINC code or a key.
        where: path of the value in the document, for the error.

    Raises:
        NotFound: nothing that has usual values is called so; with near names.

    >>> key_of("2160-0"), key_of("egfr")
    ('creatinine', 'egfr')
    """
    if name not in _keys():
        raise NotFound(where, f"there is no analyte {name!r}", near(name, _keys()))
    return _keys()[name]


def has_usual(name: str) -> bool:
    """Say whether a LOINC code or key has usual values; else its results must be stated."""
    return name in _keys()


@cache
def bound_to(state: str) -> str | None:
    """Return the key of the analyte that a state variable of this name is; `None`: of none.

    >>> bound_to("a1c"), bound_to("mood")
    ('a1c', None)
    """
    names = {name: analyte.key for analyte in tabled().values() for name in analyte.states}
    return names.get(state)
