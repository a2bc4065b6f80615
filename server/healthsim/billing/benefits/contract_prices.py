"""What contracts pay relative to Medicare: by kind of plan, class of service and provider.

A plan's level of a class is published or assumed (`data/contract_prices.csv`); each provider has a
contract with each plan, whose price is off that level by the same factor for all its services of a
class and in every year.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows
from healthsim.streams import Streams
from healthsim.tables import Coded

STREAMS = Streams(seed=20_251_101)
"""Contracts are, like the directory of providers, the same in every run."""
_OVERALL = "overall"
_FACTOR_DECIMALS = 4
_BODY = 0.95  # assumption: the share of contracts whose prices are lognormal
_MOST = 10.0  # assumption: nobody's contract is dearer, relative to the middle one
_LEVEL_DECIMALS = 6


@cache
def price_classes() -> tuple[str, ...]:
    """Return the classes of services that are priced alike, in the order of their numbers.

    >>> price_classes()[0], "visits" in price_classes()
    ('hospital_inpatient', True)
    """
    return tuple(row["class"] for row in rows("charge_levels.csv"))


def class_of_lines(
    institutional: NDArray[np.bool_], encounter_class: Coded, procedure: Coded, revenue: Coded
) -> NDArray[np.int32]:
    """Return the class of each line, its number in `price_classes`, int32, shape (m,).

    Args:
        institutional: bool, on an 837I rather than an 837P.
        encounter_class: class of the encounter that is billed.
        procedure: HCPCS or CPT codes; may be null.
        revenue: revenue codes; null on an 837P.

    Of an 837I the encounter decides, else the procedure, else the revenue code; of an 837P the
    procedure. Every argument has m rows.
    """
    found = np.where(
        institutional,
        _first_named(
            _named(encounter_class, "837I", "class"),
            _named(procedure, "837I", "procedure"),
            _named(revenue, "837I", "revenue"),
        ),
        _named(procedure, "837P", "procedure"),
    )
    others = np.where(institutional, _other("837I"), _other("837P"))
    return np.where(found < 0, others, found).astype(np.int32)


def class_levels(kind: str, overall: float | None = None) -> NDArray[np.float64]:
    """Return what plans of a kind pay relative to Medicare, by class, float64, shape (classes,).

    Args:
        kind: of the plan; Original Medicare pays its own prices.
        overall: the plan's own level over all services, to which the classes keep their usual
            relation; None for the kind's own.

    >>> class_levels("medicare_original").tolist() == [1.0] * len(price_classes())
    True
    """
    table = _contracts(kind)
    usual = [float(table[name]["level"]) if table else 1.0 for name in price_classes()]
    middle = float(table[_OVERALL]["level"]) if table else 1.0
    share = 1.0 if overall is None else overall / middle
    levels: NDArray[np.float64] = np.round(np.array(usual) * share, _LEVEL_DECIMALS)
    return levels


def class_spreads(kind: str) -> NDArray[np.float64]:
    """Return the standard deviation of the log of contract prices by class, float64, (classes,)."""
    table = _contracts(kind)
    return np.array([float(table[name]["spread"]) if table else 0.0 for name in price_classes()])


@cache
def charge_levels() -> NDArray[np.float64]:
    """Return charges of each class relative to a provider's own level, float64, (classes,)."""
    return np.array([float(row["charge_level"]) for row in rows("charge_levels.csv")])


def contract_factors(
    plan: str, price_class: int, npi: NDArray[np.int64], spread: float
) -> NDArray[np.float64]:
    """Return each provider's contract price with a plan, relative to the plan's level of a class.

    Args:
        plan: name of the plan.
        price_class: number of the class.
        npi: int64, shape (n,), of the provider who bills.
        spread: standard deviation of the log, of the class.

    Returns:
        float64, shape (n,), mean 1: lognormal up to the dearest one in twenty, and above it Pareto
        with an index of one over the spread, assumption: twice as steep as the lognormal there.
    """
    name = price_classes()[price_class]
    uniform = STREAMS.at(f"contract/{plan}/{name}", npi, 0)
    return _quantile(uniform, spread)


def _quantile(uniform: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
    """Return the quantile of contract prices at uniform numbers, scaled to a mean of 1."""
    from scipy.special import ndtr, ndtri  # noqa: PLC0415  (heavy, and not always used)

    edge, rest = float(ndtri(_BODY)), 1 - _BODY
    body = np.exp(spread * ndtri(np.minimum(uniform, _BODY)))
    above = (rest / np.minimum(1 - uniform, rest)) ** spread
    begins = np.exp(spread * edge)
    mean = np.exp(spread**2 / 2) * ndtr(edge - spread) + rest * begins / (1 - spread)
    mean -= rest * (begins / _MOST) ** (1 / spread) * _MOST * spread / (1 - spread)
    scaled: NDArray[np.float64] = np.round(np.minimum(body * above, _MOST) / mean, _FACTOR_DECIMALS)
    return scaled


def _contracts(kind: str) -> dict[str, dict[str, str]]:
    return {row["class"]: row for row in rows("contract_prices.csv") if row["kind"] == kind}


def _first_named(*found: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return for each row the first number that is not -1."""
    chosen = found[-1]
    for one in reversed(found[:-1]):
        chosen = np.where(one < 0, chosen, one)
    return chosen


def _named(texts: Coded, form: str, by: str) -> NDArray[np.int32]:
    """Return the class of each row by its text, int32; -1 for none."""
    patterns = _patterns(form, by)
    found = [_longest(text, patterns) for text in texts.vocabulary]
    return np.array([*found, -1], dtype=np.int32)[texts.codes]


@cache
def _patterns(form: str, by: str) -> dict[str, int]:
    wanted = (row for row in rows("price_classes.csv") if (row["form"], row["by"]) == (form, by))
    return {row["pattern"]: price_classes().index(row["class"]) for row in wanted}


def _longest(text: str, patterns: dict[str, int]) -> int:
    sizes = range(len(text), 0, -1)
    return next((patterns[text[:size]] for size in sizes if text[:size] in patterns), -1)


def _other(form: str) -> int:
    return _patterns(form, "")[""]
