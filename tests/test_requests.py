"""Fourteen requests that users make: their specifications run and give what was asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

import pages
from healthsim.operations import query
from healthsim.operations.home import Home

pytestmark = pytest.mark.slow  # its runs

SECTIONS = {found[1]: part for part in pages.sections("requests.md")
            if (found := pages.file_of(part)) is not None}  # fmt: skip
NAMES = sorted(path.stem for path in (pages.DOCS / "requests").glob("*.json"))
NOT_ASKED = {
    **dict.fromkeys(("annual-enrolment", "families-with-a-newborn", "medicaid-children"),
                    ("rxmembersim",)),
    **dict.fromkeys(("emergency-visit", "exactly-fifty", "folfox", "infarction-on-3-march",
                     "kidney-disease", "pregnancy", "reference-diabetics", "sepsis", "trial"),
                    ("membersim", "rxmembersim")),
}  # fmt: skip
"""Products of requests of whose tables nothing is asked: here they run without these, which changes
no other row, and in the proofs as they are (proofs/test_pages.py)."""
LONG = ("emergency-visit", "kidney-disease", "medicaid-children", "neutropenia", "pregnancy")
"""Requests that take longest, and that only the proofs ask. What they stand on is held daily:
shares of ways out in `execution/test_timeline.py`, stages that compete in `test_lifecycles.py`,
grades of counts in `test_toxicity.py`, births in `test_births.py`, lost coverage and vaccines by
pinned rows of templates."""
Ask = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("requests"))


@pytest.fixture(scope="module")
def ask(home: Home) -> Ask:
    """Return the first row of a query on a request that is run when it is first asked about."""
    made: dict[str, Any] = {}

    def first(name: str, sql: str) -> Any:
        if name not in made:
            made[name] = pages.save(home, name, _request(name), NOT_ASKED.get(name, ()))
        return made[name] if not sql else query.query(home, name, sql).rows[0]

    return first


def _request(name: str) -> pages.Document:
    found: pages.Document = json.loads((pages.DOCS / f"requests/{name}.json").read_text("utf-8"))
    return found


def _near(found: int, of: int, share: float) -> bool:
    """Tell whether a count is within three standard errors of a share."""
    return abs(found / of - share) <= 3 * math.sqrt(share * (1 - share) / of)


def test_there_are_fourteen_and_each_has_its_place_on_the_page() -> None:
    assert len(NAMES) == 14
    assert sorted(SECTIONS) == NAMES
    for name, section in SECTIONS.items():
        said = " ".join(line[2:] for line in section.splitlines() if line.startswith("> "))
        assert said == _request(name)["request"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.proof] * (name in LONG)) for name in NAMES]
)
def test_a_request_gives_what_the_page_says_and_what_it_expects(
    name: str, ask: Ask, home: Home
) -> None:
    saved = ask(name, "")

    assert [one["expectation"] for one in saved.expectations if not one["met"]] == []
    section = SECTIONS[name]
    assert pages.written(section, lambda sql: pages.answer(home, name, sql)) == section


def test_200_diabetics_live_in_texas_and_oklahoma_and_have_four_visits(ask: Ask) -> None:
    people, diabetics, texans, others, least = ask("reference-diabetics", """
        WITH visits AS (SELECT person_id, count(*) AS n FROM encounters
                        WHERE person_id IN (SELECT person_id FROM patients
                                            WHERE death_date IS NULL) GROUP BY ALL)
        SELECT count(*), (SELECT count(DISTINCT person_id) FROM conditions WHERE code LIKE 'E11%'),
               count(*) FILTER (state = 'TX'), count(*) FILTER (state NOT IN ('TX', 'OK')),
               (SELECT min(n) FROM visits) FROM patients""")  # fmt: skip

    assert (people, diabetics, others) == (200, 200, 0)
    assert _near(texans, people, 0.8)
    assert least >= 4


def test_every_family_has_a_newborn_in_mid_year_that_is_covered_from_its_first_day(
    ask: Ask,
) -> None:
    families, born, covered, early, late, plans = ask("families-with-a-newborn", """
        WITH newborns AS (SELECT * FROM patients WHERE person_id % 100 >= 50)
        SELECT (SELECT count(DISTINCT person_id // 100) FROM patients), count(*),
               (SELECT count(*) FROM enrollments e JOIN newborns b USING (person_id)
                WHERE e.effective_date = b.birth_date),
               min(birth_date), max(birth_date),
               (SELECT string_agg(DISTINCT plan_id) FROM enrollments) FROM newborns""")  # fmt: skip

    assert (families, born, covered) == (500, 500, 500)
    assert str(early) >= "2025-05-15"
    assert str(late) <= "2025-08-15"
    assert plans == "HDHP"


@pytest.mark.proof
def test_a_third_of_births_are_caesarean_a_tenth_preterm_and_only_those_are_in_intensive_care(
    ask: Ask,
) -> None:
    births, caesarean, nicu, babies, mothers, short = ask("pregnancy", """
        SELECT count(*) FILTER (step = 'way'), count(*) FILTER (option = 'caesarean'),
               count(*) FILTER (step = 'nicu'),
               (SELECT count(*) FROM patients WHERE person_id % 100 >= 50),
               (SELECT count(DISTINCT person_id // 100) FROM patients WHERE person_id % 100 >= 50),
               (SELECT count(*) FROM encounters n JOIN events e USING (event_id)
                WHERE e.step = 'nicu' AND date_diff('day', n.start_at, n.end_at) < 2)
        FROM events""")  # fmt: skip

    assert births == babies == mothers == 2000
    assert _near(caesarean, births, 0.32)
    assert _near(nicu, births, 0.10)
    assert short == 0


def test_folfox_is_put_off_exactly_where_neutrophils_were_below_1_5(ask: Ask) -> None:
    """The blood of day 13, or of a recount, decides on the day on which a cycle is due."""
    wrong_delay, wrong_start, delays = ask("folfox", """
        WITH counts AS (SELECT person_id, CAST(collected_at AS DATE) AS day, value
                        FROM lab_results WHERE loinc = '751-8'),
        cycles AS (SELECT person_id, event_date - INTERVAL 12 DAY AS day, occurrence FROM events
                   WHERE step = 'counts'),
        late AS (SELECT person_id, event_date - INTERVAL 5 DAY AS day FROM events
                 WHERE step = 'recount'),
        seen AS (SELECT l.person_id, l.day, arg_max(c.value, c.day) AS anc
                 FROM late l JOIN counts c ON c.person_id = l.person_id AND c.day <= l.day
                 GROUP BY ALL)
        SELECT (SELECT count(*) FROM seen WHERE anc >= 1.5),
               (SELECT count(*) FROM (
                  SELECT n.person_id, n.occurrence, arg_max(c.value, c.day) AS anc,
                         date_diff('day', p.day, n.day) AS gap
                  FROM cycles n JOIN cycles p ON p.person_id = n.person_id
                       AND p.occurrence = n.occurrence - 1
                  JOIN counts c ON c.person_id = n.person_id AND c.day <= n.day GROUP BY ALL)
                WHERE anc < 1.5 AND gap < 28),
               (SELECT count(*) FROM seen)""")  # fmt: skip

    assert (wrong_delay, wrong_start) == (0, 0)
    assert delays > 1000


def test_folfox_has_imaging_every_four_cycles_and_progression_of_5_percent_a_month(
    ask: Ask,
) -> None:
    cycles, most, progressed, after = ask("folfox", """
        WITH started AS (SELECT person_id, event_date - INTERVAL 12 DAY AS day FROM events
                         WHERE step = 'counts' AND occurrence = 1),
        worse AS (SELECT person_id, event_date AS day FROM events WHERE step = 'progression')
        SELECT (SELECT string_agg(DISTINCT occurrence, ' ' ORDER BY occurrence) FROM events
                WHERE step = 'scan'),
               (SELECT max(occurrence) FROM events WHERE step = 'dosing'),
               (SELECT count(*) FROM worse w JOIN started s USING (person_id)
                WHERE date_diff('day', s.day, w.day) <= 183),
               (SELECT count(*) FROM events e JOIN worse w USING (person_id)
                WHERE e.step = 'counts' AND e.event_date - INTERVAL 12 DAY > w.day)""")  # fmt: skip

    assert (cycles, most, after) == ("4 8 12", 12, 0)
    assert _near(progressed, 1000, 1 - 0.95 ** (12 * 183 / 365.25))


@pytest.mark.proof
def test_dialysis_is_on_monday_wednesday_and_friday_three_times_a_week(ask: Ask) -> None:
    others, most, full, weeks, after = ask("kidney-disease", """
        WITH sessions AS (SELECT person_id, CAST(start_at AS DATE) AS day FROM encounters
                          WHERE encounter_class = 'dialysis'),
        weeks AS (SELECT person_id, date_trunc('week', day) AS week, count(*) AS n
                  FROM sessions GROUP BY ALL)
        SELECT (SELECT count(*) FROM sessions WHERE isodow(day) NOT IN (1, 3, 5)),
               max(n), count(*) FILTER (n = 3), count(*),
               (SELECT count(*) FROM sessions s JOIN events e USING (person_id)
                WHERE e.type = 'stage' AND e.option IN ('transplant', 'dead')
                  AND s.day >= e.event_date)
        FROM weeks""")  # fmt: skip

    assert (others, most, after) == (0, 3, 0)
    assert full > 0.97 * weeks


@pytest.mark.proof
def test_transplant_and_death_compete_on_dialysis_by_their_rates(ask: Ask) -> None:
    transplants, deaths = ask("kidney-disease", """
        WITH ways AS (SELECT person_id, option, lag(option) OVER
                        (PARTITION BY person_id ORDER BY event_date) AS before
                      FROM events WHERE type = 'stage')
        SELECT count(*) FILTER (option = 'transplant'), count(*) FILTER (option = 'dead')
        FROM ways WHERE before = 'dialysis'""")  # fmt: skip

    assert _near(transplants, transplants + deaths, 0.06 / 0.21)


@pytest.mark.proof
def test_three_in_ten_are_admitted_and_of_those_17_percent_are_back_within_30_days(
    ask: Ask,
) -> None:
    emergency, admitted, back, days, facility = ask("emergency-visit", """
        WITH stays AS (SELECT person_id, min_by(end_at, start_at) AS discharged,
                              max(start_at) AS latest FROM encounters
                       WHERE encounter_class = 'inpatient' GROUP BY ALL)
        SELECT (SELECT count(DISTINCT person_id) FROM encounters
                WHERE encounter_class = 'emergency'),
               count(*), count(*) FILTER (latest > discharged),
               max(date_diff('day', discharged, latest)) FILTER (latest > discharged),
               (SELECT count(DISTINCT person_id) FROM encounters WHERE encounter_class = 'snf')
        FROM stays""")  # fmt: skip

    assert emergency == 3000
    assert _near(admitted, emergency, 0.30)
    assert _near(back, admitted, 0.17)
    assert _near(facility, admitted, 0.20)
    assert days <= 30


def test_a_trial_is_two_to_one_in_each_sex_with_its_failures_and_dropouts(ask: Ask) -> None:
    screened, failed, drug, placebo, left, off = ask("trial", """
        WITH arms AS (SELECT p.gender, count(*) FILTER (arm = 'drug') AS d,
                             count(*) FILTER (arm = 'placebo') AS p
                      FROM subjects JOIN patients p USING (person_id) GROUP BY ALL)
        SELECT count(*), count(*) FILTER (screen_fail_reason IS NOT NULL),
               count(*) FILTER (arm = 'drug'), count(*) FILTER (arm = 'placebo'),
               count(*) FILTER (end_reason IN ('withdrawal by subject', 'adverse event')),
               (SELECT max(abs(d - 2 * p)) FROM arms) FROM subjects""")  # fmt: skip

    assert screened == 1000
    assert _near(failed, screened, 0.30)
    assert _near(left, drug + placebo, 0.12)
    assert off <= 4  # within one block of six: at most four of one arm lead


@pytest.mark.proof
def test_children_lose_coverage_at_15_percent_a_year_and_have_asthma_in_autumn(ask: Ask) -> None:
    lost, again, vaccines, autumn, summer = ask("medicaid-children", """
        SELECT count(*) FILTER (step = 'loses_cover'), count(*) FILTER (step = 'covered_again'),
               (SELECT count(*) FROM immunizations),
               count(*) FILTER (step LIKE '%attack%' AND month(event_date) IN (9, 10, 11)),
               count(*) FILTER (step LIKE '%attack%' AND month(event_date) IN (6, 7, 8))
        FROM events""")  # fmt: skip

    assert _near(lost, 3000, 0.15)
    assert 0.3 * lost < again < 0.7 * lost
    assert vaccines > 1000
    assert autumn > summer


def test_two_groups_take_their_statin_in_fills_of_90_days(ask: Ask) -> None:
    supply, good, poor, between = ask("statin-adherence", """
        WITH taken AS (SELECT r.person_id, least(sum(f.days_supply) / 365, 1) AS pdc
                       FROM fills f JOIN prescriptions r USING (prescription_id)
                       WHERE r.ingredient = 'atorvastatin' AND f.status = 'paid' GROUP BY ALL)
        SELECT (SELECT string_agg(DISTINCT f.days_supply, ' ') FROM fills f
                JOIN prescriptions r USING (prescription_id) WHERE r.ingredient = 'atorvastatin'),
               count(*) FILTER (pdc >= 0.95), count(*) FILTER (pdc <= 0.55),
               count(*) FILTER (pdc > 0.55 AND pdc < 0.95) FROM taken""")  # fmt: skip

    assert supply == "90"
    assert good > between
    assert poor > 0.1 * (good + poor + between)


def test_one_woman_has_her_infarction_on_3_march_a_stent_four_drugs_and_36_sessions(
    ask: Ask,
) -> None:
    day, sex, stents, drugs, sessions = ask("infarction-on-3-march", """
        SELECT (SELECT CAST(min(start_at) AS DATE) FROM encounters
                WHERE encounter_class = 'emergency'),
               (SELECT string_agg(gender) FROM patients),
               (SELECT count(*) FROM procedures WHERE code = '92941'),
               (SELECT count(DISTINCT ingredient) FROM prescriptions
                WHERE written_date >= DATE '2025-03-03' AND event_id IS NOT NULL),
               (SELECT count(*) FROM events WHERE step LIKE 'session_%'
                AND type = 'encounter')""")  # fmt: skip

    assert (str(day)[:10], sex, stents, drugs, sessions) == ("2025-03-03", "F", 1, 4, 36)


def test_exactly_25_men_and_25_women_and_exactly_10_with_kidney_disease(ask: Ask) -> None:
    found = ask("exactly-fifty", """
        SELECT count(*) FILTER (gender = 'M'), count(*) FILTER (gender = 'F'),
               (SELECT count(DISTINCT person_id) FROM conditions WHERE code LIKE 'N18%')
        FROM patients""")  # fmt: skip

    assert list(found) == [25, 25, 10]


def test_who_changes_plan_at_the_annual_enrolment_is_covered_without_a_gap(ask: Ask) -> None:
    new, ended, same, people = ask("annual-enrolment", """
        WITH spans AS (SELECT *, lag(plan_id) OVER w AS before, lag(term_date) OVER w AS closed
                       FROM enrollments
                       WINDOW w AS (PARTITION BY person_id ORDER BY effective_date))
        SELECT count(*) FILTER (effective_date = DATE '2026-01-01'),
               count(*) FILTER (effective_date = DATE '2026-01-01'
                                AND closed = DATE '2025-12-31'),
               count(*) FILTER (effective_date = DATE '2026-01-01' AND plan_id = before),
               count(DISTINCT person_id) FROM spans""")  # fmt: skip

    assert new == ended
    assert same == 0
    assert 0.08 * people < new < 0.2 * people


def test_the_septic_have_the_blood_and_the_signs_of_sepsis_and_recover(ask: Ask) -> None:
    lactate, white, pressure, fever, again, after, before = ask("sepsis", """
        WITH results AS (SELECT l.person_id, e.step, l.loinc, l.value
                         FROM lab_results l JOIN events e USING (event_id)),
        signs AS (SELECT v.loinc, v.value, n.encounter_class AS class
                  FROM vital_signs v JOIN encounters n USING (encounter_id))
        SELECT (SELECT avg(CAST(value > 2 AS INTEGER)) FROM results WHERE step = 'lactate'),
               (SELECT avg(CAST(value > 12 OR value < 4 AS INTEGER)) FROM results
                WHERE step = 'cbc' AND loinc = '6690-2'),
               (SELECT median(value) FROM signs WHERE loinc = '8480-6' AND class = 'emergency'),
               (SELECT median(value) FROM signs WHERE loinc = '8310-5' AND class = 'emergency'),
               (SELECT median(value) FROM results WHERE step = 'lactate_again'),
               (SELECT median(value) FROM results WHERE step = 'cbc_after' AND loinc = '6690-2'),
               (SELECT median(value) FROM results
                WHERE step = 'healthy_cbc' AND loinc = '6690-2')""")  # fmt: skip

    assert lactate > 0.7
    assert white > 0.7
    assert pressure < 105
    assert fever > 38
    assert 1.5 < again < 3.4
    assert abs(after - before) < 0.5


@pytest.mark.proof
def test_counts_have_the_grade_of_the_neutropenia_and_serious_ones_are_in_hospital(
    ask: Ask,
) -> None:
    events, in_grade, serious, stays, of_refused, white, usual = ask("neutropenia", """
        WITH own AS (SELECT a.grade, l.value FROM adverse_events a JOIN lab_results l
                     ON l.person_id = a.person_id AND CAST(l.collected_at AS DATE) = a.start_date
                     WHERE l.loinc = '751-8'),
        counts AS (SELECT l.value, max(CAST(a.adverse_event_id IS NOT NULL AS INTEGER)) AS during
                   FROM lab_results l LEFT JOIN adverse_events a ON a.person_id = l.person_id
                        AND CAST(l.collected_at AS DATE) BETWEEN a.start_date + 1
                            AND a.start_date + 3
                   WHERE l.loinc = '6690-2' GROUP BY l.lab_result_id, l.value)
        SELECT (SELECT count(*) FROM adverse_events),
               (SELECT count(*) FROM own WHERE value < 1 AND (value < 0.5) = (grade = 4)),
               (SELECT count(*) FILTER (serious) FROM adverse_events),
               (SELECT count(DISTINCT stay_encounter_id) FROM adverse_events),
               (SELECT count(*) FROM encounters n JOIN subjects s USING (person_id)
                WHERE s.consent_date IS NULL),
               (SELECT median(value) FROM counts WHERE during = 1),
               (SELECT median(value) FROM counts WHERE during = 0)""")  # fmt: skip

    assert in_grade == events > 50
    assert stays == serious > 20
    assert of_refused == 0
    assert white < 4 < usual
