"""Orders, specimens and reports follow from results, procedures and referrals, in their order."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from healthsim.addresses import apart, hash_of
from healthsim.codes.loinc import loinc, panel_names, panels
from healthsim.medicine.specimens import result_kind
from template_runs import KNEES, chart_file


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    path = chart_file(*KNEES)
    with duckdb.connect(str(path), read_only=True) as opened:
        yield opened


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def test_results_that_were_ordered_together_are_one_report(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    reports, wanted, results = _one(
        connection,
        """
        SELECT (SELECT count(*) FROM diagnostic_reports WHERE category = 'LAB'),
               count(DISTINCT coalesce(event_id::VARCHAR,
                   concat(encounter_id, ' ', panel, ' ', collected_at))),
               count(DISTINCT r.lab_result_id)
        FROM lab_results AS l LEFT JOIN diagnostic_report_results AS r USING (lab_result_id)
        """,
    )
    assert reports == wanted > 100
    assert results == _one(connection, "SELECT count(*) FROM lab_results")[0]
    split = _one(
        connection,
        """
        SELECT count(*) FROM (
            SELECT report_id FROM diagnostic_report_results JOIN lab_results USING (lab_result_id)
            GROUP BY report_id HAVING count(DISTINCT (event_id, panel, collected_at)) > 1)
        """,
    )
    assert split == (0,)


def test_the_order_comes_before_the_specimen_and_the_specimen_before_the_result(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    found = _one(
        connection,
        """
        SELECT count(*), count(*) FILTER (s.ordered_at <= p.collected_at
            AND p.collected_at = l.collected_at AND p.collected_at < p.received_at
            AND p.received_at < l.resulted_at AND l.resulted_at <= r.issued_at
            AND s.person_id = l.person_id AND p.request_id = s.request_id)
        FROM diagnostic_report_results AS d JOIN lab_results AS l USING (lab_result_id)
        JOIN specimens AS p USING (specimen_id) JOIN diagnostic_reports AS r USING (report_id)
        JOIN service_requests AS s ON s.request_id = r.request_id
        """,
    )
    assert found[0] == found[1] > 500


def test_each_kind_of_tube_of_an_order_is_one_specimen(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    total, kinds, accessions = _one(
        connection,
        """
        SELECT count(*), count(DISTINCT (request_id, type, additive)), count(DISTINCT accession)
        FROM specimens
        """,
    )
    assert total == kinds == accessions
    tubes = connection.execute("""
        SELECT DISTINCT loinc, type, additive FROM lab_results
        JOIN diagnostic_report_results USING (lab_result_id) JOIN specimens USING (specimen_id)
        """).fetchall()
    assert {(code, *result_kind(code)[1:]) for code, _, _ in tubes} == set(tubes)


def test_studies_operations_and_referrals_are_ordered_and_drugs_given_are_not(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    told = connection.execute("""
        SELECT kind, code, procedure_id IS NOT NULL, referral_id IS NOT NULL FROM service_requests
        WHERE kind <> 'laboratory' GROUP BY ALL
        """).fetchall()
    assert ("imaging", "73562", True, False) in told
    assert ("procedure", "27447", True, False) in told
    assert ("referral", None, False, True) in told
    assert all(code is None or code[0] != "J" for _, code, _, _ in told)


def test_a_referral_is_completed_when_the_person_sees_whom_it_names(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    wrong = connection.execute("""
        WITH seen AS (
            SELECT r.referral_id, min(e.start_at)::DATE AS day FROM referrals AS r
            JOIN encounters AS e ON e.person_id = r.person_id
                AND e.attending_npi = r.referred_to_npi AND e.start_at::DATE >= r.referred_date
            GROUP BY r.referral_id)
        SELECT s.status, s.occurrence_date, seen.day FROM service_requests AS s
        LEFT JOIN seen USING (referral_id) WHERE s.kind = 'referral'
            AND ((s.status = 'completed') <> (seen.day IS NOT NULL)
                 OR s.occurrence_date IS DISTINCT FROM seen.day)
        """).fetchall()
    assert wrong == []
    assert _one(connection, "SELECT count(*) FROM service_requests WHERE kind = 'referral'")[0] > 5


def test_numbers_that_two_tables_have_are_told_apart() -> None:
    labs, procedures = [("a", 5), ("b", 6)], [("c", 6), ("d", 7)]
    assert apart([labs, procedures]) == [{}, {6: hash_of("c~1/1")}]


def test_every_panel_has_a_name_and_every_test_of_the_book_a_kind() -> None:
    assert panel_names().keys() == panels().keys()
    unknown = [
        code for code, row in loinc().rows.items()
        if not (row.vital or result_kind(code).study or row.unit == "{score}")
    ]  # fmt: skip
    assert unknown == []


def test_a_study_is_reported_after_it_was_done_and_holds_its_results(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    studies, in_order, told = _one(
        connection,
        """
        SELECT count(*), count(*) FILTER (s.ordered_at <= r.effective_at
            AND r.effective_at < r.issued_at AND r.effective_at::DATE = p.performed_date
            AND r.performer_npi = p.performer_npi), count(r.conclusion)
        FROM diagnostic_reports AS r JOIN procedures AS p USING (procedure_id)
        JOIN service_requests AS s USING (request_id)
        """,
    )
    assert studies == in_order == told > 20


def test_the_knee_is_told_of_as_it_is_before_and_after_the_operation(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    told = dict(
        connection.execute("""
        SELECT e.reason_code, any_value(r.conclusion) FROM diagnostic_reports AS r
        JOIN encounters AS e USING (encounter_id) WHERE r.loinc = '30788-4' GROUP BY ALL
        """).fetchall()
    )
    assert "right knee, in keeping with osteoarthritis" in told["M17.11"]
    assert "Prosthesis of the right knee" in told["Z47.1"]


def test_an_operation_that_two_codes_state_is_ordered_once(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    both = _one(
        connection,
        """
        SELECT count(DISTINCT c.encounter_id) FROM procedures AS c JOIN procedures AS h
        USING (encounter_id) WHERE c.code = '27447' AND h.code = '0SRC0J9'
        """,
    )[0]
    ordered = connection.execute("""
        SELECT code, count(*) FROM service_requests WHERE encounter_id IN (
            SELECT encounter_id FROM procedures WHERE code = '0SRC0J9')
        AND kind = 'procedure' GROUP BY code
        """).fetchall()
    assert both > 0
    assert ordered == [("27447", both)]
