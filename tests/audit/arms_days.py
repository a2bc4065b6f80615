"""Arms of the rules of time and of networks: one day before, on and after what they allow."""

from __future__ import annotations

from collections.abc import Iterator

from audit.arms import Arm, breaks, each, first, keeps, one
from healthsim.audit import days
from healthsim.codes.books import DEATHS

_CLAIMS, _FILLS = "claims only while covered", "fills only while covered"
_DEATH = "death is the day of its event"
_DISCHARGED = "a discharge status of death is that of the dead"
_LAST = first(
    "encounter_id",
    "encounters",
    "encounter_class = 'office' AND disposition = '01' AND "
    "(person_id, end_at) IN (SELECT person_id, max(end_at) FROM encounters GROUP BY 1)",
)
_DIES_THEN = (
    "UPDATE patients SET death_date = (SELECT end_at::DATE{off} FROM encounters WHERE "
    f"encounter_id = {_LAST}) WHERE person_id = "
    f"(SELECT person_id FROM encounters WHERE encounter_id = {_LAST})"
)
_OVERLAP = "spans of coverage do not overlap"
_ORDER = "served, then received, then decided"
_VISIT = "an encounter ends after it begins"
_ENDED = "no fill after a prescription has ended"
_REVERSED = "a fill is put back after it was made"
_CONDITION = "a condition ends after it begins"
_DEAD = "SELECT person_id FROM patients WHERE death_date IS NOT NULL"
_DIED = "(SELECT p.death_date FROM patients AS p WHERE p.person_id = {table}.person_id)"
_BORN = "(SELECT p.birth_date FROM patients AS p WHERE p.person_id = {table}.person_id)"


def _in_a_life(table: str, column: str) -> Iterator[Arm]:
    """Yield the day of death, the day after it, the day of birth and the day before it."""
    died, born = _DIED.format(table=table), _BORN.format(table=table)
    dead = f"person_id IN ({_DEAD})"
    name = f"{table}.{column}"
    yield keeps(f"nothing after death {name}", one(table, f"{column} = {died}", dead))
    yield breaks(f"nothing after death {name}", one(table, f"{column} = {died} + 1", dead))
    yield keeps(f"nothing before birth {name}", one(table, f"{column} = {born}"))
    yield breaks(f"nothing before birth {name}", one(table, f"{column} = {born} - 1"))


def _in_the_data(table: str, column: str) -> Iterator[Arm]:
    rule = f"within the data {table}.{column}"
    early = int(table not in (
        "conditions", "prescriptions", "enrollments", "devices", "allergies", "observations",
        "family_history"))  # fmt: skip
    first_day, last_day = ("(SELECT as_of FROM data_days)", "(SELECT through FROM data_days)")
    yield keeps(rule, one(table, f"{column} = {first_day}"))
    yield Arm(rule, (one(table, f"{column} = {first_day} - INTERVAL 1 DAY"),), early)
    yield keeps(rule, one(table, f"{column} = {last_day}"))
    yield breaks(rule, one(table, f"{column} = {last_day} + INTERVAL 1 DAY"))


_HERE = tuple((table, column) for table, _, column in days.SERVED if table in (
    "events", "conditions", "encounters", "procedures", "immunizations", "vital_signs",
    "lab_results", "prescriptions", "referrals", "care_plans", "enrollments", "claims",
    "claim_lines", "fills", "devices",
    "goals",
    "immunizations_not_given", "encounter_locations",
    "medication_administrations", "allergies", "observations", "screenings", "service_requests",
    "specimens", "diagnostic_reports", "related_persons", "family_history",
    "clinical_notes"))  # fmt: skip
_LIVES = tuple(arm for one_column in _HERE for arm in _in_a_life(*one_column))
_DATA = tuple(arm for one_column in _HERE if one_column[1] != "term_date"
              for arm in _in_the_data(*one_column))  # fmt: skip

_ONCE = "SELECT person_id FROM enrollments GROUP BY person_id HAVING count(*) = 1"


