"""Columns as data: coded text, nulls, stacking."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.running import listed
from healthsim.dates import NO_DAY
from healthsim.products.catalogue import TABLES
from healthsim.tables import (
    NO_NUMBER,
    Coded,
    Column,
    Columns,
    Rows,
    Table,
    Texts,
    among,
    blank,
    join,
    length,
    stack,
    take,
)

SMALL = settings(max_examples=80, deadline=None, derandomize=True)
TEXTS = st.lists(st.none() | st.sampled_from(["a", "b", "c", "", "ü"]), max_size=12)
PEOPLE = Table(
    name="people", product="healthsim", grain="one row per person", key=("person_id",),
    columns=(
        Column("person_id", "BIGINT", "Who.", required=True),
        Column("born", "DATE", "When."),
        Column("name", "VARCHAR", "Called."),
        Column("owed_usd", "DECIMAL(12,2)", "Money."),
    ),
)  # fmt: skip


@SMALL
@given(TEXTS)
def test_coded_text_is_the_text(texts: list[str | None]) -> None:
    assert Coded.of(texts).texts() == texts
    assert len(Coded.of(texts)) == len(texts)


@pytest.mark.slow
@SMALL
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_joined_text_is_the_texts_in_a_row(parts: list[list[str | None]]) -> None:
    found = join([Coded.of(part) for part in parts])

    assert isinstance(found, Coded)
    assert found.texts() == [text for part in parts for text in part]
    assert len(set(found.vocabulary)) == len(found.vocabulary)


@pytest.mark.slow
@SMALL
@given(TEXTS, st.data())
def test_chosen_rows_keep_their_text(texts: list[str | None], data: st.DataObject) -> None:
    rows = data.draw(
        st.lists(st.sampled_from(range(len(texts))), max_size=6) if texts else st.just([])
    )

    assert Coded.of(texts).take(np.array(rows, dtype=np.intp)).texts() == [
        texts[row] for row in rows
    ]


@pytest.mark.slow
@SMALL
@given(TEXTS, st.sampled_from(["a", "ü", "nowhere"]))
def test_equals_finds_a_text_and_never_a_null(texts: list[str | None], wanted: str) -> None:
    assert Coded.of(texts).equals(wanted).tolist() == [text == wanted for text in texts]


def test_a_constant_is_one_text_or_none() -> None:
    assert Coded.constant("x", 2).texts() == ["x", "x"]
    assert Coded.constant(None, 2).texts() == [None, None]


@pytest.mark.parametrize(
    ("kind", "null"),
    [("BIGINT", NO_NUMBER), ("DATE", NO_DAY), ("INTEGER", NO_DAY), ("TIMESTAMP", NO_NUMBER),
     ("DECIMAL(12,2)", 0), ("BOOLEAN", False)],
)  # fmt: skip
def test_a_blank_column_is_null_and_money_is_zero(kind: str, null: object) -> None:
    found = blank(kind, 2)  # type: ignore[arg-type]

    assert isinstance(found, np.ndarray)
    assert found.tolist() == [null, null]


def test_a_table_completes_rows_in_its_own_order() -> None:
    found = PEOPLE.complete({"name": Coded.of(["x"]), "person_id": np.array([101])})

    assert list(found) == ["person_id", "born", "name", "owed_usd"]
    assert listed(found, "born") == [(NO_DAY,)]
    assert length(found) == 1


def test_a_table_refuses_columns_that_it_does_not_have() -> None:
    with pytest.raises(KeyError, match="nmae"):
        PEOPLE.complete({"nmae": np.array([1])})


def test_stacked_rows_are_below_each_other() -> None:
    one = PEOPLE.complete({"person_id": np.array([101, 201]), "name": Coded.of(["a", None])})
    two = PEOPLE.complete({"person_id": np.array([301]), "name": Coded.of(["b"])})
    whole: Columns = stack([one, two])

    assert listed(whole, "person_id", "name") == [(101, "a"), (201, None), (301, "b")]
    assert listed(take(whole, np.array([2, 0])), "person_id") == [(301,), (101,)]


def test_an_empty_table_has_every_column() -> None:
    for table in TABLES:
        assert list(table.empty()) == [column.name for column in table.columns]
        assert length(table.empty()) == 0


@SMALL
@given(st.lists(st.integers(-4, 4), max_size=9), st.lists(st.integers(-4, 4), max_size=9))
def test_which_values_are_among_ordered_ones_is_told_as_numpy_does(
    values: list[int], others: list[int]
) -> None:
    wanted, ordered = np.array(values, dtype=np.int64), np.sort(np.array(others, dtype=np.int64))
    assert among(wanted, ordered).tolist() == np.isin(wanted, ordered).tolist()


def _texts(*pieces: list[str | None]) -> Texts:
    return Texts.of([pa.array(piece, pa.string()) for piece in pieces])


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (np.array([2, 0]), ["c", "a"]),
        (np.array([False, True, True]), [None, "c"]),
        (slice(1, 3), [None, "c"]),
    ],
)
def test_rows_of_texts_are_taken_by_place_mask_and_slice(
    rows: Rows, wanted: list[str | None]
) -> None:
    assert _texts(["a", None], ["c"]).take(rows).texts() == wanted


def test_texts_are_put_below_each_other() -> None:
    found = join([_texts(["a"]), _texts(["b", None])])
    assert isinstance(found, Texts)
    assert len(found) == 3
    assert found.texts() == ["a", "b", None]
