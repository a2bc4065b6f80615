"""Where people live: states, counties, metropolitan areas, and which counties of them."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.products.reference_names import built_in_names
from healthsim.specification.checks.check import check_profile
from healthsim.specification.document import read
from healthsim.specification.profiles.profile import ProfileSpec

GOOD: list[dict[str, Any]] = [
    {"states": {"TX": 0.5, "VT": 0.5}, "area": "rural"},
    {"counties": {"48201": 0.5, "Orleans County, VT": 0.5}},
    {"counties": {"harris county, tx": 1}, "area": "urban"},
    {"metros": {"26420": 0.5, "Ames, IA": 0.5}},
    {"area": "urban"},
]
BAD: list[tuple[dict[str, Any], str]] = [
    ({"counties": {"48200": 1}}, "'48201' (Harris County, TX)"),
    ({"counties": {"Haris County, TX": 1}}, "'Harris County, TX' (48201)"),
    ({"counties": {"Harris": 1}}, "'Harris County, TX' (48201)"),
    ({"counties": {"Springfield": 1}}, "write its FIPS code"),
    ({"metros": {"Houston": 1}}, "'Houston-The Woodlands-Sugar Land, TX' (26420)"),
    ({"metros": {"26421": 1}}, "26420"),
    ({"metros": {"26420": 1}, "area": "rural"}, "remove metros or area"),
    ({"counties": {"48201": 1}, "area": "rural"}, "remove '48201' or area"),
    ({"states": {"NJ": 0.5, "TX": 0.5}, "area": "rural"}, "remove NJ"),
    ({"states": {"TY": 1}}, "known"),
    ({"states": {"Texas": 1}}, "write 'TX'"),
    ({"states": {"tx": 1}}, "write 'TX'"),
    ({"states": {"Vermnt": 1}}, "did you mean 'VT' (Vermont)?"),
]


def problems(location: dict[str, Any]) -> list[str]:
    document = {"kind": "profile", "name": "there", "products": ["patientsim"],
                "demographics": {"location": location}}  # fmt: skip
    spec = read(ProfileSpec, document, "profile")
    return [str(one) for one in check_profile(spec, built_in_names())]


@pytest.mark.parametrize("location", GOOD, ids=str)
def test_a_place_that_exists_is_taken(location: dict[str, Any]) -> None:
    assert problems(location) == []


@pytest.mark.parametrize(("location", "mend"), BAD, ids=str)
def test_a_place_that_does_not_exist_is_refused_with_what_is_like_it(
    location: dict[str, Any], mend: str
) -> None:
    (told,) = problems(location)

    assert told.startswith("profile.demographics.location.")
    assert mend in told


def test_two_levels_are_refused() -> None:
    with pytest.raises(Exception, match="counties and metros are given together"):
        problems({"counties": {"48201": 1}, "metros": {"26420": 1}})


def test_a_place_that_hangs_on_what_hangs_on_the_place_is_refused() -> None:
    document = {
        "kind": "profile", "name": "round", "products": ["patientsim"],
        "demographics": {"location": {"states": {
            "type": "conditional", "cases": [{"when": "age < 40", "then": {"TX": 1}}],
            "otherwise": {"VT": 1}}}},
    }  # fmt: skip
    found = check_profile(read(ProfileSpec, document, "profile"), built_in_names())

    assert "parts need each other" in str(found[-1])
