"""Files with the columns that publishers give theirs, and rows that are made up."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from healthsim.products.populationsim.reference import geography
from healthsim.reference.read import open_reference
from healthsim.tables import Columns

COUNTIES = {"48201": ("Texas", "Harris County"), "35013": ("New Mexico", "Doña Ana County"),
            "50007": ("Vermont", "Chittenden County")}  # fmt: skip
_RACES = [f"{race}_{sex}" for race in ("WA", "BA", "IA", "AA", "NA", "TOM", "H")
          for sex in ("MALE", "FEMALE")]  # fmt: skip
BANDS = ("AGE04", "AGE59", *(f"AGE{low}{low + 4}" for low in range(10, 85, 5)), "AGE85PLUS")


def write(
    path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], *,
    encoding: str = "utf-8", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL,
) -> Path:  # fmt: skip
    """Write a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(header)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def zip_of(county: str) -> str:
    """Return a ZIP code of a county that HealthSim knows."""
    here = geography()
    return here.place_zip[int(here.place_start[here.county_index(county)])]


def men(fips: str, band: int, code: int) -> int:
    """Return how many men of a band, from 0, a county has in a year."""
    return int(fips[:2]) + 3 * band + code


def women(fips: str, band: int, code: int) -> int:
    """Return how many women of a band, from 0, a county has in a year."""
    return int(fips[3:]) + 2 * band + code


def census_alldata(
    folder: Path, name: str = "cc-est2023-alldata.csv", codes: Sequence[int] = (1, 4, 5)
) -> Path:
    """Write the Census layout of one row per county, year and age group; Latin-1."""
    header = ["SUMLEV", "STATE", "COUNTY", "STNAME", "CTYNAME", "YEAR", "AGEGRP", "TOT_POP",
              "TOT_MALE", "TOT_FEMALE", *_RACES]  # fmt: skip
    rows = []
    for fips, names in COUNTIES.items():
        for code in codes:
            bands = [(men(fips, band, code), women(fips, band, code)) for band in range(18)]
            whole = (sum(one for one, _ in bands), sum(other for _, other in bands))
            for group, (one, other) in enumerate([whole, *bands]):
                rows.append(["050", fips[:2], fips[2:], *names, code, group, one + other, one,
                             other, *[1] * len(_RACES)])  # fmt: skip
    return write(folder / name, header, rows, encoding="latin-1")


def census_agesex(
    folder: Path, name: str = "cc-est2023-agesex-all.csv", codes: Sequence[int] = (1, 4, 5)
) -> Path:
    """Write the Census layout of one row per county and year; Latin-1."""
    groups = ("UNDER5", "AGE513", "AGE1417", "AGE1824", "AGE16PLUS", "AGE18PLUS", "AGE1544",
              "AGE2544", "AGE4564", "AGE65PLUS")  # fmt: skip
    names = [f"{band}_{kind}" for band in (*groups, *BANDS) for kind in ("TOT", "MALE", "FEM")]
    header = ["SUMLEV", "STATE", "COUNTY", "STNAME", "CTYNAME", "YEAR", "POPESTIMATE",
              "POPEST_MALE", "POPEST_FEM", *names, "MEDIAN_AGE_TOT", "MEDIAN_AGE_MALE",
              "MEDIAN_AGE_FEM"]  # fmt: skip
    rows = []
    for fips, place in COUNTIES.items():
        for code in codes:
            bands = [(men(fips, band, code), women(fips, band, code)) for band in range(18)]
            one, other = (sum(column) for column in zip(*bands, strict=True))
            cells = [n for m, w in bands for n in (m + w, m, w)]
            rows.append(["050", fips[:2], fips[2:], *place, code, one + other, one, other,
                         *[7] * 30, *cells, 38.1, 37.0, 39.2])  # fmt: skip
    return write(folder / name, header, rows, encoding="latin-1")


MEASURES = {"DIABETES": 11.4, "BPHIGH": 33.05, "OBESITY": 40.0}


