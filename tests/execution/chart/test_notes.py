"""Clinical notes say what the chart holds at their time, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TypeAlias

import duckdb
import pytest

from execution.running import charted, diabetic, event, journey, listed
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.tables import Texts, join
from template_runs import BIRTHS, HEARTS, KNEES, chart_file, load

Connection: TypeAlias = duckdb.DuckDBPyConnection
_ODD = r"None[^.]|nan |null|\{|\}|[\x00-\x09]|  |\n\n\n|\n[A-Z ]+\n\n|\n$| ,|\.\.|\(\)|-0 "
"""What no reader wants to see: words of a program, empty headings, gaps."""


@pytest.fixture(scope="module")
def heart() -> Iterator[Connection]:
    path = chart_file(*HEARTS)
    with duckdb.connect(str(path), read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def knees() -> Iterator[Connection]:
    path = chart_file(*KNEES)
    with duckdb.connect(str(path), read_only=True) as opened:
        yield opened


def _count(connection: Connection, sql: str) -> int:
    (number,) = connection.execute(f"SELECT count(*) FROM ({sql})").fetchall()[0]
    return int(number)


def _without(heading: str) -> str:
    return f"NOT contains(text, '\n{heading}\n')"


def test_a_visit_has_one_note_and_a_stay_two(heart: Connection) -> None:
    found = heart.execute("""
        SELECT encounter_class IN ('inpatient', 'snf') AS stay, list(DISTINCT titles)
        FROM (SELECT encounter_class, list(title ORDER BY authored_at) AS titles
              FROM encounters LEFT JOIN clinical_notes USING (encounter_id)
              GROUP BY encounter_id, encounter_class)
        GROUP BY stay ORDER BY stay
        """).fetchall()
    assert sorted(found[0][1]) == [["Emergency department note"], ["Progress note"]]
    assert sorted(found[1][1]) == [["History and physical note", "Death summary"],
                                   ["History and physical note", "Discharge summary"]]  # fmt: skip


def test_every_diagnosis_of_the_encounter_is_in_its_note(heart: Connection) -> None:
    listed = (
        "SELECT 1 FROM clinical_notes AS n JOIN encounter_diagnoses USING (encounter_id) "
        "WHERE (n.type <> '34117-2' OR code <> 'N17.9')"  # a first note may know no creatinine yet
    )
    assert _count(heart, listed) > 500
    assert not _count(heart, f"{listed} AND NOT contains(text, '(' || code || ')')")


def test_a_first_note_knows_a_kidney_injury_whose_creatinine_was_reported_before_it(
    heart: Connection,
) -> None:
    injured = (
        "SELECT contains(text, '(N17.9)') AS told, EXISTS (SELECT 1 FROM lab_results AS l WHERE "
        "l.encounter_id = n.encounter_id AND l.loinc = '2160-0' AND l.resulted_at <= authored_at) "
        "AS known FROM clinical_notes AS n JOIN encounter_diagnoses AS d USING (encounter_id) "
        "WHERE n.type = '34117-2' AND d.code = 'N17.9' AND d.poa = 'Y'"
    )
    assert _count(heart, injured) > 3
    assert not _count(heart, f"SELECT 1 FROM ({injured}) WHERE told <> known")


def test_a_combined_code_lasts_since_it_was_combined_and_says_which_it_was_before(
    heart: Connection,
) -> None:
    found = heart.execute(r"""
        WITH lines AS (SELECT person_id, encounter_id, unnest(regexp_extract_all(text,
            '\((I1[13][.0-9]+)\), for [0-9]+ years \(I10 before, for [0-9]+ years in all\)'))
            AS line FROM clinical_notes)
        SELECT regexp_extract_all(line, '[0-9]+ years'),
               date_diff('day', now.onset_date, start_at::DATE) // 365.25,
               date_diff('day', first.onset_date, start_at::DATE) // 365.25
        FROM lines JOIN encounters USING (person_id, encounter_id)
        JOIN conditions AS now ON now.person_id = lines.person_id
        AND now.code = regexp_extract(line, 'I1[0-9.]+') AND now.onset_date < start_at::DATE
        JOIN conditions AS first ON first.person_id = lines.person_id AND first.code = 'I10'
        """).fetchall()

    assert len(found) > 20
    assert all(said == [f"{int(now)} years", f"{int(first)} years"] for said, now, first in found)


def test_a_note_knows_results_that_were_reported_and_no_others(heart: Connection) -> None:
    value = "printf('NT-proBNP %g pg/mL', value)"
    sent = f"""SELECT 1 FROM clinical_notes JOIN lab_results USING (encounter_id)
               WHERE loinc = '33762-6' AND type = '34117-2' AND contains(text, {value})"""
    assert _count(heart, f"{sent} AND resulted_at <= authored_at") > 20
    assert not _count(heart, f"{sent} AND resulted_at > authored_at")


def test_a_result_stands_beside_the_one_before_where_either_is_high_or_low(
    heart: Connection,
) -> None:
    before = heart.execute(r"""
        WITH told AS (
            SELECT note_id, person_id, authored_at, regexp_extract(text,
                'NT-proBNP ([0-9.]+) pg/mL \(high, ([0-9.]+) on', ['now', 'was']) AS said
            FROM clinical_notes WHERE type = '34117-2')
        SELECT count(*), count(*) FILTER (EXISTS (
            SELECT 1 FROM lab_results AS r JOIN lab_results AS b
                ON b.person_id = r.person_id AND b.loinc = r.loinc
                AND b.collected_at < r.collected_at
            WHERE r.person_id = told.person_id AND r.loinc = '33762-6'
                AND r.value = said['now']::DOUBLE AND b.value = said['was']::DOUBLE))
        FROM told WHERE said['was'] <> ''
        """).fetchall()[0]
    assert before[0] == before[1] > 3


def test_what_has_not_come_back_is_pending_and_in_a_later_note(heart: Connection) -> None:
    late = """SELECT DISTINCT n.note_id, n.text FROM clinical_notes AS n
              JOIN lab_results AS r USING (encounter_id)
              WHERE r.resulted_at > n.authored_at AND n.type = '11506-3'"""
    assert _count(heart, late) > 20
    assert not _count(heart, f"{late} AND NOT contains(n.text, '- Pending: ')")


def test_drugs_of_a_note_are_those_taken_on_the_day(heart: Connection) -> None:
    """Asked of furosemide, and without the engine's own spans: runs out, or was stopped."""
    told = heart.execute("""
        SELECT contains(regexp_extract(text, '\nMEDICATIONS[A-Z ]*\n((?:.+\n)*)', 1),
                        '- furosemide 40 mg tablet. ') AS said,
               EXISTS (SELECT 1 FROM prescriptions AS p WHERE p.person_id = n.person_id
                   AND p.drug = 'furosemide 40 mg tablet' AND p.written_date < e.start_at::DATE
                   AND e.start_at::DATE <= least(p.written_date + p.days_supply * (1 + p.refills),
                                                 coalesce(p.end_date, DATE '9999-01-01'))) AS takes,
               count(*)
        FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id)
        WHERE n.type <> '18842-5' GROUP BY ALL
        """).fetchall()
    assert {said == takes for said, takes, _ in told} == {True}
    assert {takes for _, takes, _ in told} == {True, False}


