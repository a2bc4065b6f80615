"""The people of a stored scenario, as conditions of their profile see them."""

from __future__ import annotations

from functools import cache, cached_property

import duckdb
import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import COMBINATIONS
from healthsim.dates import Days, add_months, day_of, whole_years
from healthsim.products.attributes import stored_name
from healthsim.specification.distributions.kinds import possible_labels
from healthsim.specification.journeys.events import Enrollment
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.timing import YEAR_DAYS
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.specification.profiles.roles import roles
from healthsim.tables import Coded

Mask = NDArray[np.bool_]


class ColumnNotStored(Exception):  # noqa: N818
    """A condition asks for what no table stores, such as an attribute of the profile."""


class StoredPeople:
    """Everybody of a scenario on the profile's day: the `Scope` of its conditions.

    People born during the run are left out, since the profile does not describe them; with
    `anchors`, only the people whom its demographics describe are included. What an event of a
    journey caused (a diagnosis, a prescription, new coverage) is left out too.

    Attributes:
        person_id: int64, shape (n,), rising.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        stored: set[str],
        profile: ProfileSpec,
        journeys: tuple[JourneySpec, ...],
        *,
        anchors: bool = False,
    ) -> None:
        self._which = "person_id % 100 = 1" if anchors else "person_id % 100 < 50"
        self._connection, self.stored = connection, stored
        self._profile, self._journeys = profile, journeys
        self._face = next((table for table in ("patients", "members") if table in stored), "")
        everybody = next(
            (table for table in (self._face, "rx_members") if table in stored), "events"
        )
        self.person_id = self._numbers(
            f"SELECT DISTINCT person_id FROM {everybody} "  # noqa: S608
            f"WHERE {self._which} ORDER BY person_id"
        )
        self._cached: dict[str, NDArray[np.float64] | Coded] = {}

    @property
    def size(self) -> int:
        """How many people there are."""
        return len(self.person_id)

    def name(self, name: str) -> NDArray[np.float64] | Coded:
        """Return the values of a built-in name or an attribute.

        Raises:
            ColumnNotStored: no table of the file holds it.
        """
        if name not in self._cached:
            self._cached[name] = self._read(name)
        return self._cached[name]

    def call(self, function: str, argument: str) -> Mask:
        """Return the result of `has` or `takes`, the only functions of a profile; shape (n,)."""
        if function == "has":
            return self.has(argument)
        if function == "takes":
            return self.takes("ingredient", argument)
        raise ColumnNotStored(function)

    @cached_property
    def age(self) -> NDArray[np.int32]:
        """Whole years on the profile's day, int32, shape (n,)."""
        as_of = day_of(self._profile.as_of.isoformat())
        return whole_years(self.birth, np.full(self.size, as_of, dtype=np.int32))

    @cached_property
    def exact_age(self) -> NDArray[np.float64]:
        """Years on the profile's day with the days since the last birthday; float64, (n,)."""
        as_of = np.full(self.size, day_of(self._profile.as_of.isoformat()), dtype=np.int32)
        since = as_of - add_months(self.birth, 12 * self.age)
        exact: NDArray[np.float64] = self.age + since / YEAR_DAYS
        return exact

    @cached_property
    def birth(self) -> Days:
        """Day of birth, int32, shape (n,)."""
        return self._numbers(self._from_face("birth_date - DATE '1970-01-01'")).astype(np.int32)

    @cached_property
    def plan(self) -> Coded:
        """The plan that the profile states, or that a journey enrolls people in; shape (n,)."""
        self._need("enrollments")
        own = [
            step.id
            for journey in self._journeys
            for _, step in journey.steps()
            if isinstance(step, Enrollment) and step.details.plan is None
        ]
        rows = self._connection.execute(
            "SELECT person_id, arg_min(plan_id, (effective_date, enrollment_id)) AS plan_id "  # noqa: S608
            "FROM enrollments WHERE (event_id IS NULL OR event_id IN "
            f"(SELECT event_id FROM events WHERE list_contains(?, step))) AND {self._which} "
            "GROUP BY person_id",
            [own],
        ).fetchnumpy()
        names = tuple(sorted(set(rows["plan_id"].tolist())))
        codes = np.full(self.size, -1, dtype=np.int32)
        codes[self._places(rows["person_id"])] = np.searchsorted(names, rows["plan_id"].tolist())
        return Coded(codes, names)

    @cache  # noqa: B019  one object lives as long as one comparison
    def has(self, prefix: str) -> Mask:
        """Return who has a condition of the profile, as stated or as combined; shape (n,)."""
        self._need("conditions")
        return self._among(
            "SELECT DISTINCT person_id FROM conditions WHERE event_id IS NULL AND "
            "(onset_date <= ?::DATE OR list_contains(?, code)) AND "
            "(starts_with(code, ?) OR list_contains(?, code))",
            [str(self._profile.as_of), self._dated_later, prefix, list(combinations_of(prefix))],
        )

    @property
    def _dated_later(self) -> list[str]:
        """The codes of the primary condition, which may begin with the first journey."""
        primary = self._profile.clinical.primary
        return [] if primary is None else [primary.code, *combinations_of(primary.code)]

    @cache  # noqa: B019  one object lives as long as one comparison
    def takes(self, column: str, value: str) -> Mask:
        """Return who takes a drug by the profile, by `drug` or `ingredient`; shape (n,)."""
        self._need("prescriptions")
        return self._among(
            "SELECT DISTINCT person_id FROM prescriptions WHERE event_id IS NULL AND "  # noqa: S608
            f"{column} = ?",
            [value],
        )

    @cache  # noqa: B019  one object lives as long as one comparison
    def allergic(self, substance: str) -> Mask:
        """Return who is allergic to a substance; shape (n,)."""
        self._need("allergies")
        return self._among(
            "SELECT DISTINCT person_id FROM allergies WHERE substance = ?", [substance]
        )

    @cache  # noqa: B019  one object lives as long as one comparison
    def smoking(self, status: str) -> Mask:
        """Return who has a smoking status before the data; shape (n,)."""
        self._need("observations")
        return self._among(
            "SELECT person_id FROM observations WHERE kind = 'smoking_status' "
            "AND encounter_id IS NULL AND value_text = ?", [status],
        )  # fmt: skip

    def _read(self, name: str) -> NDArray[np.float64] | Coded:
        if name == "age":
            return self.age.astype(np.float64)
        if name == "day":
            return np.zeros(self.size)
        if name == "month":
            return np.full(self.size, float(self._profile.as_of.month))
        if name == "plan":
            return self.plan
        if name == "role":
            return roles(self.person_id % 100)
        if name in self._profile.attributes:
            return self._attribute(name)
        if name == "gender" and self._face == "members" and self._is_coarse:
            raise ColumnNotStored(name)
        columns = {"gender": "gender", "us_state": "state", "county": "county_fips"}
        if name not in columns and (name not in _PATIENT_COLUMNS or self._face != "patients"):
            raise ColumnNotStored(name)
        return self._coded(self._from_face(columns.get(name, name)))

    @cached_property
    def _is_coarse(self) -> bool:
        """Whether payers keep some genders of the profile under one letter."""
        asked = possible_labels(self._profile.demographics.gender)
        return not {"M", "F"}.issuperset(asked)

    def _attribute(self, name: str) -> NDArray[np.float64] | Coded:
        table = stored_name(self.stored)
        self._need(table)
        rows = self._connection.execute(
            "SELECT person_id, number, dense_rank() OVER (ORDER BY text) - 1 AS code "  # noqa: S608
            f"FROM {table} WHERE name = ? AND {self._which} ORDER BY person_id",
            [name],
        ).fetchnumpy()
        places = self._places(rows["person_id"])
        if self._profile.attributes[name].kind == "number":
            numbers = np.full(self.size, np.nan)
            numbers[places] = np.ma.filled(rows["number"].astype(np.float64), np.nan)
            return numbers
        words = self._connection.execute(
            f"SELECT DISTINCT text FROM {table} WHERE name = ? AND {self._which} "  # noqa: S608
            "ORDER BY text",
            [name],
        ).fetchall()
        codes = np.full(self.size, -1, dtype=np.int32)
        codes[places] = rows["code"]
        return Coded(codes, tuple(word for (word,) in words))

    def _from_face(self, column: str) -> str:
        self._need(self._face)
        return (
            f"SELECT {column} FROM {self._face} "  # noqa: S608
            f"WHERE {self._which} ORDER BY person_id"
        )

    def _need(self, table: str) -> None:
        if table not in self.stored:
            raise ColumnNotStored(table or "patients")

    def _numbers(self, sql: str) -> NDArray[np.int64]:
        (column,) = self._connection.execute(sql).fetchnumpy().values()
        return np.asarray(column, dtype=np.int64)

    def _coded(self, sql: str) -> Coded:
        (column,) = self._connection.execute(sql).fetchnumpy().values()
        texts = np.ma.filled(column, "").astype("U64")
        words, codes = np.unique(texts, return_inverse=True)
        return Coded(codes.astype(np.int32), tuple(str(word) for word in words))

    def _among(self, sql: str, values: list[object]) -> Mask:
        (column,) = self._connection.execute(sql, values).fetchnumpy().values()
        return np.isin(self.person_id, np.asarray(column, dtype=np.int64))

    def _places(self, person_id: NDArray[np.generic]) -> NDArray[np.intp]:
        return np.searchsorted(self.person_id, np.asarray(person_id, dtype=np.int64))


_PATIENT_COLUMNS = ("race", "ethnicity", "language", "marital_status")


@cache
def combinations_of(code: str) -> tuple[str, ...]:
    """Return the codes that the classification may put in place of a code or prefix.

    >>> combinations_of("E11.9")
    ('E11.22',)
    """
    combined: list[str] = []
    pending = [code]
    while pending:
        current = pending.pop()
        for rule in COMBINATIONS:
            touches = current.startswith(rule.code) or rule.code.startswith(current)
            if touches and not rule.keep and rule.becomes not in (*combined, code):
                combined.append(rule.becomes)
                pending.append(rule.becomes)
    return tuple(sorted(combined))
