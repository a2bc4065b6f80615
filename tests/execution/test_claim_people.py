"""Claims name who referred, ordered, supervised and operated, and who did their tests."""

from collections.abc import Mapping

import numpy as np
import pytest

from execution.claim_people import KNEE, people, steps
from execution.running import listed, run
from healthsim.products.networksim.laboratories import SENDING_SHARE, sends_tests_out
from healthsim.tables import NO_NUMBER, Columns

_PRIMARY = {"family medicine", "internal medicine", "pediatrics"}
_SENT, _OWN, _FORM = "85025", "83036", "form"
NOBODY = int(NO_NUMBER)


@pytest.fixture(scope="module")
def tables() -> Mapping[str, Columns]:
    return run(people(), steps())


@pytest.fixture(scope="module")
def specialty(tables: Mapping[str, Columns]) -> Mapping[int, str]:
    return dict(listed(tables["providers"], "npi", "specialty"))


def claims_of(tables: Mapping[str, Columns], step: str, *columns: str) -> list[tuple[object, ...]]:
    """Return columns of the claims of a step's visit."""
    events = {id for id, own in listed(tables["events"], "event_id", "step") if own == step}
    rows = listed(tables["claims"], "event_id", *columns)
    return [tuple(row[1:]) for row in rows if row[0] in events]


def test_tests_that_a_practice_sends_out_are_a_laboratorys_claim(
    tables: Mapping[str, Columns],
) -> None:
    places: dict[object, set[object]] = {}
    for code, pos in listed(tables["claim_lines"], "procedure", "pos"):
        places.setdefault(code, set()).add(pos)
    kinds = dict(listed(tables["facilities"], "npi", "kind"))
    certificates = dict(listed(tables["facilities"], "npi", "ccn"))
    names = ("rendering_npi", "billing_npi", "facility_npi", "clia_number", "copay_usd")
    laboratories = [row for row in claims_of(tables, "tested", *names) if row[0] == NOBODY]

    assert places[_SENT] >= {"11", "81"}
    assert places[_OWN] == {"11"}
    assert laboratories
    assert all(kinds[row[2]] == "laboratory" and row[1] == row[2] and row[4] == 0
               and row[3] == certificates[row[2]] for row in laboratories)  # fmt: skip


def test_a_practice_sends_all_or_none_of_its_tests_out(tables: Mapping[str, Columns]) -> None:
    practice = dict(listed(tables["providers"], "npi", "organisation_npi"))
    sent: dict[object, set[bool]] = {}
    for code, orderer, pos in listed(tables["claim_lines"], "procedure", "ordering_npi", "pos"):
        if code == _SENT and pos in ("11", "81"):
            sent.setdefault(practice[orderer], set()).add(pos == "81")

    assert {len(found) for found in sent.values()} == {1}
    assert {True} in sent.values()
    assert {False} in sent.values()


def test_the_stated_share_of_practices_sends_tests_out() -> None:
    practices = np.arange(2_000_000_000, 2_000_020_000, dtype=np.int64)

    assert abs(sends_tests_out(practices).mean() - SENDING_SHARE) < 0.01


def test_tests_and_images_are_ordered_by_who_treats(tables: Mapping[str, Columns]) -> None:
    treats = {(who, event): npi for who, event, npi in listed(
        tables["encounters"], "person_id", "encounter_id", "attending_npi")}  # fmt: skip
    encounter = dict(listed(tables["claims"], "claim_id", "encounter_id"))
    ordered = {code for code, npi in listed(tables["claim_lines"], "procedure", "ordering_npi")
               if npi != NOBODY}  # fmt: skip

    assert ordered == {_SENT, _OWN, "93000", "71046"}
    for who, claim, npi in listed(tables["claim_lines"], "person_id", "claim_id", "ordering_npi"):
        assert npi in (NOBODY, treats[who, encounter[claim]])


def test_specialists_claims_name_the_primary_care_clinician(
    tables: Mapping[str, Columns], specialty: Mapping[int, str]
) -> None:
    heart = claims_of(tables, "heart", "plan_id", "referring_npi")
    closed = [npi for plan, npi in heart if plan == "Commercial-HMO"]
    open_to_all = [npi for plan, npi in heart if plan == "Original"]

    assert closed
    assert all(specialty[npi] in _PRIMARY for npi in closed)
    assert 0.3 < np.mean([npi != NOBODY for npi in open_to_all]) < 0.9
    assert all(npi != NOBODY for (npi,) in claims_of(tables, "exercise", "referring_npi"))
    for step in ("mother", "fall", "tested", "ill"):
        assert {npi for (npi,) in claims_of(tables, step, "referring_npi")} == {NOBODY}


def test_operations_name_the_surgeon_and_who_is_beside(
    tables: Mapping[str, Columns], specialty: Mapping[int, str]
) -> None:
    def operated(step: str) -> list[tuple[object, ...]]:
        rows = claims_of(tables, step, _FORM, "operating_npi", "other_operating_npi")
        return [row[1:] for row in rows if row[0] == "837I"]

    assert {specialty[row[0]] for row in operated("knee")} == {"orthopedic surgery"}
    assert {specialty.get(row[1]) for row in operated("knee")} == {"physician assistant", None}
    assert {(specialty[a], specialty[b]) for a, b in operated("two")} == {
        ("general surgery", "obstetrics and gynecology")
    }
    assert {specialty[row[0]] for row in operated("birth")} == {"obstetrics and gynecology"}
    assert {specialty[row[0]] for row in operated("eye")} == {"ophthalmology"}
    assert set(operated("ill")) == set(operated("fall")) == {(NOBODY, NOBODY)}
    forms = listed(tables["claims"], _FORM, "operating_npi")
    assert {npi for form, npi in forms if form == "837P"} == {NOBODY}


def test_staff_and_assistants_are_supervised(
    tables: Mapping[str, Columns], specialty: Mapping[int, str]
) -> None:
    rows = claims_of(tables, "knee", "rendering_npi", "supervising_npi")
    beside = [(a, b) for a, b in rows if specialty.get(a) == "physician assistant"]
    alone = claims_of(tables, "shot", "rendering_npi", "supervising_npi")

    assert beside
    assert {specialty[b] for _, b in beside} == {"orthopedic surgery"}
    assert alone
    assert all(a == b for a, b in alone)
    assert {npi for (npi,) in claims_of(tables, "heart", "supervising_npi")} == {NOBODY}


@pytest.mark.slow
def test_bills_that_are_left_as_stated_have_no_laboratory() -> None:
    stated = run(people(charge_capture="none"), steps())

    assert "81" not in {pos for (pos,) in listed(stated["claim_lines"], "pos")}
    assert KNEE in {code for (code,) in listed(stated["claim_lines"], "procedure")}
