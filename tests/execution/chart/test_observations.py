"""How people live: shares as usual or as stated, and nothing that codes or births gainsay."""

from __future__ import annotations

from typing import Any

import pytest

from execution.births import women
from execution.families import family
from execution.running import charted, journey, listed, patients, visit
from healthsim.errors import SpecError
from healthsim.medicine.social import answer_groups, facts
from healthsim.tables import Columns

AS_OF = 20_089  # 2025-01-01
NO_DAY = -(2**31)
CURRENT = {"Smokes tobacco daily", "Occasional tobacco smoker"}


def _told(tables: dict[str, Columns], kind: str) -> list[tuple[int, str, int]]:
    """Return (person, answer, day) of a fact."""
    rows = listed(tables["observations"], "kind", "person_id", "value_text", "effective_date")
    return [(person, answer, day) for fact, person, answer, day in rows if fact == kind]


def _people(**clinical: Any) -> dict[str, Any]:
    has = {"primary": {"code": "E11.9", "onset": {"years_before": 3}}} | clinical
    return patients(count=120, attributes={}, clinical=has)


def test_smoking_is_asked_before_the_data_and_once_a_year() -> None:
    visits = [visit(f"v{day}", day) for day in (20, 60, 400)]
    tables = charted(_people(), journey(*visits, duration_days=500))
    days: dict[int, list[int]] = {}
    for person, _, day in _told(tables, "smoking_status"):
        days.setdefault(person, []).append(day)

    assert len(days) == 120
    for asked in days.values():
        before, *rest = sorted(asked)
        assert AS_OF - 365 < before < AS_OF
        assert [day - AS_OF for day in rest] == [20, 400]
    assert len({answer for _, answer, _ in _told(tables, "smoking_status")}) == 4


def test_codes_decide_who_smokes_and_since_when() -> None:
    diagnosed = {"do": "event", "id": "stops", "type": "diagnosis", "at": 200,
                 "details": {"code": "Z87.891"}}  # fmt: skip
    has = {"one_of": [{"code": "F17.210", "share": 0.3}, {"code": "F17.211", "share": 0.3}]}
    steps = [visit("v", 20), diagnosed | {"when": "not has('F17')"}, visit("w", 400)]
    tables = charted(_people(**has), journey(*steps, duration_days=500))
    codes = {
        person: code
        for person, code in listed(tables["conditions"], "person_id", "code")
        if code.startswith(("F17", "Z87"))
    }
    found: dict[str, set[str]] = {}
    for person, answer, _ in _told(tables, "smoking_status"):
        found.setdefault(codes[person], set()).add(answer)

    assert found == {"F17.210": CURRENT, "F17.211": {"Ex-smoker"}, "Z87.891": {"Ex-smoker"}}


@pytest.mark.slow
def test_shares_of_smoking_are_as_stated_and_an_attribute_binds() -> None:
    stated = {"daily": 0.5, "some_days": 0.2, "former": 0.3}
    tables = charted(_people(smoking=stated), journey(visit("v", 20)))
    answers = [answer for _, answer, day in _told(tables, "smoking_status") if day < AS_OF]
    bound = _people() | {"attributes": {"smoking": {"current": 0.5, "never": 0.5}}}
    labels = charted(bound, journey(visit("v", 20)))
    smokes = {person: answer in CURRENT for person, answer, _ in _told(labels, "smoking_status")}
    said = listed(labels["person_attributes"], "person_id", "text")

    assert 40 < answers.count("Smokes tobacco daily") < 80
    assert 10 < answers.count("Occasional tobacco smoker") < 40
    assert answers.count("Never smoked tobacco") == 0
    assert smokes == {person: text == "current" for person, text in said}


@pytest.mark.parametrize(
    ("smoking", "found", "mend"),
    [
        ({"daily": 0.5}, "0.5", "add the missing 0.5"),
        ({"daily": 40, "never": 60}, "40", "0.4"),
        ({"daly": 1}, "daly", "daily"),
    ],
)
def test_shares_that_cannot_be_are_refused_with_the_mend(
    smoking: dict[str, float], found: str, mend: str
) -> None:
    with pytest.raises(SpecError) as told:
        charted(_people(smoking=smoking), journey(visit("v", 20)))
    assert "clinical.smoking" in str(told.value)
    assert found in str(told.value)
    assert mend in str(told.value)


def test_women_are_told_to_be_pregnant_until_they_give_birth() -> None:
    steps = [visit(f"v{day}", day, diagnoses=["O09.92"]) for day in (20, 60, 100)]
    birth = {"do": "event", "id": "birth", "type": "birth", "at": 150}
    after = visit("after", 200, diagnoses=["Z00.00"])
    profile = women(count=10, clinical={"pregnant": {"weeks": 16}})
    tables = charted(profile, journey(*steps, birth, after, duration_days=300))
    asked = {(answer, day - AS_OF) for _, answer, day in _told(tables, "pregnancy_status")}

    assert asked == {("Pregnant", 20), ("Not pregnant", 200)}
    assert _told(tables, "pregnancy_intent") == []  # she was pregnant in the year's first visit


def test_facts_agree_with_codes_and_with_each_other() -> None:
    has = {"comorbidities": [{"code": "F10.21", "share": 1}, {"code": "Z66", "share": 1}]}
    tables = charted(_people(**has), journey(visit("v", 20)))
    degrees = {person: answer for person, answer, _ in _told(tables, "education")}
    nurses = {person for person, answer, _ in _told(tables, "occupation")
              if answer in ("Registered Nurses", "Lawyers", "Software Developers")}  # fmt: skip

    assert {answer for _, answer, _ in _told(tables, "alcohol_use")} == {"Former drinker"}
    assert {answer for _, answer, _ in _told(tables, "treatment_preference")} == {
        "Wishes treatment of what can be cured, and no long life support"
    }
    assert nurses & degrees.keys()
    assert {degrees[one] for one in nurses & degrees.keys()} == {"More than high school"}


@pytest.mark.slow
def test_spouses_love_whom_they_are_married_to() -> None:
    tables = charted(family(count=150), journey(visit("v", 20, diagnoses=["Z00.00"])))
    genders = dict(listed(tables["patients"], "person_id", "gender"))
    said = {
        person: (answer, genders[person] == genders.get(person + (1 if person % 100 == 1 else -1)))
        for person, answer, _ in _told(tables, "sexual_orientation")
        if person % 100 <= 2 and person + (1 if person % 100 == 1 else -1) in genders
    }

    assert len(said) > 30
    assert ("Homosexual", False) not in said.values()
    assert ("Heterosexual", True) not in said.values()


@pytest.mark.slow
def test_a_person_has_the_same_facts_whoever_else_there_is() -> None:
    few, many = (
        charted(_people() | {"count": count}, journey(visit("v", 20))) for count in (20, 120)
    )
    rows = listed(few["observations"], *few["observations"])
    assert rows == listed(many["observations"], *many["observations"])[: len(rows)]


def test_values_of_a_fact_are_given_once_for_each_age() -> None:
    for kind, fact in facts().items():
        for age in range(fact.age_low, min(fact.age_high, 110) + 1):
            fits = [one for one in answer_groups(kind) if one.age_low <= age <= one.age_high]
            assert len(fits) == bool(answer_groups(kind)), (kind, age)
