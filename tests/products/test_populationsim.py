from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from healthsim.errors import NotFound
from healthsim.products.populationsim.choice import WeightedChoice
from healthsim.products.populationsim.datafiles import rows
from healthsim.products.populationsim.figures import (
    age_bands,
    figure,
    figures,
    measures,
    prevalence,
    sex_share_by_age,
)
from healthsim.products.populationsim.names import (
    DECADES,
    GROUPS,
    given_name,
    middle_name,
    street,
    surname,
)
from healthsim.products.populationsim.reference import Geography, geography
from healthsim.streams import Streams
from healthsim.tables import Coded

# first digits of ZIP codes by state (USPS national areas); two digits where a state needs them
ZIP_STARTS = {
    "AK": "99", "AL": "35 36", "AR": "71 72", "AZ": "85 86", "CA": "90 91 92 93 94 95 96",
    "CO": "80 81", "CT": "06", "DC": "20", "DE": "19", "FL": "32 33 34", "GA": "30 31 39",
    "HI": "96", "IA": "50 51 52", "ID": "83", "IL": "60 61 62", "IN": "46 47", "KS": "66 67",
    "KY": "40 41 42", "LA": "70 71", "MA": "01 02", "MD": "20 21", "ME": "03 04",
    "MI": "48 49", "MN": "55 56", "MO": "63 64 65", "MS": "38 39", "MT": "59", "NC": "27 28",
    "ND": "58", "NE": "68 69", "NH": "03", "NJ": "07 08", "NM": "87 88", "NV": "88 89",
    "NY": "10 11 12 13 14", "OH": "43 44 45", "OK": "73 74", "OR": "97",
    "PA": "15 16 17 18 19", "RI": "02", "SC": "29", "SD": "57", "TN": "37 38",
    "TX": "75 76 77 78 79", "UT": "84", "VA": "20 22 23 24", "VT": "05", "WA": "98 99",
    "WI": "53 54", "WV": "24 25 26", "WY": "82 83", "PR": "00", "VI": "00", "GU": "96",
    "AS": "96", "MP": "96",
}  # fmt: skip


def uniform(decision: str, count: int = 40_000, start: int = 0) -> NDArray[np.float64]:
    return Streams(seed=20).uniform(decision, start, count)


def of_state(code: str, count: int) -> NDArray[np.int32]:
    return np.full(count, geography().state_index(code), dtype=np.int32)


def assert_drawn_by(picked: NDArray[np.int32], weights: NDArray[np.float64 | np.int64]) -> None:
    """Check that every share of 1 % or more is met within three standard errors."""
    share = weights / weights.sum()
    got = np.bincount(picked, minlength=len(share)) / len(picked)
    error = np.sqrt(share * (1 - share) / len(picked))
    common = share >= 0.01
    assert (np.abs(got - share)[common] <= 3 * error[common]).all()
    assert got[~common].sum() == pytest.approx(share[~common].sum(), abs=0.01)


def test_there_are_fifty_states_and_the_district() -> None:
    here = geography()

    assert here.of_nation.sum() == 51
    assert list(here.states[:51]) == sorted(here.states[:51])
    assert here.state_population[here.of_nation].sum() == 331_449_281  # 2020 census


def test_a_county_code_begins_with_its_states_code() -> None:
    here = geography()
    fips = [state["fips"] for state in (*rows("states.csv"), *rows("territories.csv"))]

    for county, state in zip(here.county_fips, here.county_state.tolist(), strict=True):
        assert len(county) == 5
        assert county[:2] == fips[state]
    assert len(set(here.county_fips)) == len(here.county_fips)


def test_texas_has_all_its_counties_and_people() -> None:
    here = geography()
    texas = here.county_state == here.state_index("TX")

    assert texas.sum() == 254
    assert here.county_population[texas].sum() == 29_243_342  # ACS 2018-2022


def test_every_county_of_the_2020_estimates_is_there() -> None:
    here = geography()
    count = dict(zip(here.states, np.diff(here.county_start).tolist(), strict=True))

    assert here.county_of_nation.sum() == 3_143
    assert (count["DC"], count["DE"], count["VT"], count["CT"], count["VA"]) == (1, 3, 14, 8, 133)