def _covered(rule: str, table: str, key: str, day: str, column: str = "") -> Iterator[Arm]:
    """Yield coverage that begins or ends on the very day of a claim or fill, and a day off."""
    mine = first(key, table, f"person_id IN ({_ONCE}) AND {column or day} IS NOT NULL")
    alone = f"DELETE FROM {table} WHERE {key} <> {mine}"
    whose = f"WHERE person_id = (SELECT person_id FROM {table} WHERE {key} = {mine})"
    for change, rows in (("effective_date = {day}", 0), ("effective_date = {day} + 1", 1),
                         ("term_date = {day}", 0), ("term_date = {day} - 1", 1)):  # fmt: skip
        set_to = change.format(day=f"(SELECT {day} FROM {table} WHERE {key} = {mine})")
        yield Arm(rule, (alone, f"UPDATE enrollments SET {set_to} {whose}"), rows)


_TWO_SPANS = "SELECT person_id FROM enrollments GROUP BY person_id, payer_order HAVING count(*) = 2"
_LATER = (
    "UPDATE enrollments AS n SET {change} FROM enrollments AS o WHERE n.person_id = o.person_id "
    f"AND n.effective_date < o.effective_date AND n.person_id = ({_TWO_SPANS} ORDER BY 1 LIMIT 1)"
)
_COVERAGE = (
    *_covered(_CLAIMS, "claims", "claim_id", "from_date"),
    *_covered(_CLAIMS, "claims", "claim_id", "admit_date", "admit_date"),
    *_covered(_FILLS, "fills", "fill_id", "fill_date"),
    keeps("spans of coverage end after they begin",
          one("enrollments", "term_date = effective_date")),
    keeps(_OVERLAP, _LATER.format(change="term_date = o.effective_date - 1")),
    breaks(_OVERLAP, _LATER.format(change="term_date = o.effective_date")),
    breaks(_OVERLAP, _LATER.format(change="term_date = NULL")),
    keeps(_OVERLAP, _LATER.format(change="term_date = NULL, payer_order = 2")),
    breaks("the dead are not covered",
           one("enrollments", "term_date = NULL", f"person_id IN ({_DEAD})")),
    *each(_DEATH, "patients", ("death_date = death_date + 1", "death_date = death_date - 1",
                               "death_date = NULL"), "death_date IS NOT NULL"),
    *each(_DISCHARGED, "encounters", (f"disposition = '{code}'" for code in DEATHS),
          "disposition = '01'"),
    keeps(_DISCHARGED, one("encounters", "disposition = '03'", "disposition = '01'")),
    breaks(_DISCHARGED, _DIES_THEN.format(off="")),
    keeps(_DISCHARGED, _DIES_THEN.format(off=" + 1")),
    keeps(_DISCHARGED, _DIES_THEN.format(off=""),
          one("encounters", "parent_encounter_id = encounter_id", f"encounter_id = {_LAST}")),
    keeps(_DEATH, one("patients", "death_date = DATE '2025-06-01'", "death_date IS NULL")),
)  # fmt: skip

_OF_CLAIMS = (
    *each("a claim begins with its encounter", "claims",
          ("from_date = from_date - 1", "from_date = from_date + 1"), "encounter_id IS NOT NULL"),
    *each("a claim ends with its encounter", "claims",
          ("through_date = through_date - 1", "through_date = through_date + 1"),
          "encounter_id IS NOT NULL"),
    *each("a stay is admitted when it begins", "claims",
          ("admit_date = NULL", "admit_date = admit_date - 1", "admit_date = admit_date + 1"),
          "admit_date IS NOT NULL"),
    *(Arm("lines lie within their claim", (
        one("claim_lines", f"service_date = (SELECT {day} FROM claims AS c "
            "WHERE c.claim_id = claim_lines.claim_id)"),), rows)
      for day, rows in (("from_date", 0), ("from_date - 1", 1), ("through_date", 0),
                        ("through_date + 1", 1))),
    *(Arm(_ORDER, (one("claims", change),), rows) for change, rows in (
        ("through_date = from_date, received_date = from_date, decided_date = from_date, "
         "paid_date = from_date", 0),
        ("through_date = from_date - 1", 1),
        ("received_date = through_date - 1", 1),
        ("received_date = through_date", 0),
        ("decided_date = received_date - 1", 1), ("paid_date = decided_date - 1", 1),
        ("decided_date = received_date", 0), ("paid_date = decided_date", 0))),
    *each(_VISIT, "encounters", (
        "los_days = los_days + 1", "los_days = los_days - 1",
        "end_at = start_at - INTERVAL 1 MINUTE")),
    keeps(_VISIT, one("encounters", "end_at = start_at")),
    keeps("a result follows its specimen", one("lab_results", "resulted_at = collected_at")),
)  # fmt: skip