def places_wide(
    folder: Path,
    name: str = "PLACES__County_Data__GIS_Friendly_Format___2024_release_20250301.csv",
) -> Path:
    """Write the layout of one column per measure, with a measure that one county lacks."""
    header = ["StateAbbr", "StateDesc", "CountyName", "CountyFIPS", "TotalPopulation",
              "TotalPop18plus"]  # fmt: skip
    for measure in MEASURES:
        header += [f"{measure}_CrudePrev", f"{measure}_Crude95CI", f"{measure}_AdjPrev",
                   f"{measure}_Adj95CI"]  # fmt: skip
    rows = []
    for fips, (state, county) in COUNTIES.items():
        cells: list[object] = []
        for measure, value in MEASURES.items():
            gone = fips == "50007" and measure == "OBESITY"
            cells += ["", "", "", ""] if gone else [
                value, f"({value - 1:4.1f}, {value + 1:4.1f})", value - 2, "( 1.0,  2.0)"
            ]  # fmt: skip
        rows.append([state[:2].upper(), state, county, fips, "4,800,000", 3000, *cells,
                     "POINT (-95.4 29.8)"])  # fmt: skip
    return write(folder / name, [*header, "Geolocation"], rows)


LONG = ["Year", "StateAbbr", "StateDesc", "LocationName", "DataSource", "Category", "Measure",
        "Data_Value_Unit", "Data_Value_Type", "Data_Value", "Data_Value_Footnote_Symbol",
        "Data_Value_Footnote", "Low_Confidence_Limit", "High_Confidence_Limit", "TotalPopulation",
        "TotalPop18plus", "LocationID", "CategoryID", "MeasureId", "DataValueTypeID",
        "Short_Question_Text", "Geolocation"]  # fmt: skip


def places_long(
    folder: Path,
    name: str = "PLACES__Local_Data_for_Better_Health__County_Data_2024_release_20250301.csv",
) -> Path:
    """Write the layout of one row per county, measure and kind of prevalence."""
    rows: list[list[object]] = []
    for fips, (state, county) in {"59": ("United States", "United States"), **COUNTIES}.items():
        for measure, value in MEASURES.items():
            for kind, label in (("CrdPrv", "Crude prevalence"),
                                ("AgeAdjPrv", "Age-adjusted prevalence")):  # fmt: skip
                letters = "US" if fips == "59" else state[:2].upper()
                shown = value if kind == "CrdPrv" else value - 2
                rows.append([2022, letters, state, county, "BRFSS", "Health Outcomes",
                             f"{measure}, among adults", "%", label, shown, "", "", shown - 1,
                             shown + 1, 4_800_000, 3_000_000, fips, "HLTHOUT", measure, kind,
                             measure.title(), "POINT (-95.4 29.8)"])  # fmt: skip
    return write(folder / name, LONG, rows)


def svi(folder: Path, name: str = "SVI_2022_US_county.csv") -> Path:
    """Write the SVI by county; one county has no overall rank."""
    header = ["ST", "STATE", "ST_ABBR", "STCNTY", "COUNTY", "FIPS", "LOCATION", "AREA_SQMI",
              "E_TOTPOP", "M_TOTPOP", "SPL_THEME1", "RPL_THEME1", "RPL_THEME2", "RPL_THEME3",
              "RPL_THEME4", "SPL_THEMES", "RPL_THEMES"]  # fmt: skip
    rows = [
        [fips[:2], state, state[:2].upper(), fips, county, fips, f"{county}, {state}", 1.5, 4321, 0,
         2.2, 0.25, 0.5, 0.75, 1, 9.9, -999 if fips == "50007" else 0.6543]
        for fips, (state, county) in COUNTIES.items()
    ]  # fmt: skip
    return write(folder / name, header, rows)


def hospitals(folder: Path, name: str = "Hospital_General_Information.csv") -> Path:
    """Write the CMS hospital file; nobody is in it who exists."""
    header = ["Facility ID", "Facility Name", "Address", "City/Town", "State", "ZIP Code",
              "County/Parish", "Telephone Number", "Hospital Type", "Hospital Ownership",
              "Emergency Services", "Meets criteria for birthing friendly designation",
              "Hospital overall rating", "Hospital overall rating footnote"]  # fmt: skip
    rows = [
        ["459901", "MADE UP, GENERAL", "1 SYNTHETIC ST", "HOUSTON", "TX", zip_of("48201"), "HARRIS",
         "(713) 555-0100", "Acute Care Hospitals", "Voluntary non-profit - Private", "Yes", "Y",
         "4", ""],
        ["479901", "NOWHERE CRITICAL ACCESS", "2 SYNTHETIC ST", "BURLINGTON", "VT", "00001",
         "CHITTENDEN", "(802) 555-0101", "Critical Access Hospitals", "Proprietary", "No", "",
         "Not Available", "16"],
        ["01002F", "NO PLACE", "3 SYNTHETIC ST", "NOWHERE", "AL", "00002", "ATLANTIS",
         "(205) 555-0102", "Childrens", "Government - State", "Yes", "", "3", ""],
    ]  # fmt: skip
    return write(folder / name, header, rows)


