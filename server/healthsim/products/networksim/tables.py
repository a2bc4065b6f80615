"""NetworkSim: who treats and where, as columns."""

from __future__ import annotations

from healthsim.tables import Column, Table

PROVIDERS = Table(
    name="providers",
    product="networksim",
    grain="one row per clinician that the scenario uses",
    key=("npi",),
    columns=(
        Column("npi", "BIGINT", "Provider identifier; an invented one begins with 2: none "
               "is issued.", source="CMS NPI", required=True),
        Column("entity_type", "INTEGER", "1 person, 2 organisation.", source="NPPES",
               required=True),
        Column("given_name", "VARCHAR", "First name; null for an organisation."),
        Column("family_name", "VARCHAR", "Surname, or the organisation's name.", required=True),
        Column("organisation_npi", "BIGINT", "The group that bills for the provider.",
               required=True),
        Column("taxonomy", "VARCHAR", "Taxonomy code.", source="NUCC", required=True),
        Column("specialty", "VARCHAR", "Specialty, in words.", required=True),
        Column("county_fips", "VARCHAR", "County of practice.", required=True),
        Column("tin", "VARCHAR", "Tax number of the group, 00-.", required=True),
        Column("capacity", "INTEGER", "How readily people come to this clinician: 100 is usual, "
               "200 twice as often. A weight, no limit.", required=True),
        Column("facility_id", "BIGINT", "The hospital whose staff the clinician is; null where of "
               "none.", references="facilities.facility_id"),
        Column("source", "VARCHAR", "synthetic: nobody; nppes: a real clinician of the public "
               "registry, whose patients here are invented.", required=True),
    ),
)  # fmt: skip

FACILITIES = Table(
    name="facilities",
    product="networksim",
    grain="one row per facility that the scenario uses",
    key=("facility_id",),
    columns=(
        Column("facility_id", "BIGINT", "Row of the directory.", required=True),
        Column("npi", "BIGINT", "Organisation identifier that begins with 2.", required=True),
        Column("ccn", "VARCHAR", "Certification number, of a laboratory its CLIA number; an "
               "invented one has an unused state code.",
               source="CMS CCN", required=True),
        Column("name", "VARCHAR", "Its name, invented or as CMS lists it.", required=True),
        Column("kind", "VARCHAR", "hospital, asc, snf, dialysis, home health or laboratory.",
               required=True),
        Column("county_fips", "VARCHAR", "County.", required=True),
        Column("beds", "INTEGER", "Staffed beds; 0 where it has none.", required=True),
        Column("tin", "VARCHAR", "Tax number, 00-.", required=True),
        Column("source", "VARCHAR", "synthetic: no such place; cms-hospitals: a real hospital, "
               "with an invented NPI.", required=True),
    ),
)  # fmt: skip

PHARMACIES = Table(
    name="pharmacies",
    product="networksim",
    grain="one row per pharmacy that the scenario uses",
    key=("npi",),
    columns=(
        Column("npi", "BIGINT", "Organisation identifier that begins with 2.", required=True),
        Column("ncpdp_id", "VARCHAR", "Seven-digit pharmacy number that is not assigned.",
               source="NCPDP Provider ID", required=True),
        Column("name", "VARCHAR", "An invented name.", required=True),
        Column("county_fips", "VARCHAR", "County.", required=True),
        Column("mail_order", "BOOLEAN", "Fills by mail.", required=True),
        Column("specialty", "BOOLEAN", "Fills specialty drugs, and sends them.", required=True),
    ),
)  # fmt: skip

TABLES = (PROVIDERS, FACILITIES, PHARMACIES)