def test_who_is_allergic_to_nothing_has_a_note_that_says_so(heart: Connection) -> None:
    found = heart.execute("""
        SELECT DISTINCT contains(text, 'No known allergies.'),
               EXISTS (SELECT 1 FROM allergies AS a WHERE a.person_id = n.person_id
                       AND status = 'active' AND recorded_date <= authored_at::DATE)
        FROM clinical_notes AS n
        """).fetchall()
    assert sorted(found) == [(False, True), (True, False)]


def test_the_death_of_a_stay_ends_its_summary_without_drugs_to_take(heart: Connection) -> None:
    died = "FROM encounters JOIN clinical_notes USING (encounter_id) WHERE disposition = '20'"
    summaries = f"SELECT 1 {died} AND type = '18842-5'"
    assert _count(heart, summaries) > 0
    assert not _count(
        heart,
        f"{summaries} AND NOT (contains(text, ', died on ') AND contains(text, 'Died.')"
        f" AND {_without('MEDICATIONS AT DISCHARGE')})",
    )


def test_the_summary_of_a_death_has_its_own_title_and_no_drugs_in_its_plan(
    heart: Connection,
) -> None:
    summaries = "FROM encounters JOIN clinical_notes USING (encounter_id) WHERE type = '18842-5'"
    titles = heart.execute(f"""
        SELECT DISTINCT disposition = '20', title, split_part(text, '\n', 1) {summaries}
        """).fetchall()
    assert sorted(titles) == [(False, "Discharge summary", "DISCHARGE SUMMARY"),
                              (True, "Death summary", "DEATH SUMMARY")]  # fmt: skip
    drug = r"regexp_matches(text, '\n- (Stop|Start|Continue|Change to) ')"
    assert not _count(heart, f"SELECT 1 {summaries} AND disposition = '20' AND {drug}")
    assert _count(heart, f"SELECT 1 {summaries} AND disposition <> '20' AND {drug}") > 0


