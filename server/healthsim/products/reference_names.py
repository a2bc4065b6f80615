"""The names that specifications may use, collected from the products that own them."""

from __future__ import annotations

import itertools
from functools import cache

from healthsim.codes.books import taxonomy
from healthsim.products.catalogue import TABLES
from healthsim.products.membersim.plans import BUILT_IN, UNINSURED
from healthsim.products.populationsim.county_codes import REGION, other_codes
from healthsim.products.populationsim.figures import RACES, measures
from healthsim.products.populationsim.languages import language_shares
from healthsim.products.populationsim.population import PLACES
from healthsim.products.populationsim.reference import geography
from healthsim.specification.checks.names import ReferenceNames

_DEMOGRAPHIC = ("age", "gender", "race", "ethnicity")


@cache
def built_in_names() -> ReferenceNames:
    """Return the names that specifications may use with the built-in reference."""
    places = geography()
    specialties = (name for name, row in taxonomy().rows.items() if row.kind == "person")
    return ReferenceNames(
        plans=(*BUILT_IN, UNINSURED),
        states=places.states,
        state_names=places.state_names,
        counties=places.county_fips,
        specialties=tuple(specialties),
        measures=tuple(dict.fromkeys((*_DEMOGRAPHIC, *measures(), *PLACES.values()))),
        races=RACES,
        languages=language_shares().languages,
        county_titles=places.county_titles,
        metros=places.metros,
        metro_titles=places.metro_titles,
        urban=frozenset(itertools.compress(places.county_fips, places.county_metro >= 0)),
        tables=TABLES,
        regions=frozenset(
            label
            for one in other_codes().values()
            if one.kind == REGION
            for label in (one.code, one.title.casefold())
        ),
        other_counties={
            label: one.mend
            for one in other_codes().values()
            for label in (one.code, one.title.casefold())
        },
    )