_WRITTEN = "(SELECT written_date FROM prescriptions AS p WHERE p.prescription_id = " \
           "fills.prescription_id)"  # fmt: skip
_END = "(SELECT end_date FROM prescriptions AS p WHERE p.prescription_id = fills.prescription_id)"
_WITH_END = "prescription_id IN (SELECT prescription_id FROM prescriptions WHERE {end})"
_OF_FILLS = (
    keeps("a fill follows its prescription", one("fills", f"fill_date = {_WRITTEN}")),
    breaks("a fill follows its prescription", one("fills", f"fill_date = {_WRITTEN} - 1")),
    keeps(_ENDED, one("fills", f"fill_date = {_WRITTEN} + 365",
                      _WITH_END.format(end="end_date IS NULL"))),
    breaks(_ENDED, one("fills", f"fill_date = {_WRITTEN} + 366",
                       _WITH_END.format(end="end_date IS NULL"))),
    keeps(_ENDED, one("fills", f"fill_date = {_END} - 1",
                      _WITH_END.format(end="end_date <= written_date + 365"))),
    breaks(_ENDED, one("fills", f"fill_date = {_END}",
                       _WITH_END.format(end="end_date <= written_date + 365"))),
    keeps(_REVERSED, one("fills", "reversed_date = fill_date", "status = 'reversed'")),
    breaks(_REVERSED, one("fills", "reversed_date = fill_date - 1", "status = 'reversed'")),
    breaks(_REVERSED, one("fills", "reversed_date = fill_date", "status = 'paid'")),
    breaks(_REVERSED, one("fills", "reversed_date = NULL", "status = 'reversed'")),
    keeps(_CONDITION, one("conditions", "abatement_date = onset_date, recorded_date = onset_date")),
    *each(_CONDITION, "conditions", (
        "abatement_date = onset_date - 1", "recorded_date = onset_date - 1")),
)  # fmt: skip

_NETWORK = "a claim is in the network that its plan lists"
_OUTSIDE = "members who may not go outside do so in emergencies"
_ATTENDED = "a stay is attended by the hospital's own"
_COUNTY = "nobody leaves the county for a doctor whom it has"
_INVENTED = "whoever is invented has an invented number"
_STRICT = "plan_id = 'MA-HMO' AND form = '837P' AND encounter_id IN (SELECT encounter_id FROM " \
          "encounters WHERE encounter_class = '{kind}'{parent})"  # fmt: skip


def _attends(kind: str, specialty: str, facility: str, rows: int) -> Arm:
    """Let the only encounter be attended by a doctor of a specialty and of a hospital."""
    mine = first("encounter_id", "encounters", "encounter_class = 'inpatient'")
    return Arm(_ATTENDED, (
        f"DELETE FROM encounters WHERE encounter_id <> {mine}",
        f"UPDATE encounters SET encounter_class = '{kind}'",
        f"UPDATE providers SET specialty = '{specialty}', facility_id = (SELECT facility_id "
        f"{facility} FROM encounters) WHERE npi = (SELECT attending_npi FROM encounters)"),
        rows)  # fmt: skip


