"""A described family is made at once: each member with its own years, conditions and pregnancy."""

from __future__ import annotations

from typing import Any

import pytest

from talking import Open, text_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

FOUR = (
    "a family of four, father diabetic, daughter with asthma born 2015, mother pregnant due in "
    "August 2025"
)
TYPED = [
    {"role": "father", "conditions": ["diabetes"]},
    {"role": "mother", "due": "2025-08"},
    {"role": "daughter", "born": 2015, "conditions": ["J45.20"]},
    {"role": "child", "age": 6},
]


async def made(open_client: Open, **arguments: Any) -> dict[str, Any]:
    async with open_client() as client:
        answer = await client.call_tool("quick_generate", arguments)
    assert not answer.is_error, text_of(answer)
    found: dict[str, Any] = answer.structured_content
    return found


async def refused(open_client: Open, **arguments: Any) -> str:
    async with open_client() as client:
        answer = await client.call_tool("quick_generate", arguments)
    assert answer.is_error
    return text_of(answer)


def codes(person: dict[str, Any]) -> list[str]:
    return [code for _, code, _ in person.get("conditions", ())]


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"traits": FOUR}, id="words"),
        pytest.param({"members": TYPED}, id="data", marks=pytest.mark.proof),
        pytest.param({"traits": FOUR, "members": TYPED}, id="both"),
    ],
)
async def test_a_family_of_four_is_that_family(open_client: Open, how: dict[str, Any]) -> None:
    """Members without words are asked for in the next test too."""
    answer = await made(open_client, **how)
    father, mother, daughter, child, newborn = answer["people"]

    assert [one["role"] for one in answer["people"]] == [
        "self", "spouse", "child", "child", "newborn",
    ]  # fmt: skip
    assert (father["gender"], codes(father)) == ("M", ["E11.9"])
    assert mother["gender"] == "F"
    assert codes(mother)[0][:3] in ("Z34", "O09")
    assert (daughter["birth_date"][:4], daughter["gender"], codes(daughter)) == (
        "2015", "F", ["J45.20"],
    )  # fmt: skip
    assert codes(child) == []
    assert "2025-07-20" < newborn["birth_date"] < "2025-09-15"
    assert len({(one["city"], one["zip"]) for one in answer["people"]}) == 1
    assert all(one["coverage"] for one in answer["people"])
    assert mother["claims"]
    assert mother["cut"]["encounters"].startswith("8 of 1")
    assert any("birth" in note for note in answer["notes"])


async def test_a_due_date_far_off_moves_the_day_on_which_the_data_begin(open_client: Open) -> None:
    answer = await made(
        open_client, members=[{"role": "mother", "due": "2026-11"}, {"role": "father"}]
    )

    assert "2026-03" in answer["notes"][0]
    assert answer["people"][-1]["birth_date"].startswith(("2026-10", "2026-11", "2026-12"))


async def test_what_a_person_lacks_has_a_note(open_client: Open) -> None:
    answer = await made(open_client, traits="a diabetic man of 38")

    assert ["coverage" in note for note in answer["notes"]] == [True, False]
    assert "journey=" in answer["notes"][1]


@pytest.mark.parametrize(("members", "pieces"), [
    ([{"role": "uncle"}], ("members[0].role", "uncle", "self, spouse or child")),
    ([{"role": "father", "due": "2025-08"}], ("pregnant", "is M", "only F can be pregnant")),
    ([{"role": "mother", "age": 30}, {"role": "child", "age": 20}], ("age", "20", "15")),
    ([{"role": "child", "born": "2030"}], ("born", "2030", "after as_of")),
    ([{"role": "child", "conditions": ["a bad back"]}], ("conditions", "bad back", "M54")),
    ([{"role": "child", "sexx": "F"}], ("sexx", "'sex'")),
    ([{"role": "child", "sex": "girl"}], ("sex", "girl", "F, M, other or unknown")),
    ([{"role": "child", "age": "nine"}], ("age", "nine", "0 to 110")),
    ([{"role": "mother"}, {"role": "father"}, {"role": "parent"}], ("3 adults", "one or two")),
])  # fmt: skip
async def test_a_family_that_cannot_be_is_refused(
    open_client: Open, members: list[dict[str, Any]], pieces: tuple[str, ...]
) -> None:
    text = await refused(open_client, members=members)

    assert all(piece in text for piece in pieces), text
