# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules between tables: a claim and its encounter, a fill and its prescription."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule, RowRule

_CLAIM = "concat('claim_id ', c.claim_id)"
_FILL = "concat('fill_id ', f.fill_id)"
_ENCOUNTER = "concat('encounter_id ', e.encounter_id)"
_BILLED_BY_FACILITY = (
    "('emergency', 'observation', 'inpatient', 'outpatient_hospital', 'asc', 'snf', "
    "'home_health', 'dialysis')"
)
_COVERED = (
    "SEMI JOIN enrollments AS n ON {alias}.person_id = n.person_id "
    "AND n.effective_date <= {day} AND {day} <= coalesce(n.term_date, DATE '9999-12-31')"
)
_MOST = "CASE c.form WHEN '837P' THEN 12 ELSE 25 END"

_AT_AN_OPERATION = "l.modifier_1 IN ('80', '81', '82', 'AS', 'AA', 'AD', 'QK', 'QX', 'QY', 'QZ')"
"""A line of somebody who is at an operation of another: an assistant, an anaesthetist."""
_OF_ITS_OWN = f"NOT coalesce({_AT_AN_OPERATION}, false)"

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "diagnoses of a claim are the encounter's", "claim_diagnoses.code",
        ("claims", "claim_diagnoses", "encounter_diagnoses"),
        f"SELECT {_CLAIM} FROM claims AS c JOIN (SELECT claim_id, list(code ORDER BY sequence) "
        "AS billed FROM claim_diagnoses GROUP BY claim_id) AS d USING (claim_id) JOIN "
        "(SELECT encounter_id, list(code ORDER BY sequence) AS stated FROM encounter_diagnoses "
        "GROUP BY encounter_id) AS e USING (encounter_id) "
        f"WHERE d.billed <> e.stated[1:{_MOST}]",
    ),
    AuditRule(
        "a claim has a diagnosis", "claim_diagnoses", ("claims", "claim_diagnoses"),
        f"SELECT {_CLAIM} FROM claims AS c ANTI JOIN claim_diagnoses AS d USING (claim_id)",
    ),
    AuditRule(
        "an encounter has a diagnosis", "encounter_diagnoses",
        ("encounters", "encounter_diagnoses"),
        f"SELECT {_ENCOUNTER} FROM encounters AS e LEFT JOIN encounter_diagnoses AS d "
        "ON d.encounter_id = e.encounter_id AND d.sequence = 1 "
        "WHERE d.code IS DISTINCT FROM e.reason_code",
    ),
    AuditRule(
        "a claim has a line", "claim_lines", ("claims", "claim_lines"),
        f"SELECT {_CLAIM} FROM claims AS c ANTI JOIN claim_lines AS l USING (claim_id)",
    ),
    AuditRule(
        "nothing is billed twice", "claim_lines.event_id", ("claim_lines", "claims", "events"),
        "SELECT concat('event_id ', l.event_id, ' procedure ', l.procedure) "
        "FROM claim_lines AS l JOIN claims AS c USING (claim_id) "
        "JOIN events AS v ON v.event_id = l.event_id "
        f"WHERE v.type NOT IN ('encounter', 'claim') AND {_OF_ITS_OWN} "
        "GROUP BY c.form, l.event_id, v.type, coalesce(l.modifier_1, '') = 'JW', "
        "CASE v.type WHEN 'immunization' THEN l.procedure END, l.procedure "
        "HAVING count(*) > 1",
    ),
    AuditRule(
        "one event is billed on one claim of a form", "claim_lines.claim_id",
        ("claim_lines", "claims", "events"),
        "SELECT concat('event_id ', l.event_id) FROM claim_lines AS l "
        "JOIN claims AS c USING (claim_id) JOIN events AS v ON v.event_id = l.event_id "
        f"WHERE v.type NOT IN ('encounter', 'claim') AND {_OF_ITS_OWN} "
        "GROUP BY c.form, l.event_id HAVING count(DISTINCT l.claim_id) > 1",
    ),
    AuditRule(
        "an encounter has one claim of its facility", "claims.form",
        ("claims", "encounters", "enrollments", "events"),
        f"SELECT {_ENCOUNTER} FROM encounters AS e ANTI JOIN (SELECT event_id FROM events "
        "WHERE type = 'trial_visit') AS t ON e.event_id = t.event_id "
        f"{_COVERED.format(alias='e', day='e.start_at::DATE')} LEFT JOIN "
        "(SELECT encounter_id, count(*) AS bills FROM claims WHERE form = '837I' "
        "GROUP BY encounter_id) AS b ON e.encounter_id = b.encounter_id "
        "WHERE e.encounter_class NOT IN ('dialysis', 'home_health') AND (b.bills > 0 OR EXISTS "
        "(SELECT 1 FROM usual_bills AS u WHERE u.form = '837I')) "
        f"AND coalesce(b.bills, 0) <> (e.encounter_class IN {_BILLED_BY_FACILITY} "
        "AND e.parent_encounter_id IS NULL)::INTEGER",
    ),
    AuditRule(
        "an encounter has one 837P of each clinician", "claims.rendering_npi", ("claims",),
        "SELECT concat('encounter_id ', c.encounter_id) FROM claims AS c WHERE form = '837P' "
        "AND encounter_id IS NOT NULL GROUP BY encounter_id, rendering_npi, from_date "
        "HAVING count(*) > 1",
    ),
    AuditRule(
        "who attended is who treated", "claims.attending_npi", ("claims", "encounters"),
        f"SELECT {_CLAIM} FROM claims AS c JOIN encounters AS e USING (encounter_id) "
        "WHERE c.form = '837I' AND c.attending_npi IS DISTINCT FROM e.attending_npi",
    ),
    AuditRule(
        "who rendered is who treated or performed", "claims.rendering_npi",
        ("claims", "claim_lines", "encounters", "procedures"),
        f"SELECT {_CLAIM} FROM claims AS c JOIN encounters AS e USING (encounter_id) "
        "WHERE c.form = '837P' AND c.rendering_npi IS DISTINCT FROM e.attending_npi "
        "AND (c.rendering_npi IS NOT NULL OR c.billing_npi IS DISTINCT FROM c.facility_npi) "
        "AND NOT EXISTS (SELECT 1 FROM claim_lines AS l JOIN procedures AS p "
        "ON l.event_id = p.event_id WHERE l.claim_id = c.claim_id "
        "AND p.performer_npi = c.rendering_npi) AND NOT EXISTS (SELECT 1 FROM claim_lines AS l "
        f"WHERE l.claim_id = c.claim_id AND ({_AT_AN_OPERATION}))",
    ),
    RowRule(
        "a form names who it asks for", "claims.form", "claims",
        "CASE form WHEN '837P' THEN (rendering_npi IS NULL "
        "AND billing_npi IS DISTINCT FROM facility_npi) OR attending_npi IS NOT NULL "
        "OR bill_type IS NOT NULL OR discharge_status IS NOT NULL OR drg IS NOT NULL "
        "ELSE attending_npi IS NULL OR rendering_npi IS NOT NULL OR bill_type IS NULL "
        "OR facility_npi IS NULL OR billing_npi <> facility_npi END",
    ),
    AuditRule(
        "where it was is where it is billed", "claims.facility_npi",
        ("claims", "encounters", "facilities"),
        f"SELECT {_CLAIM} FROM claims AS c JOIN encounters AS e USING (encounter_id) "
        "LEFT JOIN facilities AS p USING (facility_id) "
        "WHERE c.facility_npi IS DISTINCT FROM p.npi "
        "AND (c.form = '837I' OR c.rendering_npi IS NOT NULL)",
    ),
    AuditRule(
        "a stay's claim says what the stay says", "claims.drg", ("claims", "encounters"),
        f"SELECT {_CLAIM} FROM claims AS c JOIN encounters AS e USING (encounter_id) "
        "WHERE c.form = '837I' AND ((e.encounter_class = 'inpatient' "
        "AND c.drg IS DISTINCT FROM e.drg) OR c.discharge_status IS DISTINCT FROM e.disposition)",
    ),
    AuditRule(
        "a line has the form's own columns", "claim_lines", ("claim_lines", "claims"),
        "SELECT concat('claim_id ', l.claim_id, ' line ', l.line) FROM claim_lines AS l "
        "JOIN claims AS c USING (claim_id) WHERE CASE c.form "
        "WHEN '837P' THEN l.pos IS NULL OR l.procedure IS NULL OR l.revenue_code IS NOT NULL "
        "OR l.diagnosis_pointers IS NULL "
        "ELSE l.pos IS NOT NULL OR l.revenue_code IS NULL OR l.diagnosis_pointers IS NOT NULL END"
        " OR l.units < 1",
    ),
    AuditRule(
        "a line points to diagnoses of its claim", "claim_lines.diagnosis_pointers",
        ("claim_lines", "claim_diagnoses"),
        "SELECT concat('claim_id ', l.claim_id, ' line ', l.line) FROM claim_lines AS l "
        "JOIN (SELECT claim_id, max(sequence) AS most FROM claim_diagnoses GROUP BY claim_id) "
        "AS d USING (claim_id) WHERE l.diagnosis_pointers IS NOT NULL "
        "AND list_max(string_split(l.diagnosis_pointers, ',')::INTEGER[]) > d.most",
    ),
    AuditRule(
        "an emergency visit leads to its stay", "encounters.parent_encounter_id",
        ("encounters",),
        f"SELECT {_ENCOUNTER} FROM encounters AS e JOIN encounters AS s "
        "ON e.parent_encounter_id = s.encounter_id WHERE e.encounter_class <> 'emergency' "
        "OR s.encounter_class <> 'inpatient' OR s.facility_id IS DISTINCT FROM e.facility_id "
        "OR s.start_at < e.start_at OR s.start_at::DATE - e.start_at::DATE > 1",
    ),
    AuditRule(
        "refills stay within the prescription", "fills.fill_number",
             ("fills", "prescriptions"),
        f"SELECT {_FILL} FROM fills AS f JOIN prescriptions AS p USING (prescription_id) "
        "WHERE f.fill_number < 0 OR f.fill_number > p.refills",
    ),
    AuditRule(
        "a fill is what was prescribed", "fills", ("fills", "prescriptions"),
        f"SELECT {_FILL} FROM fills AS f JOIN prescriptions AS p USING (prescription_id) "
        "WHERE f.ndc <> p.ndc OR f.quantity <> p.quantity OR f.days_supply <> p.days_supply "
        "OR f.prescriber_npi <> p.prescriber_npi OR f.written_date <> p.written_date "
        "OR f.event_id IS DISTINCT FROM p.event_id",
    ),
    AuditRule(
        "fills follow each other", "fills.fill_date", ("fills",),
        "SELECT concat('fill_id ', fill_id) FROM (SELECT fill_id, fill_number, fill_date, "
        "lag(fill_number) OVER own AS number_before, lag(fill_date) OVER own AS date_before, "
        "lag(status) OVER own AS status_before FROM fills "
        "WINDOW own AS (PARTITION BY prescription_id ORDER BY fill_number, fill_date)) "
        "WHERE number_before = fill_number AND status_before <> 'reversed' "
        "OR date_before >= fill_date",
    ),
    AuditRule(
        "what follows a fill put back is that fill", "fills.status", ("fills", "enrollments"),
        "SELECT DISTINCT concat('fill_id ', fill_id) FROM (SELECT f.fill_id, "
        "f.fill_date - b.reversed_date AS days, least(n.term_date, f.fill_date) "
        "- greatest(n.effective_date - 1, b.reversed_date) AS covered FROM fills AS f "
        "JOIN fills AS b ON f.prescription_id = b.prescription_id AND b.status = 'reversed' "
        "AND f.fill_number > b.fill_number "
        "ANTI JOIN (SELECT * FROM fills WHERE status = 'paid') AS a "
        "ON a.prescription_id = b.prescription_id AND a.fill_number = b.fill_number "
        "JOIN enrollments AS n ON n.person_id = f.person_id AND n.effective_date <= f.fill_date "
        "AND coalesce(n.term_date, f.fill_date) > b.reversed_date) "
        "GROUP BY fill_id, days HAVING sum(covered) >= days",
    ),
    AuditRule(
        "a number is one prescription of a pharmacy", "fills.rx_number", ("fills",),
        "SELECT concat('pharmacy_npi ', pharmacy_npi, ' rx_number ', rx_number) FROM fills "
        "GROUP BY pharmacy_npi, rx_number HAVING count(DISTINCT prescription_id) > 1",
    ),
    AuditRule(
        "everybody is in every product", "members.person_id", ("patients", "members"),
        "SELECT concat('person_id ', p.person_id) FROM patients AS p ANTI JOIN members AS m "
        "USING (person_id)",
    ),
    AuditRule(
        "everybody has a pharmacy card", "rx_members.person_id", ("patients", "rx_members"),
        "SELECT concat('person_id ', p.person_id) FROM patients AS p ANTI JOIN rx_members AS m "
        "USING (person_id)",
    ),
    AuditRule(
        "a member is who the patient is", "members", ("patients", "members"),
        "SELECT concat('person_id ', p.person_id) FROM patients AS p JOIN members AS m "
        "USING (person_id) WHERE (p.given_name, p.family_name, p.birth_date, "
        "CASE WHEN p.gender IN ('other', 'unknown') THEN 'U' ELSE p.gender END, "
        "p.county_fips, p.state, p.zip, p.household_id) IS DISTINCT FROM (m.given_name, "
        "m.family_name, m.birth_date, m.gender, m.county_fips, m.state, m.zip, m.household_id)",
    ),
    AuditRule(
        "a household lives at one address", "patients.street", ("patients",),
        "SELECT concat('household_id ', household_id) FROM patients GROUP BY household_id "
        "HAVING count(DISTINCT (street, city, county_fips, state, zip)) > 1",
    ),
    RowRule(
        "a person is of the household of their number", "patients.household_id", "patients",
        "household_id <> person_id // 100",
    ),
    AuditRule(
        "a newborn has a mother of its household", "patients.mother_person_id", ("patients",),
        "SELECT concat('person_id ', c.person_id) FROM patients AS c LEFT JOIN patients AS m "
        "ON m.person_id = c.mother_person_id WHERE (c.person_id % 100 >= 50) "
        "<> (c.mother_person_id IS NOT NULL) OR c.household_id <> m.household_id "
        "OR m.gender <> 'F'",
    ),
    AuditRule(
        "a newborn is born in its mother's life", "patients.birth_date", ("patients",),
        "SELECT concat('person_id ', c.person_id) FROM patients AS c JOIN patients AS m "
        "ON m.person_id = c.mother_person_id WHERE c.birth_date > m.death_date "
        "OR date_sub('year', m.birth_date, c.birth_date) NOT BETWEEN 9 AND 64",
    ),
    AuditRule(
        "parents are older than their children", "patients.birth_date", ("patients",),
        "SELECT concat('person_id ', c.person_id) FROM patients AS c JOIN patients AS p "
        "USING (household_id) WHERE c.person_id % 100 BETWEEN 3 AND 49 AND p.person_id % 100 <= 2 "
        "AND date_sub('year', p.birth_date, c.birth_date) < 15",
    ),
    AuditRule(
        "a subscriber is of the household and holds code 01", "members.subscriber_id",
        ("members",),
        "SELECT concat('person_id ', m.person_id) FROM members AS m LEFT JOIN members AS s "
        "ON s.person_id = m.subscriber_id WHERE CASE WHEN m.subscriber_id IS NULL "
        "THEN m.relationship_code <> '19' OR m.person_code = '01' "
        "ELSE s.household_id IS DISTINCT FROM m.household_id "
        "OR s.subscriber_id IS DISTINCT FROM s.person_id "
        "OR (m.person_code = '01') <> (m.subscriber_id = m.person_id) "
        "OR (m.relationship_code = '18') <> (m.subscriber_id = m.person_id) END",
    ),
    AuditRule(
        "a subscriber has one number and name", "members.subscriber_number", ("members",),
        "SELECT concat('person_id ', m.person_id) FROM members AS m JOIN members AS s "
        "ON s.person_id = m.subscriber_id WHERE (m.subscriber_number, m.subscriber_given_name, "
        "m.subscriber_family_name, m.subscriber_birth_date, m.subscriber_gender) IS DISTINCT FROM "
        "(s.member_number, s.given_name, s.family_name, s.birth_date, s.gender)",
        columns=("members.subscriber_number",),
    ),
    AuditRule(
        "a child holds no employer's policy", "members.subscriber_id",
        ("members", "enrollments", "plans"),
        "SELECT concat('person_id ', m.person_id) FROM members AS m SEMI JOIN (SELECT person_id "
        "FROM enrollments JOIN plans USING (plan_id) WHERE kind = 'commercial' AND event_id IS "
        "NULL) AS n USING (person_id) WHERE m.subscriber_birth_date + INTERVAL 18 YEAR > "
        "(SELECT as_of FROM temp.data_days)",
        columns=("members.subscriber_birth_date",),
    ),
    AuditRule(
        "a newborn of a covered mother is covered from birth", "enrollments.effective_date",
        ("patients", "enrollments"),
        "SELECT concat('person_id ', c.person_id) FROM patients AS c SEMI JOIN enrollments AS n "
        "ON n.person_id = c.mother_person_id AND n.effective_date <= c.birth_date "
        "AND c.birth_date <= coalesce(n.term_date, DATE '9999-12-31') LEFT JOIN "
        "(SELECT person_id, min(effective_date) AS since FROM enrollments GROUP BY person_id) "
        "AS o ON o.person_id = c.person_id WHERE o.since IS DISTINCT FROM c.birth_date",
    ),
    AuditRule(
        "an event and its encounter are of one day", "encounters.event_id",
        ("encounters", "events"),
        f"SELECT {_ENCOUNTER} FROM encounters AS e JOIN events AS v USING (event_id) "
        "WHERE v.type NOT IN ('encounter', 'trial_visit') OR v.event_date <> e.start_at::DATE",
    ),
    RowRule(
        "a flag says where the result lies", "lab_results.flag", "lab_results",
        "flag <> CASE WHEN value < ref_low THEN 'L' WHEN value > ref_high THEN 'H' ELSE 'N' END",
    ),
    RowRule(
        "a result is a number or a text", "lab_results.value", "lab_results",
        "(value IS NULL) = (value_text IS NULL)",
    ),
)  # fmt: skip
"""Rules of claims, encounters, fills and prescriptions that must agree."""
