# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of who treats whom: networks of plans, hospitals and their staff, nearby doctors."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule, RowRule

_CLAIM = "concat('claim_id ', c.claim_id)"
_ENCOUNTER = "concat('encounter_id ', e.encounter_id)"

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a claim is in the network that its plan lists", "claims.network",
        ("claims", "plan_networks"),
        f"SELECT {_CLAIM} FROM claims AS c LEFT JOIN plan_networks AS n "
        "ON c.plan_id = n.plan_id AND c.billing_npi = n.organisation_npi "
        "WHERE n.network IS DISTINCT FROM c.network",
    ),
    AuditRule(
        "members who may not go outside do so in emergencies", "claims.network",
        ("claims", "plans", "encounters"),
        f"SELECT {_CLAIM} FROM claims AS c JOIN plans AS p USING (plan_id) "
        "JOIN encounters AS e USING (encounter_id) ANTI JOIN encounters AS m "
        "ON m.parent_encounter_id = e.encounter_id WHERE p.outside_weight = 0 "
        "AND c.network = 'out' AND e.encounter_class <> 'emergency'",
    ),
    AuditRule(
        "a stay is attended by the hospital's own", "encounters.attending_npi",
        ("encounters", "providers"),
        f"SELECT {_ENCOUNTER} FROM encounters AS e JOIN providers AS d "
        "ON d.npi = e.attending_npi WHERE e.encounter_class IN ('emergency', 'inpatient') "
        "AND d.specialty IN ('emergency medicine', 'hospitalist') "
        "AND d.facility_id <> e.facility_id",
    ),
    AuditRule(
        "nobody leaves the county for a doctor whom it has", "patients.pcp_npi",
        ("patients", "providers"),
        "SELECT concat('person_id ', p.person_id) FROM patients AS p JOIN providers AS d "
        "ON d.npi = p.pcp_npi WHERE d.county_fips <> p.county_fips AND (d.specialty, "
        "p.county_fips) IN (SELECT (specialty, county_fips) FROM providers)",
    ),
    RowRule(
        "whoever is invented has an invented number", "providers.source", "providers",
        "(source = 'synthetic') <> (npi // 1000000000 = 2)",
    ),
    RowRule("whoever treats has room", "providers.capacity", "providers", "capacity <= 0"),
)  # fmt: skip
