"""The tables of reference.duckdb: imported figures, providers and hospitals."""

from __future__ import annotations

from collections.abc import Mapping

from healthsim.tables import Column, Table, Type

PRODUCT = "reference"


def _table(name: str, grain: str, key: tuple[str, ...], *columns: Column) -> Table:
    return Table(name=name, product=PRODUCT, grain=grain, key=key, columns=columns)


def _share(name: str, meaning: str) -> Column:
    return Column(name, "DOUBLE", f"{meaning}; 0 to 1, null where not published.")


def _need(name: str, kind: Type, meaning: str) -> Column:
    return Column(name, kind, meaning, required=True)


_FIPS = _need("fips", "VARCHAR", "County, five digits.")

IMPORTS = _table(
    "imports",
    "one row per thing that was imported",
    ("name",),
    _need("name", "VARCHAR", "By what it is listed and removed."),
    _need("kind", "VARCHAR", "Which importer read it."),
    _need("table", "VARCHAR", "Table that holds its rows."),
    _need("file_name", "VARCHAR", "Name of the publisher's file."),
    _need("digest", "VARCHAR", "SHA-256 over the imported columns; its version."),
    _need("rows", "BIGINT", "Rows kept."),
    _need("vintage", "VARCHAR", "Which release of the publisher."),
    _need("checks", "VARCHAR", "What was checked, and what came out; a JSON object."),
)
COUNTY_PEOPLE = _table(
    "county_people",
    "one row per county, sex and age band",
    ("fips", "sex", "age_low"),
    _FIPS,
    _need("sex", "VARCHAR", "M or F."),
    _need("age_low", "INTEGER", "First age of the band, completed years."),
    _need("age_high", "INTEGER", "First age past the band; 100 for the open band of 85 and over."),
    _need("people", "BIGINT", "Estimated residents on 1 July."),
)
COUNTY_MEASURES = _table(
    "county_measures",
    "one row per county and measure",
    ("fips", "measure"),
    _FIPS,
    _need("measure", "VARCHAR", "The publisher's measure, small letters, such as diabetes."),
    Column("value_share", "DOUBLE", "Crude prevalence among adults; 0 to 1.", required=True),
    _share("low_share", "Lower end of the 95 % confidence interval"),
    _share("high_share", "Upper end of the 95 % confidence interval"),
    Column("year", "INTEGER", "Year of the survey; null where the layout does not say."),
    _need("source", "VARCHAR", "Publisher and release."),
)
COUNTY_SVI = _table(
    "county_svi",
    "one row per county",
    ("fips",),
    _FIPS,
    _share("overall_share", "Percentile rank of overall vulnerability (RPL_THEMES)"),
    _share("socioeconomic_share", "Percentile rank of theme 1 (RPL_THEME1)"),
    _share("household_share", "Percentile rank of theme 2, household characteristics (RPL_THEME2)"),
    _share("minority_share", "Percentile rank of theme 3, minority status (RPL_THEME3)"),
    _share("housing_share", "Percentile rank of theme 4, housing and transport (RPL_THEME4)"),
    Column("people", "BIGINT", "Estimated residents (E_TOTPOP)."),
)
NPI_PROVIDERS = _table(
    "npi_providers",
    "one row per active provider",
    ("county_fips", "npi"),
    _need("npi", "BIGINT", "National Provider Identifier."),
    _need("entity_type", "INTEGER", "1 a person, 2 an organisation."),
    Column("given_name", "VARCHAR", "First name of a person."),
    Column("family_name", "VARCHAR", "Last name of a person."),
    Column("organisation_name", "VARCHAR", "Legal business name of an organisation."),
    Column("taxonomy", "VARCHAR", "Primary taxonomy code; the first where none is primary."),
    Column("specialty", "VARCHAR", "Its word in specifications; null where it has none."),
    Column("city", "VARCHAR", "City of practice."),
    _need("state", "VARCHAR", "State of practice, two letters."),
    Column("zip", "VARCHAR", "ZIP code of practice, five digits."),
    Column("county_fips", "VARCHAR", "County of that ZIP; null where the ZIP is not known."),
)
HOSPITALS = _table(
    "hospitals",
    "one row per hospital",
    ("ccn",),
    _need("ccn", "VARCHAR", "CMS certification number, six characters."),
    _need("name", "VARCHAR", "Facility name."),
    Column("city", "VARCHAR", "City."),
    _need("state", "VARCHAR", "State, two letters."),
    Column("zip", "VARCHAR", "ZIP code, five digits."),
    Column("county", "VARCHAR", "County as the file names it."),
    Column("county_fips", "VARCHAR", "County; null where neither its name nor its ZIP is known."),
    _need("kind", "VARCHAR", "Hospital type, such as Acute Care Hospitals."),
    Column("ownership", "VARCHAR", "Who owns it."),
    Column("emergency", "BOOLEAN", "Whether it has emergency services."),
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (COUNTY_PEOPLE, COUNTY_MEASURES, COUNTY_SVI, NPI_PROVIDERS, HOSPITALS)
}
"""The tables of imported rows, by name."""