def test_what_a_death_ended_is_not_stopped_by_a_visit_of_that_day(heart: Connection) -> None:
    last = """SELECT 1 FROM clinical_notes JOIN patients USING (person_id)
              WHERE authored_at::DATE = death_date"""
    assert _count(heart, last) > 0
    assert not _count(heart, f"{last} AND contains(text, '\n- Stop ')")


def test_an_operation_has_a_note_of_who_operated_and_what_was_implanted(knees: Connection) -> None:
    found = knees.execute("""
        SELECT count(*), count(*) FILTER (author_npi = performer_npi
            AND contains(text, '(27447)') AND contains(text, '(01402)')
            AND contains(text, manufacturer) AND contains(text, lot)),
            count(DISTINCT e.encounter_class)
        FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id)
        JOIN procedures AS p USING (encounter_id)
        JOIN devices AS d ON d.person_id = n.person_id AND d.implanted_date = p.performed_date
        WHERE n.type = '11504-8' AND code = '27447'
        """).fetchall()[0]
    assert found[0] == found[1] > 5
    assert found[2] == 2
    noted = "SELECT encounter_id FROM clinical_notes WHERE type = '11504-8'"
    assert not _count(
        knees, f"SELECT 1 FROM procedures WHERE code = '27447' AND encounter_id NOT IN ({noted})"
    )


def test_what_is_put_in_on_the_first_day_is_no_implant_of_the_history(knees: Connection) -> None:
    put = """SELECT 1 FROM clinical_notes AS n JOIN encounters USING (encounter_id)
             JOIN devices AS d ON d.person_id = n.person_id
             WHERE n.type = '34117-2' AND d.implanted_date"""
    assert _count(knees, f"{put} = start_at::DATE") > 5
    assert not _count(
        knees,
        f"""
        {put} = start_at::DATE AND NOT EXISTS (
            SELECT 1 FROM devices AS o WHERE o.person_id = n.person_id
            AND o.implanted_date < start_at::DATE) AND contains(text, '\nIMPLANTS\n')""",
    )


def test_an_operation_is_written_down_after_the_operating_room(knees: Connection) -> None:
    found = knees.execute("""
        SELECT count(*), count(*) FILTER (
            authored_at = least(l.end_at + INTERVAL 30 MINUTE, e.end_at))
        FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id)
        JOIN encounter_locations AS l USING (encounter_id)
        WHERE n.type = '11504-8' AND l.unit = 'operating room'
        """).fetchall()[0]
    assert found[0] == found[1] > 5


def test_an_admission_is_signed_half_an_hour_before_the_operating_room_or_earlier(
    knees: Connection,
) -> None:
    found = knees.execute("""
        SELECT n.authored_at - e.start_at, l.start_at - n.authored_at
        FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id)
        JOIN encounter_locations AS l USING (encounter_id)
        WHERE n.type = '34117-2' AND l.unit = 'operating room'
        """).fetchall()
    assert len(found) > 5
    assert all(timedelta(minutes=10) < after <= timedelta(hours=3) for after, _ in found)
    assert {before for _, before in found} >= {timedelta(minutes=30)}
    assert all(before >= timedelta(minutes=30) for _, before in found)