def test_counties_add_up_to_the_census_of_their_state() -> None:
    here = geography()
    people = np.add.reduceat(here.county_population, here.county_start[:-1])

    assert np.abs(people / here.state_population - 1).max() < 0.03  # vintages differ: README
    assert abs(people.sum() / here.state_population.sum() - 1) < 0.001


def test_a_county_of_a_metro_is_urban_and_metros_may_cross_states() -> None:
    here = geography()
    metro = {fips: here.county_metro[at] for at, fips in enumerate(here.county_fips)}
    houston, kansas = here.metros.index("26420"), here.metros.index("28140")
    members = here.county_state[here.county_metro == kansas]

    island = here.county_metro[here.county_state == here.state_index("PR")]
    assert len(here.metros) == 392  # OMB Bulletin 18-04
    assert len(set(island[island >= 0].tolist())) == 8  # of them in Puerto Rico
    assert metro["48201"] == houston
    assert metro["48301"] == -1  # Loving County
    assert len(set(members.tolist())) == 2
    assert here.metro_titles[houston].startswith("Houston")


def test_counties_are_sorted_by_state_then_population_descending() -> None:
    here = geography()

    assert (np.diff(here.county_state) >= 0).all()
    for low, high in pairwise(here.county_start.tolist()):
        assert (np.diff(here.county_population[low:high]) <= 0).all()


def test_every_county_has_a_place_and_large_ones_have_several() -> None:
    here = geography()
    count = np.diff(here.place_start)

    assert count.min() >= 1
    assert count[here.county_population > 1_000_000].min() >= 4
    assert (np.diff(here.place_county) >= 0).all()


def test_every_zip_is_plausible_for_its_state_and_stands_once() -> None:
    here = geography()
    state = here.county_state[here.place_county].tolist()

    for code, at in zip(here.place_zip, state, strict=True):
        assert len(code) == 5
        assert code.isdigit()
        assert code[:2] in ZIP_STARTS[here.states[at]].split() or code == "06390"  # Fishers Island
    assert len(set(here.place_zip)) == len(here.place_zip)


def test_an_area_code_belongs_to_one_state() -> None:
    codes = [code for own in geography().area_codes for code in own]

    assert len(set(codes)) == len(codes)
    assert all(200 < code < 990 and code % 100 != 11 and code not in (800, 888) for code in codes)
    assert all(geography().area_codes)


def test_houston_is_in_harris_county() -> None:
    here = geography()
    harris = here.county_index("48201")
    places = np.flatnonzero(here.place_county == harris)

    assert here.county_name[harris] == "Harris County"
    assert "Houston" in here.place_city.take(places).texts()
    assert {here.place_zip[place][:2] for place in places} == {"77"}


def test_states_are_chosen_by_population() -> None:
    assert_drawn_by(geography().choose_state(uniform("state")), geography().state_population)


def test_counties_are_chosen_by_population_in_their_state() -> None:
    here = geography()
    texas = here.state_index("TX")
    picked = here.choose_county(of_state("TX", 40_000), uniform("county"))
    first, last = here.county_start[texas], here.county_start[texas + 1]

    assert (here.county_state[picked] == texas).all()
    assert_drawn_by(picked - first, here.county_population[first:last])


def test_places_are_chosen_by_weight_in_their_county() -> None:
    here = geography()
    harris = here.county_index("48201")
    picked = here.choose_place(np.full(40_000, harris, dtype=np.int32), uniform("place"))
    first, last = here.place_start[harris], here.place_start[harris + 1]

    assert (here.place_county[picked] == harris).all()
    assert_drawn_by(picked - first, here.place_weight[first:last])


def test_a_telephone_has_an_area_code_of_its_state() -> None:
    here = geography()
    state = here.choose_state(uniform("state", 5_000))

    codes = here.area_code(state, uniform("area", 5_000))

    for at in range(len(here.states)):
        assert set(codes[state == at].tolist()) <= set(here.area_codes[at])


