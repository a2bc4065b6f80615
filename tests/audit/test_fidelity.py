from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from healthsim.audit import expected, fidelity
from healthsim.audit.fidelity import Comparison
from healthsim.audit.people import ColumnNotStored, combinations_of
from healthsim.audit.residence import counties_as_specified
from healthsim.errors import SpecError
from healthsim.operations.auditing import compared_run
from healthsim.persistence.database import open_write
from healthsim.specification.distributions.kinds import parse_distribution
from healthsim.specification.profiles.demographics import Location
from healthsim.tables import Coded
from storing import spec, stored

pytestmark = pytest.mark.slow

COUNT = 200


def profile(**changed: Any) -> dict[str, Any]:
    return spec("every-event-adults", count=COUNT, detail="core") | changed


EVERYTHING = spec("every-event-adults"), spec("every-event")
"""What other tests of the audit run too: a process makes it once."""


def in_charts(**changed: Any) -> dict[str, Any]:
    """Return people of whom there is nothing but a chart."""
    return profile(products=["patientsim"], **changed)


def compared(path: Path) -> dict[str, Comparison]:
    return {str(row[0]): Comparison(*row) for row in compared_run(path)}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(tmp_path_factory.mktemp("asked"), *EVERYTHING)


@pytest.fixture(scope="module")
def got(everything: Path) -> dict[str, Comparison]:
    return compared(everything)


def test_everything_asked_was_got(got: dict[str, Comparison]) -> None:
    assert [row for row in got.values() if row.ok is False] == []
    assert sum(row.ok is True for row in got.values()) > 25


def test_a_share_may_lie_three_standard_errors_to_either_side(got: dict[str, Comparison]) -> None:
    row = got["gender M"]
    error = 3 * (0.5 * 0.5 / COUNT) ** 0.5

    assert (row.asked, row.low, row.high) == (0.5, round(0.5 - error, 4), round(0.5 + error, 4))


def test_a_condition_is_met_by_the_codes_that_state_it_with_another(
    got: dict[str, Comparison],
) -> None:
    assert got["condition I10 (or I11.0, I12.0, I12.9, I13.0, I13.2)"].ok
    assert got["condition E11.9 (or E11.22)"].ok


def test_a_condition_of_one_sex_is_a_share_of_that_sex(got: dict[str, Comparison]) -> None:
    row = got["condition N40.1, of people with gender M, age 15 to 124"]

    assert row.asked == 0.5
    assert row.ok


def test_a_conditional_share_is_what_its_cases_ask_of_the_people(
    got: dict[str, Comparison],
) -> None:
    hypertension = got["condition I10 (or I11.0, I12.0, I12.9, I13.0, I13.2)"].got
    row = got["medication lisinopril 10 mg tablet"]

    assert isinstance(hypertension, float)
    assert isinstance(row.asked, float)
    assert abs(row.asked - 0.7 * hypertension) < 0.001
    assert row.ok


def test_realised_shares_of_a_branch_stand_beside_their_weights(got: dict[str, Comparison]) -> None:
    row = got["every-event/fork: a"]

    assert row.asked == 0.3
    assert row.ok


def test_truncated_ages_are_compared_with_the_truncated_bell(got: dict[str, Comparison]) -> None:
    assert isinstance(got["age: mean"].asked, float)
    assert 60 < got["age: mean"].asked < 63
    assert got["age: standard deviation"].ok
    assert got["age: youngest"].ok
    assert got["age: oldest"].ok


def test_people_changed_by_hand_are_told(tmp_path: Path) -> None:
    path = stored(tmp_path, *EVERYTHING)
    with open_write(path) as connection:
        connection.execute("UPDATE patients SET gender = 'M', birth_date = DATE '1930-01-01'")
        connection.execute("UPDATE enrollments SET plan_id = 'HDHP' WHERE event_id IS NULL")
        connection.execute("UPDATE events SET option = 'a' WHERE type = 'branch'")
        connection.execute("DELETE FROM conditions WHERE code = 'E78.5'")

    off = {what for what, row in compared(path).items() if row.ok is False}

    assert off >= {
        "gender M", "gender F", "age: mean", "age: oldest", "plan HDHP", "plan MA-HMO",
        "every-event/fork: a", "condition E78.5",
    }  # fmt: skip


