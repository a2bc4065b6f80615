"""What pictures read: the tables of one scenario file, through one connection."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import duckdb

from healthsim.persistence.scenario import Manifest
from healthsim.pictures.picture import NothingToDraw
from healthsim.tables import Table

_FACES = ("patients", "members")
_NO_DAY = date(2025, 1, 1)  # of a file whose profile does not say when it begins


@dataclass(frozen=True)
class Source:
    """A scenario's rows.

    Files may come from anywhere: only tables and columns that this version knows are read, and
    what a person gives is bound to a query, never written into it.

    Attributes:
        name: of the scenario, as the caller gave it.
        tables: its tables that this version knows, with the columns that both know.
        last_day: last day of the data; None where the stored specifications do not say it.
    """

    connection: duckdb.DuckDBPyConnection
    name: str
    manifest: Manifest
    tables: Mapping[str, Table]
    last_day: date | None = None

    def select(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a SELECT that aggregates."""
        rows: list[tuple[Any, ...]] = self.connection.execute(sql, list(values)).fetchall()
        return rows

    def has(self, table: str, *columns: str) -> bool:
        """Return whether the file has a table, and these columns in it."""
        return table in self.tables and all(
            column in self.tables[table].by_name for column in columns
        )

    def need(self, table: str, *columns: str) -> None:
        """Refuse a picture whose table is missing.

        Raises:
            NothingToDraw: there is none; the error says which the file has.
        """
        if not self.has(table, *columns):
            raise NothingToDraw(
                self.name, f"has no {table} to draw",
                f"draw something of its other tables: {', '.join(self.tables) or 'none'}",
            )  # fmt: skip

    @cached_property
    def people(self) -> str:
        """The table that says who people are: the chart's, or the payer's.

        Raises:
            NothingToDraw: the file has neither.
        """
        for face in _FACES:
            if self.has(face, "birth_date", "gender"):
                return face
        raise NothingToDraw(
            self.name, "has no table of people with day of birth and sex",
            "draw something else, or make the scenario with patientsim or membersim",
        )  # fmt: skip

    @cached_property
    def starters(self) -> tuple[str, int, int]:
        """Those who are there on the first day: a SELECT of person_id, how many, and born later.

        Where everybody is born in the run, all of them.
        """
        there = f"birth_date <= DATE '{self.first_day}'"
        number, later = self.select(
            f"SELECT count(*) FILTER ({there}), count(*) FILTER (NOT {there}) FROM {self.people}"  # noqa: S608
        )[0]
        if not number:
            return f"SELECT person_id FROM {self.people}", later, 0  # noqa: S608
        return f"SELECT person_id FROM {self.people} WHERE {there}", number, later  # noqa: S608

    @property
    def first_day(self) -> date:
        """The first day of the data, or one in its place."""
        return self.as_of or _NO_DAY

    @property
    def age_sql(self) -> str:
        """SQL of a person's age in years on the first day of the data; below 0: born later."""
        day = f"DATE '{self.first_day}'"
        return (
            f"(year({day}) - year(birth_date) "
            f"- ((month({day}), day({day})) < (month(birth_date), day(birth_date)))::INT)"
        )

    @cached_property
    def profile(self) -> Mapping[str, Any]:
        """The profile that the scenario was made from."""
        return _object(self.manifest.profile)

    @cached_property
    def journeys(self) -> Sequence[Mapping[str, Any]]:
        """The journeys that the scenario was made from."""
        return [_object(text) for text in self.manifest.journeys]

    @cached_property
    def as_of(self) -> date | None:
        """The first day of the data; None where the stored profile does not say it."""
        try:
            return date.fromisoformat(str(self.profile["as_of"]))
        except (KeyError, ValueError):
            return None


def _object(text: str) -> Mapping[str, Any]:
    found = json.loads(text)  # the manifest was read, so that it is an object
    return found if isinstance(found, dict) else {}
