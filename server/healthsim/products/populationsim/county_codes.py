"""Codes of counties that are not in the geography: planning regions, and codes of other years.

The geography has the counties of 2020, with Connecticut's eight former counties, since ZIP codes
are known by them. The Census Bureau and the CDC have counted Connecticut by nine planning regions
since 2022. A crosswalk of the people of 169 towns leads from one to the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.datafiles import rows
from healthsim.products.populationsim.reference import geography
from healthsim.tables import Coded

REGION, FORMER = "region", "former"


@dataclass(frozen=True)
class OtherCode:
    """A code of a county or of what equals it, and the counties in which its people live.

    Attributes:
        code: five digits.
        title: name and state.
        kind: `REGION` for what is counted today, `FORMER` for what was.
        since: year in which the change came.
        people: code of a county -> people of it who live there.
    """

    code: str
    title: str
    kind: str
    since: int
    people: Mapping[str, int]

    @property
    def shares(self) -> dict[str, float]:
        """Code of a county -> share of the people who live there; in all 1."""
        total = sum(self.people.values())
        return {county: people / total for county, people in self.people.items()}

    @property
    def mend(self) -> str:
        """What it is, and what to write in its place."""
        return f"{self.said}; write {' or '.join(map(repr, self.people))}"

    @property
    def said(self) -> str:
        """What it is, and which counties of the geography it stands for."""
        geo = geography()
        named = [f"{code} ({geo.county_titles[geo.county_index(code)]})" for code in self.people]
        listed = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
        what = f"{self.code} is {self.title}"
        if self.kind == REGION:
            return f"{what}; its people live in {listed}"
        return f"{what}, which has been {listed} since {self.since}"


@cache
def other_codes() -> Mapping[str, OtherCode]:
    """Return every such code, by itself; read once for a process.

    >>> other_codes()["46113"].said
    '46113 is Shannon County, SD, which has been 46102 (Oglala Lakota County, SD) since 2015'
    """
    found: dict[str, dict[str, str]] = {}
    people: dict[str, dict[str, int]] = {}
    for row in rows("county_codes.csv"):
        found[row["code"]] = row
        people.setdefault(row["code"], {})[row["county"]] = int(row["people"])
    return MappingProxyType({
        code: OtherCode(code, f"{row['name']}, {row['state']}", row["kind"], int(row["since"]),
                        MappingProxyType(people[code]))
        for code, row in found.items()
    })  # fmt: skip


@cache
def _by_title() -> Mapping[str, OtherCode]:
    return {one.title.casefold(): one for one in other_codes().values()}


def other_code(label: str) -> OtherCode | None:
    """Return what a code or a title stands for; None where it is a county's or nothing.

    >>> found = other_code("Capitol Planning Region, CT")
    >>> found and sorted(found.shares)
    ['09003', '09013']
    """
    return other_codes().get(label) or _by_title().get(label.casefold())


def in_counties(fips: Coded) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float64]]:
    """Return rows of figures by other codes, once for each county that they tell of.

    Args:
        fips: codes of the rows.

    Returns:
        Positions of the rows, the county of each as a row of the geography, and how many people
        of the code live there: shape (m,).
    """
    codes = other_codes()
    cells = [(code, county, people) for code, text in enumerate(fips.vocabulary)
             if text in codes for county, people in codes[text].people.items()]  # fmt: skip
    if not cells:
        nobody = np.zeros(0, dtype=np.int32)
        return nobody.astype(np.intp), nobody, nobody.astype(np.float64)
    index = geography().county_index
    found = [np.flatnonzero(fips.codes == code) for code, _, _ in cells]
    sizes = [len(one) for one in found]
    counties = np.repeat(np.array([index(county) for _, county, _ in cells]), sizes)
    people = np.repeat(np.array([float(people) for _, _, people in cells]), sizes)
    return np.concatenate(found), counties.astype(np.int32), people


def share_there(fips: Coded, positions: NDArray[np.intp], people: NDArray[np.float64]) -> Any:
    """Return which share of the people of its code lives in each county of `in_counties`."""
    codes = other_codes()
    total = np.array([
        float(sum(codes[text].people.values())) if text in codes else 1.0
        for text in fips.vocabulary
    ])  # fmt: skip
    return people / total[fips.codes[positions]]


def of_regions(labels: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return, of those labels that are today's regions, the shares of their counties."""
    found = {label: other_code(label) for label in labels}
    return {label: one.shares for label, one in found.items()
            if one is not None and one.kind == REGION}  # fmt: skip
