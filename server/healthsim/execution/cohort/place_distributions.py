"""Figures of places as distributions: a row of a table for each person's county, age and sex.

They replace a specification's population measures in a run; no document can contain them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from healthsim.products.populationsim.population import CountyPopulation
from healthsim.products.populationsim.race import ETHNICITIES, Cells, county_cells
from healthsim.products.populationsim.rates import AGES, Rates
from healthsim.specification.distributions.base import BaseDistribution, DrawInput
from healthsim.specification.language.expressions import Scope
from healthsim.tables import Coded

COUNTY = "county~"
"""Name under which a scope gives everyone's row in the geography; no condition can use it."""

_YEARS = 5  # of a band
_DECIMALS = 4
_SHARE_DECIMALS = 9

Rows = Callable[[Scope], NDArray[np.int64]]
Shares = NDArray[np.float64]


class _ByPlace(BaseDistribution):
    """One row of a table for each person.

    Attributes:
        rows: which row each person of a scope has.
        table: float64, shape (rows, cells).
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    rows: Any
    table: Any

    @property
    def unconditional(self) -> bool:
        """False: it depends on where people live."""
        return False

    def row(self, draw: DrawInput) -> NDArray[np.int64]:
        """Return each person's row of the table."""
        if draw.scope is None:
            raise TypeError("a figure of a place needs people who live there")
        rows: NDArray[np.int64] = self.rows(draw.scope)
        return rows


class SharesByPlace(_ByPlace):
    """A share; the table has one cell a row."""

    type: Literal["share by place"] = "share by place"

    def values(self, draw: DrawInput) -> Shares:
        """Return everyone's share."""
        shares: Shares = self.table[self.row(draw)]
        return shares


class LabelsByPlace(_ByPlace):
    """A label by weight; the table's cells are cumulated shares, the last is 1."""

    type: Literal["label by place"] = "label by place"
    names: tuple[str, ...]

    @property
    def kind(self) -> Literal["number", "text"]:
        """Text."""
        return "text"

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the cells."""
        return self.names

    def values(self, draw: DrawInput) -> Coded:
        """Return the label in whose cell each person's uniform falls."""
        return Coded(_cell(self.table, self.row(draw), draw.u).astype(np.int32), self.names)


class AgesByPlace(_ByPlace):
    """An age in years, uniform within five-year bands; the cells are cumulated shares."""

    type: Literal["age by place"] = "age by place"

    def values(self, draw: DrawInput) -> Shares:
        """Return everyone's age, four decimals."""
        row = self.row(draw)
        cell = _cell(self.table, row, draw.u)
        after = self.table[row, cell]
        before = np.where(cell > 0, self.table[row, np.maximum(cell - 1, 0)], 0.0)
        fraction = (draw.u - before) / np.maximum(after - before, 1e-300)
        years = np.round(_YEARS * (cell + fraction), _DECIMALS)
        ages: Shares = np.minimum(years, _YEARS * (cell + 1) - 10.0**-_DECIMALS)
        return ages


def _cell(table: Shares, row: NDArray[np.int64], u: Shares) -> NDArray[np.int64]:
    """Return the cell of its row in which each number falls; earlier cells end at or below it."""
    cell = np.zeros(len(u), dtype=np.int64)
    for edge in range(table.shape[1] - 1):
        cell += table[row, edge] <= u
    return cell