def test_exact_counts_are_compared_exactly(tmp_path: Path) -> None:
    people = profile(
        count=50,
        demographics={"gender": {"type": "categorical", "exactly": {"M": 20, "F": 30}}},
        clinical={"comorbidities": [{"code": "I10", "exactly": 11}]},
        coverage={"plan": {"type": "categorical", "exactly": {"MA-HMO": 49, "Uninsured": 1}}},
    )
    found = compared(stored(tmp_path, people))
    of = {what.split(" (")[0]: row for what, row in found.items()}

    for what, count in (("gender M", 20), ("condition I10", 11), ("plan Uninsured", 1)):
        assert (of[what].asked, of[what].got, of[what].low, of[what].ok) == (
            count, count, count, True
        )  # fmt: skip


def test_each_group_of_an_exact_count_is_compared(tmp_path: Path) -> None:
    women = [{"when": "gender == 'F'", "count": 10}, {"when": "age >= 60", "count": 2}]
    drug = "lisinopril 10 mg tablet"
    people = in_charts(
        count=60,
        demographics={"gender": {"exactly": {"M": 35, "F": 25}}},
        clinical={
            "comorbidities": [{"code": "I10", "exactly": women}],
            "medications": [{"drug": drug, "exactly": [{"when": "has('I10')", "count": 4}]}],
        },
    )
    found = compared(stored(tmp_path, people))
    of = {what.replace(" (or I11.0, I12.0, I12.9, I13.0, I13.2)", ""): row
          for what, row in found.items()}  # fmt: skip

    for what, count in (
        ("condition I10, of people with gender == 'F'", 10),
        ("condition I10, of people with age >= 60", 2),
        ("condition I10, of the others", 0),
        (f"medication {drug}, of people with has('I10')", 4),
        (f"medication {drug}, of the others", 0),
    ):
        assert (of[what].asked, of[what].got, of[what].ok) == (count, count, True), what


def test_exact_options_are_compared_exactly_and_the_rest_by_weight(tmp_path: Path) -> None:
    options = [{"name": "a", "exactly": 40}, {"name": "b", "weight": 0.25},
               {"name": "c", "weight": 0.75}]  # fmt: skip
    walk = {
        "kind": "journey", "name": "way", "duration_days": 90, "phases": [{"name": "all", "steps": [
            {"do": "branch", "id": "fork", "at": 10, "options": options}]}],
    }  # fmt: skip
    found = compared(stored(tmp_path, in_charts(count=400), walk))

    assert (found["way/fork: a"].asked, found["way/fork: a"].got) == (40, 40)
    assert (found["way/fork: b"].asked, found["way/fork: b"].ok) == (0.25, True)
    rest = [found[f"way/fork: {name}"].got for name in "bc"]
    assert sum(map(float, rest)) == pytest.approx(1, abs=2e-4)  # of those whom `exactly` left


def test_an_exact_option_that_comes_again_is_compared_over_all_its_times(tmp_path: Path) -> None:
    fork = {"do": "branch", "id": "fork", "at": 1, "options": [
        {"name": "a", "exactly": 12}, {"name": "b", "weight": 1}]}  # fmt: skip
    beat = {"do": "repeat", "id": "round", "at": 5, "every": {"days": 20}, "times": 3,
            "steps": [fork]}  # fmt: skip
    walk = {"kind": "journey", "name": "way", "duration_days": 90,
            "phases": [{"name": "all", "steps": [beat]}]}  # fmt: skip
    found = compared(stored(tmp_path, in_charts(count=100), walk))

    assert (found["way/fork: a"].asked, found["way/fork: a"].got) == (36, 36)


