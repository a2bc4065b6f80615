"""Arms of the rules of claims, encounters, fills and prescriptions that must agree."""

from __future__ import annotations

from audit.arms import Arm, breaks, each, first, keeps, one

_DIAGNOSES = "diagnoses of a claim are the encounter's"
_FACILITY = "an encounter has one claim of its facility"
_FORM = "a form names who it asks for"
_COLUMNS = "a line has the form's own columns"
_STAY = "an emergency visit leads to its stay"
_PRESCRIBED = "a fill is what was prescribed"
_MEMBER = "a member is who the patient is"
_FLAG = "a flag says where the result lies"
_INTERVAL = "an interval is that of the person's sex and age"


def _visit(kind: str, form: str) -> str:
    """Return the first encounter of a class that is billed on a form, as a subquery."""
    billed = f"SELECT encounter_id FROM claims WHERE form = '{form}'"
    return first("encounter_id", "encounters",
                 f"encounter_class = '{kind}' AND encounter_id IN ({billed})")  # fmt: skip


def _stated(form: str, kind: str, stated: int, billed: int, rows: int) -> Arm:
    """Let an encounter state so many diagnoses, and its only claim bill so many of them."""
    visit, more = _visit(kind, form), "SELECT d.* REPLACE (n AS sequence, 'X' || n AS code) FROM"
    other = "837I" if form == "837P" else "837P"
    return Arm(_DIAGNOSES, (
        f"INSERT INTO encounter_diagnoses {more} encounter_diagnoses AS d, range(2, {stated + 1}) "
        f"AS m (n) WHERE encounter_id = {visit} AND sequence = 1",
        f"UPDATE claims SET encounter_id = NULL WHERE form = '{other}'",
        f"INSERT INTO claim_diagnoses {more} claim_diagnoses AS d, range(2, {billed + 1}) AS m (n) "
        f"WHERE sequence = 1 AND claim_id = (SELECT claim_id FROM claims "
        f"WHERE encounter_id = {visit})",
    ), rows)  # fmt: skip


_OF_DIAGNOSES = (
    _stated("837P", "telehealth", 13, 12, 0), _stated("837P", "telehealth", 13, 13, 1),
    _stated("837P", "telehealth", 13, 11, 1), _stated("837I", "observation", 26, 25, 0),
    _stated("837I", "observation", 26, 26, 1), _stated("837I", "observation", 26, 24, 1),
    *each(_DIAGNOSES, "claim_diagnoses", ("code = 'A00.0'", "code = 'Z99.9'")),
    breaks("an encounter has a diagnosis",
           "DELETE FROM encounter_diagnoses WHERE encounter_id = "
           + first("encounter_id", "encounters")),
    keeps("a line points to diagnoses of its claim", one(
        "claim_lines", "diagnosis_pointers = '2'", "diagnosis_pointers IS NOT NULL AND claim_id IN "
        "(SELECT claim_id FROM claim_diagnoses GROUP BY claim_id HAVING count(*) = 2)")),
    breaks("a line points to diagnoses of its claim", one(
        "claim_lines", "diagnosis_pointers = '1,3'", "diagnosis_pointers IS NOT NULL AND claim_id "
        "IN (SELECT claim_id FROM claim_diagnoses GROUP BY claim_id HAVING count(*) = 2)")),
)  # fmt: skip

_CLAIM_ONLY = first("claim_id", "claims", "encounter_id IS NULL")
_ELSEWHERE = "event_id = (SELECT event_id FROM claims WHERE encounter_id IS NULL LIMIT 1)"
_TWICE = (
    keeps("nothing is billed twice",
          "INSERT INTO claim_lines SELECT * REPLACE (2 AS line) FROM claim_lines WHERE line = 1 "
          f"AND claim_id = {_CLAIM_ONLY}"),
    keeps("one event is billed on one claim of a form", one("claim_lines", _ELSEWHERE, "line = 1")),
    keeps("an encounter has one 837P of each clinician",
          "UPDATE claims SET form = '837I', rendering_npi = NULL WHERE form = '837P' AND "
          f"encounter_id = {_visit('inpatient', '837I')}"),
)  # fmt: skip

