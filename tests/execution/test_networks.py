"""Who treats whom: kept for each person, in the network of their plan, near to where they live."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.running import Document, diabetic, event, journey, listed, run, visit
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.tables import Columns

PEOPLE = 400


def covered(plan: str = "own", **network: Any) -> Document:
    """People of one plan, all in one county with many clinicians and hospitals."""
    design = {"kind": "commercial", "network": network}
    return diabetic(
        count=PEOPLE,
        demographics={"age": 50, "gender": {"F": 1}, "location": {"counties": {"48201": 1}}},
        coverage={"plan": {plan: 1}, "plans": {"own": design} if plan == "own" else {}},
    )


def stay(id: str, at: Any = 0, **details: Any) -> Document:
    said = {"encounter_class": "inpatient", "drg": "470", "los_days": 2, **details}
    return event(id, "encounter", at, **said)


def emergency(id: str, at: Any = 0) -> Document:
    return event(id, "encounter", at, encounter_class="emergency", procedures=["99284"])


YEAR = journey(
    visit("pcp", 1), visit("heart", 5, specialty="cardiology"), stay("planned", 20),
    emergency("er", 60), visit("heart2", 90, specialty="cardiology"), emergency("er2", 120),
    stay("after", 120),
)  # fmt: skip
MORE = journey(
    visit("before", 0, specialty="dermatology"), visit("pcp", 1),
    visit("heart", 5, specialty="cardiology"), stay("planned", 20), emergency("er", 60),
    visit("heart2", 90, specialty="cardiology"), emergency("er2", 120), stay("after", 120),
    visit("late", 200, specialty="cardiology"), stay("again", 220),
)  # fmt: skip


def treated(tables: dict[str, Columns]) -> dict[tuple[int, str], tuple[int, int]]:
    """Return (person, step) -> who attended, and where."""
    steps = dict(listed(tables["events"], "event_id", "step"))
    rows = listed(tables["encounters"], "person_id", "event_id", "attending_npi", "facility_id")
    return {(who, steps[event]): (npi, where) for who, event, npi, where in rows}


@pytest.fixture(scope="module")
def narrow() -> dict[str, Columns]:
    return run(covered(in_share=0.3), YEAR)


def outside(tables: dict[str, Columns]) -> dict[str, float]:
    """Return step -> share of its claims that are out of network."""
    steps = dict(listed(tables["events"], "event_id", "step"))
    found: dict[str, list[bool]] = {}
    for event_id, network in listed(tables["claims"], "event_id", "network"):
        found.setdefault(steps[event_id], []).append(network == "out")
    return {step: float(np.mean(outs)) for step, outs in found.items()}


@pytest.mark.slow
def test_a_person_keeps_specialist_hospital_and_pharmacy(narrow: dict[str, Columns]) -> None:
    found = treated(narrow)

    for person in range(101, PEOPLE * 100, 100):
        assert found[person, "heart"] == found[person, "heart2"]
        assert found[person, "er"][1] == found[person, "er2"][1] == found[person, "after"][1]


@pytest.mark.slow
def test_other_events_change_nobody_who_treats(narrow: dict[str, Columns]) -> None:
    before, after = treated(narrow), treated(run(covered(in_share=0.3), MORE))

    assert {key: after[key] for key in before} == before
    for person in range(101, PEOPLE * 100, 100):
        assert after[person, "late"] == after[person, "heart"]
        assert after[person, "again"][1] == after[person, "planned"][1]


@pytest.mark.slow
def test_a_panel_is_the_same_in_pieces_and_in_a_larger_population(
    narrow: dict[str, Columns],
) -> None:
    larger = run(covered(in_share=0.3) | {"count": PEOPLE + 50}, YEAR, size=257)

    assert treated(narrow).items() <= treated(larger).items()
    panel = dict(listed(larger["patients"], "person_id", "pcp_npi"))
    assert dict(listed(narrow["patients"], "person_id", "pcp_npi")).items() <= panel.items()


def test_members_who_may_not_go_outside_do_so_in_emergencies_alone(
    narrow: dict[str, Columns],
) -> None:
    found = outside(narrow)

    assert {step for step, share in found.items() if share > 0} == {"er", "er2", "after"}
    assert 0.15 < found["er"] < 0.6


@pytest.mark.slow
def test_without_a_network_everything_is_in_it() -> None:
    assert set(outside(run(covered("Original"), YEAR)).values()) == {0.0}


@pytest.mark.slow
def test_members_who_may_go_outside_do_so_as_readily_as_the_plan_says() -> None:
    rarely = outside(run(covered(in_share=0.5, outside=0.1), YEAR))
    freely = outside(run(covered(in_share=0.5, outside=1.0), YEAR))

    assert 0.02 < rarely["heart"] < 0.25
    assert freely["heart"] > 2 * rarely["heart"]


def test_claims_are_in_the_network_that_the_plan_lists(narrow: dict[str, Columns]) -> None:
    rows = listed(narrow["plan_networks"], "plan_id", "organisation_npi", "network")
    said = {(plan, npi): network for plan, npi, network in rows}

    claims = listed(narrow["claims"], "plan_id", "billing_npi", "network")
    assert claims == [(plan, npi, said[plan, npi]) for plan, npi, _ in claims]
    assert {network for *_, network in rows} == {"in", "out"}


def test_a_stay_is_attended_by_the_hospital_s_own_staff(narrow: dict[str, Columns]) -> None:
    staff = dict(listed(narrow["providers"], "npi", "facility_id"))

    rows = listed(narrow["encounters"], "encounter_class", "attending_npi", "facility_id")
    inside = [(npi, where) for kind, npi, where in rows if kind in {"emergency", "inpatient"}]
    assert len(inside) == 4 * PEOPLE
    assert all(staff[npi] == where for npi, where in inside)
    assert len({where for _, where in inside}) > 10


def test_hospitals_with_more_beds_see_more_people(narrow: dict[str, Columns]) -> None:
    tables = run(covered("Original") | {"count": 2000}, journey(stay("s")))
    beds = dict(listed(tables["facilities"], "facility_id", "beds"))
    where = np.array([place for (place,) in listed(tables["encounters"], "facility_id")])
    large = np.array([beds[place] for place in where]) >= np.median(list(beds.values()))

    share = sum(count for count in beds.values() if count >= np.median(list(beds.values())))
    expected = share / sum(beds.values())
    assert large.mean() == pytest.approx(expected, abs=3 * np.sqrt(0.25 / 2000))


def test_another_plan_brings_its_own_network() -> None:
    moves = event("moves", "enrollment", 50, plan="Commercial-HMO")
    tables = run(covered(in_share=0.3), journey(visit("a", 10), moves, visit("b", 100)))

    assert set(outside(tables).values()) == {0.0}
    assert {plan for (plan,) in listed(tables["claims"], "plan_id")} == {"own", "Commercial-HMO"}


def test_long_supplies_are_mailed_to_the_members_who_want_it() -> None:
    drug = event("rx", "prescription", 1, drug="metformin 500 mg tablet", days_supply=90, refills=3)
    short = event("sx", "prescription", 1, drug="lisinopril 10 mg tablet", days_supply=30,
                  refills=3)  # fmt: skip
    profile = covered(mail_order_share=0.3)
    profile["clinical"]["medications"] = []
    tables = run(profile, journey(drug, short))
    mails = dict(listed(tables["pharmacies"], "npi", "mail_order"))
    long: dict[int, set[int]] = {}
    for who, days, npi in listed(tables["fills"], "person_id", "days_supply", "pharmacy_npi"):
        if days == 90:
            long.setdefault(who, set()).add(npi)
        else:
            assert not mails[npi]

    assert {len(npis) for npis in long.values()} == {1}
    mailed = np.mean([mails[npi] for npis in long.values() for npi in npis])
    assert mailed == pytest.approx(0.3, abs=3 * np.sqrt(0.3 * 0.7 / len(long)))


def test_the_nearest_is_named_where_nothing_is_within_the_radius() -> None:
    far = covered("Original") | {"network": {"radius_miles": 20}}
    far["demographics"]["location"] = {"counties": {"48301": 1}}  # Loving County, TX
    with pytest.raises(SpecError, match=r"nearest cardiology that Original has is \d+ miles from "
                       "Loving County, TX"):  # fmt: skip
        prepare(far, [YEAR])

    near = covered("Original") | {"network": {"radius_miles": 20}}
    assert prepare(near, [YEAR]).count == PEOPLE


def test_a_radius_that_is_as_long_as_the_refusal_says_will_do() -> None:
    far = covered("Original") | {"network": {"radius_miles": 20}}
    far["demographics"]["location"] = {"states": {"TX": 1}}
    with pytest.raises(SpecError) as refused:
        prepare(far, [YEAR])
    enough = float(str(refused.value).rsplit("raise it to ", 1)[1].split(",")[0])

    assert prepare(far | {"network": {"radius_miles": enough}}, [YEAR]).count == PEOPLE


def test_of_many_kinds_of_care_that_are_too_far_five_are_named_and_the_rest_counted() -> None:
    far = covered("Original") | {"network": {"radius_miles": 1}}
    far["demographics"]["location"] = {"counties": {"48301": 1}}  # Loving County, TX
    seven = ("cardiology", "neurology", "nephrology", "urology", "dermatology", "oncology",
             "rheumatology")  # fmt: skip
    visits = [visit(f"to_{one}", specialty=one) for one in seven]
    with pytest.raises(SpecError) as refused:
        prepare(far, [journey(*visits)])
    with pytest.raises(SpecError) as fewer:
        prepare(far, [journey(*visits[:5])])

    assert str(refused.value).count("the nearest ") == 5
    assert "; and 2 more; raise it" in str(refused.value)
    assert str(fewer.value).count("the nearest ") == 5
    assert "more; raise it" not in str(fewer.value)
