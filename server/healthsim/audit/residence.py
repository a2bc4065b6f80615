"""Stored counties in the words in which a profile's location asks for them."""

from __future__ import annotations

import numpy as np

from healthsim.products.populationsim.reference import geography
from healthsim.specification.profiles.profile import Location
from healthsim.tables import Coded


def counties_as_specified(stored: Coded, said: Location) -> Coded:
    """Return people's counties as the labels that ask for them; metros where those are asked for.

    A county that nothing asks for keeps its code.

    >>> from healthsim.specification.distributions.kinds import parse_distribution
    >>> asked = Location(counties=parse_distribution({"Harris County, TX": 1}))
    >>> counties_as_specified(Coded.of(["48201"]), asked).texts()
    ['Harris County, TX']
    """
    here = geography()
    called: dict[str, str] = {}
    if said.counties is not None:
        called = {
            here.county_fips[here.county_index(label)]: label for label in said.counties.labels
        }
    if said.metros is not None:
        metro = {here.metro_index(label): label for label in said.metros.labels}
        of = dict(zip(here.county_fips, here.county_metro.tolist(), strict=True))
        called = {code: metro[of[code]] for code in stored.vocabulary if of.get(code) in metro}
    names = [called.get(code, code) for code in stored.vocabulary]
    words = tuple(dict.fromkeys(names))
    to = np.array([*(words.index(name) for name in names), -1], dtype=np.int32)
    return Coded(to[stored.codes], words)