def test_a_hospitals_code_has_its_text_and_a_note_of_the_surgeon_does_not_repeat_it(
    knees: Connection,
) -> None:
    words = "Replacement of Right Knee Joint with Synthetic Substitute, Cemented, Open Approach"
    found = knees.execute("SELECT DISTINCT display FROM procedures WHERE code = '0SRC0J9'")
    assert found.fetchall() == [(words,)]
    told = "SELECT 1 FROM clinical_notes WHERE type = '11504-8'"
    assert not _count(knees, f"{told} AND contains(text, '(0SRC0J9)')")


def test_a_summary_lists_an_operation_once(knees: Connection) -> None:
    stays = """SELECT text FROM clinical_notes JOIN procedures USING (encounter_id)
               WHERE type = '18842-5' AND code = '0SRC0J9'"""
    assert _count(knees, stays) > 3
    assert not _count(
        knees,
        f"{stays} AND (NOT contains(text, '(27447)') OR contains(text, '(0SRC0J9)')"
        " OR contains(text, 'Replacement of Right Knee Joint'))",
    )


@pytest.mark.slow
def test_of_a_surgeons_code_without_words_the_hospitals_is_listed() -> None:
    stay = event("stay", "encounter", 10, encounter_class="inpatient", los_days=2,
                 icd10pcs=["0SRC0J9"])  # fmt: skip
    for own, lines in (("27447", ["0SRC0J9"]), ("45378", ["0SRC0J9", "45378"])):
        done = event("done", "procedure", code=own)
        job = diabetic(count=2, products=["patientsim"])
        tables = charted(job, journey({**stay, "with": [done]}))
        texts = [text for title, text in listed(tables["clinical_notes"], "title", "text")
                 if title == "Discharge summary"]  # fmt: skip
        assert len(texts) == 2
        for text in texts:
            told = text.partition("\nPROCEDURES\n")[2].partition("\n\n")[0]
            assert [code for code in ("0SRC0J9", "27447", "45378") if code in told] == lines


def test_no_note_has_empty_headings_or_words_of_a_program(
    heart: Connection, knees: Connection
) -> None:
    odd = "SELECT text FROM clinical_notes WHERE regexp_matches(text, ?)"
    assert not heart.execute(odd, [_ODD]).fetchall()
    assert not knees.execute(odd, [_ODD]).fetchall()


def test_every_note_says_that_nobody_in_it_is_real(heart: Connection) -> None:
    assert not _count(
        heart, "SELECT 1 FROM clinical_notes WHERE NOT text LIKE '%Not a real person.'"
    )


@pytest.mark.proof
def test_notes_are_the_same_whatever_the_chunks() -> None:
    """Of plainer notes `promises/test_same_rows.py` says so each day."""
    job = prepare(load("medicare-heart-failure") | {"count": 6, "products": ["patientsim"]},
                  [load("heart-failure-exacerbation")])  # fmt: skip
    whole, parts = (
        join([chunk.tables["clinical_notes"]["text"] for chunk in chunks(job, size=size)
              if "clinical_notes" in chunk.tables])
        for size in (6, 4)
    )  # fmt: skip
    assert isinstance(whole, Texts)
    assert isinstance(parts, Texts)
    assert whole.texts() == parts.texts()


def test_a_stay_of_a_day_ends_with_its_last_vital_signs() -> None:
    watched = event("watched", "encounter", 10, encounter_class="observation", los_days=0,
                    procedures=["99234"])  # fmt: skip
    tables = charted(diabetic(count=3, products=["patientsim"]), journey(watched))
    assert tables["encounters"]["los_days"].tolist() == [0, 0, 0]
    texts = [text for title, text in listed(tables["clinical_notes"], "title", "text")
             if title == "Discharge summary"]  # fmt: skip
    assert len(texts) == 3
    assert all("\nLAST VITAL SIGNS\n" in text for text in texts)