def test_choosing_a_slice_equals_choosing_the_whole() -> None:
    def chosen(start: int, count: int) -> NDArray[np.int32]:
        here: Geography = geography()
        state = here.choose_state(uniform("state", count, start))
        county = here.choose_county(state, uniform("county", count, start))
        return here.choose_place(county, uniform("place", count, start))

    assert np.array_equal(chosen(0, 3_000)[1_234:2_000], chosen(1_234, 766))


def test_no_group_gives_no_choice() -> None:
    nowhere = np.array([-1], dtype=np.int32)
    half = np.array([0.5])
    here = geography()

    assert here.choose_county(nowhere, half).tolist() == [-1]
    assert here.choose_place(nowhere, half).tolist() == [-1]
    assert here.area_code(nowhere, half).tolist() == [-1]


def test_the_ends_of_the_unit_interval_stay_in_their_group() -> None:
    start = np.arange(0, 2_001, 2, dtype=np.int32)
    choice = WeightedChoice.of(np.ones(2_000, dtype=np.int64), start)
    group = np.arange(1_000, dtype=np.int32)

    lowest = choice.choose(group, np.full(1_000, 2.0**-53))
    highest = choice.choose(group, np.full(1_000, 1 - 2.0**-53))

    assert np.array_equal(lowest, start[:-1])
    assert np.array_equal(highest, start[1:] - 1)


def test_an_unknown_state_or_county_is_refused_with_near_matches() -> None:
    with pytest.raises(NotFound, match="write 'TX'"):
        geography().state_index("Texas")
    with pytest.raises(NotFound, match="write 'OK'"):
        geography().state_index("ok")
    with pytest.raises(NotFound, match="no state 'ZZ'"):
        geography().state_index("ZZ")
    with pytest.raises(NotFound, match="did you mean '48"):
        geography().county_index("48202")


def test_age_bands_cover_the_people_of_2023() -> None:
    people = sum(one.value for one in figures() if one.measure == "population")

    assert people == 336_806_231
    assert [low for low, _, _ in age_bands()] == list(range(0, 100, 5))
    for sex in ("", "M", "F"):
        assert sum(weight for _, _, weight in age_bands(sex)) == pytest.approx(1)
        assert all(
            high == following for (_, high, _), (following, _, _) in pairwise(age_bands(sex))
        )


def test_women_are_about_half_and_most_of_the_oldest() -> None:
    weight = np.array([weight for _, _, weight in age_bands()])
    share = sex_share_by_age()

    assert share.shape == weight.shape
    assert share @ weight == pytest.approx(1 - 166_706_095 / 336_806_231)
    assert share[-1] > 0.7


def test_every_figure_names_its_source_year_and_confidence() -> None:
    for one in figures():
        assert one.source
        assert 2015 <= one.year <= 2025
        assert one.confidence in {"V", "V2", "D", "M"}
        assert 0 < one.value < 1 if one.unit == "share" else one.value > 1_000


def test_the_conditions_that_templates_need_have_a_prevalence() -> None:
    needed = {
        "diabetes", "hypertension", "obesity", "high_cholesterol", "copd", "asthma",
        "coronary_heart_disease", "chronic_kidney_disease", "depression", "current_smoking",
    }  # fmt: skip

    assert needed <= set(measures())
    assert all(0.02 < prevalence(measure) < 0.6 for measure in needed)
    assert "population" not in measures()


def test_prevalence_by_age_brackets_that_of_all_adults() -> None:
    young, old = figure("hypertension", age="18-39"), figure("hypertension", age="60+")

    assert young.value < prevalence("hypertension") < old.value


def test_an_unknown_measure_is_refused_with_near_matches() -> None:
    with pytest.raises(NotFound, match="did you mean 'hypertension'"):
        prevalence("hypertention")
    with pytest.raises(NotFound, match="no figure for F 40-59"):
        figure("depression", "F", "40-59")


def test_each_sex_and_decade_has_forty_names() -> None:
    for sex in "MF":
        for decade in DECADES:
            own = [
                row["name"]
                for row in rows("given_names.csv")
                if row["sex"] == sex and row["decade"] == str(decade)
            ]
            assert len(own) == len(set(own)) == 40


