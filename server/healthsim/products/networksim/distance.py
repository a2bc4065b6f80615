"""Distances between counties, measured between their centres of population."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FILE = Path(__file__).parent / "data" / "county_centers.csv"
_METRES_A_MILE = 1609.344
_RADIUS = 6_371_009  # metres: the earth's mean radius (IUGG)
_MIDDLE = (39.8, -98.6)  # of the contiguous states, for a county that is not listed
_BLOCK = 4_000_000  # distances computed at once


@dataclass(frozen=True, eq=False)
class Centers:
    """The centre of population of each county, on a sphere.

    Attributes:
        points: float64, shape (counties, 3), metres from the middle of the earth, whole numbers:
            their products are exact, so the nearest county is the same on every processor.
    """

    points: NDArray[np.float64]

    @classmethod
    def of(cls, degrees: NDArray[np.float64]) -> Centers:
        """Return the centres of latitudes and longitudes, float64, shape (counties, 2), degrees."""
        lat, lon = np.radians(degrees).T
        flat = np.cos(lat)
        sphere = np.stack([flat * np.cos(lon), flat * np.sin(lon), np.sin(lat)], axis=1)
        return cls(np.rint(sphere * _RADIUS))

    def miles(self, first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the distance along the ground between pairs of counties, float64, shape (n,).

        In whole miles: centres of counties are no more exact.

        >>> two = Centers.of(np.array([[29.81, -95.42], [32.78, -96.79]]))
        >>> two.miles(np.array([0, 0]), np.array([0, 1])).tolist()
        [0.0, 221.0]
        """
        chord = np.sqrt(np.sum((self.points[first] - self.points[second]) ** 2, axis=-1))
        arc = 2 * _RADIUS * np.arcsin(np.minimum(chord / (2 * _RADIUS), 1.0))
        miles: NDArray[np.float64] = np.rint(arc / _METRES_A_MILE)
        return miles

    def nearest(self, having: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return for each county the nearest of those that have something; itself if it has.

        Args:
            having: bool, shape (counties,); at least one is true.

        Returns:
            int32, shape (counties,); of equally near counties, the first.
        """
        nearest = np.arange(len(having), dtype=np.int32)
        targets = np.flatnonzero(having)
        lacking = np.flatnonzero(~having)
        target_points = self.points[targets].T
        size = max(_BLOCK // len(targets), 1)
        for first in range(0, len(lacking), size):
            block = lacking[first : first + size]
            nearest[block] = targets[np.argmax(self.points[block] @ target_points, axis=1)]
        return nearest


def centers(county_fips: tuple[str, ...]) -> Centers:
    """Return the centres of counties; a county that is not listed is in the middle of its state."""
    known = _listed()
    of_state = _states()
    return Centers.of(
        np.array([known.get(fips) or of_state.get(fips[:2], _MIDDLE) for fips in county_fips])
    )


@cache
def _listed() -> dict[str, tuple[float, float]]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {row["fips"]: (float(row["lat"]), float(row["lon"])) for row in csv.DictReader(file)}


@cache
def _states() -> dict[str, tuple[float, float]]:
    by_state: dict[str, list[tuple[float, float]]] = {}
    for fips, center in _listed().items():
        by_state.setdefault(fips[:2], []).append(center)
    return {
        state: (sum(lat for lat, _ in own) / len(own), sum(lon for _, lon in own) / len(own))
        for state, own in by_state.items()
    }