_NETWORKS = (
    *each(_NETWORK, "claims", ("network = 'in'", "billing_npi = 1"), "network = 'out'"),
    *(Arm(_OUTSIDE, ("UPDATE claims SET network = 'in'",
                     one("claims", "network = 'out'", _STRICT.format(kind=kind, parent=""))), rows)
      for kind, rows in (("office", 1), ("asc", 1), ("emergency", 0), ("inpatient", 0))),
    *(_attends(kind, specialty, facility, rows) for kind, specialty, facility, rows in (
        ("inpatient", "hospitalist", "+ 1", 1), ("inpatient", "hospitalist", "- 1", 1),
        ("emergency", "emergency medicine", "+ 1", 1), ("inpatient", "hospitalist", "", 0),
        ("inpatient", "emergency medicine", "+ 1", 1), ("emergency", "hospitalist", "+ 1", 1),
        ("inpatient", "cardiology", "+ 1", 0), ("office", "hospitalist", "+ 1", 0))),
    *(Arm(_COUNTY, (
        f"DELETE FROM patients WHERE person_id <> {first('person_id', 'patients')}",
        f"UPDATE providers SET county_fips = '{own}' WHERE npi = (SELECT pcp_npi FROM patients)",
        "INSERT INTO providers SELECT * REPLACE (1 AS npi, "
        f"(SELECT county_fips FROM patients) AS county_fips, {specialty} AS specialty) "
        "FROM providers WHERE npi = (SELECT pcp_npi FROM patients)",
        "UPDATE providers SET county_fips = '99998' WHERE npi <> 1 "
        "AND county_fips = (SELECT county_fips FROM patients)"
        " AND npi <> (SELECT pcp_npi FROM patients)"), rows)
      for own, specialty, rows in (
          ("00000", "specialty", 1), ("99999", "specialty", 1), ("00000", "'urology'", 0))),
    *(Arm(_INVENTED, (one("providers", f"npi = {npi}, source = '{source}'"),), rows)
      for npi, source, rows in (
          (1999999999, "synthetic", 1), (2000000000, "synthetic", 0), (2999999999, "synthetic", 0),
          (3000000000, "synthetic", 1), (1999999999, "nppes", 0), (2000000000, "nppes", 1),
          (2999999999, "nppes", 1), (3000000000, "nppes", 0))),
    *(Arm("whoever treats has room", (one("providers", f"capacity = {room}"),), rows)
      for room, rows in ((1, 0), (0, 1), (-1, 1))),
)  # fmt: skip

_LAB = first("lab_result_id", "lab_results", "encounter_id IS NOT NULL AND event_id IS NOT NULL")


def _at_midnight(begins: str, collected: str, rows: int, more: str = "") -> Arm:
    """Return a result alone; its encounter begins, and it is collected, so long after its event."""
    event = "(SELECT v.event_date FROM events AS v JOIN lab_results AS s USING (event_id))"
    changes = (
        f"DELETE FROM lab_results WHERE lab_result_id <> {_LAB}",
        f"UPDATE encounters SET start_at = {event} + INTERVAL '{begins}'",
        f"UPDATE lab_results SET collected_at = {event} + INTERVAL '{collected}'{more}",
    )
    return Arm("on the day of its event lab_results.collected_at", changes, rows)


_MIDNIGHT = (
    _at_midnight("23 hours", "24 hours 4 minutes", 0),
    _at_midnight("23 hours", "47 hours", 0),
    _at_midnight("23 hours", "47 hours 1 minute", 1),
    _at_midnight("24 hours 1 minute", "24 hours 4 minutes", 1),
    _at_midnight("23 hours", "-1 hour", 1),
    _at_midnight("23 hours", "24 hours 4 minutes", 1, ", encounter_id = NULL"),
)

OF_DAYS = (*_MIDNIGHT, *_LIVES, *_DATA, *_COVERAGE, *_OF_CLAIMS, *_OF_FILLS, *_NETWORKS)
