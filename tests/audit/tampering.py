"""One small change for every named rule: what it does to a scenario, and which rules then tell."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Tampering:
    """A change of a stored scenario.

    Attributes:
        breaks: names of the rules that must tell of it, and no others.
        sql: the statements, each changing the first row that fits.
    """

    breaks: tuple[str, ...]
    sql: tuple[str, ...]

    @property
    def places(self) -> list[tuple[str, frozenset[str] | None]]:
        """The tables that it changes, each with words among which are its changed columns.

        None where whole rows come or go.
        """
        return [_place_of(one) for one in self.sql]


def _place_of(statement: str) -> tuple[str, frozenset[str] | None]:
    table = re.split(r"UPDATE |DELETE FROM |INSERT INTO ", statement)[1].split()[0]
    if not statement.startswith("UPDATE"):
        return table, None
    flat = ""
    while flat != statement:  # without what stands in brackets
        flat, statement = statement, re.sub(r"\([^()]*\)", "", statement)
    return table, frozenset(re.findall(r"\w+(?=\s*=)", flat.split(" WHERE ")[0]))


def _one(table: str, change: str, where: str = "true") -> str:
    """Return an UPDATE of the first row that fits."""
    return (
        f"UPDATE {table} SET {change} WHERE rowid = (SELECT min(rowid) FROM {table} WHERE {where})"
    )


_PAID_TWICE = "billing edit: no service is paid twice"
_TESTED = (
    "(SELECT min(l.person_id) FROM claim_lines AS l JOIN claim_lines AS o USING (claim_id) "
    "WHERE l.procedure = '85018' AND o.procedure = '80048')"
)
_ON_A_DAY = "billing edit: nothing is charged twice on a day"
_KEPT = "balances of accumulators keep their limits"


def _row(name: str, *sql: str, also: tuple[str, ...] = ()) -> Tampering:
    return Tampering((name, *also), sql)


_ONE_PRICE = ("a product has one price in a month",)
_SUBSCRIBER = ("a subscriber has one number and name",)
_VISIT = ("problem list: what a visit states, the person has",)

_MONEY = (
    _row("header is the sum of its lines",
         _one("claims", "charge_usd = charge_usd + 1, contractual_usd = contractual_usd + 1")),
    _row("charge of a claim", _one("claims", "charge_usd = charge_usd + 1"),
         also=("header is the sum of its lines",)),
    _row("allowed of a claim", _one("claims", "plan_paid_usd = plan_paid_usd + 1"),
         also=("header is the sum of its lines",)),
    _row("charge of a line", _one("claim_lines", "contractual_usd = contractual_usd + 1"),
         also=("header is the sum of its lines", "adjustments name each amount")),
    _row("allowed of a line",
         _one("claim_lines", "other_payer_paid_usd = other_payer_paid_usd + 1"),
         also=("header is the sum of its lines",)),
    _row("adjustments explain what was not paid",
         _one("claim_adjustments", "amount_usd = amount_usd + 1"),
         also=("adjustments name each amount",)),
    _row("adjustments name each amount",
         _one("claim_adjustments", "group_code = 'PR'", "group_code = 'CO'")),
    _row("adjustments stand on a line",
         "UPDATE claim_adjustments SET line = 99 WHERE (claim_id, line) = "
         "(SELECT (claim_id, line) FROM claim_adjustments LIMIT 1)",
         also=("adjustments explain what was not paid", "adjustments name each amount")),
    _row("a denied line is denied whole", _one("claim_lines", "status = 'denied'",
         "claim_id IN (SELECT claim_id FROM claim_lines GROUP BY claim_id HAVING count(*) > 1)")),
    _row("a claim is denied when every line is", _one("claims", "status = 'denied'")),
    _row("out-of-pocket maximum",
         "UPDATE plan_years SET oop_max_usd = 0.01 WHERE plan_id = 'own'", also=(_KEPT,)),
    _row("out-of-pocket maximum of a family",
         "UPDATE plan_years SET family_oop_max_usd = 0.01 WHERE plan_id = 'own'"),
    _row("balances of accumulators add up",
         _one("accumulator_events", "balance_usd = balance_usd - 0.01", "balance_usd > 1")),
    _row(_KEPT, "UPDATE plan_years SET oop_max_usd = 0.01 WHERE plan_id = 'MA-PPO'",
         also=("out-of-pocket maximum",)),
    _row("accumulators count what a claim's member owes",
         _one("accumulator_events", "delta_usd = delta_usd - 0.01",
              "bucket = 'oop_max' AND claim_id IS NOT NULL"),
         also=("balances of accumulators add up",)),
    _row("accumulators follow the order of decisions",
         _one("accumulator_events", "decided_date = DATE '2000-01-01'", "seq = 2")),
    _row("family deductible of the year",
         "UPDATE plan_years SET family_deductible_usd = 0.01 WHERE plan_id = 'HDHP'"),
    _row("deductible of the year",
         "UPDATE plan_years SET deductible_usd = 0.01 WHERE plan_id = 'MA-PPO'", also=(_KEPT,)),
    _row("no deductible where the plan has none",
         "UPDATE plans SET deductible_usd = 0 WHERE plan_id = 'HDHP'"),
    _row("allowed is one price",
         "UPDATE claim_lines SET procedure = '80048', modifier_1 = 'QW', ordering_npi = "
         "(SELECT c.rendering_npi FROM claims AS c WHERE c.claim_id = claim_lines.claim_id) "
         "WHERE line = 1 AND claim_id = (SELECT min(claim_id) FROM claim_lines "
         "WHERE procedure = '80048' AND pos = '11')",
         also=("charge is one price", _ON_A_DAY, _PAID_TWICE)),
    _row("charge is one price",
         _one("claim_lines", "charge_usd = charge_usd + 1, contractual_usd = contractual_usd + 1",
              "procedure = '80061'"),
         "UPDATE claims SET charge_usd = charge_usd + 1, contractual_usd = contractual_usd + 1 "
         "WHERE claim_id = (SELECT claim_id FROM claim_lines WHERE rowid = "
         "(SELECT min(rowid) FROM claim_lines WHERE procedure = '80061'))",
         "UPDATE claim_adjustments SET amount_usd = amount_usd + 1 WHERE carc = '45' "
         "AND (claim_id, line) = (SELECT (claim_id, line) FROM claim_lines WHERE rowid = "
         "(SELECT min(rowid) FROM claim_lines WHERE procedure = '80061'))"),
    _row("price of a fill", _one("fills", "plan_paid_usd = plan_paid_usd + 1", "status = 'paid'")),
    _row("only a paid fill has money",
         _one("fills", "ingredient_cost_usd = 1, plan_paid_usd = 1", "status = 'reversed'")),
    _row("drug out-of-pocket maximum",
         "UPDATE plan_years SET drug_oop_max_usd = 0.01 WHERE plan_id = 'MA-PPO'", also=(_KEPT,)),
    _row("drug deductible of the year",
         "UPDATE plan_years SET drug_deductible_usd = 0.01 WHERE plan_id = 'MA-PPO'",
         also=(_KEPT,)),
    _row("no drug deductible where the plan has none",
         "UPDATE plans SET drug_deductible_usd = 0 WHERE plan_id = 'MA-PPO'"),
)  # fmt: skip

_LINKS = (
    _row("diagnoses of a claim are the encounter's", _one("claim_diagnoses", "code = 'J20.9'")),
    _row("a claim has a diagnosis",
         "DELETE FROM claim_diagnoses WHERE claim_id = (SELECT min(claim_id) FROM claims)"),
    _row("an encounter has a diagnosis", _one("encounters", "reason_code = 'J20.9'")),
    _row("a claim has a line",
         "DELETE FROM claim_adjustments WHERE claim_id = (SELECT min(claim_id) FROM claims)",
         "DELETE FROM claim_lines WHERE claim_id = (SELECT min(claim_id) FROM claims)",
         also=("header is the sum of its lines",)),
    _row("nothing is billed twice",
         "UPDATE claim_lines AS l SET event_id = o.event_id FROM claim_lines AS o "
         "WHERE l.claim_id = o.claim_id AND l.procedure = '85018' AND o.procedure = '80048' "
         f"AND l.person_id = {_TESTED}",
         "UPDATE claim_lines SET procedure = '80048' WHERE procedure = '85018' AND person_id = "
         f"{_TESTED}",
         also=("allowed is one price", "charge is one price", _ON_A_DAY, _PAID_TWICE)),
    _row("one event is billed on one claim of a form",
         _one("claim_lines", "event_id = (SELECT o.event_id FROM events AS o WHERE "
              "o.person_id = claim_lines.person_id AND o.step = 'flu')",
              "event_id IN (SELECT event_id FROM events WHERE step = 'tele')"),
         also=("on the day of its event claim_lines.service_date",)),
    _row("an encounter has one claim of its facility",
         _one("encounters", "encounter_class = 'asc'", "encounter_class = 'telehealth'")),
    _row("an encounter has one 837P of each clinician",
         "UPDATE claims SET rendering_npi = attending FROM (SELECT encounter_id AS visit, "
         "attending_npi AS attending FROM encounters) WHERE encounter_id = visit AND form = '837P' "
         "AND rendering_npi IS NOT NULL AND encounter_id IN (SELECT encounter_id FROM claims "
         "WHERE form = '837P' AND rendering_npi IS NOT NULL "
         "GROUP BY encounter_id HAVING count(*) > 1)",
         also=("allowed is one price", "charge is one price", "an assistant has a supervisor",
               "billing edit: no code stands beside one that has it in it")),
    _row("who attended is who treated",
         _one("claims", "attending_npi = (SELECT max(npi) FROM providers)",
              "form = '837I' AND attending_npi <> (SELECT max(npi) FROM providers)")),
    _row("who rendered is who treated or performed",
         _one("claims", "rendering_npi = (SELECT max(npi) FROM providers WHERE npi NOT IN "
              "(SELECT o.rendering_npi FROM claims AS o JOIN claim_lines AS l USING (claim_id) "
              "WHERE o.form = '837P' AND l.procedure IN (SELECT m.procedure FROM claim_lines AS m "
              "WHERE m.claim_id = claims.claim_id)))", "form = '837P'")),
    _row("a form names who it asks for", _one("claims", "bill_type = '131'", "form = '837P'")),
    _row("where it was is where it is billed",
         _one("claims", "facility_npi = billing_npi, billing_npi = billing_npi",
              "form = '837P' AND facility_npi IS NULL AND encounter_id IS NOT NULL"),
         also=("reference claims.facility_npi",)),
    _row("a stay's claim says what the stay says", _one("claims", "drg = '469'", "drg = '470'")),
    _row("a line has the form's own columns",
         _one("claim_lines", "revenue_code = '0300'", "pos IS NOT NULL")),
    _row("a line points to diagnoses of its claim",
         _one("claim_lines", "diagnosis_pointers = '1,2,3,4'",
              "claim_id IN (SELECT claim_id FROM claim_diagnoses GROUP BY claim_id "
              "HAVING count(*) = 1) AND pos IS NOT NULL")),
    _row("an emergency visit leads to its stay",
         _one("encounters", "parent_encounter_id = (SELECT min(encounter_id) FROM encounters AS s "
              "WHERE s.person_id = encounters.person_id AND s.encounter_class = 'office')",
              "parent_encounter_id IS NOT NULL"),
         also=("a claim begins with its encounter",)),
    _row("refills stay within the prescription", _one("prescriptions", "refills = 0",
         "prescription_id IN (SELECT prescription_id FROM fills WHERE fill_number > 0)")),
    _row("a fill is what was prescribed", _one("fills", "quantity = quantity + 1"),
         also=_ONE_PRICE),
    _row("fills follow each other",
         _one("fills", "fill_number = fill_number - 1",
              "fill_number = 2 AND prescription_id IN (SELECT prescription_id FROM fills "
              "WHERE fill_number = 1)")),
    _row("what follows a fill put back is that fill",
         _one("fills", "status = 'reversed', reversed_date = fill_date, ingredient_cost_usd = 0, "
              "dispensing_fee_usd = 0, deductible_usd = 0, copay_usd = 0, plan_paid_usd = 0, "
              "reversed_cost_usd = 1, reversed_plan_paid_usd = 1",
              "fill_number = 1 AND prescription_id IN (SELECT prescription_id FROM fills "
              "WHERE fill_number = 2) AND fill_id NOT IN (SELECT fill_id FROM "
              "prescription_drug_events)")),
    _row("a number is one prescription of a pharmacy",
         "UPDATE fills SET rx_number = '000000001' WHERE person_id = (SELECT person_id FROM fills "
         "GROUP BY person_id HAVING count(DISTINCT prescription_id) > 1 LIMIT 1)"),
    _row("a member is who the patient is", _one("members", "family_name = 'Changed'"),
         also=_SUBSCRIBER),
    _row("an event and its encounter are of one day",
         _one("events", "event_date = event_date - 1",
              "type = 'encounter' AND step = 'tele' AND event_date > DATE '2025-01-03'"),
         also=("on the day of its event claim_lines.service_date",)),
    _row("an interval is that of the person's sex and age",
         _one("lab_results", "ref_low = ref_low - 0.1", "ref_low IS NOT NULL AND flag = 'N'")),
    _row("a flag says where the result lies", _one("lab_results", "flag = 'H'", "flag = 'L'")),
    _row("a result is a number or a text",
         _one("lab_results", "value_text = 'positive'", "value IS NOT NULL")),
)  # fmt: skip

_NETWORK = (
    _row("a claim is in the network that its plan lists",
         _one("claims", "network = 'out'", "network = 'in'")),
    _row("members who may not go outside do so in emergencies",
         _one("plans", "outside_weight = 0", "outside_weight > 0 AND plan_id IN (SELECT plan_id "
              "FROM claims JOIN encounters USING (encounter_id) WHERE network = 'out' "
              "AND encounter_class = 'office')")),
    _row("a stay is attended by the hospital's own",
         _one("providers", "facility_id = (SELECT min(facility_id) FROM facilities "
              "WHERE kind = 'asc')", "specialty = 'emergency medicine'")),
    _row("nobody leaves the county for a doctor whom it has",
         "UPDATE providers SET county_fips = (SELECT county_fips FROM providers AS o WHERE "
         "o.specialty = providers.specialty AND o.county_fips <> providers.county_fips LIMIT 1) "
         "WHERE npi = (SELECT pcp_npi FROM patients WHERE (county_fips) IN (SELECT county_fips "
         "FROM patients GROUP BY county_fips HAVING count(DISTINCT pcp_npi) > 3) LIMIT 1)"),
    _row("whoever is invented has an invented number", _one("providers", "source = 'nppes'")),
    _row("whoever treats has room", _one("providers", "capacity = 0")),
)  # fmt: skip

_DAYS = (
    _row("the dead are not covered",
         "UPDATE enrollments SET term_date = NULL, ended_date = NULL WHERE person_id = "
         "(SELECT min(person_id) FROM patients WHERE death_date IS NOT NULL)"),
    _row("death is the day of its event", _one("events", "event_date = event_date - 1",
         "type = 'death' AND step = 'die'")),
    _row("a discharge status of death is that of the dead",
         _one("encounters", "disposition = '41'", "encounter_class = 'office' AND "
              "disposition = '01'")),
    _row("claims only while covered", _one("claims", "plan_id = 'HDHP'", "plan_id = 'own'")),
    _row("fills only while covered", _one("fills", "plan_id = 'HDHP'", "plan_id = 'own'")),
    _row("spans of coverage end after they begin",
         _one("enrollments", "term_date = effective_date - 1", "event_id IS NOT NULL AND "
              "person_id IN (SELECT f.person_id FROM fills AS f WHERE f.plan_id = "
              "enrollments.plan_id AND f.fill_date >= enrollments.effective_date) AND person_id "
              "IN (SELECT c.person_id FROM claims AS c WHERE c.plan_id = "
              "enrollments.plan_id AND c.from_date >= enrollments.effective_date)"),
         also=("fills only while covered", "claims only while covered")),
    _row("spans of coverage do not overlap", _one("enrollments", "effective_date = "
         "DATE '2025-06-01'", "event_id IS NOT NULL")),
    _row("a claim begins with its encounter",
         _one("claims", "from_date = from_date - 1",
              "from_date > DATE '2025-01-10' AND form = '837P'")),
    _row("a claim ends with its encounter",
         _one("claims", "through_date = through_date + 1", "form = '837P'")),
    _row("a stay is admitted when it begins", _one("claims", "admit_date = from_date",
         "form = '837P'")),
    _row("lines lie within their claim",
         _one("claim_lines", "service_date = service_date + 40",
              "event_id IN (SELECT event_id FROM events WHERE step = 'tele')"),
         also=("on the day of its event claim_lines.service_date",)),
    _row("served, then received, then decided", _one("claims", "decided_date = received_date - 1")),
    _row("an encounter ends after it begins", _one("encounters", "los_days = los_days + 1")),
    _row("a result follows its specimen",
         _one("lab_results", "resulted_at = collected_at - INTERVAL 1 MINUTE"),
         also=("a result comes from a specimen that the laboratory had",)),
    _row("a fill follows its prescription", _one("fills", "fill_date = written_date - 1",
         "fill_number = 0 AND event_id IS NOT NULL AND written_date > DATE '2025-02-01'"),
         also=_ONE_PRICE),
    _row("no fill after a prescription has ended",
         "UPDATE prescriptions AS p SET end_date = f.fill_date FROM fills AS f "
         "WHERE f.fill_id = (SELECT min(fill_id) FROM fills) "
         "AND p.prescription_id = f.prescription_id"),
    _row("a fill is put back after it was made",
         _one("fills", "reversed_date = fill_date - 1", "status = 'reversed'")),
    _row("a condition ends after it begins",
         _one("conditions", "abatement_date = onset_date - 1"), also=_VISIT),
)  # fmt: skip

_IDENTITY = (
    _row("everybody is in every product",
         "DELETE FROM members WHERE person_id = (SELECT max(person_id) FROM members)",
         also=("reference enrollments.person_id", "reference claims.person_id",
               "reference accumulator_events.person_id", "reference claim_codes.person_id",
               "reference claim_lines.person_id", "reference claim_diagnoses.person_id",
               "reference claim_adjustments.person_id")),
    _row("everybody has a pharmacy card",
         "DELETE FROM rx_members WHERE person_id = (SELECT max(person_id) FROM fills)",
         also=("reference fills.person_id",)),
    _row("Medicare numbers are Medicare-shaped",
         "UPDATE members SET member_number = 'SYN123456789' WHERE person_id = (SELECT "
         "min(person_id) FROM enrollments WHERE plan_id = 'Original')", also=_SUBSCRIBER),
    _row("an address that exists", _one("patients", "city = 'Nowhere'")),
    _row("an area code of the state", _one("patients", "phone = '212-555-0100'")),
    _row("sex is one that codes know",
         "UPDATE patients SET gender = 'X' WHERE person_id = 101",
         "UPDATE members SET gender = 'X' WHERE person_id = 101", also=_SUBSCRIBER),
)  # fmt: skip

_CODES = (
    _row("a code of the person's age conditions.code",
         "UPDATE conditions SET onset_date = (SELECT birth_date + 1000 FROM patients AS p "
         "WHERE p.person_id = conditions.person_id) WHERE condition_id = "
         "(SELECT min(condition_id) FROM conditions WHERE code = 'N40.1')",
         "UPDATE conditions SET recorded_date = onset_date WHERE recorded_date < onset_date"),
    _row("a code of the person's sex conditions.code",
         "UPDATE conditions SET code = 'N40.0' WHERE condition_id = (SELECT min(condition_id) "
         "FROM conditions JOIN patients USING (person_id) WHERE gender = 'F' AND code = 'E78.5')",
         also=_VISIT),
    _row("codes that may stand together conditions.code",
         "UPDATE conditions SET code = 'E11.9' WHERE condition_id = (SELECT min(condition_id) "
         "FROM conditions WHERE code = 'E78.5' AND person_id IN "
         "(SELECT person_id FROM conditions WHERE code = 'E11.22'))", also=_VISIT),
    _row("codes that may stand together encounter_diagnoses.code",
         _one("encounter_diagnoses", "code = 'M17.12'", "sequence = 2 AND encounter_id IN (SELECT "
              "encounter_id FROM encounter_diagnoses WHERE sequence = 1 AND code = 'M17.11')"),
         also=("diagnoses of a claim are the encounter's",)),
    _row("no code twice for one person",
         "UPDATE conditions SET code = 'N40.1' WHERE condition_id = "
         "(SELECT min(condition_id) FROM conditions WHERE code = 'E78.5' AND person_id IN "
         "(SELECT person_id FROM conditions WHERE code = 'N40.1'))", also=_VISIT),
    _row("no code twice in one encounter",
         _one("encounter_diagnoses", "code = 'M17.11'", "sequence = 2 AND encounter_id IN (SELECT "
              "encounter_id FROM encounter_diagnoses WHERE sequence = 1 AND code = 'M17.11')"),
         also=("diagnoses of a claim are the encounter's",)),
)  # fmt: skip

_MEDICINES = (
    _row("a medicine is for a condition of the person",
         _one("prescriptions", "indication = 'B86'", "indication IS NOT NULL")),
    _row("a label says its dose", _one("prescriptions", "dose = 7")),
    *(_row("a stay writes the prescriptions of the day it ends",
           "INSERT INTO prescriptions BY NAME SELECT p.* REPLACE (p.prescription_id + 12 AS "
           "prescription_id, e.end_at::DATE AS written_date, NULL AS end_date, NULL AS event_id, "
           f"'active' AS status, NULL AS indication, {changed}) FROM prescriptions AS p "
           "JOIN encounters AS e USING (person_id) WHERE e.encounter_class = 'inpatient' LIMIT 1",
           also=("one prescription of an ingredient is in force",))
      for changed in ("NULL AS encounter_id", "e.encounter_id AS encounter_id, (SELECT max(npi) "
                      "FROM providers WHERE npi <> e.attending_npi) AS prescriber_npi")),
    _row("one prescription of an ingredient is in force",
         _one("prescriptions", "end_date = end_date + 1",
              "status = 'completed' AND end_date IS NOT NULL")),
    _row("insulin of Medicare costs at most its cap",
         _one("prescriptions", "ingredient = 'insulin glargine'", "prescription_id IN (SELECT "
              "prescription_id FROM fills WHERE deductible_usd > 0 AND plan_id = 'MA-PPO')")),
)  # fmt: skip

_VACCINES = (
    _row("a dose that counts is not given too young or too old",
         _one("immunizations", "cvx = '306'", "cvx = '158'")),
    _row("a dose that counts keeps its interval",
         "INSERT INTO immunizations BY NAME SELECT * REPLACE (immunization_id + 1 AS "
         "immunization_id) FROM immunizations WHERE cvx = '158' LIMIT 1"),
)  # fmt: skip

_RESULT = (
    "(SELECT person_id, collected_at::DATE AS seen FROM lab_results "
    "WHERE loinc = '98979-8' AND value < {below}) AS l"
)
_FAILING = "(SELECT person_id, onset_date AS seen FROM conditions WHERE code = 'I50.22') AS l"
_FAILED = _FAILING.replace("onset_date", "DATE '2025-01-01'")
_ON_LISINOPRIL = (
    "(SELECT person_id, written_date AS seen FROM prescriptions "
    "WHERE ingredient = 'lisinopril' AND end_date IS NULL) AS l"
)
_OLD = (
    "(SELECT person_id, DATE '2020-01-01' AS seen FROM patients "
    "WHERE birth_date < DATE '1950-01-01') AS l"
)
_TO_PENICILLIN = (
    "(SELECT person_id, DATE '2024-12-31' AS seen FROM allergies "
    "WHERE substance = 'penicillin' AND status = 'active') AS l"
)
_FILLED = (
    "prescription_id = (SELECT min(p.prescription_id) FROM prescriptions AS p JOIN fills AS f "
    "USING (prescription_id) JOIN {found} ON l.person_id = p.person_id "
    "AND l.seen BETWEEN f.fill_date - 300 AND f.fill_date "
    "WHERE p.event_id IS NULL AND f.status = 'paid')"
)
_BEGUN = (
    "prescription_id = (SELECT min(p.prescription_id) FROM prescriptions AS p "
    "JOIN {found} ON l.person_id = p.person_id AND l.seen < p.written_date "
    "WHERE p.event_id IS NOT NULL AND NOT EXISTS (FROM fills AS f "
    "WHERE f.prescription_id = p.prescription_id))"
)
_GIVEN = (
    "procedure_id = (SELECT min(p.procedure_id) FROM procedures AS p JOIN {found} ON "
    "l.person_id = p.person_id AND l.seen BETWEEN p.performed_date - {days} AND p.performed_date "
    "WHERE length(p.code) = 5)"
)
_TWO = (
    "(SELECT person_id FROM prescriptions AS p JOIN fills AS f USING (person_id, prescription_id) "
    "WHERE p.event_id IS NULL AND f.status = 'paid' AND f.fill_date > DATE '2025-02-01' "
    "AND p.ingredient IN ('lisinopril', 'empagliflozin') AND p.end_date IS NULL "
    "GROUP BY person_id HAVING count(DISTINCT p.ingredient) = 2 LIMIT 1)"
)


def _change(table: str, column: str, value: str, where: str) -> str:
    return f"UPDATE {table} SET {column} = '{value}' WHERE {where}"


_SAFETY = (
    _row("no fill against a result", _change("prescriptions", "drug", "alendronate 10 mg tablet",
         _FILLED.format(found=_RESULT.format(below=35)))),
    _row("no fill against a condition", _change("prescriptions", "drug",
         "pioglitazone 30 mg tablet", _FILLED.format(found=_FAILED))),
    _row("no fill beside a drug that forbids it",
         "UPDATE prescriptions SET drug = CASE ingredient WHEN 'lisinopril' THEN 'sildenafil 50 mg "
         "tablet' ELSE 'isosorbide mononitrate 30 mg extended-release tablet' END "
         f"WHERE event_id IS NULL AND ingredient <> 'metformin' AND person_id = {_TWO}"),
    _row("nothing is begun against a result", _change("prescriptions", "drug",
         "emtricitabine-tenofovir disoproxil 200 mg/300 mg tablet",
         _BEGUN.format(found=_RESULT.format(below=50)))),
    _row("nothing is begun against a condition", _change("prescriptions", "drug",
         "pioglitazone 30 mg tablet", _BEGUN.format(found=_FAILING))),
    _row("nothing is begun beside a drug that forbids it", _change("prescriptions", "drug",
         "losartan 50 mg tablet", _BEGUN.format(found=_ON_LISINOPRIL))),
    _row("nothing is begun at an age that forbids it", _change("prescriptions", "drug",
         "zolpidem 10 mg tablet", _BEGUN.format(found=_OLD))),
    _row("no treatment against a result", _change("procedures", "code", "J3489",
         _GIVEN.format(found=_RESULT.format(below=35), days=90))),
    _row("nothing is begun against an allergy", _change("prescriptions", "drug",
         "amoxicillin 500 mg capsule", _BEGUN.format(found=_TO_PENICILLIN))),
    _row("no treatment against an allergy", _change("procedures", "code", "J2540",
         _GIVEN.format(found=_TO_PENICILLIN, days=9_000)),
         also=("a procedure that is billed is in the chart",)),
    _row("no treatment against a condition", _change("procedures", "code", "J9355",
         _GIVEN.format(found=_FAILING, days=9_000)),
         also=("a procedure that is billed is in the chart",)),
)  # fmt: skip

_OFFICE = "SELECT encounter_id FROM encounters WHERE encounter_class = 'office'"
_USUAL = "loinc = '{code}' AND event_id IS NULL"
_VITAL_SIGNS = (
    _row("encounters have the vital signs of their class",
         f"DELETE FROM vital_signs WHERE loinc = '8867-4' AND encounter_id IN ({_OFFICE})"),
    _row("a vital sign is taken once at a time",
         "INSERT INTO vital_signs BY NAME SELECT * REPLACE (vital_sign_id + 12 AS vital_sign_id) "
         f"FROM vital_signs WHERE {_USUAL.format(code='8867-4')} LIMIT 1"),
    _row("diastolic pressure is below systolic",
         _one("vital_signs", "value = 159", f"{_USUAL.format(code='8462-4')} AND (encounter_id, "
              "measured_at) IN (SELECT (encounter_id, measured_at) FROM vital_signs "
              "WHERE loinc = '8480-6' AND value < 150)")),
    _row("systolic and diastolic pressure are read together",
         _one("vital_signs", "measured_at = measured_at + INTERVAL 1 MINUTE",
              _USUAL.format(code="8462-4"))),
    _row("body mass index is weight by height",
         _one("vital_signs", "value = value + 1", _USUAL.format(code="39156-5"))),
    _row("nobody gets shorter before 45",
         _one("vital_signs", "value = value - 5", "vital_sign_id IN (SELECT max(vital_sign_id) "
              f"FROM vital_signs JOIN patients USING (person_id) WHERE "
              f"{_USUAL.format(code='8302-2')} AND birth_date > DATE '1985-01-01' "
              "GROUP BY person_id, measured_at HAVING measured_at > (SELECT min(o.measured_at) "
              "FROM vital_signs AS o WHERE o.loinc = '8302-2' "
              "AND o.person_id = vital_signs.person_id))"),
         also=("computed vital signs follow from their inputs",)),
    _row("a code of body mass index is that of its visit",
         "UPDATE encounter_diagnoses SET code = 'Z68.45' WHERE sequence = 1 AND encounter_id = "
         f"(SELECT min(encounter_id) FROM vital_signs WHERE {_USUAL.format(code='39156-5')} "
         "AND value < 60)",
         also=("an encounter has a diagnosis", "diagnoses of a claim are the encounter's")),
    _row("a percentile has its measurement",
         _one("vital_signs", "loinc = '59576-9'", _USUAL.format(code="39156-5"))),
)  # fmt: skip

CHANGES = (
    *_SAFETY,
    *_VITAL_SIGNS,
    *_VACCINES,
    *_MEDICINES,
    *_MONEY,
    *_LINKS,
    *_NETWORK,
    *_DAYS,
    *_IDENTITY,
    *_CODES,
)
