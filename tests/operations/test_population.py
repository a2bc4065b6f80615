"""What is known of a place is told with its source; imported figures replace the built-in ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import publishing
from healthsim import cli
from healthsim.errors import NotFound
from healthsim.execution.prepare import prepare
from healthsim.operations import network
from healthsim.operations.home import Home
from healthsim.operations.population import (
    describe_place,
    imported_population,
    with_imported_population,
)
from healthsim.operations.reference import import_file, reference_for
from healthsim.products.populationsim.rates import rates
from healthsim.products.reference import built_in
from healthsim.tools import lookup

LOCATED: dict[str, Any] = {
    "kind": "profile", "name": "texans", "count": 50, "products": ["patientsim"],
    "demographics": {"location": {"counties": {"48201": 1}}},
    "clinical": {"comorbidities": [
        {"code": "E11.9", "share": {"type": "population", "measure": "diabetes"}}]},
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_state_is_its_counties(home: Home) -> None:
    found = describe_place(home, "Vermont", ["hypertension"])

    assert (found["kind"], found["counties"]) == ("state", 14)
    assert sum(found["ages"].values()) == pytest.approx(1, abs=0.001)
    assert 0.50 < found["women_share"] < 0.52
    told = found["prevalence"]["hypertension"]
    assert told["rests_on"] == "state"
    assert (told["published_state_share"], told["year"], told["confidence"]) == (0.294, 2015, "D")
    assert "BRFSS 2015" in told["source"]


def test_a_states_level_is_as_far_from_the_nations_as_its_survey_says(home: Home) -> None:
    def odds(share: float) -> float:
        return share / (1 - share)

    vermont = describe_place(home, "VT", ["depression"])["prevalence"]["depression"]["adults_share"]

    # BRFSS 2022: Vermont 24.8 %, the states together 20.7 %; the nation's figure is 18.4 %
    assert odds(vermont) / odds(0.184) == pytest.approx(odds(0.248) / odds(0.2069), rel=0.01)


def test_places_are_named_in_every_way_that_specifications_name_them(home: Home) -> None:
    for named in ("48201", "Harris County, TX", "harris county, tx"):
        assert describe_place(home, named, ["copd"])["place"] == "Harris County, TX"
    houston = describe_place(home, "26420", ["copd"])
    assert (houston["kind"], houston["counties"]) == ("metro", 9)
    assert describe_place(home, "US", ["copd"])["counties"] == 3_143


def test_a_place_or_measure_that_does_not_exist_is_refused_with_what_is_like_it(home: Home) -> None:
    with pytest.raises(NotFound, match=r"Harris County, TX' \(48201\)"):
        describe_place(home, "Haris County, TX")
    with pytest.raises(NotFound, match="Vermont"):
        describe_place(home, "Vermnt")
    with pytest.raises(NotFound, match="hypertension"):
        describe_place(home, "VT", ["hypertensio"])


def test_a_city_or_zip_code_stands_for_its_county_and_names_its_metropolitan_area(
    home: Home,
) -> None:
    for named in ("77002", "Houston, TX", "houston, texas"):
        assert describe_place(home, named, ["copd"])["place"] == "Harris County, TX"
    for named, county, area in (("Richmond, VA", "Richmond city, VA", "Richmond, VA (40060)"),
                                ("Hartford, CT", "Hartford County, CT", "Hartford-")):  # fmt: skip
        found = describe_place(home, named, ["copd"])
        assert (found["kind"], found["place"]) == ("county", county)
        assert found["metro"].startswith(area)
        assert network.county_of(named) == network.county_of(county)
    assert describe_place(home, "40060", ["copd"])["kind"] == "metro"


@pytest.mark.slow
def test_a_city_that_is_not_known_is_answered_with_what_is_meant_or_the_forms(home: Home) -> None:
    for named, told in (
        ("Houston", "did you mean 'Houston, TX'.* or the metropolitan area 'Houston-.*26420"),
        ("Huston, TX", "'Houston'"), ("Xqzzy, TX", "a city .* or a ZIP code"),
        ("00001", "no place '00001'"),
    ):  # fmt: skip
        with pytest.raises(NotFound, match=told):
            describe_place(home, named)


def test_a_measure_that_only_an_import_brings_names_it(home: Home) -> None:
    with pytest.raises(
        NotFound, match=r"there is no figure for 'dental'; import .* cdc-places FILE"
    ):
        describe_place(home, "TX", ["dental"])
    with pytest.raises(NotFound, match=r"did you mean 'dental'.*cdc-places FILE"):
        describe_place(home, "TX", ["dentl"])
    with pytest.raises(NotFound, match=r"known: .*cdc-places FILE"):
        describe_place(home, "TX", ["xqzzy"])
    assert list(describe_place(home, "TX", ["bphigh"])["prevalence"]) == ["hypertension"]


def test_what_nothing_is_known_of_names_what_to_import(home: Home) -> None:
    told = describe_place(home, "VT", ["stroke"])["prevalence"]["stroke"]

    assert told["adults_share"] is None
    assert told["import"] == "healthsim reference import cdc-places FILE"


def test_looking_up_what_nothing_is_known_of_says_what_to_import(home: Home) -> None:
    told = lookup._population(home, "VT", "stroke")

    assert "reference import cdc-places FILE" in told.note
    assert lookup._population(home, "VT", "copd").note == ""


@pytest.mark.slow
def test_imported_prevalence_is_met_and_named_as_the_countys(home: Home, tmp_path: Path) -> None:
    import_file(home, "cdc-places", publishing.places_wide(tmp_path))

    told = describe_place(home, "48201", ["diabetes", "diagnosed_diabetes"])["prevalence"]

    for measure in ("diabetes", "diagnosed_diabetes"):
        assert told[measure]["adults_share"] == 0.114
        assert told[measure]["rests_on"] == "county"
        assert told[measure]["source"] == "CDC PLACES 2024 release"


@pytest.mark.slow
@pytest.mark.parametrize("place", ["US", "TX"])
def test_a_few_imported_counties_do_not_speak_for_a_state_or_the_nation(
    home: Home, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(publishing.MEASURES, "STROKE", 5.7)
    import_file(home, "cdc-places", publishing.places_wide(tmp_path))

    found = describe_place(home, place, ["stroke"])
    told = found["prevalence"]["stroke"]
    run = CliRunner().invoke(cli.app, ["--home", str(home.folder), "population", "show", place])

    assert told["adults_share"] is None
    known = 3 if place == "US" else 1
    assert told["rests_on"] == f"{known} of {found['counties']:,} counties"
    assert "cdc-places FILE" in told["import"]
    assert f"{known} of {found['counties']:,} counties" in run.stdout
    assert "None" not in run.stdout


@pytest.mark.slow
def test_a_run_takes_the_imported_figures_that_it_needs_and_their_version(
    home: Home, tmp_path: Path
) -> None:
    before = prepare(LOCATED).key
    done = import_file(home, "cdc-places", publishing.places_wide(tmp_path))
    reference = reference_for(home, LOCATED)
    job = prepare(LOCATED, reference=reference)
    county = job.measures.residence.counties

    assert reference.versions["cdc-places"] == done.digest
    assert job.key != before
    assert reference.population is not None
    assert rates("diabetes", reference.population, county).level[0] == pytest.approx(
        0.114, abs=1e-5
    )


def test_a_run_that_asks_for_no_place_is_what_it_was(home: Home, tmp_path: Path) -> None:
    import_file(home, "cdc-places", publishing.places_wide(tmp_path))
    anywhere = LOCATED | {"demographics": {}}

    assert with_imported_population(home, anywhere, built_in()) is built_in()


@pytest.mark.slow
def test_imported_people_are_those_of_their_counties(home: Home, tmp_path: Path) -> None:
    import_file(home, "census-population", publishing.census_alldata(tmp_path))
    people = imported_population(home)
    texts = people.source.texts()

    assert "imported county people" in texts
    assert texts.count("imported county people") == len(publishing.COUNTIES)


@pytest.mark.slow
def test_the_command_prints_a_place(tmp_path: Path) -> None:
    run = CliRunner().invoke(
        cli.app,
        ["--home", str(tmp_path), "population", "show", "VT", "--measure", "copd", "--json"],
    )
    table = CliRunner().invoke(cli.app, ["--home", str(tmp_path), "population", "show", "VT"])

    assert json.loads(run.stdout)["place"] == "Vermont"
    assert "Vermont (state)" in table.stdout
    assert "hypertension" in table.stdout