_BACK = "what follows a fill put back is that fill"
_REFILLED = (
    "SELECT f.fill_id FROM fills AS f JOIN fills AS g USING (prescription_id) "
    "WHERE f.fill_number = 1 AND g.fill_number = 2 AND f.status = 'paid' AND NOT EXISTS (FROM "
    "fills AS h WHERE h.prescription_id = f.prescription_id AND h.fill_number = 3) AND (SELECT "
    "count(*) FROM fills AS h WHERE h.prescription_id = f.prescription_id) = 3 AND f.person_id IN "
    "(SELECT person_id FROM enrollments GROUP BY person_id HAVING count(*) = 1) "
    "ORDER BY f.fill_id LIMIT 1"
)
_PUT_BACK = one("fills", "status = 'reversed', reversed_date = fill_date + 3",
                f"fill_id = ({_REFILLED})")  # fmt: skip
_SPAN = (
    "UPDATE enrollments SET {change} FROM (SELECT b.person_id, b.reversed_date AS back, "
    "(SELECT max(fill_date) FROM fills AS g WHERE g.prescription_id = b.prescription_id "
    "AND g.fill_number = 2) AS filled FROM fills AS b WHERE b.reversed_date = b.fill_date + 3 "
    "AND b.fill_number = 1 AND NOT EXISTS (FROM fills AS a WHERE a.status = 'paid' AND "
    "a.prescription_id = b.prescription_id AND a.fill_number = 1) AND filled IS NOT NULL "
    "ORDER BY b.fill_id LIMIT 1) AS s WHERE s.person_id = enrollments.person_id"
)
_FILLS_PUT_BACK = (
    breaks(_BACK, _PUT_BACK),
    breaks(_BACK, _PUT_BACK, _SPAN.format(change="effective_date = s.back + 1")),
    keeps(_BACK, _PUT_BACK, _SPAN.format(change="effective_date = s.back + 2")),
    breaks(_BACK, _PUT_BACK, _SPAN.format(change="term_date = s.filled")),
    keeps(_BACK, _PUT_BACK, _SPAN.format(change="term_date = s.filled - 1")),
)

_HOSPITAL = (
    "SELECT encounter_id FROM encounters WHERE encounter_class = 'outpatient_hospital' AND "
    "person_id IN (SELECT person_id FROM enrollments GROUP BY person_id HAVING count(*) = 1)"
)
_UNBILLED = f"DELETE FROM claims WHERE form = '837I' AND encounter_id = ({_HOSPITAL} LIMIT 1)"
_DAY = f"(SELECT start_at::DATE FROM encounters WHERE encounter_id = ({_HOSPITAL} LIMIT 1))"
_COVERAGE = (
    "UPDATE enrollments SET {change} WHERE person_id = "
    f"(SELECT person_id FROM encounters WHERE encounter_id = ({_HOSPITAL} LIMIT 1))"
)
_FACILITIES = (
    breaks(_FACILITY, _UNBILLED),
    breaks(_FACILITY, _UNBILLED, _COVERAGE.format(change=f"term_date = {_DAY}")),
    keeps(_FACILITY, _UNBILLED, _COVERAGE.format(change=f"term_date = {_DAY} - 1")),
    breaks(_FACILITY, _UNBILLED, _COVERAGE.format(change=f"effective_date = {_DAY}")),
    keeps(_FACILITY, _UNBILLED, _COVERAGE.format(change=f"effective_date = {_DAY} + 1")),
    breaks(_FACILITY, "UPDATE claims SET form = '837I' WHERE encounter_id = "
           + _visit("telehealth", "837P")),
    breaks(_FACILITY, one("encounters", "parent_encounter_id = NULL",
                          "encounter_class = 'emergency'")),
    *(breaks(_FACILITY, "DELETE FROM claims WHERE form = '837I' AND encounter_id = "
             + _visit(kind, "837I"))
      for kind in ("observation", "inpatient", "outpatient_hospital", "asc", "snf")),
)  # fmt: skip

