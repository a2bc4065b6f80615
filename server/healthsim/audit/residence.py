"""Stored counties under the labels that a profile's location uses."""

from __future__ import annotations

import numpy as np

from healthsim.products.populationsim.reference import geography
from healthsim.specification.profiles.demographics import Location
from healthsim.tables import Coded


def counties_as_specified(stored: Coded, location: Location) -> Coded:
    """Return people's counties as labels of the location: of its counties, or else of its metros.

    A county that the location does not name keeps its code.

    >>> from healthsim.specification.distributions.kinds import parse_distribution
    >>> location = Location(counties=parse_distribution({"Harris County, TX": 1}))
    >>> counties_as_specified(Coded.of(["48201"]), location).texts()
    ['Harris County, TX']
    """
    geo = geography()
    label_of: dict[str, str] = {}
    if location.counties is not None:
        label_of = {
            geo.county_fips[geo.county_index(label)]: label for label in location.counties.labels
        }
    if location.metros is not None:
        metro_label = {geo.metro_index(label): label for label in location.metros.labels}
        metro_of = dict(zip(geo.county_fips, geo.county_metro.tolist(), strict=True))
        label_of = {
            code: metro_label[metro_of[code]]
            for code in stored.vocabulary
            if metro_of.get(code) in metro_label
        }
    labels = [label_of.get(code, code) for code in stored.vocabulary]
    vocabulary = tuple(dict.fromkeys(labels))
    new_codes = np.array([*(vocabulary.index(name) for name in labels), -1], dtype=np.int32)
    return Coded(new_codes[stored.codes], vocabulary)