_MAIL = "Provider Business Mailing Address"
PRACTICE = "Provider Business Practice Location Address"
_LINES = ("City Name", "State Name", "Postal Code", "Country Code (If outside U.S.)",
          "Telephone Number", "Fax Number")  # fmt: skip
NPPES = [
    "NPI", "Entity Type Code", "Replacement NPI", "Employer Identification Number (EIN)",
    "Provider Organization Name (Legal Business Name)", "Provider Last Name (Legal Name)",
    "Provider First Name", "Provider Middle Name", "Provider Name Prefix Text",
    "Provider Name Suffix Text", "Provider Credential Text", "Provider Other Organization Name",
    "Provider Other Organization Name Type Code", "Provider Other Last Name",
    "Provider Other First Name", "Provider Other Middle Name", "Provider Other Name Prefix Text",
    "Provider Other Name Suffix Text", "Provider Other Credential Text",
    "Provider Other Last Name Type Code", "Provider First Line Business Mailing Address",
    "Provider Second Line Business Mailing Address", *(f"{_MAIL} {line}" for line in _LINES),
    "Provider First Line Business Practice Location Address",
    "Provider Second Line Business Practice Location Address",
    *(f"{PRACTICE} {line}" for line in _LINES), "Provider Enumeration Date", "Last Update Date",
    "NPI Deactivation Reason Code", "NPI Deactivation Date", "NPI Reactivation Date",
    "Provider Sex Code", "Authorized Official Last Name", "Authorized Official First Name",
    "Authorized Official Middle Name", "Authorized Official Title or Position",
    "Authorized Official Telephone Number",
    *(f"{name}_{number}" for number in range(1, 16) for name in (
        "Healthcare Provider Taxonomy Code", "Provider License Number",
        "Provider License Number State Code", "Healthcare Provider Primary Taxonomy Switch")),
    *(f"Other Provider Identifier{name}_{number}" for number in range(1, 51)
      for name in ("", " Type Code", " State", " Issuer")),
    "Is Sole Proprietor", "Is Organization Subpart", "Parent Organization LBN",
    "Parent Organization TIN", "Authorized Official Name Prefix Text",
    "Authorized Official Name Suffix Text", "Authorized Official Credential Text",
    *(f"Healthcare Provider Taxonomy Group_{number}" for number in range(1, 16)),
    "Certification Date",
]  # fmt: skip
"""The 330 columns of npidata_pfile."""


def provider(npi: int, **cells: str) -> list[str]:
    """Return a row of NPPES: a family doctor in Houston, but for what is said otherwise."""
    said: Mapping[str, str] = {
        "NPI": str(npi), "Entity Type Code": "1", "Provider Last Name (Legal Name)": "INVENTED",
        "Provider First Name": "NOBODY", f"{PRACTICE} City Name": "HOUSTON",
        f"{PRACTICE} State Name": "TX", f"{PRACTICE} Postal Code": f"{zip_of('48201')}1234",
        f"{PRACTICE} Country Code (If outside U.S.)": "US",
        "Healthcare Provider Taxonomy Code_1": "207Q00000X",
        "Healthcare Provider Primary Taxonomy Switch_1": "Y",
        "Provider Enumeration Date": "05/23/2006",
    } | cells  # fmt: skip
    return [said.get(name, "") for name in NPPES]


def nppes(
    folder: Path, rows: Sequence[Sequence[str]],
    name: str = "npidata_pfile_20050523-20240512.csv", end: str = "\n",
) -> Path:  # fmt: skip
    """Write the NPPES layout, every field in quotes as it ships."""
    return write(folder / name, NPPES, rows, quoting=csv.QUOTE_ALL, end=end)


def stored(path: Path, method: str, *asked: Sequence[str]) -> Columns:
    """Return rows of a reference by a method of its reader."""
    with open_reference(path) as reference:
        columns: Columns = getattr(reference, method)(*asked)
    return columns