def test_alternatives_and_implied_conditions_are_compared(tmp_path: Path) -> None:
    people = in_charts(
        clinical={
            "comorbidities": [
                {"code": "I25.10", "share": 0.4, "implies": ["E78.5", "F41.9"]},
                {"code": "E78.5", "share": 0.2},
            ],
            "one_of": [{"code": "C61", "share": 0.3}, {"code": "C34.90", "share": 0.25}],
        },
        attributes={"bmi": {"type": "normal", "mean": 29, "sd": 5},
                    "sbp": {"type": "normal", "mean": 130, "sd": 15}},
        correlations=[{"between": ["bmi", "sbp"], "rank": 0.4}],
    )  # fmt: skip
    found = compared(stored(tmp_path, people))

    for what, asked in (
        ("condition I25.10", 0.4),
        ("condition E78.5, of people without I25.10", 0.2),
        ("condition F41.9, of people without I25.10", 0),
        ("condition C61, of people with gender M", 0.3),
        ("condition C34.90", 0.25),
    ):
        row = next(row for name, row in found.items() if name.startswith(what))
        assert (row.asked, row.ok) == (asked, True), what
    implied = found["condition E78.5, implied by I25.10"]
    assert implied.ok
    assert implied.got == found["condition F41.9, implied by I25.10"].got
    assert found["rank correlation of bmi and sbp"].asked == 0.4
    assert found["rank correlation of bmi and sbp"].ok


def test_alternatives_that_exclude_each_other_are_shares_of_everybody(tmp_path: Path) -> None:
    weights = {"one_of": [{"code": "E66.9", "share": 0.6}, {"code": "E66.3", "share": 0.2}]}
    found = compared(stored(tmp_path, in_charts(clinical=weights)))

    assert (found["condition E66.9"].asked, found["condition E66.9"].ok) == (0.6, True)
    assert (found["condition E66.3"].asked, found["condition E66.3"].ok) == (0.2, True)


def test_a_condition_that_another_shuts_out_is_compared_among_those_without_the_other(
    tmp_path: Path,
) -> None:
    others = {"type": "conditional", "cases": [{"when": "not has('E10')", "then": 0.4}],
              "otherwise": 0}  # fmt: skip
    shares = [{"code": "E10.9", "share": 0.3}, {"code": "E11.9", "share": others}]
    found = compared(stored(tmp_path, in_charts(clinical={"comorbidities": shares})))

    (row,) = (row for name, row in found.items() if name.startswith("condition E11.9"))
    assert "of people without E10.9" in row.what
    assert row.ok


def test_what_rests_on_attributes_is_judged_by_their_table(tmp_path: Path) -> None:
    by_control = {
        "type": "conditional",
        "cases": [{"when": "control == 'poor'", "then": 0.9}],
        "otherwise": 0.1,
    }
    people = in_charts(
        count=100,
        attributes={"control": {"good": 0.5, "poor": 0.5}},
        clinical={"comorbidities": [{"code": "E78.5", "share": by_control}]},
    )
    path = stored(tmp_path, people)
    row = compared(path)["condition E78.5"]
    assert row.ok
    assert isinstance(row.asked, float)
    assert 0.4 < row.asked < 0.6
    with open_write(path) as connection:  # as files were before they had the table
        connection.execute("DROP TABLE person_attributes")
        connection.execute("DELETE FROM healthsim_columns WHERE table_name = 'person_attributes'")
    row = compared(path)["condition E78.5"]

    assert (row.asked, row.ok) == ("not judged: it depends on what no table stores", None)
    assert isinstance(row.got, float)
    assert compared(path)["attribute control"].asked == (
        "not judged: the file has no table of attributes"
    )


def test_a_label_of_an_attribute_that_was_never_asked_for_is_off(tmp_path: Path) -> None:
    path = stored(tmp_path, in_charts(count=50, attributes={"control": {"good": 0.5, "poor": 0.5}}))
    assert "attribute control: other than asked" not in compared(path)
    with open_write(path) as connection:
        connection.execute("UPDATE person_attributes SET text = 'unheard of' WHERE person_id = 101")
    row = compared(path)["attribute control: other than asked"]

    assert (row.asked, row.got, row.ok) == (0, 1, False)