class CountyTables:
    """The figures of the counties that people of a profile can live in."""

    def __init__(
        self, population: CountyPopulation, counties: NDArray[np.int32], size: int
    ) -> None:
        self.population, self.counties = population, counties
        self._slot = np.full(size, -1, dtype=np.int64)
        self._slot[counties] = np.arange(len(counties))

    @cached_property
    def _cells(self) -> Cells:
        return _cells_of(self.population, self.counties.tobytes())

    def cells_of(self, county: NDArray[np.int32], band: NDArray[np.int64]) -> Cells:
        """Return shares of ethnicity and race of counties by band of age, shape (n, 2, 7)."""
        return self._cells[self._slot[county], band]

    def age(self) -> AgesByPlace:
        """Return ages by the county's bands."""
        people = self.population.people[self.counties].sum(axis=2)
        return AgesByPlace(rows=self._county, table=_edges(people))

    def gender(self) -> LabelsByPlace:
        """Return sex by the county's people of the person's band."""
        people = self.population.people[self.counties]
        women = people[:, :, ::-1].reshape(-1, 2)
        national = self.population.people.sum(axis=0)[:, ::-1]
        empty = women.sum(axis=1) == 0  # nobody of that age lives there: national shares
        women = np.where(empty[:, None], np.tile(national, (len(people), 1)), women)
        bands = people.shape[1]

        def rows(scope: Scope) -> NDArray[np.int64]:
            band = np.minimum(_age(scope) // _YEARS, bands - 1)
            row: NDArray[np.int64] = self._county(scope) * bands + band
            return row

        return LabelsByPlace(rows=rows, table=_edges(women), names=("F", "M"))

    def ethnicity(self) -> LabelsByPlace:
        """Return ethnicity by the county's share of Hispanics."""
        hispanic = np.round(self.population.hispanic[self.counties], _SHARE_DECIMALS)
        table = np.stack([1 - hispanic, np.ones_like(hispanic)], axis=1)
        return LabelsByPlace(rows=self._county, table=table, names=ETHNICITIES)

    def race(self, names: tuple[str, ...]) -> LabelsByPlace:
        """Return race by the county's shares among people of the person's ethnicity."""
        shares = self.population.race_shares(self.counties).reshape(-1, len(names))
        table = np.round(np.cumsum(shares, axis=1), _SHARE_DECIMALS)
        table[:, -1] = 1.0

        def rows(scope: Scope) -> NDArray[np.int64]:
            hispanic = _equals(scope, "ethnicity", ETHNICITIES[1])
            row: NDArray[np.int64] = self._county(scope) * 2 + hispanic
            return row

        return LabelsByPlace(rows=rows, table=table, names=names)

    def share(self, rates: Rates) -> SharesByPlace:
        """Return shares by county, sex and age."""

        def rows(scope: Scope) -> NDArray[np.int64]:
            sex = self._county(scope) * 2 + _equals(scope, "gender", "F")
            return sex * AGES + np.minimum(_age(scope), AGES - 1)

        return SharesByPlace(rows=rows, table=rates.share.reshape(-1))

    def _county(self, scope: Scope) -> NDArray[np.int64]:
        row = np.asarray(scope.name(COUNTY)).astype(np.int64)
        return self._slot[row]


def _equals(scope: Scope, name: str, label: str) -> NDArray[np.bool_]:
    values = scope.name(name)
    if not isinstance(values, Coded):
        raise TypeError(f"{name} is a number")
    return values.equals(label)


def _age(scope: Scope) -> NDArray[np.int64]:
    age = scope.name("age")
    if isinstance(age, Coded):
        raise TypeError("age is a text")
    return np.nan_to_num(np.asarray(age, dtype=np.float64)).astype(np.int64)


def label_edges(weights: Shares) -> Shares:
    """Return cumulated shares of weights, nine decimals; each row's last is 1.

    A row of zeros counts as one of equal weights.
    """
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, 1.0)
    edges = np.round(
        np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True), _SHARE_DECIMALS
    )
    edges[:, -1] = 1.0
    return np.asarray(edges)


@lru_cache(maxsize=4)
def _cells_of(population: CountyPopulation, counties: bytes) -> Cells:
    """Return the cells of counties, whose rows are the bytes of int32, for all runs that ask."""
    return county_cells(population, np.frombuffer(counties, dtype=np.int32))


def _edges(counts: NDArray[np.int64]) -> Shares:
    """Return cumulated shares of whole numbers; each row's last is 1."""
    edges: Shares = np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)
    return edges
