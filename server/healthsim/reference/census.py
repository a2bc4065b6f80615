"""Import of the Census Bureau's county population by age and sex: cc-est…-alldata and -agesex."""

from __future__ import annotations

import re

import duckdb

from healthsim.errors import Refused
from healthsim.persistence.database import quoted
from healthsim.reference.csv_source import CsvSource
from healthsim.reference.layouts import Layout, needs
from healthsim.reference.scan import at_line
from healthsim.reference.staging import STAGED, RowCheck, not_whole, numbers, refuse, refuse_twice
from healthsim.reference.state_codes import counties_by_crosswalk, known_state, unknown_counties
from healthsim.reference.tables import COUNTY_PEOPLE

LOWS = list(range(0, 90, 5))
HIGHS = [*LOWS[1:], 100]  # the last band is open; no built-in table goes beyond 100
_BANDS = tuple(f"AGE{low}{low + 4}" if low < 85 else "AGE85PLUS" for low in LOWS)
_BANDS = ("AGE04", "AGE59", *_BANDS[2:])
_COUNTY = ("SUMLEV", "STATE", "COUNTY", "YEAR")

ALLDATA = Layout(
    "Census county population, cc-estYYYY-alldata",
    needs(*_COUNTY, "AGEGRP", "TOT_POP", "TOT_MALE", "TOT_FEMALE"),
)
AGESEX = Layout(
    "Census county population, cc-estYYYY-agesex",
    needs(*_COUNTY, "POPEST_MALE", "POPEST_FEM",
          *(f"{band}_{sex}" for band in _BANDS for sex in ("MALE", "FEM"))),
)  # fmt: skip

_RELEASE = re.compile(r"cc-est(20\d\d)", re.IGNORECASE)
_BELOW = 0.5  # of the 2020 census: some of a state's counties; reported, not refused
_ABOVE = 1.5  # times the 2020 census that no state's newest estimate reaches; assumption
_FIPS = "lpad(\"STATE\", 2, '0') || lpad(\"COUNTY\", 3, '0')"


def load_alldata(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, year: int | None, as_of: str
) -> tuple[str, dict[str, object]]:
    """Fill the table `county_people` from the layout of one row per age group.

    Returns:
        The vintage, and the results of the checks.
    """
    _refuse_rows(connection, source, ("AGEGRP", "TOT_POP", "TOT_MALE", "TOT_FEMALE"))
    refuse(connection, source, [
        RowCheck("AGEGRP", '"AGEGRP"::INTEGER > 18', "is {}, and this layout counts from 0 to 18",
                 "give a release of 2011 or later"),
        RowCheck("TOT_POP", '"TOT_POP"::BIGINT <> "TOT_MALE"::BIGINT + "TOT_FEMALE"::BIGINT',
                 "is {}, which is not TOT_MALE + TOT_FEMALE"),
    ])  # fmt: skip
    key = (_FIPS, '"YEAR"', '"AGEGRP"')
    refuse_twice(connection, source, key, "county {}, YEAR {}, AGEGRP {}")
    code, vintage = _estimate(connection, source, year, as_of)
    _refuse_incomplete(connection, source, code)
    connection.execute(
        f"INSERT INTO county_people SELECT {_FIPS}, sex, low, "
        "CASE WHEN low = 85 THEN 100 ELSE low + 5 END, people FROM ("
        f"  SELECT *, (\"AGEGRP\"::INTEGER - 1) * 5 AS low, unnest(['M', 'F']) AS sex, "
        '  unnest(["TOT_MALE", "TOT_FEMALE"])::BIGINT AS people '
        f'  FROM {STAGED} WHERE "YEAR"::INTEGER = {code} AND "AGEGRP"::INTEGER > 0) ORDER BY ALL'
    )
    return vintage, _checks(connection, source)


def load_agesex(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, year: int | None, as_of: str
) -> tuple[str, dict[str, object]]:
    """Fill the table `county_people` from the layout of one column per age band."""
    bands = {sex: [f"{band}_{sex}" for band in _BANDS] for sex in ("MALE", "FEM")}
    _refuse_rows(connection, source, ("POPEST_MALE", "POPEST_FEM", *bands["MALE"], *bands["FEM"]))
    refuse(connection, source, [
        RowCheck(f"POPEST_{sex}",
                 f"\"POPEST_{sex}\"::BIGINT <> {' + '.join(f'{quoted(n)}::BIGINT' for n in names)}",
                 "is {}, which is not the sum of its age bands")
        for sex, names in bands.items()
    ])  # fmt: skip
    refuse_twice(connection, source, (_FIPS, '"YEAR"'), "county {}, YEAR {}")
    code, vintage = _estimate(connection, source, year, as_of)
    men, women = (", ".join(map(quoted, bands[sex])) for sex in ("MALE", "FEM"))
    connection.execute(
        f"INSERT INTO county_people SELECT {_FIPS}, sex, low, high, people::BIGINT FROM ("
        f"  SELECT *, unnest({['M'] * 18 + ['F'] * 18}) AS sex, unnest({LOWS + LOWS}) AS low, "
        f"  unnest({HIGHS + HIGHS}) AS high, unnest([{men}, {women}]) AS people "
        f'  FROM {STAGED} WHERE "YEAR"::INTEGER = {code}) ORDER BY ALL'
    )
    return vintage, _checks(connection, source)


