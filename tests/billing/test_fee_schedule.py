import pytest

from healthsim.billing import datafiles
from healthsim.billing.professional.fee_schedule import (
    anesthesia,
    conversion_factors,
    known_years,
    laboratory_fees,
    payment_percents,
    physician_cents,
    physician_fees,
)
from healthsim.billing.professional.places import facility_places, place_of_service, split_places

OURS = (
    "anesthesia.csv", "anesthesia_for.csv", "add_on_codes.csv", "code_limits.csv",
    "conversion_factors.csv", "hospital_days.csv", "payment_modifiers.csv", "places.csv",
    "preventive_ages.csv", "split_codes.csv", "vaccine_giving.csv", "vaccine_services.csv",
    "visit_levels.csv", "waived_tests.csv",
)  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_each_row_says_where_it_comes_from_and_how_sure_it_is(name: str) -> None:
    assert all(row["source"] and row["confidence"] in set("VDMA") for row in datafiles.rows(name))


@pytest.mark.parametrize("name", ["physician_fees.csv", "laboratory_fees.csv", "most_units.csv"])
def test_tables_of_numbers_hold_no_text(name: str) -> None:
    cells = {cell for row in datafiles.rows(name) for cell in row.values()}

    assert [cell for cell in cells if len(cell) > 6] == []


def test_parts_of_a_test_cost_what_the_whole_costs() -> None:
    parts = [
        (fee.nonfacility, physician_fees()[code, "26"].nonfacility
         + physician_fees()[code, "TC"].nonfacility)
        for (code, component), fee in physician_fees().items()
        if not component and fee.pctc == "1" and fee.nonfacility
        and (code, "26") in physician_fees()
    ]  # fmt: skip

    assert len(parts) > 20
    assert [pair for pair in parts if abs(pair[0] - pair[1]) > 1] == []


def test_a_facility_is_paid_its_own_part() -> None:
    dearer = [code for (code, _), fee in physician_fees().items() if fee.facility > fee.nonfacility]

    assert dearer == []


def test_the_schedule_says_what_it_does_not_have() -> None:
    assert physician_cents("99024") is None
    assert physician_cents("70999") is None
    assert anesthesia("01999").base_units == 5


def test_figures_of_laws_and_notes() -> None:
    assert physician_cents("99213") == 8_895
    assert laboratory_fees()["80053"] == 1_056
    assert conversion_factors()[2026] == (334_009, 204_976)
    assert known_years() == (2023, 2026)
    assert payment_percents()["AS"] == pytest.approx(16 * 0.85)


def test_every_class_of_encounter_has_a_place() -> None:
    assert place_of_service()["laboratory"] == "81"
    assert facility_places() == {"21", "22", "23", "24", "31"}
    assert split_places() < facility_places()