_BY = "who rendered is who treated or performed"
_PERFORMED = (
    "claim_id IN (SELECT l.claim_id FROM claim_lines AS l JOIN procedures AS p USING (event_id) "
    "JOIN claims AS c ON c.claim_id = l.claim_id WHERE c.form = '837P' "
    "AND c.rendering_npi = p.performer_npi)"
)
_CLINICIANS = (
    breaks("who attended is who treated", one("claims", "attending_npi = NULL", "form = '837I'")),
    breaks(_BY, one("claims", "rendering_npi = NULL", "form = '837P'")),
    breaks(_BY, one("claims", "rendering_npi = (SELECT max(performer_npi) FROM procedures)",
                    "form = '837P' AND encounter_id IN (SELECT encounter_id FROM encounters "
                    "WHERE encounter_class = 'telehealth')")),
    breaks(_BY, one("claims", "rendering_npi = (SELECT max(npi) FROM providers)", _PERFORMED)),
    *each(_FORM, "claims", (
        "rendering_npi = NULL", "attending_npi = rendering_npi", "bill_type = '131'",
        "discharge_status = '01'", "drg = '470'"), "form = '837P'"),
    *each(_FORM, "claims", (
        "attending_npi = NULL", "rendering_npi = attending_npi", "bill_type = NULL",
        "facility_npi = NULL", "billing_npi = facility_npi + 1", "billing_npi = facility_npi - 1",
        ), "form = '837I'"),
    *each("a stay's claim says what the stay says", "claims",
          ("drg = NULL", "discharge_status = NULL", "discharge_status = '99'",
           "discharge_status = '00'"),
          "form = '837I' AND drg IS NOT NULL"),
    keeps("a stay's claim says what the stay says", "UPDATE claims SET drg = '470' WHERE form = "
          f"'837I' AND encounter_id = {_visit('observation', '837I')}"),
    *each(_COLUMNS, "claim_lines", (
        "pos = NULL", "procedure = NULL", "revenue_code = '0300'", "diagnosis_pointers = NULL",
        "units = 0"), "pos IS NOT NULL"),
    *each(_COLUMNS, "claim_lines", (
        "pos = '11'", "revenue_code = NULL", "diagnosis_pointers = '1'", "units = 0"),
        "revenue_code IS NOT NULL"),
    keeps(_COLUMNS, one("claim_lines", "units = 1")),
)  # fmt: skip


def _emergency(change: str) -> str:
    return one("encounters", change, "parent_encounter_id IS NOT NULL")


def _its_stay(change: str) -> str:
    stay = first("parent_encounter_id", "encounters", "parent_encounter_id IS NOT NULL")
    return f"UPDATE encounters SET {change} WHERE encounter_id = {stay}"


_BEGINS = "(SELECT s.start_at FROM encounters AS s WHERE s.encounter_id = e.parent_encounter_id)"


def _before_the_stay(earlier: str) -> str:
    """Let an emergency visit begin so much before its stay."""
    return (
        f"UPDATE encounters AS e SET start_at = {_BEGINS} - {earlier} WHERE rowid = "
        "(SELECT min(rowid) FROM encounters WHERE parent_encounter_id IS NOT NULL)"
    )


_STAYS = (
    *(breaks(_STAY, _emergency(f"encounter_class = '{kind}'")) for kind in ("asc", "office")),
    *(breaks(_STAY, _its_stay(f"encounter_class = '{kind}'")) for kind in ("asc", "observation")),
    breaks(_STAY, _emergency("facility_id = facility_id + 1")),
    breaks(_STAY, _emergency("facility_id = NULL")),
    breaks(_STAY, _before_the_stay("INTERVAL (-1) MINUTE")),
    keeps(_STAY, _before_the_stay("INTERVAL 0 MINUTE")),
    keeps(_STAY, _its_stay("start_at = start_at::DATE + INTERVAL 23 HOUR"),
          _before_the_stay("INTERVAL 46 HOUR")),
    breaks(_STAY, _its_stay("start_at = start_at::DATE + INTERVAL 1 HOUR"),
           _before_the_stay("INTERVAL 26 HOUR")),
)  # fmt: skip

_OF_FILLS = (
    breaks("refills stay within the prescription", one("fills", "fill_number = -1")),
    keeps("refills stay within the prescription", one(
        "fills", "fill_number = (SELECT refills FROM prescriptions AS p "
        "WHERE p.prescription_id = fills.prescription_id)")),
    breaks("refills stay within the prescription", one(
        "fills", "fill_number = 1 + (SELECT refills FROM prescriptions AS p "
        "WHERE p.prescription_id = fills.prescription_id)")),
    *each(_PRESCRIBED, "fills", (
        "ndc = ''", "ndc = 'Z'", "quantity = quantity - 1", "quantity = quantity + 1",
        "days_supply = days_supply - 1", "days_supply = days_supply + 1",
        "prescriber_npi = prescriber_npi - 1", "prescriber_npi = prescriber_npi + 1",
        "written_date = written_date - 1", "written_date = written_date + 1",
        "event_id = event_id + 1", "event_id = NULL"), "event_id IS NOT NULL"),
    breaks("fills follow each other", one(
        "fills", "fill_date = (SELECT fill_date FROM fills AS o WHERE o.fill_number = 0 "
        "AND o.prescription_id = fills.prescription_id)", "fill_number = 1")),
    keeps("fills follow each other", one(
        "fills", "fill_date = 1 + (SELECT fill_date FROM fills AS o WHERE o.fill_number = 0 "
        "AND o.prescription_id = fills.prescription_id)", "fill_number = 1")),
    breaks("a number is one prescription of a pharmacy", one(
        "fills", "pharmacy_npi = (SELECT arg_max(pharmacy_npi, rowid) FROM fills), "
        "rx_number = (SELECT arg_max(rx_number, rowid) FROM fills)")),
)  # fmt: skip

