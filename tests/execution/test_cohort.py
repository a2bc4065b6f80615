"""A profile becomes people: shares, exact counts, balance, and what nobody can have."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from execution.running import (
    attempted,
    diabetic,
    event,
    journey,
    listed,
    patients,
    run,
    visit,
    within_three_errors,
)
from healthsim.dates import NO_DAY, day_of, iso, whole_years
from healthsim.tables import Columns

MANY = 4000


def with_(**clinical: Any) -> dict[str, Any]:
    profile = diabetic(count=MANY, coverage=None, products=["patientsim"])
    profile["clinical"] = {"primary": {"code": "E11.9"}, **clinical}
    return profile


def of(profile: dict[str, Any], **demographics: Any) -> dict[str, Any]:
    return {**profile, "demographics": {**profile["demographics"], **demographics}}


def coded(tables: dict[str, Columns]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for person, code in listed(tables["conditions"], "person_id", "code"):
        found.setdefault(person, set()).add(code)
    return found


def test_shares_are_kept_within_three_standard_errors() -> None:
    profile = with_(comorbidities=[{"code": "I10", "share": 0.78}, {"code": "E78.5", "share": 0.1}])
    found = coded(run(profile))

    assert within_three_errors(sum("I10" in codes for codes in found.values()), MANY, 0.78)
    assert within_three_errors(sum("E78.5" in codes for codes in found.values()), MANY, 0.1)


def test_a_conditional_share_follows_its_condition() -> None:
    share = {
        "type": "conditional",
        "cases": [{"when": "has('I10')", "then": 0.6}],
        "otherwise": 0.1,
    }
    profile = with_(
        comorbidities=[{"code": "E78.5", "share": share}, {"code": "I10", "share": 0.5}]
    )
    found = list(coded(run(profile)).values())
    with_i10 = [codes for codes in found if "I10" in codes]
    without = [codes for codes in found if "I10" not in codes]

    assert within_three_errors(sum("E78.5" in one for one in with_i10), len(with_i10), 0.6)
    assert within_three_errors(sum("E78.5" in one for one in without), len(without), 0.1)


def test_balanced_sampling_gives_the_share_exactly() -> None:
    profile = of(patients(count=200, sampling="balanced"), gender={"M": 0.48, "F": 0.52},
                 location={"states": {"TX": 0.8, "OK": 0.2}})  # fmt: skip
    profile["clinical"]["comorbidities"] = [{"code": "J45.909", "share": 0.31}]
    tables = run(profile)

    assert Counter(listed(tables["patients"], "gender")) == {("M",): 96, ("F",): 104}
    assert Counter(listed(tables["patients"], "state")) == {("TX",): 160, ("OK",): 40}
    assert sum("J45.909" in codes for codes in coded(tables).values()) == 62


def test_balanced_ages_fill_every_slice_of_the_bell() -> None:
    profile = of(diabetic(count=500, sampling="balanced"),
                 age={"type": "uniform", "low": 40, "high": 89, "decimals": 0})  # fmt: skip
    tables = run(profile)
    as_of = np.full(500, day_of("2025-01-01"), dtype=np.int32)
    ages = whole_years(np.asarray(tables["patients"]["birth_date"], dtype=np.int32), as_of)

    assert np.bincount(ages)[40:].tolist() == [10] * 50


@pytest.mark.slow
def test_exact_counts_are_exact() -> None:
    profile = of(patients(count=50), gender={"exactly": {"M": 17, "F": 33}})
    profile["clinical"]["comorbidities"] = [{"code": "N18.30", "exactly": 10}]
    profile["clinical"]["medications"] = [{"drug": "lisinopril 10 mg tablet", "exactly": 7}]
    tables = run(profile, size=7)

    assert Counter(listed(tables["patients"], "gender")) == {("M",): 17, ("F",): 33}
    assert sum("N18.30" in codes for codes in coded(tables).values()) == 10
    takers = {person for (person,) in listed(tables["prescriptions"], "person_id")}
    assert len(takers) == 7


def test_an_exact_count_that_people_cannot_meet_is_met_by_others_or_refused() -> None:
    profile = of(diabetic(count=50), age={"type": "uniform", "low": 0, "high": 90, "decimals": 0})
    profile["clinical"] = {"comorbidities": [{"code": "Z00.129", "exactly": 20}]}
    tables = attempted(profile)
    if isinstance(tables, str):
        assert "Z00.129" in tables
    else:
        assert sum("Z00.129" in codes for codes in coded(tables).values()) == 20


def test_ages_are_whole_years_on_the_day_and_stay_in_the_window() -> None:
    profile = of(
        patients(count=MANY),
        age={"type": "normal", "mean": 60, "sd": 9, "low": 65, "high": 90},
    )
    tables = run(profile)
    born = np.asarray(tables["patients"]["birth_date"], dtype=np.int32)
    ages = whole_years(born, np.full(MANY, day_of("2025-01-01"), dtype=np.int32))
    counts = np.bincount(ages)[65:]

    assert ages.min() == 65
    assert ages.max() <= 90
    assert counts[0] < 1.35 * counts[1]  # truncated, not clamped: no spike at the bound


@pytest.mark.slow
@pytest.mark.parametrize(
    ("age", "low", "high"),
    [
        ({"type": "uniform", "low": 0.2, "high": 0.5, "decimals": 1}, 0.2, 0.5),
        ({"type": "uniform", "low": 0, "high": 0.2, "decimals": 1}, 0, 0.2),
        ({"type": "normal", "mean": 1.2, "sd": 2, "low": 1.2, "high": 1.25}, 1.2, 1.25),
        ({"type": "bands", "bands": [{"low": 0.2, "high": 0.3, "weight": 0.5},
          {"low": 0.9, "high": 1.1, "weight": 0.5}]}, 0.2, 1.1),
        ({"type": "mixture", "parts": [{"weight": 0.5, "of": {"type": "uniform", "low": 0.4,
          "high": 0.5, "decimals": 1}}, {"weight": 0.5, "of": 0.3}]}, 0.295, 0.5),
    ],
)  # fmt: skip
@pytest.mark.parametrize("as_of", ["2025-01-01", "2024-02-29", "2024-12-31"])
def test_parts_of_a_year_keep_ages_within_their_window_by_day(
    age: dict[str, Any], low: float, high: float, as_of: str
) -> None:
    profile = of(diabetic(count=1_000), age=age) | {"as_of": as_of}
    profile["clinical"], profile["products"] = {}, ["patientsim"]
    born = [day for (day,) in listed(run(profile)["patients"], "birth_date")]
    days = day_of(as_of) - np.asarray(born, dtype=np.int64)

    assert (days.min() / 366 >= low) if low < 1 else (days.min() - 366) / 366 >= low - 1
    assert (days.max() / 365 <= high) if high < 1 else days.max() <= high * 366
    assert len(set(days.tolist())) > 1


def test_a_child_that_a_family_states_is_of_the_age_stated_to_the_day() -> None:
    profile = of(diabetic(count=300), age=35) | {"unit": "family", "products": ["patientsim"]}
    profile["clinical"], profile["household"] = {}, {"members": [{"role": "child", "age": {
        "type": "uniform", "low": 0.2, "high": 0.3, "decimals": 1}}]}  # fmt: skip
    rows = listed(run(profile)["patients"], "person_id", "birth_date")
    days = [day_of("2025-01-01") - day for who, day in rows if who % 100 == 3]

    assert len(days) == 300
    assert min(days) / 366 >= 0.2
    assert max(days) / 365 <= 0.3


def test_birthdays_fall_all_over_the_year() -> None:
    tables = run(patients(count=MANY))
    months = Counter(iso(day)[5:7] for (day,) in listed(tables["patients"], "birth_date"))

    assert len(months) == 12
    assert all(within_three_errors(count, MANY, 1 / 12) for count in months.values())


def test_conditions_begin_after_birth_and_before_the_day_of_the_profile() -> None:
    profile = with_(comorbidities=[
        {"code": "J45.909", "share": 1, "onset": {"years_before": {"type": "gamma", "mean": 60,
            "sd": 40}}}
    ])  # fmt: skip
    tables = run(of(profile, age={"type": "uniform", "low": 1, "high": 60, "decimals": 0}))
    born = dict(listed(tables["patients"], "person_id", "birth_date"))

    for person, onset in listed(tables["conditions"], "person_id", "onset_date"):
        assert born[person] <= onset <= day_of("2025-01-01")


def onset_ages(code: str, age: Any, **onset: Any) -> np.ndarray:
    """Return the days of age at which a condition of everybody began."""
    listed_one = {"code": code, "share": 1} | ({"onset": onset} if onset else {})
    profile = of(with_(comorbidities=[listed_one]), age=age)
    profile["clinical"].pop("primary")
    tables = run(profile)
    born = dict(listed(tables["patients"], "person_id", "birth_date"))
    return np.array([day - born[who] for who, day in listed(tables["conditions"], "person_id",
                                                            "onset_date")])  # fmt: skip


CHILDREN = {"type": "uniform", "low": 1, "high": 17, "decimals": 0}


@pytest.mark.parametrize(
    "onset",
    [{}, {"years_before": {"type": "gamma", "mean": 10, "sd": 8}},
     {"days_before": {"type": "conditional", "cases": [{"when": "gender == 'F'", "then": {
         "type": "uniform", "low": 0, "high": 6000}}],
         "otherwise": {"type": "uniform", "low": 0, "high": 9000}}}],
)  # fmt: skip
def test_onsets_are_drawn_within_the_life_and_pile_up_nowhere(onset: dict[str, Any]) -> None:
    days = onset_ages("J45.909", CHILDREN, **onset)

    assert days.min() >= 0
    assert (days == 0).mean() < 0.004
    assert np.bincount(days // 30)[0] < 3 * max(np.bincount(days // 30)[1:6])


def test_an_onset_that_is_longer_ago_than_a_life_is_its_first_day() -> None:
    assert set(onset_ages("J45.909", CHILDREN, years_before=30).tolist()) == {0}


def test_people_are_born_with_what_is_inborn_unless_a_profile_says_when_it_began() -> None:
    assert set(onset_ages("Q90.9", CHILDREN).tolist()) == {0}
    assert onset_ages("Q90.9", CHILDREN, days_before=100).min() > 200


def test_no_condition_begins_at_an_age_at_which_its_code_cannot_be() -> None:
    adults = {"type": "uniform", "low": 15, "high": 22, "decimals": 0}
    days = onset_ages("N40.1", adults)

    assert days.min() >= 15 * 365
    assert (days < 15 * 365 + 10).mean() < 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["N18.30"], {"E11.22", "N18.30"}),
        (["I10"], {"E11.9", "I10"}),
        (["I10", "N18.30"], {"E11.22", "I12.9", "N18.30"}),
        (["I10", "N18.6"], {"E11.22", "I12.0", "N18.6"}),
        (["I10", "I50.22"], {"E11.9", "I11.0", "I50.22"}),
        (["I10", "I50.22", "N18.30"], {"E11.22", "I13.0", "I50.22", "N18.30"}),
        (["I50.22", "N18.6", "I10"], {"E11.22", "I13.2", "I50.22", "N18.6"}),
    ],
)
def test_codes_combine_in_the_chart_on_visits_and_on_claims(
    codes: list[str], expected: set[str]
) -> None:
    profile = diabetic(count=20) | {"vital_signs": "none"}
    profile["clinical"] = {
        "primary": {"code": "E11.9"},
        "comorbidities": [{"code": code, "share": 1} for code in codes],
    }
    tables = run(profile, journey(visit("v", 3, comorbidities=True)))

    active: dict[int, set[str]] = {}
    for who, code, end in listed(tables["conditions"], "person_id", "code", "abatement_date"):
        active.setdefault(who, set()).update([code] if end == NO_DAY else [])
    assert all(found == expected for found in active.values())
    for name in ("encounter_diagnoses", "claim_diagnoses"):
        stated: dict[int, set[str]] = {}
        for person, code in listed(tables[name], "person_id", "code"):
            stated.setdefault(person, set()).add(code)
        assert len(stated) == 20
        assert all(found == expected for found in stated.values()), name


def test_a_visit_before_the_kidneys_fail_states_the_plain_code() -> None:
    profile = patients(count=5)
    profile["clinical"] = {"primary": {"code": "E11.9"}}
    steps = [visit("before", 3), event("fail", "diagnosis", 30, code="N18.30"), visit("after", 60)]
    tables = run(profile, journey(*steps))
    began = dict(listed(tables["encounters"], "encounter_id", "start_at"))
    for encounter, sequence, code in listed(tables["encounter_diagnoses"], "encounter_id",
                                            "sequence", "code"):  # fmt: skip
        early = began[encounter] // 1440 < day_of("2025-01-01") + 30
        assert sequence == 1 or not early
        assert code in ({"E11.9"} if early else {"E11.22", "N18.30"})


def test_only_men_have_what_only_men_can_have() -> None:
    tables = run(
        with_(comorbidities=[{"code": "C61", "share": 0.5}, {"code": "N40.0", "share": 0.5}])
    )
    gender = dict(listed(tables["patients"], "person_id", "gender"))
    men = sum(one == "M" for one in gender.values())
    found = {person for person, codes in coded(tables).items() if codes & {"C61", "N40.0"}}

    assert {gender[person] for person in found} == {"M"}
    assert within_three_errors(len(found), men, 0.75)


def test_no_woman_has_a_prostate_condition_whatever_a_journey_says() -> None:
    steps = [event("d", "diagnosis", 5, code="C61") | {"when": "gender == 'F' or gender == 'M'"},
             visit("v", 9, diagnoses=["N40.0"])]  # fmt: skip
    tables = attempted(diabetic(count=40), journey(*steps))
    if isinstance(tables, str):
        assert "C61" in tables or "N40.0" in tables
        return
    gender = dict(listed(tables["patients"], "person_id", "gender"))
    for name in ("conditions", "encounter_diagnoses", "claim_diagnoses"):
        for person, code in listed(tables[name], "person_id", "code"):
            assert code not in {"C61", "N40.0"} or gender[person] == "M", name


def test_a_condition_of_a_journey_is_listed_for_those_who_had_it() -> None:
    tables = run(patients(count=200), journey(
        event("d", "diagnosis", 5, code="J45.909") | {"chance": 0.5}))  # fmt: skip
    diagnosed = {
        person for person, step in listed(tables["events"], "person_id", "step") if step == "d"
    }
    has = {person for person, codes in coded(tables).items() if "J45.909" in codes}

    assert diagnosed == has
    assert 60 < len(diagnosed) < 140


def test_the_primary_condition_begins_with_the_journey() -> None:
    document = journey(visit("v"), begins={"earliest": "2025-02-01", "latest": "2025-04-30"})
    tables = run(patients(count=50), document)
    first = dict(listed(tables["events"], "person_id", "event_date"))
    onset = {person: day for person, code, day in
             listed(tables["conditions"], "person_id", "code",
                 "onset_date") if code == "E11.9"}  # fmt: skip

    assert onset == first


def test_the_profile_sees_only_what_is_drawn_before() -> None:
    profile = patients(count=300)
    profile["attributes"] = {
        "late": {"type": "formula", "value": "early * 2 + age"},
        "early": {"type": "uniform", "low": 0, "high": 5, "decimals": 0},
        "old": {"type": "conditional", "cases": [{"when": "age >= 80", "then": {"yes": 1}}],
                "otherwise": {"no": 1}},
    }  # fmt: skip
    profile["clinical"]["comorbidities"] = [
        {"code": "J45.909", "share": {"type": "conditional",
         "cases": [{"when": "old == 'yes' and late > 0", "then": 1}], "otherwise": 0}}]  # fmt: skip
    tables = run(profile)
    as_of = np.full(300, day_of("2025-01-01"), dtype=np.int32)
    ages = whole_years(np.asarray(tables["patients"]["birth_date"], dtype=np.int32), as_of)
    has = {person for person, codes in coded(tables).items() if "J45.909" in codes}

    assert has == {(row + 1) * 100 + 1 for row in range(300) if ages[row] >= 80}


def test_a_plan_may_decide_only_where_there_is_coverage() -> None:
    profile = diabetic(count=10, coverage=None, products=["patientsim"])
    profile["attributes"] = {"rich": {"type": "conditional", "otherwise": 0,
                                      "cases": [{"when": "plan == 'MA-HMO'",
                                          "then": 1}]}}  # fmt: skip
    tables = attempted(profile)
    if isinstance(tables, str):
        assert "plan" in tables
    else:
        assert len(tables["patients"]["person_id"]) == 10
