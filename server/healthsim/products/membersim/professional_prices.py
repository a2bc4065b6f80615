"""What the services of an 837P cost at Medicare's level: by code, modifiers, place and year.

The physician and the laboratory fee schedule decide where they have the code (`billing/`); the
assumptions of `data/fees.csv` are for all others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.professional.fee_schedule import (
    COMPONENTS,
    Component,
    anesthesia_cents,
    conversion_factor,
    is_anesthesia,
    laboratory_fees,
    payment_percents,
    physician_cents,
    physician_fees,
)
from healthsim.billing.professional.places import facility_places
from healthsim.limits import Cents
from healthsim.products.membersim.pricing import LEAST_CENTS, fallback_cents, fee_pattern, trend
from healthsim.tables import Coded

_WHOLE = 100.0


@dataclass(frozen=True, eq=False)
class ProfessionalPrices:
    """Prices of m lines at Medicare's level, in the year of each; arrays of shape (m,).

    Attributes:
        unit: int64 cents, of one priced unit.
        units: int32, how many priced units a line has: 1 for anaesthesia, which is priced whole.
        component: intp, place in `COMPONENTS`.
        inside: bool, at the fee of a facility.
    """

    unit: Cents
    units: NDArray[np.int32]
    component: NDArray[np.intp]
    inside: NDArray[np.bool_]


def professional_prices(
    procedure: Coded,
    modifiers: tuple[Coded, ...],
    pos: Coded,
    years: NDArray[np.int32],
    units: NDArray[np.int32],
) -> ProfessionalPrices:
    """Return what lines of an 837P cost before the provider's and the plan's own level.

    Args:
        procedure: HCPCS or CPT codes; a null costs nothing.
        modifiers: the modifier columns.
        pos: places of service.
        years: int32, of the service.
        units: int32, units of service; minutes of anaesthesia.

    Every argument has m rows.
    """
    component = _component(modifiers, len(years))
    inside = _by_word(pos, lambda word: word in facility_places())
    first = int(years.min()) if len(years) else 0
    span = range(first, int(years.max()) + 1) if len(years) else range(0)
    table = _table(procedure.vocabulary, span)
    unit = table[component, inside.astype(np.intp), procedure.codes, years - first]
    counted = units.copy()
    _price_anesthesia(procedure, years, units, unit, counted)
    percent = _percents(procedure, modifiers, component)
    if percent is not None:
        unit = np.floor(unit * percent / _WHOLE + 0.5).astype(np.int64)
    return ProfessionalPrices(unit, counted, component, inside)


def price_basis(code: str, component: Component, year: int) -> str:
    """Say in words from where the price of a code comes."""
    if is_anesthesia(code):
        return "anesthesia base and time units"
    if physician_cents(code, component) is not None:
        factor = conversion_factor(year)[0] / 10_000
        return f"physician fee schedule, conversion factor {factor:g}"
    if code in laboratory_fees():
        return "clinical laboratory fee schedule"
    return f"fee schedule {fee_pattern(code) or 'other'}* (membersim/data/fees.csv)"


def component_of(modifiers: tuple[str | None, ...]) -> Component:
    """Return the component that modifiers name.

    >>> component_of(("RT", "26"))
    '26'
    """
    return next((one for one in COMPONENTS[1:] if one in modifiers), "")


def _component(modifiers: tuple[Coded, ...], size: int) -> NDArray[np.intp]:
    """Return the component of each line, position in `COMPONENTS`, intp, (m,)."""
    component = np.zeros(size, dtype=np.intp)
    for column in modifiers:
        if any(one in column.vocabulary for one in COMPONENTS[1:]):
            places = [COMPONENTS.index(word) if word in COMPONENTS else 0
                      for word in column.vocabulary]  # fmt: skip
            component = np.maximum(component, np.array([*places, 0], dtype=np.intp)[column.codes])
    return component


def _by_word(column: Coded, of: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Return a truth about each word of a column, on its rows; False for null, bool, (m,)."""
    return np.array([*map(of, column.vocabulary), False], dtype=np.bool_)[column.codes]


def _table(words: tuple[str, ...], years: range) -> Cents:
    """Return cents by component, place (1 in a facility), code (the last: null) and year."""
    table = np.zeros((len(COMPONENTS), 2, len(words) + 1, len(years)), dtype=np.int64)
    for at, word in enumerate(words):
        for kind, component in enumerate(COMPONENTS):
            for inside in (0, 1):
                table[kind, inside, at] = [
                    _cents(word, component, bool(inside), year) for year in years
                ]
    return table


@cache
def _cents(code: str, component: Component, facility: bool, year: int) -> int:
    """Return the price of one unit: of its component, else of the whole."""
    for found in (component, ""):
        cents = physician_cents(code, found, facility=facility, year=year)
        if cents is not None:
            return max(LEAST_CENTS, cents)
    if code in laboratory_fees():
        return max(LEAST_CENTS, laboratory_fees()[code])
    index = float(trend(np.array([year], dtype=np.int32))[0])
    return max(LEAST_CENTS, round(fallback_cents(code) * index))


def _price_anesthesia(
    procedure: Coded,
    years: NDArray[np.int32],
    units: NDArray[np.int32],
    unit: Cents,
    counted: NDArray[np.int32],
) -> None:
    """Price the lines of anaesthesia whole, by their minutes, in place."""
    for at, word in enumerate(procedure.vocabulary):
        if is_anesthesia(word):
            lines = np.flatnonzero(procedure.codes == at)
            for year in np.unique(years[lines]).tolist():
                own = lines[years[lines] == year]
                unit[own] = anesthesia_cents(word, units[own], year)
                counted[own] = 1


def _percents(
    procedure: Coded, modifiers: tuple[Coded, ...], component: NDArray[np.intp]
) -> NDArray[np.float64] | None:
    """Return the percent of the fee that modifiers leave, float64, (m,); None where all of it."""
    percents = payment_percents()
    factor: NDArray[np.float64] | None = None
    for column in modifiers:
        named = [percents.get(word, _WHOLE) for word in column.vocabulary if word not in COMPONENTS]
        if any(percent != _WHOLE for percent in named):
            by_word = [_WHOLE if word in COMPONENTS else percents.get(word, _WHOLE)
                       for word in column.vocabulary]  # fmt: skip
            here = np.array([*by_word, _WHOLE])[column.codes]
            factor = here if factor is None else factor * here / _WHOLE
    for kind, name in enumerate(COMPONENTS[1:], 1):
        lines = np.flatnonzero(component == kind)
        if len(lines):
            share = [_WHOLE if (word, name) in physician_fees() else percents[name]
                     for word in procedure.vocabulary]  # fmt: skip
            here = np.array([*share, _WHOLE])[procedure.codes[lines]]
            if (here != _WHOLE).any():
                factor = np.full(len(component), _WHOLE) if factor is None else factor
                factor[lines] *= here / _WHOLE
    return factor
