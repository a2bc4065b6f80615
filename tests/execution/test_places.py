"""People are as the figures of the places say where the profile says that they live."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from healthsim.errors import SpecError
from healthsim.execution.cohort.cohort import draw_parts, drawing_order
from healthsim.execution.cohort.drawing import CohortPlan, PartialCohort
from healthsim.execution.cohort.population_measures import PopulationMeasures
from healthsim.execution.cohort.residence import Residence
from healthsim.execution.people.draws import Draws, require_text
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.products.populationsim.population import CountyPopulation, built_in_population
from healthsim.products.populationsim.rates import rates
from healthsim.products.populationsim.reference import geography
from healthsim.specification.document import read
from healthsim.specification.profiles.demographics import Location
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded, Columns

MEASURES = {"I10": "hypertension", "E11.9": "diabetes", "J44.9": "copd", "F32.A": "depression"}
HARRIS, ORLEANS = {"counties": {"48201": 1}}, {"counties": {"Orleans County, VT": 1}}
VERMONT: dict[str, Any] = {"states": {"VT": 1}}
PEOPLE = 20_000


def profile(location: dict[str, Any], measures: dict[str, str], **more: Any) -> dict[str, Any]:
    asked = [{"code": code, "share": {"type": "population", "measure": measure}}
             for code, measure in measures.items()]  # fmt: skip
    return {"kind": "profile", "mortality": "none",
            "name": "of-a-place", "count": PEOPLE, "seed": 11,
            "products": ["patientsim"], "demographics": {"location": location},
            "clinical": {"comorbidities": asked}} | more  # fmt: skip


def drawn(
    document: dict[str, Any],
    start: int = 0,
    people: int = 0,
    population: CountyPopulation | None = None,
) -> PartialCohort:
    spec = read(ProfileSpec, document, "profile")
    figures = PopulationMeasures(spec, population)
    draws = Draws(spec.seed, start, people or spec.count, spec.count)
    return draw_parts(CohortPlan(spec, drawing_order(spec), (), figures), draws)


@cache
def cohort(place: str) -> PartialCohort:
    where = {"harris": HARRIS, "orleans": ORLEANS, "vermont": VERMONT}[place]
    return drawn(profile(where, MEASURES))


def counties(place: str) -> NDArray[np.int32]:
    here = geography()
    if place == "vermont":
        return np.flatnonzero(here.county_state == here.state_index("VT")).astype(np.int32)
    county = here.county_index("48201" if place == "harris" else "Orleans County, VT")
    return np.array([county], dtype=np.int32)


def has(partial: PartialCohort, code: str) -> NDArray[np.float64]:
    return partial.call("has", code).astype(np.float64)


def within(shares: NDArray[np.float64], expected: NDArray[np.float64], people: int) -> bool:
    """Tell whether observed shares are within three standard errors of what is expected."""
    error = np.sqrt(np.maximum(expected * (1 - expected), 1e-9) / people)
    return bool((np.abs(shares - expected) <= 3 * error).all())


def numbers(partial: PartialCohort, name: str) -> NDArray[np.float64]:
    found = partial.values[name]
    assert not isinstance(found, Coded)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("place", ["harris", "orleans", "vermont"])
def test_ages_and_sexes_are_those_of_the_place(place: str) -> None:
    people = built_in_population().people[counties(place)].sum(axis=0)
    partial = cohort(place)
    band = np.minimum(numbers(partial, "age") // 5, 19).astype(np.int64)
    women = require_text(partial.values["gender"]).equals("F")

    assert within(
        np.bincount(band, minlength=20) / PEOPLE, people.sum(axis=1) / people.sum(), PEOPLE
    )
    assert within(np.array([women.mean()]), np.array([people[:, 1].sum() / people.sum()]), PEOPLE)
    old = band >= 14
    share = people[14:, 1].sum() / people[14:].sum()
    assert within(np.array([women[old].mean()]), np.array([share]), int(old.sum()))


@pytest.mark.slow
@pytest.mark.parametrize("place", ["harris", "orleans", "vermont"])
@pytest.mark.parametrize("code", MEASURES)
def test_prevalence_among_adults_is_that_of_the_place(place: str, code: str) -> None:
    inside, people = counties(place), built_in_population()
    found = rates(MEASURES[code], people, inside)
    adults = np.repeat(people.people[inside], 5, axis=1)[:, 18:].sum(axis=(1, 2))
    expected = (found.level * adults).sum() / adults.sum()
    adult = numbers(cohort(place), "age") >= 18
    sick = has(cohort(place), code[:3])

    assert within(np.array([sick[adult].mean()]), np.array([expected]), int(adult.sum()))
    assert not sick[~adult].any()


def test_places_differ_where_their_figures_do() -> None:
    texan, vermonter = cohort("harris"), cohort("vermont")
    old = [float((numbers(one, "age") >= 65).mean()) for one in (texan, vermonter)]
    sick = [{code: has(one, code[:3])[numbers(one, "age") >= 18].mean() for code in MEASURES}
            for one in (texan, vermonter)]  # fmt: skip

    assert old[1] - old[0] > 0.08
    assert sick[0]["E11.9"] - sick[1]["E11.9"] > 0.02
    assert sick[1]["F32.A"] - sick[0]["F32.A"] > 0.03


def test_race_and_ethnicity_are_the_countys() -> None:
    county, partial = counties("harris"), cohort("harris")
    hispanic = built_in_population().hispanic[county]
    shares = built_in_population().race_shares(county)[0]
    black = hispanic[0] * shares[1, 1] + (1 - hispanic[0]) * shares[0, 1]
    found = require_text(partial.values["ethnicity"]).equals("hispanic")

    assert within(np.array([found.mean()]), hispanic, PEOPLE)
    assert within(np.array([require_text(partial.values["race"]).equals("black").mean()]),
                  np.array([black]), PEOPLE)  # fmt: skip
    assert 0.18 < black < 0.21  # as the county's share of people of one race


def test_a_larger_population_begins_with_the_smaller() -> None:
    small = drawn(profile(VERMONT, MEASURES, count=500))
    large = drawn(profile(VERMONT, MEASURES, count=2_000))

    assert_begins(small, large, 500)


def test_a_slice_of_people_is_drawn_as_in_the_whole() -> None:
    whole = drawn(profile(VERMONT, MEASURES, count=2_000))
    part = drawn(profile(VERMONT, MEASURES, count=2_000), 700, 300)

    assert np.array_equal(numbers(whole, "age")[700:1_000], numbers(part, "age"))
    assert np.array_equal(has(whole, "I10")[700:1_000], has(part, "I10"))


def test_another_measure_changes_nothing_else() -> None:
    before = drawn(profile(VERMONT, MEASURES, count=500))
    after = drawn(profile(VERMONT, MEASURES | {"J45.909": "asthma"}, count=500))

    assert_begins(before, after, 500)


def assert_begins(one: PartialCohort, other: PartialCohort, people: int) -> None:
    for name in ("age", "gender", "race", "ethnicity", "us_state"):
        mine, theirs = one.values[name], other.values[name]
        if isinstance(mine, Coded) and isinstance(theirs, Coded):
            assert mine.texts() == theirs.texts()[:people]
        else:
            assert np.array_equal(numbers(one, name), numbers(other, name)[:people])
    for code in MEASURES:
        assert np.array_equal(has(one, code[:3]), has(other, code[:3])[:people])
    assert np.array_equal(one.columns["place"], other.columns["place"][:people])


def test_where_no_location_is_stated_the_nations_figures_hold() -> None:
    partial = drawn(profile({}, {"J44.9": "copd"}, count=4_000))

    assert has(partial, "J44").mean() == pytest.approx(0.062, abs=0.012)


def test_metros_and_areas_keep_their_counties() -> None:
    here = geography()
    houston = drawn(profile({"metros": {"26420": 1}}, {}, count=2_000)).columns["county"]
    rural = drawn(profile({"states": {"TX": 0.5, "VT": 0.5}, "area": "rural"}, {}, count=2_000))
    anywhere = drawn(profile({"area": "rural"}, {}, count=2_000)).columns

    assert set(here.county_metro[houston].tolist()) == {here.metros.index("26420")}
    assert (here.county_metro[rural.columns["county"]] == -1).all()
    assert set(rural.columns["state"].tolist()) == {here.state_index("TX"), here.state_index("VT")}
    assert (here.county_metro[anywhere["county"]] == -1).all()
    assert len(set(anywhere["state"].tolist())) > 30


@pytest.mark.parametrize("area", [None, "urban", "rural"])
def test_anybody_can_live_in_the_counties_of_the_states_and_the_area_and_in_no_others(
    area: str | None,
) -> None:
    here = geography()
    inside = here.county_state == here.state_index("TX")
    of_area = {None: inside | True, "urban": here.county_metro >= 0, "rural": here.county_metro < 0}
    asked = Location.model_validate({"states": {"TX": 1}, "area": area})

    found = Residence(asked).counties

    assert found.tolist() == np.flatnonzero(inside & of_area[area]).tolist()


def test_balanced_draws_and_households_have_the_places_figures() -> None:
    even = drawn(profile(VERMONT, {"F32.A": "depression"}, count=2_000, sampling="balanced"))
    home = {"spouse": {"share": 0.6}, "children": {"number": {"1": 1}}}
    family = profile(VERMONT, {"F32.A": "depression"}, count=800, unit="family", household=home)
    family["demographics"] |= {"age": {"type": "uniform", "low": 30, "high": 50}}
    *chunks_, _ = chunks(prepare(family))
    found = chunks_[0].tables
    sick = np.isin(found["patients"]["person_id"], found["conditions"]["person_id"])
    place = np.asarray(found["patients"]["person_id"]) % 100

    assert has(even, "F32").sum() > 200
    assert 0.1 < sick[place == 2].mean() < 0.35
    assert sick[place > 2].mean() < 0.1  # children have it from 18 on


def imported(measure: str, share: float) -> Columns:
    return {"fips": Coded.of(["48201"]), "measure": Coded.of([measure]),
            "value_share": np.array([share]), "year": np.array([2022], dtype=np.int32),
            "source": Coded.of(["CDC PLACES"])}  # fmt: skip


def test_an_imported_level_is_met_in_its_county_alone() -> None:
    before = built_in_population()
    after = before.with_measures(imported("COPD", 0.2))
    both = np.concatenate([counties("harris"), counties("orleans")])
    partial = drawn(profile(HARRIS, {"J44.9": "copd"}), population=after)
    adult = numbers(partial, "age") >= 18

    assert rates("copd", after, both).level[0] == pytest.approx(0.2, abs=1e-6)
    assert rates("copd", after, both).level[1] == rates("copd", before, both).level[1]
    assert within(np.array([has(partial, "J44")[adult].mean()]), np.array([0.2]), int(adult.sum()))


def test_imported_people_replace_those_of_their_county() -> None:
    columns: Columns = {
        "fips": Coded.of(["48201", "48201"]), "sex": Coded.of(["M", "F"]),
        "age_low": np.array([10, 85], dtype=np.int32),
        "age_high": np.array([15, 100], dtype=np.int32),
        "people": np.array([300, 100], dtype=np.int64),
    }  # fmt: skip
    after = built_in_population().with_people(columns)
    mine, orleans = after.people[counties("harris")[0]], counties("orleans")[0]

    assert mine.sum() == 400
    assert mine[2].tolist() == [300, 0]
    assert mine[17:, 1].sum() == 100
    assert np.array_equal(after.people[orleans], built_in_population().people[orleans])


def test_imported_people_of_an_unknown_county_or_sex_are_left_out() -> None:
    columns: Columns = {
        "fips": Coded.of(["48201", "99999", "48201"]), "sex": Coded.of(["M", "F", "X"]),
        "age_low": np.array([10, 10, 10], dtype=np.int32),
        "age_high": np.array([15, 15, 15], dtype=np.int32),
        "people": np.array([300, 500, 700], dtype=np.int64),
    }  # fmt: skip
    before = built_in_population().people
    after = built_in_population().with_people(columns).people
    harris = counties("harris")[0]

    assert after[harris].sum() == 300
    others = np.arange(len(before)) != harris
    assert np.array_equal(after[others], before[others])


def test_a_measure_without_figures_is_refused_naming_what_to_import() -> None:
    with pytest.raises(
        SpecError, match="there is no figure for 'stroke' in Harris County, TX"
    ) as told:
        prepare(profile(HARRIS, {"I63.9": "stroke"}, count=10))

    assert "healthsim reference import cdc-places" in str(told.value)
    with pytest.raises(SpecError, match="cdc-places"):
        prepare(profile({}, {"I63.9": "stroke"}, count=10))


def test_people_are_drawn_on_day_zero_of_the_profiles_month() -> None:
    seen = {"type": "conditional", "cases": [{"when": "day == 0 and month == 7", "then": 5}],
            "otherwise": 6}  # fmt: skip
    asked = profile({}, {}, count=10, as_of="2025-07-15", attributes={"seen": seen})

    assert set(numbers(drawn(asked), "seen").tolist()) == {5}
