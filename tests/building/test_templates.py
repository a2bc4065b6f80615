"""The template library: every form letter is a valid specification and can be found."""

from __future__ import annotations

import pytest

from healthsim.building import card, draft, starting, templates, vocabulary
from healthsim.building.draft import Draft
from healthsim.building.ledger import Wish

NAMES = [item.name for item in templates.load_library()]


def _draft(name: str) -> Draft:
    found = templates.load(name)
    if found.kind == "profile":
        return Draft(profile=found.fresh())
    return Draft(journeys=(found.fresh(),))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_template_has_no_problems(name: str) -> None:
    assert draft.problems(_draft(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_template_can_be_shown_as_a_card(name: str) -> None:
    found = templates.load(name)
    page = card.page(_draft(name), [], [])

    assert page.startswith(f"# {found.title}")
    assert "None" not in page
    assert "{" not in page.replace('{"', "")


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("medicare diabetes", "medicare-diabetic"),
        ("healthy employees", "commercial-healthy"),
        ("medicaid children", "medicaid-pediatric"),
        ("heart failure medicare", "medicare-heart-failure"),
        ("Medicare CHF", "medicare-heart-failure"),
        ("pregnant women", "commercial-maternity"),
        ("CHIP kids", "chip-children"),
        ("households with a high deductible", "commercial-family"),
        ("frail Medicare Advantage members", "medicare-advantage-complex"),
        ("kidney disease in Medicare", "medicare-ckd"),
        ("babies", "newborn"),
        ("colon cancer trial", "oncology-trial-candidates"),
        ("high cost claimants", "commercial-high-cost"),
        ("candidates for cardiac surgery", "cardiac-surgery-candidates"),
        ("first-year diabetes journey", "diabetic-first-year"),
        ("knee surgery", "surgical-episode"),
        ("onboarding of a new member", "new-member-onboarding"),
    ],
)
def test_words_find_their_template_first(query: str, first: str) -> None:
    assert templates.find(query)[0][1].name == first


def test_every_topic_names_a_template_of_the_library() -> None:
    assert {topic.template for topic in vocabulary.TOPICS} <= set(NAMES)
    assert {topic.template for topic in vocabulary.TOPICS if topic.everyone} <= {
        item.name
        for item in templates.load_library()
        for topic in vocabulary.TOPICS
        if topic.template == item.name and any(code in item.document for code in topic.everyone)
    }


def test_no_query_finds_everything() -> None:
    assert len(templates.find("")) == len(NAMES)


def test_a_card_cannot_be_broken_by_what_people_typed() -> None:
    hostile = Draft(
        profile={"name": "x", "title": "a\n# b | `c` {{ 7 * 7 }}", "description": "x" * 10_000}
    )
    page = card.page(hostile, [], [])

    assert page.startswith("# a # b / 'c' {{ 7 * 7 }}\n")
    assert len(page) < 2000


def test_the_card_of_a_changed_template_does_not_repeat_its_description() -> None:
    new = starting.start_profile("200 healthy commercial men aged 40 to 60 in Nevada").draft
    page = card.page(new, [], [])

    assert "22 to 64" not in page
    assert "all of the United States" not in page
    assert "from template commercial-healthy, changed" in page


def test_the_card_says_days_supply_how_long_a_change_takes_and_what_was_lost() -> None:
    step = {"do": "change", "id": "falls", "state": "a1c", "by": -1, "over": {"days": 90}}
    fill = {"do": "event", "id": "rx", "type": "prescription", "details": {"days_supply": 90}}
    journey = {"name": "x", "duration_days": 100,
               "phases": [{"name": "p", "steps": [step, fill]}]}  # fmt: skip
    lost = Wish(0, "veterans", ((0, 8),), "open")
    page = card.page(Draft(journeys=(journey,), wishes=(lost,)), [], [])

    assert "over 90 days" in page
    assert "90 days' supply" in page
    assert "- veterans" in page


def test_a_page_says_whom_exact_counts_and_joint_draws_are_of() -> None:
    profile = {
        "kind": "profile", "name": "joint", "correlations": [{"between": ["a", "b"], "rank": 0.4}],
        "clinical": {
            "one_of": [{"code": "E11.9", "share": 0.1}, {"code": "E10.9", "share": 0.02}],
            "comorbidities": [
                {"code": "N18.30", "exactly": [{"when": "gender == 'F'", "count": 10}]},
                {"code": "I25.10", "share": 0.1, "implies": ["E78.5"]},
            ],
        },
    }  # fmt: skip
    page = card.page(Draft(profile=profile), [], [])

    assert "| N18.30 | exactly 10 of those with gender == 'F' |" in page
    assert "| one of | E11.9 10 %, E10.9 2 % |" in page
    assert "| I25.10 implies | E78.5 |" in page
    assert "| a and b | rank correlation 0.4 |" in page
