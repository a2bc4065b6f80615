"""Edits of clinicians' claims: each tells of a change that breaks it, and lets the rest be."""

from collections.abc import Iterator

import pytest

from audit.scenes import Scenario, opened
from execution.running import diabetic, event, journey, visit
from healthsim.audit import claim_edits, integrity

pytestmark = pytest.mark.slow  # its runs

_LINE = "claim_lines"


def step(id: str, code: str, **details: object) -> dict[str, object]:
    return {"do": "event", "id": id, "type": "procedure", "details": {"code": code, **details}}


def scenario_of(tmp_path_factory: pytest.TempPathFactory, **changes: object) -> Iterator[Scenario]:
    steps = journey(
        visit("office", 1, procedures=["99214"]) | {"with": [
            step("pulse", "94010"),
            {"do": "event", "id": "sugar", "type": "lab",
             "details": {"loinc": "4548-4", "procedure": "83036"}},
            {"do": "event", "id": "flu", "type": "immunization",
             "details": {"cvx": "185", "procedures": ["90662"]}},
        ]},
        visit("seen", 30, specialty="cardiology", procedures=["99204"]),
        visit("seen_again", 60, specialty="cardiology", procedures=["99204"]),
        visit("grown", 90, procedures=["99396"]),
        event("fall", "encounter", 120, encounter_class="emergency", procedures=["99284"])
        | {"with": [step("chest", "71046")]},
        event("two", "encounter", 140, encounter_class="outpatient_hospital",
              diagnoses=["K80.20"], procedures=["47562", "49505"], specialty="general surgery"),
        visit("stated", 150, procedures=[{"code": "96127", "units": 9}]),
    )  # fmt: skip
    profile = diabetic(count=8, detail="core", coverage={"plan": {"Original": 1}}, **changes)
    with opened(tmp_path_factory.mktemp("edits"), profile, steps) as scenario:
        yield scenario


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    yield from scenario_of(tmp_path_factory)


@pytest.fixture(scope="module")
def stated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    yield from scenario_of(tmp_path_factory, charge_capture="none")


def line(change: str, code: str) -> str:
    """Return an UPDATE of the first line of a code."""
    return (f"UPDATE {_LINE} SET {change} WHERE rowid = (SELECT min(rowid) FROM {_LINE} "
            f"WHERE procedure = '{code}' AND pos IS NOT NULL)")  # fmt: skip


_COPY = (
    "INSERT INTO claim_lines SELECT * REPLACE (90 AS line) FROM claim_lines WHERE rowid = "
    "(SELECT min(rowid) FROM claim_lines WHERE procedure = '99284' AND pos IS NOT NULL)"
)
BROKEN = {
    "a test in a facility is its reading": line("modifier_1 = NULL", "71046"),
    "a facility's own part is on no clinician's claim": line("procedure = '93005'", "99284"),
    "a visit within a package is not charged": line("procedure = '99024'", "99214"),
    "units are likely ones": line("units = 400", "94010"),
    "no code stands beside one that has it in it": line("modifier_1 = NULL", "99214"),
    "an add-on stands beside its service": line("procedure = '96415'", "99284"),
    "a code is of the person's sex and age": line("procedure = '99392'", "99397"),
    "a visit's code is of its place": line("procedure = '99283'", "99214"),
    "51 stands on a second operation where the payer asks for it": line(
        "modifier_2 = '51'", "49505"
    ),
    "a second operation of a day is paid by half": line(
        "allowed_usd = 2 * allowed_usd, contractual_usd = charge_usd - 2 * allowed_usd", "49505"
    ),
    "nothing is charged twice on a day": _COPY,
    "no service is paid twice": _COPY,
    "no vaccine of Part D is on a medical claim": line("procedure = '90750'", "90662"),
    "a vaccine is given": line("procedure = '94640'", "G0008"),
    "a new patient was not seen in three years": (
        "UPDATE claim_lines SET procedure = '99204' WHERE rowid = (SELECT l.rowid FROM claim_lines "
        "AS l JOIN events AS v USING (event_id) WHERE v.step = 'seen_again' ORDER BY ALL LIMIT 1)"
    ),
}


@pytest.mark.parametrize("rule", [rule.name for rule in claim_edits.RULES])
def test_each_edit_tells_of_a_change_that_breaks_it(usual: Scenario, rule: str) -> None:
    assert usual.broken(rule) == 0
    assert usual.after([BROKEN[rule.removeprefix("billing edit: ")]], rule) == 1


def test_what_follows_from_what_happened_breaks_no_edit(usual: Scenario) -> None:
    assert usual.told(list(claim_edits.RULES)) == {}


def test_bills_that_are_left_as_stated_are_not_judged(stated: Scenario) -> None:
    assert stated.told(list(claim_edits.RULES)) == {}
    changed = 0
    for name, change in BROKEN.items():
        stated.connection.execute("BEGIN")
        ((rows,),) = stated.connection.execute(change).fetchall()
        changed += rows > 0
        assert stated.broken(f"billing edit: {name}") == 0
        stated.connection.execute("ROLLBACK")
    assert changed > len(BROKEN) / 2


def test_units_that_a_journey_states_stand(usual: Scenario) -> None:
    rule = "billing edit: units are likely ones"

    assert usual.after([line("units = 8", "96127")], rule) == 1
    assert usual.broken(rule) == 0


def test_a_modifier_sets_a_pair_apart_where_it_is_allowed(usual: Scenario) -> None:
    rule = "billing edit: no code stands beside one that has it in it"

    assert usual.after([line("modifier_1 = '57'", "99214")], rule) == 0
    assert usual.after([line("modifier_1 = 'GC'", "99214")], rule) == 1


def test_what_a_facility_is_paid_twice_for_is_told(usual: Scenario) -> None:
    rule = "billing edit: no service is paid twice"
    again = _COPY.replace("pos IS NOT NULL", "pos IS NULL").replace("99284", "71046")
    marked = f"UPDATE {_LINE} SET modifier_1 = '{{}}' WHERE line = 90"
    refused = f"UPDATE {_LINE} SET status = 'denied' WHERE line = 90"

    assert usual.after([again], rule) == 1
    for apart in ("59", "76", "77", "91"):
        other = f"UPDATE {_LINE} SET modifier_1 = '{apart}' WHERE procedure = '71046'"
        assert usual.after([again, other], rule) == 0
    assert usual.after([again, marked.format("RT")], rule) == 0
    assert usual.after([again, refused], rule) == 0
    assert usual.after([again, f"UPDATE {_LINE} SET service_date = service_date - 1 "
                        "WHERE line = 90"], rule) == 0  # fmt: skip


def test_every_edit_is_of_the_audit() -> None:
    assert set(claim_edits.RULES) <= set(integrity.NAMED)
