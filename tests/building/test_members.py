"""Members as data: what they may be, and the profile of a family that they make."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.building import quick, templates
from healthsim.building.family import Member, read_family
from healthsim.building.members import condition_code, put_members, typed_members
from healthsim.errors import HealthSimError
from healthsim.execution.prepare import prepare

AS_OF = "2025-01-01"


def made(*items: dict[str, Any], seen: bool = False, **profile: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "kind": "profile", "name": "family", "count": 20, "as_of": AS_OF,
        "products": ["patientsim"], **profile,
    }  # fmt: skip
    put_members(document, typed_members(items), seen=seen)
    return document


@pytest.mark.parametrize(
    ("roles", "found"),
    [(["child"], ["self", "child"]), (["mother", "father"], ["self", "spouse"]),
     (["child", "spouse", "self"], ["self", "spouse", "child"]),
     (["husband", "wife"], ["self", "spouse"]),
     (["wife", "son", "Daughter"], ["self", "child", "child"]),
     (["kids", "parent"], ["self", "child"])],
)  # fmt: skip
def test_roles_may_be_words_of_families(roles: list[str], found: list[str]) -> None:
    assert [one.role for one in typed_members([{"role": role} for role in roles])] == found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "code"),
    [("E11.9", "E11.9"), ("e11.9", "E11.9"), ("diabetes", "E11.9"), ("High blood pressure", "I10"),
     ("Celiac disease", "K90.0"), (" asthma ", "J45.20")],
)  # fmt: skip
def test_a_condition_is_a_code_a_usual_name_or_a_text_of_the_book(said: str, code: str) -> None:
    assert condition_code(said, "here") == code


@pytest.mark.slow
@pytest.mark.parametrize("said", ["E11", "sugar", "", "broken heart and leg", "Z99.99999"])
def test_a_condition_that_is_not_certain_is_refused_with_codes_that_may_be_meant(said: str) -> None:
    with pytest.raises(HealthSimError, match="no single ICD-10-CM code"):
        condition_code(said, "members[0].conditions")


@pytest.mark.parametrize(
    ("item", "pieces"),
    [({"conditions": 5}, ("conditions", "is 5", "list")),
     ({"born": {"from": 1}}, ("born", "2015-03")), ({"due": ["2025"]}, ("due", "no text")),
     ({"age": True}, ("age", "True")), ({"age": -1}, ("age", "-1", "110")),
     ({"sex": "x"}, ("sex", "F, M, other or unknown")), ({"role": 3}, ("role",))],
)  # fmt: skip
def test_an_item_of_another_kind_is_refused(item: dict[str, Any], pieces: tuple[str, ...]) -> None:
    with pytest.raises(HealthSimError) as refused:
        typed_members([{"role": "child", **item}])

    assert all(piece in str(refused.value) for piece in pieces), refused.value


@pytest.mark.parametrize("due", ["2025-13", "2025-02-30", "soon", "2025", "8/2025", ""])
def test_a_due_date_that_is_none_is_refused_by_the_profile(due: str) -> None:
    document = made({"role": "mother", "due": due})

    if due == "2025":  # any day of the year on which she may be pregnant
        assert prepare(document, []).count == 20
    else:
        with pytest.raises(HealthSimError, match=r"members\[0\]\.pregnant\.due"):
            prepare(document, [])


def test_conditions_may_be_one_text_or_objects() -> None:
    (_, one), (_, other) = (
        typed_members([{"role": "child", "conditions": said}])
        for said in ("asthma", [{"code": "J45.20"}])
    )

    assert one.conditions == other.conditions == ["J45.20"]


@pytest.mark.parametrize(
    "items",
    [
        [{"role": "father"}, {"role": "mother", "weeks": 20}, {"role": "child", "age": 9}],
        [{"role": "father", "age": 70}, {"role": "child", "born": "2020-05-01"}],
        [{"role": "mother", "due": "2025-06"}, {"role": "daughter", "age": 20}],
        [{"role": "parent"}, {"role": "child", "age": 17}, {"role": "toddler"}, {"role": "baby"}],
        [{"role": "mother", "age": 19, "due": "2025-03-01"}],
        [{"role": "wife", "due": "2031-02"}, {"role": "husband", "born": "1990"}],
        [{"role": "child", "age": 0.5}, {"role": "child", "age": 25}],
    ],
)  # fmt: skip
def test_ages_that_are_not_said_fit_the_family(items: list[dict[str, Any]]) -> None:
    assert prepare(made(*items), []).count == 20


@pytest.mark.parametrize(
    ("due", "seen", "moved"),
    [("2025-08", True, False), ("2025-07-25", True, False), ("2025-06", True, True),
     ("2025-06", False, False), ("2025-09-09", True, False), ("2025-09-11", True, True),
     ("2024-12", False, True), ("2026-03-10", True, True)],
)  # fmt: skip
def test_a_due_date_moves_the_day_of_the_data_only_where_it_must(
    due: str, seen: bool, moved: bool
) -> None:
    document = made({"role": "mother", "due": due}, seen=seen)

    assert (document["as_of"] != AS_OF) == moved
    assert prepare(document, []).count == 20


def test_a_template_that_is_named_keeps_its_conditions() -> None:
    family = quick.described_family("father diabetic, mother", ())
    assert family is not None
    for template, kept in (("", False), ("commercial-family", True)):
        profile = templates.load("commercial-family").fresh()
        quick.put_family(profile, [], family, template)
        assert bool(profile["clinical"].get("comorbidities")) == kept


def test_the_words_of_members_are_taken_out_of_the_request() -> None:
    family = quick.described_family("In Texas: father diabetic, mother 38, on Medicaid", ())
    assert family is not None

    assert " ".join(family.rest.split()) == "In Texas: , , on Medicaid"
    assert (17, 25, "household.members[0].conditions[E11.9]") in family.claims


def test_a_request_without_a_family_is_nobodys() -> None:
    assert quick.described_family("a diabetic man of 38", ()) is None
    assert read_family("a diabetic man of 38") == []


def test_a_pregnancy_is_followed_by_the_journey_that_is_asked_for() -> None:
    family = quick.QuickFamily((Member("self", "F", pregnant=True, due="2025-08"),), "", ())
    for own, names in (([], ["pregnancy"]), ([{"name": "mine"}], ["mine"])):
        journeys: list[Any] = list(own)
        quick.put_family(templates.load("commercial-family").fresh(), journeys, family, "")
        assert [one["name"] for one in journeys] == names