def test_given_names_follow_sex_and_decade_of_birth() -> None:
    u = uniform("given", 2_000)
    year = np.full(2_000, 1945, dtype=np.int32)
    names = given_name(Coded.constant("F", 2_000), year, u).texts()
    of_1940 = {
        row["name"]
        for row in rows("given_names.csv")
        if row["sex"] == "F" and row["decade"] == "1940"
    }

    assert set(names) <= of_1940
    assert "Mary" in names


def test_sex_may_be_given_as_words_or_positions() -> None:
    u = uniform("given", 300)
    year = np.full(300, 1980, dtype=np.int32)
    words = Coded(np.tile(np.array([0, 1, -1], dtype=np.int32), 100), ("F", "M"))
    positions = np.tile(np.array([1, 0, -1], dtype=np.int32), 100)

    assert given_name(words, year, u).texts() == given_name(positions, year, u).texts()
    assert middle_name(words, u).texts() == middle_name(positions, u).texts()
    assert None not in given_name(words, year, u).texts()


def test_birth_years_outside_the_lists_use_the_nearest_decade() -> None:
    u = uniform("given", 100)
    sex = np.zeros(100, dtype=np.int32)

    def born(year: int) -> list[str | None]:
        return given_name(sex, np.full(100, year, dtype=np.int32), u).texts()

    assert born(1905) == born(1935)
    assert born(2035) == born(2025)


def test_given_names_are_drawn_by_weight() -> None:
    count = 40_000
    drawn = given_name(
        np.zeros(count, dtype=np.int32), np.full(count, 1962, dtype=np.int32), uniform("given")
    )
    weight = {
        row["name"]: int(row["weight"])
        for row in rows("given_names.csv")
        if row["sex"] == "M" and row["decade"] == "1960"
    }

    assert_drawn_by(drawn.codes, np.array([weight.get(name, 0) for name in drawn.vocabulary]))


@pytest.mark.parametrize("group", GROUPS)
def test_surnames_are_drawn_by_their_frequency_in_a_group(group: str) -> None:
    drawn = surname(Coded.constant(group, 40_000), uniform("surname"))
    people = {
        row["surname"]: int(row["weight"]) * float(row[group]) for row in rows("surnames.csv")
    }

    assert_drawn_by(drawn.codes, np.array([people[name] for name in drawn.vocabulary]))


def test_surname_shares_add_up_and_unknown_groups_are_refused() -> None:
    for row in rows("surnames.csv"):
        assert sum(float(row[group]) for group in GROUPS) == pytest.approx(100, abs=0.1)
    with pytest.raises(NotFound, match="did you mean 'hispanic'"):
        surname(Coded.constant("hispanics", 1), np.array([0.5]))


def test_people_of_no_stated_group_get_any_surname() -> None:
    u = uniform("surname", 50)
    unstated = surname(Coded.constant(None, 50), u)

    assert unstated.texts() == surname(np.full(50, -1, dtype=np.int32), u).texts()
    assert None not in unstated.texts()


def test_a_street_is_a_number_and_a_name_that_no_town_has() -> None:
    lines = street(uniform("number", 5_000), uniform("street", 5_000))
    invented = {b"Synthetic", b"Sample", b"Example", b"Specimen", b"Fictional", b"Placeholder"}

    assert lines.dtype.kind == "S"
    for line in lines.tolist():
        number, first, *rest = line.split(b" ")
        assert 100 <= int(number) < 10_000
        assert first in invented
        assert len(rest) == 2
    assert len(rows("streets.csv")) == 150


def test_names_of_a_slice_equal_those_of_the_whole() -> None:
    def named(start: int, count: int) -> list[object]:
        group = np.arange(start, start + count, dtype=np.int32) % len(GROUPS)
        lines = street(uniform("number", count, start), uniform("street", count, start))
        return [*surname(group, uniform("surname", count, start)).texts(), *lines.tolist()]

    whole = named(0, 600)

    assert whole[100:300] + whole[700:900] == named(100, 200)


def test_data_files_are_small_sorted_and_plain() -> None:
    for name in ("states", "counties", "places", "given_names", "middle_names", "surnames"):
        listed = [tuple(row.values()) for row in rows(f"{name}.csv")]
        keys = [row[:3] if name in ("places", "given_names") else row[:2] for row in listed]
        assert keys == sorted(keys)
        assert len(set(listed)) == len(listed)
