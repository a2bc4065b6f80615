"""The table of usual doses: every medicine has one, and it comes out in the book's units."""

from __future__ import annotations

import pytest

from healthsim.codes.drugs import Drug, drugs
from healthsim.codes.icd10cm import icd10cm
from healthsim.medicine.datafiles import rows
from healthsim.medicine.dosing import Dose, doses, faults, indications, instruction

BOOK = list(drugs().rows.values())


def test_every_medicine_of_the_book_has_one_usual_dose() -> None:
    named = [row["drug"] for row in rows("doses.csv")]

    assert sorted(named) == sorted(drugs().rows)
    assert len(set(named)) == len(named)


def test_every_usual_dose_leads_to_the_units_that_the_book_dispenses() -> None:
    assert [fault for drug in BOOK for fault in faults(doses()[drug.display], drug)] == []


@pytest.mark.parametrize(
    ("change", "word"),
    [({"route": "mouth"}, "mouth"), ({"frequency": "TWICE"}, "TWICE"), ({"amount": 2.0}, "60"),
     ({"frequency": "QW"}, "units_per_day")],
)  # fmt: skip
def test_a_dose_that_does_not_come_out_is_found(change: dict[str, str], word: str) -> None:
    drug = drugs().find("metformin 500 mg tablet", "drug")
    changed = doses()[drug.display]._replace(**change)

    (found,) = faults(changed, drug)
    assert word.replace("60", "4 billing units") in found


def test_every_row_says_how_sure_it_is_and_where_it_is_from() -> None:
    for name in ("doses.csv", "frequencies.csv", "routes.csv", "indications.csv"):
        for row in rows(name):
            assert row["confidence"] in ("V", "M", "A"), row
            assert row["source"], row
            assert (row["confidence"] == "A") == row["source"].startswith("assumption"), row


@pytest.mark.parametrize(
    ("drug", "words"),
    [
        ("amoxicillin 250 mg per 5 mL suspension", "Take 5 mL by mouth three times a day."),
        ("insulin glargine 100 units per mL pen injector",
         "Inject 30 units under the skin at bedtime."),
        ("latanoprost 0.005% eye drops", "Put 1 drop into the affected eye at bedtime."),
        ("fentanyl 25 mcg per hour patch", "Apply 1 patch to the skin every 72 hours."),
        ("acetaminophen 325 mg tablet", "Take 2 tablets by mouth every 6 hours as needed."),
        ("sildenafil 50 mg tablet", "Take 1 tablet by mouth when needed."),
        ("fosfomycin 3 g packet", "Take 1 packet by mouth once."),
    ],
)  # fmt: skip
def test_a_label_reads_as_a_pharmacy_writes_it(drug: str, words: str) -> None:
    dose = doses()[drug]

    assert instruction(dose, dose.amount) == words


@pytest.mark.slow
def test_the_uses_of_a_medicine_are_beginnings_of_known_codes() -> None:
    for drug in BOOK:
        for use in indications(drug.ingredient, drug.drug_class):
            assert icd10cm().begins(use), (drug.display, use)


def test_an_ingredient_has_its_own_uses_before_those_of_its_class() -> None:
    assert indications("propranolol", "beta blocker")[0] == "G43"
    assert indications("carvedilol", "beta blocker")[0] == "I50"
    assert indications("unheard of", "unheard of") == ()


def test_every_medicine_is_for_something() -> None:
    assert [one.display for one in BOOK if not indications(one.ingredient, one.drug_class)] == []


@pytest.mark.parametrize(
    ("name", "days", "quantity"),
    [
        ("semaglutide 0.25 mg or 0.5 mg pen injector", 28, 1.5),  # one pen, not two
        ("semaglutide 0.25 mg or 0.5 mg pen injector", 84, 4.5),
        ("tirzepatide 5 mg pen injector", 28, 2.0),
        ("albuterol 90 mcg inhaler", 30, 8.5),
        ("budesonide-formoterol 160 mcg/4.5 mcg inhaler", 90, 30.6),
        ("amoxicillin 400 mg per 5 mL suspension", 10, 200.0),
        ("cefdinir 250 mg per 5 mL suspension", 10, 60.0),
        ("insulin glargine 100 units per mL pen injector", 30, 9.0),
        ("metformin 500 mg tablet", 90, 180.0),
        ("latanoprost 0.005% eye drops", 30, 2.5),
    ],
)
def test_pens_liquids_and_inhalers_are_dispensed_in_whole_packages(
    name: str, days: int, quantity: float
) -> None:
    assert drugs().find(name, "drug").quantity_for(days) == quantity


def _price(drug: Drug) -> float:
    return drug.quantity * drug.unit_cost_usd


def test_what_a_fill_holds_lasts_as_long_as_it_says() -> None:
    for drug in BOOK:
        lasts = drug.quantity / drug.units_per_day
        least = drug.package_size / drug.units_per_day
        assert lasts >= 0.95 * min(drug.days_supply, lasts), drug.display
        assert lasts <= drug.days_supply + least, drug.display


def test_prices_of_a_fill_are_those_of_a_pharmacy() -> None:
    generic = sorted(_price(drug) for drug in BOOK if drug.generic and drug.tier <= 2)
    brand = sorted(_price(drug) for drug in BOOK if not drug.generic)

    assert generic[len(generic) // 2] < 20
    assert generic[-1] < 400
    assert 200 < brand[len(brand) // 2] < 4_000
    assert brand[-1] < 40_000


def test_doses_know_their_daily_units() -> None:
    dose = Dose(2.0, "puff", "inhaled", "BID", as_needed=False, billing_units=0.085)

    assert dose.per_day == 2
    assert dose.daily_billing_units == pytest.approx(0.34)
