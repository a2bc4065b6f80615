"""What is promised of every scenario, asked of stored scenarios in SQL."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from healthsim.audit import (
    beds,
    claim_edits,
    days,
    facility_bills,
    hours,
    integrity,
    links,
    money,
    problem_lists,
    results,
    stages,
    stay_groups,
    stays,
    wards,
)
from healthsim.audit.rules import Finding
from healthsim.dates import day_of, whole_years
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.library import library_folder
from healthsim.operations.auditing import compared_run
from healthsim.persistence.database import open_read
from healthsim.tables import Coded
from stand_ins import ask_rules_of
from storing import spec, stored

pytestmark = pytest.mark.slow

PEOPLE = 800
EVERY_TYPE = {
    "encounter", "diagnosis", "lab", "vital", "procedure", "immunization", "prescription",
    "referral", "claim", "enrollment", "disenrollment", "death",
}  # fmt: skip
EVERY_CLASS = {
    "office", "telehealth", "urgent_care", "emergency", "observation", "inpatient",
    "outpatient_hospital", "asc", "snf", "home_health", "dialysis",
}  # fmt: skip


def template(kind: str, name: str, **changed: Any) -> dict[str, Any]:
    text = (Path(str(library_folder("templates"))) / kind / f"{name}.json").read_text(
        encoding="utf-8"
    )
    document: dict[str, Any] = json.loads(text)
    return document | changed


@dataclass(frozen=True)
class Stored:
    """A stored scenario, to be asked in SQL."""

    path: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with open_read(self.path) as connection:
            return connection.execute(sql).fetchall()

    def one(self, sql: str) -> Any:
        return self.rows(sql)[0][0]

    @cached_property
    def checked(self) -> list[Finding]:
        return integrity.check(self.path)

    def broken(self) -> dict[str, str]:
        return {one.check: one.where for one in self.checked if one.rows}

    def off(self) -> list[list[Any]]:
        return [row for row in compared_run(self.path) if row[5] is False]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """The reference scenario: Medicare, diabetes, the first year."""
    return Stored(
        stored(
            tmp_path_factory.mktemp("cohort"),
            template("profiles", "medicare-diabetic", count=PEOPLE, detail="core"),
            template("journeys", "diabetic-first-year"),
        )
    )


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """A scenario in which everything that can happen happens to somebody."""
    return Stored(
        stored(
            tmp_path_factory.mktemp("everything"),
            spec("every-event-adults", count=PEOPLE, detail="core"),
            spec("every-event"),
        )
    )


@pytest.fixture(scope="module", params=["cohort", "everything"])
def scenario(request: pytest.FixtureRequest) -> Stored:
    found: Stored = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def charted(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """Fewer people, with the tables that only a full chart has.

    `tests/test_templates.py` audits the reference scenario, in which journeys run together.
    """
    adults, journey = spec("every-event-adults", count=60), spec("every-event")
    return Stored(stored(tmp_path_factory.mktemp("charted"), adults, journey))


def test_no_rule_of_integrity_is_broken(charted: Stored) -> None:
    assert charted.broken() == {}


def test_what_was_asked_is_what_was_got(scenario: Stored) -> None:
    assert scenario.off() == []


def test_every_reference_holds(charted: Stored) -> None:
    found = [one for one in charted.checked if one.check.startswith("reference ")]

    assert len(found) > 60
    assert sum(one.rows for one in found) == 0


def test_everything_that_can_happen_happens(everything: Stored) -> None:
    types = {kind for (kind,) in everything.rows("SELECT DISTINCT type FROM events")}
    classes = {kind for (kind,) in everything.rows("SELECT DISTINCT encounter_class "
                                                   "FROM encounters")}  # fmt: skip

    assert types >= EVERY_TYPE
    assert classes == EVERY_CLASS


def test_every_billable_encounter_in_coverage_has_its_claims(everything: Stored) -> None:
    unbilled = everything.rows(
        "SELECT v.step, e.encounter_class FROM encounters AS e JOIN events AS v USING (event_id) "
        "SEMI JOIN enrollments AS n ON e.person_id = n.person_id "
        "AND n.effective_date <= e.start_at::DATE "
        "AND e.start_at::DATE <= coalesce(n.term_date, DATE '9999-12-31') "
        "LEFT JOIN claims AS c ON c.encounter_id = e.encounter_id "
        "WHERE c.claim_id IS NULL AND e.encounter_class <> 'snf' "
        "AND NOT EXISTS (FROM events AS s WHERE s.person_id = e.person_id AND s.step = 'tka' "
        "AND v.step LIKE 'post%' AND e.start_at::DATE BETWEEN s.event_date AND s.event_date + 91) "
        "AND NOT EXISTS (FROM claims AS d WHERE d.person_id = e.person_id "
        "AND d.from_date = e.start_at::DATE)"  # two visits on a day are one
    )
    assert unbilled == []


def test_a_visit_outside_of_coverage_has_no_claim(everything: Stored) -> None:
    uncovered, billed = everything.rows(
        "SELECT count(*), count(c.claim_id) FROM encounters AS e "
        "ANTI JOIN enrollments AS n ON e.person_id = n.person_id "
        "AND n.effective_date <= e.start_at::DATE "
        "AND e.start_at::DATE <= coalesce(n.term_date, DATE '9999-12-31') "
        "LEFT JOIN claims AS c USING (encounter_id)"
    )[0]
    assert uncovered > 200
    assert billed == 0


def test_each_lab_with_a_code_is_billed_once_where_its_visit_is(everything: Stored) -> None:
    times = everything.rows(
        "SELECT DISTINCT lines FROM (SELECT count(l.line) AS lines FROM events AS v "
        "JOIN claims AS c ON c.person_id = v.person_id AND c.form = '837P' "
        "JOIN events AS w ON w.event_id = c.event_id AND w.step = 'pcp' "
        "LEFT JOIN claim_lines AS l ON l.event_id = v.event_id AND l.claim_id = c.claim_id "
        "WHERE v.step IN ('panel', 'hgb') GROUP BY v.event_id)"
    )
    assert times == [(1,)]


def test_what_is_done_in_a_stay_is_on_the_stays_claims(everything: Stored) -> None:
    found = dict(
        everything.rows(
            "SELECT concat(c.form, ' ', w.step), count(DISTINCT c.claim_id) FROM claim_lines AS l "
            "JOIN claims AS c USING (claim_id) JOIN events AS v ON v.event_id = l.event_id "
            "JOIN events AS w ON w.event_id = c.event_id "
            "WHERE v.step IN ('tka', 'anes', 'stay_lab', 'ed_lab') GROUP BY ALL"
        )
    )
    assert found.keys() == {"837P stay", "837I stay"}


def test_a_stay_is_paid_by_its_group_on_one_line(everything: Stored) -> None:
    lines = everything.rows(
        "SELECT DISTINCT paying FROM (SELECT count(*) FILTER (l.allowed_usd > 0) AS paying "
        "FROM claims AS c JOIN claim_lines AS l USING (claim_id) "
        "WHERE c.drg = '470' GROUP BY c.claim_id)"
    )
    assert lines == [(1,)]


def test_visits_inside_a_global_period_are_not_billed(everything: Stored) -> None:
    found = everything.rows(
        "SELECT v.step, l.service_date - s.event_date <= 90, l.status, count(*) "
        "FROM claim_lines AS l JOIN events AS v USING (event_id) "
        "JOIN events AS s ON s.person_id = l.person_id AND s.step = 'tka' "
        "WHERE v.step IN ('post1', 'post2', 'post3') GROUP BY ALL ORDER BY ALL"
    )
    often = {row[:3]: row[3] for row in found}
    assert often.keys() == {
        ("post1", False, "paid"), ("post2", False, "paid"),  # a stay postponed them
        ("post3", False, "paid"),
    }  # fmt: skip
    assert often["post3", False, "paid"] > 100 * often["post1", False, "paid"]


def test_a_replaced_drug_is_filled_no_more(everything: Stored) -> None:
    stopped, later = everything.rows(
        "SELECT count(DISTINCT p.prescription_id), count(f.fill_id) FROM prescriptions AS p "
        "JOIN prescriptions AS q ON p.person_id = q.person_id AND q.ingredient = 'naproxen' "
        "AND q.written_date >= p.written_date LEFT JOIN fills AS f "
        "ON f.prescription_id = p.prescription_id AND f.fill_date >= q.written_date "
        "WHERE p.ingredient = 'meloxicam'"
    )[0]
    assert stopped > 200
    assert later == 0


def test_nothing_is_dated_after_an_end_of_the_journey(everything: Stored) -> None:
    ended, later = everything.rows(
        "SELECT count(DISTINCT e.person_id), count(v.event_id) FROM events AS e "
        "LEFT JOIN events AS v ON v.person_id = e.person_id AND v.event_date > e.event_date "
        "WHERE e.type = 'end'"
    )[0]
    assert ended > 120
    assert later == 0


def test_there_is_as_much_as_the_reference_scenario_promises(cohort: Stored) -> None:
    for table in ("patients", "members", "rx_members"):
        assert cohort.one(f"SELECT count(*) FROM {table}") == PEOPLE
    seen, living = cohort.rows(
        "SELECT count(e.encounter_id), count(DISTINCT p.person_id) FROM patients AS p "
        "LEFT JOIN encounters AS e USING (person_id) WHERE p.death_date IS NULL"
    )[0]
    assert living > 0.9 * PEOPLE
    assert seen >= 4 * living
    assert cohort.one("SELECT count(*) FROM lab_results") >= 8 * PEOPLE
    assert cohort.one("SELECT count(DISTINCT person_id) FROM fills") > PEOPLE / 2


@cache
def twenty_thousand() -> tuple[np.ndarray[Any, np.dtype[np.int32]], float, float]:
    """Of 20,000 people: ages, the share exactly 65 to the day, and that with hypertension."""
    profile = template(
        "profiles", "medicare-diabetic", count=20_000, products=["patientsim"], coverage=None,
        detail="core",
    )  # fmt: skip
    job = prepare(profile, [])
    birth, hypertensive = [], 0
    for chunk in chunks(job):
        if not chunk.count:
            continue
        born, conditions = chunk.tables["patients"]["birth_date"], chunk.tables["conditions"]
        assert not isinstance(born, Coded)
        birth.append(born)
        code, person = conditions["code"], conditions["person_id"]
        assert isinstance(code, Coded)
        assert not isinstance(person, Coded)
        meant = np.array([word[:3] in {"I10", "I11", "I12", "I13"} for word in code.vocabulary])
        hypertensive += len(np.unique(person[meant[code.codes]]))
    days = np.concatenate(birth).astype(np.int32)
    as_of = np.full(len(days), day_of(str(profile["as_of"])), dtype=np.int32)
    exactly = float((days == day_of("1960-01-01")).mean())
    return whole_years(days, as_of), exactly, hypertensive / len(days)


def test_hypertension_is_as_common_as_asked() -> None:
    _, _, share = twenty_thousand()

    asked = 0.821  # Iglay et al. 2016, as medicare-diabetic says it
    assert abs(share - asked) <= 3 * sqrt(asked * (1 - asked) / 20_000)


def test_truncated_ages_are_the_bell_between_their_bounds() -> None:
    age, on_the_bound, _ = twenty_thousand()
    edges = (np.arange(65, 96) - 72) / 8
    expected = np.diff(ndtr(edges)) / (ndtr(edges[-1]) - ndtr(edges[0]))
    got = np.bincount(age - 65, minlength=30) / len(age)

    assert age.min() == 65
    assert age.max() == 94
    assert on_the_bound < 0.001  # clamping to 65 would put a fifth of the people there
    assert abs(got[0] - expected[0]) <= 3 * sqrt(expected[0] * (1 - expected[0]) / len(age))
    assert (np.abs(got - expected) <= 4 * np.sqrt(expected * (1 - expected) / len(age))).all()


OF_STAYS = (beds, claim_edits, days, facility_bills, hours, links, money, problem_lists, results,
            stages, stay_groups, stays, wards)  # fmt: skip
"""Modules of the audit with rules about stays, what happens in them, and stages."""


def visit(step: str, day: int, encounter_class: str, **details: Any) -> dict[str, Any]:
    return {
        "do": "event", "id": step, "type": "encounter", "at": day,
        "details": {"encounter_class": encounter_class, **details},
    }  # fmt: skip


def test_steps_that_meet_at_their_limits_break_no_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stays begin on their own first day and after the emergency visit of it; what happens in one
    happens before discharge; a later stage takes the place of an earlier one.
    """
    came = visit("came", 10, "emergency", procedures=["99284"])
    stay = visit("stay", 11, "inpatient", drg="470")
    again = visit("again", 60, "emergency", procedures=["99284"])
    same_day = visit("same_day", 60, "inpatient", drg="470")
    lab = {
        "do": "event", "id": "lab", "type": "lab", "at": 3,
        "details": {"loinc": "718-7", "procedure": "85018"},
    }  # fmt: skip
    short = visit("short", 110, "inpatient", drg="470", los_days={"type": "poisson", "mean": 3})
    worse = {"do": "event", "id": "worse", "type": "diagnosis", "at": 150,
             "details": {"code": "N18.4"}}  # fmt: skip
    seen = visit("seen", 155, "office", procedures=["99213"], comorbidities=True)
    steps = [came, stay, again, same_day, short | {"with": [lab]}, worse, seen]
    journey = {
        "kind": "journey", "name": "meeting", "duration_days": 300,
        "phases": [{"name": "all", "steps": steps}],
    }  # fmt: skip

    met = stored(tmp_path, spec("every-event-adults", count=20, detail="core"), journey)
    ask_rules_of(monkeypatch, *OF_STAYS)

    assert len(Stored(met).checked) > 100
    assert Stored(met).broken() == {}


def test_an_exact_count_that_ages_cannot_meet_is_refused(tmp_path: Path) -> None:
    people = spec(
        "every-event-adults",
        demographics={"age": {"type": "uniform", "low": 5, "high": 40}},
        clinical={"comorbidities": [{"code": "H25.10", "exactly": 100}]},
    )

    with pytest.raises(SpecError, match="only for ages 15 to 124, and ages here are 5 to 40"):
        stored(tmp_path, people)