def test_first_fills_are_compared_with_their_share(tmp_path: Path) -> None:
    drug = {"drug": "naproxen 500 mg tablet", "refills": 2, "first_fill_share": 0.81}
    journey = {
        "kind": "journey", "name": "short", "duration_days": 120,
        "phases": [{"name": "all", "steps": [
            {"do": "event", "id": "start", "type": "prescription", "at": 5, "details": drug}]}],
    }  # fmt: skip
    row = compared(stored(tmp_path, profile(), journey))["short/start: filled within 30 days"]

    assert row.asked == 0.81
    assert row.ok


@pytest.mark.parametrize("products", [["patientsim"], ["membersim"], ["rxmembersim"]])
def test_what_no_table_keeps_is_left_out(tmp_path: Path, products: list[str]) -> None:
    path = stored(tmp_path, profile(count=20, products=products))

    found = compared(path)

    assert found["people"].ok
    assert [row for row in found.values() if row.ok is False] == []


def test_published_figures_are_not_taken_for_asked_ones(tmp_path: Path) -> None:
    people = in_charts(count=60, demographics={"age": {"type": "population", "measure": "age"}})
    found = compared(stored(tmp_path, people))

    assert (found["age: mean"].asked, found["age: mean"].ok) == ("population", None)
    assert "race white" not in found


@pytest.mark.parametrize(
    "location", [{"counties": {"48201": 0.5, "Orleans County, VT": 0.5}},
                 {"metros": {"26420": 0.5, "Ames, IA": 0.5}}], ids=str
)  # fmt: skip
def test_places_are_compared_by_the_names_that_ask_for_them(
    tmp_path: Path, location: dict[str, Any]
) -> None:
    people = profile(count=400, products=["patientsim"], demographics={"location": location})
    found = compared(stored(tmp_path, people))

    for label in next(iter(location.values())):
        assert found[f"county {label}"].ok
    assert "county: other than asked" not in found


def test_texts_that_are_no_specifications_are_refused(everything: Path) -> None:
    with pytest.raises(SpecError):
        fidelity.compare(everything, '{"kind": "profile", "agee": 3}', [])


def test_a_combination_of_a_combination_is_found() -> None:
    assert combinations_of("I11.9") == ("I11.0", "I13.0", "I13.10", "I13.11", "I13.2")
    assert combinations_of("E78.5") == ()


class Nobody:
    size = 100


def test_a_spread_of_chance_is_that_of_its_distribution() -> None:
    asked = expected.spread(
        parse_distribution({"type": "uniform", "low": 0, "high": 10}),
        Nobody(),  # type: ignore[arg-type]
        integers=False,
    )

    assert np.isclose(asked.mean, 5, atol=0.01)
    assert np.isclose(asked.sd, 10 / 12**0.5, atol=0.01)
    assert np.isclose(asked.mean_error, 3 * asked.sd / 10)


def test_conditions_with_loadings_are_compared_with_how_often_they_should_meet(
    tmp_path: Path,
) -> None:
    share = {"type": "conditional", "cases": [{"when": "age >= 60", "then": 0.6}], "otherwise": 0.2}
    clinical = {"comorbidities": [{"code": "E78.5", "share": share, "loading": 0.8},
                                  {"code": "F41.9", "share": 0.4, "loading": 0.7}]}  # fmt: skip
    asked = profile(clinical=clinical, products=["patientsim"], attributes={}, expectations=[])
    asked.pop("correlations", None)
    row = compared(stored(tmp_path, asked))["conditions E78.5 and F41.9 together"]

    assert row.ok
    assert row.asked is not None
    assert float(row.asked) > 0.17


def test_a_person_without_a_county_has_none_of_the_locations_either() -> None:
    location = Location(counties=parse_distribution({"Harris County, TX": 1}))
    found = counties_as_specified(Coded.of(["48201", None, "50019"]), location)

    assert found.texts() == ["Harris County, TX", None, "50019"]


def test_what_rests_on_published_figures_in_one_of_its_cases_is_not_expected() -> None:
    case = {"when": "gender == 'M'", "then": {"type": "population", "measure": "age"}}
    mixed = {"type": "conditional", "cases": [case], "otherwise": 30}

    with pytest.raises(ColumnNotStored):
        expected.spread(parse_distribution(mixed), Nobody(), integers=True)  # type: ignore[arg-type]
