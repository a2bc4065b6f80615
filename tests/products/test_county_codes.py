"""Planning regions and codes of other years: what they are, and figures that come by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from execution.running import attempted, diabetic, listed, run
from healthsim.errors import NotFound
from healthsim.operations.home import Home
from healthsim.operations.places import county_of
from healthsim.operations.population import describe_place
from healthsim.products.populationsim.county_codes import other_code, other_codes
from healthsim.products.populationsim.population import built_in_population
from healthsim.products.populationsim.reference import geography
from healthsim.tables import Coded, Columns

REGIONS = [one for one in other_codes().values() if one.kind == "region"]


def measured(shares: dict[str, float]) -> Columns:
    return {
        "fips": Coded.of(list(shares)),
        "measure": Coded.constant("stroke", len(shares)),
        "value_share": np.array(list(shares.values())),
        "year": np.full(len(shares), 2023, dtype=np.int32),
        "source": Coded.constant("CDC PLACES 2025 release", len(shares)),
    }


def counted(people: dict[str, int]) -> Columns:
    return {
        "fips": Coded.of(list(people)), "sex": Coded.constant("F", len(people)),
        "age_low": np.full(len(people), 40), "age_high": np.full(len(people), 45),
        "people": np.array(list(people.values())),
    }  # fmt: skip


def row(fips: str) -> int:
    return geography().county_index(fips)


def test_the_nine_regions_have_the_people_of_the_eight_counties() -> None:
    geo = geography()
    by_county: dict[str, int] = {}
    for one in REGIONS:
        for county, people in one.people.items():
            by_county[county] = by_county.get(county, 0) + people
    state = [code for code in geo.county_fips if code.startswith("09")]

    assert len(REGIONS) == 9
    assert by_county == {code: geo.county_population[row(code)] for code in state}
    assert all(set(one.people) <= set(geo.county_fips) for one in other_codes().values())
    assert not set(other_codes()) & set(geo.county_fips)


def test_a_measure_by_region_becomes_the_mean_of_the_people_of_each_county() -> None:
    shares = {one.code: 0.02 + 0.001 * number for number, one in enumerate(REGIONS)}
    stroke = built_in_population().with_measures(measured(shares)).measures["stroke"]
    hartford = {"09110": 827_245, "09140": 60_833, "09160": 11_420}
    mean = sum(shares[code] * people for code, people in hartford.items()) / 899_498

    assert stroke.share[row("09003")] == pytest.approx(mean, abs=1e-6)
    assert stroke.share[row("09009")] == pytest.approx(
        (shares["09140"] * 294_348 + shares["09170"] * 570_487) / 864_835, abs=1e-6)  # fmt: skip
    assert not np.isnan(stroke.share[[row(f"090{n:02d}") for n in range(1, 16, 2)]]).any()
    assert stroke.year[row("09003")] == 2023


def test_a_countys_own_figure_comes_before_that_of_a_region_or_a_former_county() -> None:
    both = {"09120": 0.05, "09190": 0.05, "09001": 0.03, "46113": 0.09, "46102": 0.04}
    stroke = built_in_population().with_measures(measured(both)).measures["stroke"]
    former = built_in_population().with_measures(measured({"46113": 0.09})).measures["stroke"]

    assert stroke.share[row("09001")] == 0.03
    assert stroke.share[row("46102")] == 0.04
    assert former.share[row("46102")] == 0.09


def test_people_by_region_are_those_of_the_counties_and_none_is_lost() -> None:
    population = built_in_population().with_people(
        counted({one.code: 10_000 for one in REGIONS} | {"51515": 400, "51019": 5_000})
    )
    of_state = [row(code) for code in geography().county_fips if code.startswith("09")]

    assert abs(int(population.people[of_state].sum()) - 90_000) <= 4
    assert int(population.people[row("51019")].sum()) == 5_400


@pytest.mark.parametrize("label", ["09110", "Capitol Planning Region, CT"])
def test_people_of_a_region_live_in_its_counties_by_its_people(label: str) -> None:
    document = diabetic(count=2_000) | {
        "demographics": {"location": {"counties": {label: 0.5, "09009": 0.5}}}, "clinical": {},
        "attributes": {}, "coverage": None, "products": ["patientsim"],
    }  # fmt: skip
    counties = [fips for (fips,) in listed(run(document)["patients"], "county_fips")]
    share = {fips: counties.count(fips) / 2_000 for fips in set(counties)}

    assert set(share) == {"09003", "09009", "09013"}
    assert abs(share["09003"] - 0.5 * 827_245 / 976_248) < 0.035


@pytest.mark.parametrize(
    ("label", "names"),
    [("46113", ("Shannon County, SD", "46102", "2015")),
     ("Wade Hampton Census Area, AK", ("02158", "Kusilvak", "2015")),
     ("51515", ("Bedford city, VA", "51019")), ("02261", ("02063", "02066"))],
)  # fmt: skip
def test_a_former_county_is_refused_with_its_successor(label: str, names: tuple[str, ...]) -> None:
    document: dict[str, Any] = diabetic(count=5)
    document["demographics"] = {"location": {"counties": {label: 1}}}
    found = attempted(document)

    assert isinstance(found, str)
    assert all(name in found for name in names), found
    known = other_code(label)
    assert known
    with pytest.raises(NotFound) as refused:  # its code may be a ZIP code too
        county_of(known.title, "place")
    assert all(name in str(refused.value) for name in names), refused.value


def test_an_exact_count_of_a_region_is_refused_with_its_counties() -> None:
    document: dict[str, Any] = diabetic(count=5)
    document["demographics"] = {"location": {"counties": {"exactly": {"09110": 5}}}}
    found = attempted(document)

    assert isinstance(found, str)
    assert "exact" in found
    assert "09003" in found


def test_what_is_no_such_code_is_none() -> None:
    assert other_code("09003") is None
    assert other_code("00000") is None


@pytest.mark.parametrize("place", ["09110", "Capitol Planning Region, CT"])
def test_figures_of_a_region_are_refused_with_its_counties(place: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refused:
        describe_place(Home(tmp_path), place)

    assert "Capitol Planning Region" in str(refused.value)
    assert "09003" in str(refused.value)
    assert "Hartford County" in str(refused.value)
