"""A formula is arithmetic, computed in NumPy and written as SQL with the same result."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from healthsim.medicine.derivation import derived
from healthsim.medicine.expressions import FormulaError, parse


def test_names_come_once_in_order() -> None:
    assert parse("a * b / a + least(c, b)").names == ("a", "b", "c")


@pytest.mark.parametrize(
    "text",
    ["a +", "a ** 2", "__import__('os')", "a.b", "'text'", "power(a)", "a if b else c", "[a]",
     "a[0]", "1 < a < 2", "True"],
)  # fmt: skip
def test_what_is_not_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        parse(text)


@pytest.mark.slow
def test_numpy_and_sql_agree_on_every_formula() -> None:
    formulas = [
        formula
        for row in derived().values()
        for formula in (row.formula, *(way for ways in row.solves for way in ways.values()))
    ]
    assert len(formulas) > 90
    for formula in formulas:
        columns = {name: np.array([0.4 + n / 9, 7.5]) for n, name in enumerate(formula.names)}
        if "age" in columns:
            columns["age"] = np.array([9.0, 66.0])
        rows = (", ".join(f"{column[i]}::double" for column in columns.values()) for i in (0, 1))
        values = ", ".join(f"({row})" for row in rows)
        sql = formula.sql({name: name for name in columns})
        query = f"select {sql} from (values {values}) as v({', '.join(columns)})"
        found = duckdb.sql(query).fetchall()
        expected = np.broadcast_to(formula.value(columns), 2)
        for (got,), wanted in zip(found, expected, strict=True):
            if np.isfinite(wanted):
                assert got == pytest.approx(wanted, rel=1e-9), formula.text


def test_arithmetic_without_an_answer_is_nan_and_warns_not() -> None:
    assert np.isnan(parse("sqrt(0 - a)").value({"a": np.array([4.0])})).all()