_MEMBERS = (
    *each(_MEMBER, "members", (
        "given_name = 'Changed'", "family_name = 'Changed'", "birth_date = birth_date + 1",
        "gender = CASE gender WHEN 'F' THEN 'M' ELSE 'F' END", "county_fips = '00000'",
        "state = 'ZZ'", "zip = '00000'", "household_id = household_id + 1")),
    *each("an event and its encounter are of one day", "encounters",
          ("start_at = start_at + INTERVAL 1 DAY", "start_at = start_at - INTERVAL 1 DAY")),
    breaks("an event and its encounter are of one day",
           one("events", "type = 'lab'", "type = 'encounter'")),
    keeps("an event and its encounter are of one day",
          one("events", "type = 'trial_visit'", "type = 'encounter'")),
)  # fmt: skip


def _result(value: str, flag: str, rows: int) -> Arm:
    change = f"value = {value}, flag = '{flag}'"
    return Arm(_FLAG, (one("lab_results", change, "loinc = '2951-2'"),), rows)


def _aged(months: int, *, extra: str, low: float, high: float, rows: int) -> Arm:
    """Let the only haemoglobin be measured at an age, beside an interval."""
    mine = first("lab_result_id", "lab_results", "loinc = '718-7'")
    return Arm(_INTERVAL, (
        f"DELETE FROM lab_results WHERE lab_result_id <> {mine}",
        "UPDATE lab_results SET collected_at = TIMESTAMP '2025-05-15 10:00', "
        f"ref_low = {low}, ref_high = {high}",
        f"UPDATE patients SET gender = 'M', birth_date = DATE '2025-05-15' - INTERVAL {months} "
        f"MONTH {extra} WHERE person_id = (SELECT person_id FROM lab_results)",
    ), rows)  # fmt: skip


_RESULTS = (
    _result("ref_low", "N", 0), _result("ref_high", "N", 0), _result("ref_low - 0.1", "L", 0),
    _result("ref_high + 0.1", "H", 0), _result("ref_low", "L", 1), _result("ref_high", "H", 1),
    _result("ref_low - 0.1", "N", 1), _result("ref_high + 0.1", "N", 1),
    _aged(180, extra="", low=13.0, high=17.5, rows=0),
    _aged(180, extra="", low=12.0, high=16.0, rows=1),
    _aged(180, extra="+ INTERVAL 1 DAY", low=12.0, high=16.0, rows=0),
    _aged(180, extra="+ INTERVAL 1 DAY", low=13.0, high=17.5, rows=1),
    _aged(1, extra="", low=9.5, high=14.0, rows=0),
    _aged(1, extra="+ INTERVAL 1 DAY", low=13.5, high=21.0, rows=0),
    _aged(0, extra="+ INTERVAL 1 DAY", low=13.5, high=21.0, rows=0),
    *each(_INTERVAL, "lab_results", (
        "ref_low = ref_low + 0.1", "ref_high = ref_high + 0.1", "ref_low = NULL",
        "ref_high = NULL"), "loinc = '2951-2'"),
    *(breaks("a result is a number or a text", one("lab_results", change, "value IS NOT NULL"))
      for change in ("value = NULL", "value_text = 'positive'")),
    keeps("a result is a number or a text",
          one("lab_results", "value = NULL, value_text = 'positive'", "value IS NOT NULL")),
)  # fmt: skip

OF_LINKS = (*_OF_DIAGNOSES, *_TWICE, *_FACILITIES, *_CLINICIANS, *_STAYS, *_OF_FILLS,
            *_FILLS_PUT_BACK, *_MEMBERS, *_RESULTS)  # fmt: skip