def test_a_note_does_not_say_for_how_long_a_pregnancy_is_supervised_or_a_child_was_heavy() -> None:
    path = chart_file(*BIRTHS)
    with duckdb.connect(str(path), read_only=True) as opened:
        named, told = opened.execute(r"""
            SELECT count(*), count(*) FILTER (regexp_matches(text,
                '\n- [^\n]*\((Z34|O09|O34|P0[578])[^)]*\), for '))
            FROM clinical_notes WHERE regexp_matches(text, '\n- [^\n]*\((Z34|O09|O34|P0[578])')
            """).fetchall()[0]
        saying = "regexp_matches(text, '(risk|normal) pregnancy for ')"
        long = _count(opened, f"SELECT 1 FROM clinical_notes WHERE {saying}")
    assert named > 20
    assert told == long == 0


def test_births_and_newborns_have_notes_of_their_own() -> None:
    path = chart_file(*BIRTHS)
    with duckdb.connect(str(path), read_only=True) as opened:
        children = opened.execute("""
            SELECT count(*), count(*) FILTER (contains(text, ', newborn ')
                AND contains(text, ' after birth in this hospital. '))
            FROM clinical_notes WHERE type = '34117-2' AND person_id % 100 >= 50
            """).fetchall()[0]
        newborns = opened.execute("""
            SELECT count(*), count(*) FILTER (contains(text, '\nNewborn ')
                AND NOT contains(text, ', height ')), count(*) FILTER (text LIKE '%, length %')
            FROM clinical_notes WHERE type = '34117-2' AND person_id % 100 >= 50
            """).fetchall()[0]
        grown = _count(opened, "SELECT 1 FROM clinical_notes WHERE text LIKE '%, height %'")
        births = opened.execute("""
            SELECT count(*) FROM clinical_notes JOIN procedures USING (encounter_id)
            WHERE type = '18842-5' AND system = 'ICD-10-PCS'
                AND NOT contains(text, 'Products of Conception')
            """).fetchall()[0]
        cesareans = opened.execute("""
            SELECT count(*), count(*) FILTER (author_npi = performer_npi
                AND contains(text, 'OPERATION\nExtraction of Products of Conception')
                AND NOT contains(text, 'ALSO DONE'))
            FROM procedures LEFT JOIN clinical_notes AS n
                ON n.encounter_id = procedures.encounter_id AND n.type = '11504-8'
            WHERE code LIKE '10D00%'
            """).fetchall()[0]
        vaginal = "SELECT 1 FROM clinical_notes JOIN procedures USING (encounter_id)"
        noted = _count(opened, f"{vaginal} WHERE code = '10E0XZZ' AND type = '11504-8'")
    assert children[0] == children[1] > 2
    assert births == (0,)
    assert cesareans[0] == cesareans[1] > 0
    assert noted == 0
    assert newborns[0] == newborns[1] == children[0]
    assert newborns[2] > 2
    assert grown > 0


@pytest.mark.slow
def test_a_note_in_the_night_of_daylight_saving_tells_the_times_that_are_stored() -> None:
    measured = event("blood", "lab", loinc="2160-0")
    stay = event("stay", "encounter", 0, encounter_class="inpatient", los_days=2,
                 diagnoses=["J18.9"]) | {"with": [measured]}  # fmt: skip
    night = {"begins": {"earliest": "2025-03-08", "latest": "2025-03-09"}}
    profile = diabetic(count=320, products=["patientsim"], coverage=None)
    tables = charted(profile, journey(stay, **night))
    notes = listed(tables["clinical_notes"], "encounter_id", "type", "authored_at", "text")
    results = listed(tables["lab_results"], "encounter_id", "resulted_at", "value")
    signed = re.compile(r"Signed by .*, (\d\d):(\d\d)\.")

    assert sum(authored % 1440 == 180 for _, _, authored, _ in notes) > 5
    for encounter, kind, authored, text in notes:
        assert [*map(int, signed.search(text).groups())] == [*divmod(authored % 1440, 60)]  # type: ignore[union-attr]
        assert "March 9, 2025, 02:" not in text
        there = [value for of, at, value in results if of == encounter and at <= authored]
        assert kind != "34117-2" or all(f" {value:.15g}" in text for value in there)