def _refuse_rows(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, counts: tuple[str, ...]
) -> None:
    whole = [RowCheck(name, not_whole(name), "is {}, not a whole number") for name in
             ("STATE", "COUNTY", "YEAR", *counts)]  # fmt: skip
    refuse(connection, source, [
        RowCheck("SUMLEV", "coalesce(lpad(\"SUMLEV\", 3, '0'), '') <> '050'",
                 "is {}, and counties have 050", "give the file of counties"),
        *whole,
        RowCheck("STATE", f"NOT {known_state(_FIPS)}", "is {}, not a state"),
        RowCheck("COUNTY", "length(\"COUNTY\") > 3", "is {}, not a county code of three digits"),
    ])  # fmt: skip


def _estimate(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, year: int | None, as_of: str
) -> tuple[int, str]:
    """Return the YEAR code to import and its vintage; without `year`, that of the newest July."""
    named = _RELEASE.search(source.name)
    release = named[1] if named else as_of
    if not re.fullmatch(r"20\d\d", release):
        raise Refused(
            source.shown,
            "its name does not state its release, and YEAR in it is only a code",
            "keep the publisher's name (cc-est2024-….csv), or add --as-of with the release's year",
        )
    codes = july_codes(int(release))
    rows = connection.execute(
        f'SELECT DISTINCT "YEAR"::INTEGER FROM {STAGED} ORDER BY 1'
    ).fetchall()
    codes_by_year = {codes[code]: code for (code,) in rows if code in codes}
    chosen = year if year is not None else max(codes_by_year, default=0)
    if chosen not in codes_by_year:
        years = ", ".join(map(str, codes_by_year)) or "none"
        raise Refused(
            source.shown,
            f"has no estimate of July {chosen or release} (it has: {years})",
            "choose one of these with --year, or check the release",
        )
    return codes_by_year[chosen], f"release {release}, 1 July {chosen}"


def july_codes(release: int) -> dict[int, int]:
    """Return the year of each YEAR code that means a first of July.

    Releases from 2021 on begin with the 2020 base; earlier ones with the 2010 census and base,
    and that of 2020 puts the 2020 census before its last July.

    >>> july_codes(2023)
    {2: 2020, 3: 2021, 4: 2022, 5: 2023}
    >>> july_codes(2020)[12], july_codes(2020)[14]
    (2019, 2020)
    """
    if release >= 2021:
        return {year - 2018: year for year in range(2020, release + 1)}
    codes = {year - 2007: year for year in range(2010, min(release, 2019) + 1)}
    return codes | ({14: 2020} if release == 2020 else {})


def _refuse_incomplete(connection: duckdb.DuckDBPyConnection, source: CsvSource, code: int) -> None:
    """Refuse a county that lacks an age group, or whose groups do not add up to its total."""
    total, parts = (
        f'sum("TOT_POP"::BIGINT) FILTER ("AGEGRP"::INTEGER {sign} 0)' for sign in ("=", ">")
    )
    row = connection.execute(
        f"SELECT * FROM (SELECT max(line), {_FIPS} AS fips, count(*) AS groups, "
        f"{total} AS total, {parts} AS parts FROM {STAGED} "
        f'WHERE "YEAR"::INTEGER = {code} GROUP BY fips) '
        "WHERE groups <> 19 OR total <> parts ORDER BY 1 LIMIT 1"
    ).fetchone()
    if row is None:
        return
    line, fips, groups, total, parts = row
    fault = (
        f"county {fips} has {groups} of 19 age groups"
        if groups != 19
        else f"county {fips} has {total:,} people, and its age groups {parts:,}"
    )
    raise Refused(at_line(source.shown, line, "AGEGRP"), fault,
                  "the file is cut off or was changed: download it again")  # fmt: skip


def _checks(connection: duckdb.DuckDBPyConnection, source: CsvSource) -> dict[str, object]:
    """Compare states with the 2020 census, and return the results of the checks."""
    too_many = _states(connection, f"found > {_ABOVE} * census")
    if too_many:
        state, people, census = too_many[0]
        raise Refused(source.shown, f"has {people:,} people in {state}, where the 2020 census "
                      f"counted {census:,}", "give the file as it was published")  # fmt: skip
    counties, states, people = numbers(
        connection,
        "SELECT count(DISTINCT fips), count(DISTINCT left(fips, 2)), sum(people) "
        f"FROM {COUNTY_PEOPLE.name}",
    )
    return {
        "counties": counties,
        "states": states,
        "people": people,
        "states_below_half_of_2020_census": len(_states(connection, f"found < {_BELOW} * census")),
        "counties_unknown": numbers(connection, unknown_counties(COUNTY_PEOPLE.name))[0],
        "counties_by_crosswalk": numbers(connection, counties_by_crosswalk(COUNTY_PEOPLE.name))[0],
    }


def _states(connection: duckdb.DuckDBPyConnection, when: str) -> list[tuple[str, int, int]]:
    """Return states with their people here and in the 2020 census, where SQL is true."""
    return connection.execute(
        "SELECT state, sum(county_people.people) AS found, any_value(known_state.people) AS census "
        "FROM county_people JOIN known_state ON left(county_people.fips, 2) = known_state.fips "
        f"GROUP BY state HAVING {when} ORDER BY state"
    ).fetchall()
