# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of identity: numbers that belong to no real person, addresses that exist, no duplicates."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule, RowRule

_SSN = "^(9[0-9]{2}-(0[1-9]|[1-4][0-9])|[A-HJ-NP-Z]{3}-[0-9]{2})-[0-9]{4}$"
_LETTER = "[AC-HJKMNP-RT-Y]"  # letters of an MBI: without B, I, L, O, S, Z (CMS)
_EITHER = "[0-9AC-HJKMNP-RT-Y]"
_MBI = f"^[1-9]S{_EITHER}[0-9]{_LETTER}{_EITHER}[0-9]{_LETTER}{{2}}[0-9]{{2}}$"
_OWN = "^SYN([0-9]{9}|[0-9]{11})$"

NPI_COLUMNS = (
    ("patients", "pcp_npi"), ("encounters", "attending_npi"), ("procedures", "performer_npi"),
    ("immunizations", "performer_npi"), ("lab_results", "ordering_npi"),
    ("prescriptions", "prescriber_npi"), ("referrals", "referring_npi"),
    ("referrals", "referred_to_npi"), ("claims", "billing_npi"), ("claims", "rendering_npi"),
    ("claims", "attending_npi"), ("claims", "facility_npi"), ("claims", "referring_npi"),
    ("claims", "supervising_npi"), ("claims", "operating_npi"), ("claims", "other_operating_npi"),
    ("claim_lines", "ordering_npi"), ("fills", "pharmacy_npi"),
    ("fills", "prescriber_npi"), ("providers", "npi"), ("providers", "organisation_npi"),
    ("facilities", "npi"), ("pharmacies", "npi"), ("service_requests", "requester_npi"),
    ("care_team_members", "member_npi"),
    ("service_requests", "performer_npi"), ("diagnostic_reports", "performer_npi"),
    ("appointments", "practitioner_npi"), ("immunizations_not_given", "performer_npi"),
    ("medication_administrations", "performer_npi"), ("observations", "performer_npi"),
    ("screenings", "performer_npi"), ("clinical_notes", "author_npi"),
)  # fmt: skip
"""Every column that holds a provider identifier."""

_DOUBLED = " + ".join(
    f"(2 * (n // {10**place} % 10)) // 10 + (2 * (n // {10**place} % 10)) % 10"
    for place in (1, 3, 5, 7, 9)
)
_PLAIN = " + ".join(f"n // {10**place} % 10" for place in (0, 2, 4, 6, 8))
_LUHN = f"(24 + {_DOUBLED} + {_PLAIN}) % 10"  # 24: for the prefix 80840 (CMS)


def _safe_npi(table: str, column: str) -> AuditRule:
    return AuditRule(
        f"an NPI that is never issued {table}.{column}", f"{table}.{column}",
        tuple(dict.fromkeys((table, "providers"))),
        f"SELECT concat('{column} ', n) FROM (SELECT DISTINCT {column} AS n FROM {table} "
        f"WHERE {column} IS NOT NULL) WHERE (n // 1000000000 <> 2 OR {_LUHN} <> 0) "
        "AND n NOT IN (SELECT npi FROM providers WHERE source = 'nppes')",
    )  # fmt: skip


def _matching(name: str, table: str, column: str, pattern: str) -> RowRule:
    broken = f"NOT regexp_matches({column}, '{pattern}')"
    return RowRule(f"{name} {table}.{column}", f"{table}.{column}", table, broken)


def _once(table: str, column: str) -> AuditRule:
    return AuditRule(
        f"nobody shares {table}.{column}", f"{table}.{column}", (table,),
        f"SELECT concat('{column} ', {column}) FROM {table} GROUP BY {column} HAVING count(*) > 1",
    )  # fmt: skip


def _one_ssn(table: str) -> AuditRule:
    return AuditRule(
        f"one number for one person {table}.ssn", f"{table}.ssn", (table, "patients"),
        f"SELECT concat('person_id ', s.person_id) FROM {table} AS s JOIN patients AS p "
        "USING (person_id) WHERE s.ssn <> p.ssn",
    )  # fmt: skip


RULES: tuple[AnyRule, ...] = (
    *(_safe_npi(*npi_column) for npi_column in NPI_COLUMNS),
    *(_matching("a number never issued", table, "ssn", _SSN)
      for table in ("patients", "members", "rx_members", "subjects")),
    *(_one_ssn(table) for table in ("members", "rx_members", "subjects")),
    *(_once(*one) for one in (("patients", "ssn"), ("patients", "mrn"),
                              ("members", "member_number"),
                              ("rx_members", "cardholder_id, person_code"),
                              ("subjects", "usubjid"))),
    _matching("a telephone of fiction", "patients", "phone", "^[0-9]{3}-555-01[0-9]{2}$"),
    _matching("a telephone of fiction", "related_persons", "phone", "^[0-9]{3}-555-01[0-9]{2}$"),
    _matching("a mailbox of nobody", "patients", "email", "^[a-z0-9.]+@example[.]com$"),
    _matching("a payer number of nobody", "members", "member_number", f"{_MBI}|{_OWN}"),
    _matching("a payer number of nobody", "rx_members", "cardholder_id", f"{_MBI}|{_OWN}"),
    _matching("a routing number of nobody", "rx_members", "bin", "^999999$"),
    _matching("a tax number of nobody", "providers", "tin", "^00-[0-9]{7}$"),
    _matching("a tax number of nobody", "facilities", "tin", "^00-[0-9]{7}$"),
    AuditRule(
        "Medicare numbers are Medicare-shaped", "members.member_number",
        ("members", "enrollments", "plans"),
        "SELECT concat('person_id ', m.person_id) FROM members AS m JOIN (SELECT person_id, "
        "arg_min(plan_id, (effective_date, enrollment_id)) AS plan_id FROM enrollments "
        "GROUP BY person_id) AS n USING (person_id) JOIN plans AS p USING (plan_id) "
        "WHERE starts_with(p.kind, 'medicare') "
        f"AND NOT regexp_matches(m.member_number, '{_MBI}')",
    ),
    AuditRule(
        "an address that exists", "patients.zip", ("patients",),
        "SELECT concat('person_id ', p.person_id) FROM patients AS p ANTI JOIN temp.places AS g "
        "ON p.zip = g.zip AND p.city = g.city AND p.county_fips = g.county_fips "
        "AND p.state = g.state",
    ),
    AuditRule(
        "names differ within a household", "patients.given_name", ("patients",),
        "SELECT concat('household_id ', household_id, ' ', given_name) FROM patients "
        "GROUP BY household_id, given_name HAVING count(*) > 1",
    ),
    AuditRule(
        "an area code of the state", "patients.phone", ("patients",),
        "SELECT concat('person_id ', p.person_id) FROM patients AS p ANTI JOIN temp.area_codes "
        "AS a ON p.state = a.state AND left(p.phone, 3) = a.area_code",
    ),
)  # fmt: skip
"""Rules of identifiers and addresses; the places that exist are ``temp.places``."""
