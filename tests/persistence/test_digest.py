"""The digest: the same for the same rows however they come, another for any other value."""

from __future__ import annotations

import itertools
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthsim.persistence.arrow import to_arrow
from healthsim.persistence.database import Writer
from healthsim.persistence.digest import Digest, digest_stored, total
from healthsim.persistence.judgement import trust
from healthsim.tables import Coded, Column, Columns, Table, length, take
from operations import small_engine as small

COUNT = 200
MOST_WORDS = 8_192


def stored(path: Path, tables: dict[str, Columns]) -> None:
    known = [table for table in small.TABLES if table.name in tables]
    with Writer(path, known) as writer:
        for table in known:
            writer.append(table.name, to_arrow(table, tables[table.name]))
        writer.flush()


def digest_of(*chunks: dict[str, Columns]) -> Digest:
    digest = Digest([small.PEOPLE, small.VISITS])
    for chunk in chunks:
        for table in (small.PEOPLE, small.VISITS):
            digest.update(table, chunk[table.name])
    return digest


def test_rows_in_memory_and_rows_in_the_file_have_one_digest(tmp_path: Path) -> None:
    rows = small.rows(7, 0, COUNT)
    stored(tmp_path / "a.duckdb", rows)

    again = digest_stored(tmp_path / "a.duckdb", [small.PEOPLE, small.VISITS])

    assert again.tables() == digest_of(rows).tables()
    assert again.rows == {"patients": COUNT, "encounters": COUNT * small.VISITS_EACH}


@pytest.mark.slow
@given(st.lists(st.integers(1, COUNT - 1), max_size=5))
@settings(max_examples=20, deadline=None)
def test_the_size_of_chunks_leaves_no_trace(cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), COUNT]
    parts = [small.rows(7, start, end - start) for start, end in itertools.pairwise(edges)]

    assert digest_of(*parts).total() == digest_of(small.rows(7, 0, COUNT)).total()


def test_the_order_of_a_vocabulary_and_words_it_never_uses_leave_no_trace() -> None:
    rows = small.rows(7, 0, COUNT)
    gender = rows["patients"]["gender"]
    assert isinstance(gender, Coded)
    turned = Coded((2 - gender.codes).astype(np.int32), ("never", "F", "M"))

    other = {**rows, "patients": {**rows["patients"], "gender": turned}}

    assert turned.texts() == gender.texts()
    assert digest_of(other).total() == digest_of(rows).total()


def test_a_word_that_a_vocabulary_has_twice_leaves_no_trace() -> None:
    rows = small.rows(7, 0, COUNT)
    gender = rows["patients"]["gender"]
    assert isinstance(gender, Coded)
    men = np.flatnonzero(gender.equals("M"))
    codes = gender.codes.copy()
    codes[men[len(men) // 2 :]] = len(gender.vocabulary)
    twice = Coded(codes, (*gender.vocabulary, "M"))

    other = {**rows, "patients": {**rows["patients"], "gender": twice}}

    assert twice.texts() == gender.texts()
    assert digest_of(other).total() == digest_of(rows).total()


def test_fixed_width_bytes_and_coded_text_have_one_digest() -> None:
    table = Table("t", "x", "g", (), (Column("a", "VARCHAR", "m"),))
    coded, fixed = Digest([table]), Digest([table])

    coded.update(table, {"a": Coded.of(["ab", None, "abcd"])})
    fixed.update(table, {"a": np.array([b"ab", b"", b"abcd"])})

    assert coded.total() == fixed.total()


def test_zero_has_one_sign_and_missing_one_form() -> None:
    table = Table("t", "x", "g", (), (Column("a", "DOUBLE", "m"),))
    one, other = Digest([table]), Digest([table])
    odd = np.array([0x7FF8_0000_0000_0001], dtype=np.uint64).view(np.float64)[0]

    one.update(table, {"a": np.array([0.0, np.nan])})
    other.update(table, {"a": np.array([-0.0, odd])})

    assert one.total() == other.total()


def test_text_that_moves_between_rows_changes_the_digest() -> None:
    table = Table("t", "x", "g", (), (Column("a", "VARCHAR", "m"),))
    seen = set()
    for texts in (["ab", "c"], ["a", "bc"], ["abc", ""], ["abc", None], [None, "abc"]):
        digest = Digest([table])
        digest.update(table, {"a": Coded.of(texts)})
        seen.add(digest.total())

    assert len(seen) == 5


def test_null_and_empty_text_differ_however_many_words_a_column_holds() -> None:
    table = Table("t", "x", "g", (), (Column("a", "VARCHAR", "m"),))
    words = [str(number) for number in range(MOST_WORDS + 1)]
    seen = set()
    for last in ([None, "a"], ["", "a"], ["a", None], ["a", ""], [None, None], ["", ""]):
        digest = Digest([table])
        digest.update(table, {"a": Coded.of(words)})
        digest.update(table, {"a": Coded.of(last)})
        seen.add(digest.total())

    assert len(seen) == 6


def test_the_word_from_which_lengths_and_bytes_are_kept_counts_as_every_other() -> None:
    table = Table("t", "x", "g", (), (Column("a", "VARCHAR", "m"),))
    words = [str(number) for number in range(MOST_WORDS)]
    seen = set()
    for last in (["x"], ["y"], ["xy"], ["x", "y"], []):
        digest = Digest([table])
        digest.update(table, {"a": Coded.of([*words, *last])})
        seen.add(digest.total())

    assert len(seen) == 5


def test_the_digest_of_many_words_is_the_same_in_every_version() -> None:
    table = Table("t", "x", "g", (), (Column("a", "VARCHAR", "m"),))
    found = {}
    for count in (MOST_WORDS, MOST_WORDS + 1):
        digest = Digest([table])
        digest.update(table, {"a": Coded.of([str(number) for number in range(count)])})
        found[count] = digest.total()[:12]

    assert found == {MOST_WORDS: "9d4d48caf56b", MOST_WORDS + 1: "49c7be093471"}


@pytest.mark.parametrize("words", [MOST_WORDS - 1, MOST_WORDS, MOST_WORDS + 1])
def test_a_word_more_than_are_coded_leaves_no_trace_of_the_chunks(words: int) -> None:
    table = Table("t", "x", "g", (), (Column("a", "VARCHAR", "m"),))
    texts = [*(str(number) for number in range(words)), None, "", "0", "new"]
    whole, parted = Digest([table]), Digest([table])
    whole.update(table, {"a": Coded.of(texts)})
    for part in (texts[:100], texts[100:-3], texts[-3:-2], texts[-2:]):
        parted.update(table, {"a": Coded.of(part)})

    assert whole.total() == parted.total()


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE f.encounters SET value = 99.9 WHERE rowid = 1",
        "UPDATE f.encounters SET charge_usd = charge_usd + 0.01 WHERE rowid = 1",
        "UPDATE f.encounters SET note = NULL WHERE note = ''",
        "UPDATE f.encounters SET start_at = start_at + INTERVAL 1 MINUTE WHERE person_id = 301",
        "DELETE FROM f.encounters WHERE person_id = 301",
    ],
)
def test_one_changed_value_in_the_file_changes_the_digest_of_its_table_alone(
    tmp_path: Path, change: str
) -> None:
    rows = small.rows(7, 0, COUNT)
    path = tmp_path / "a.duckdb"
    stored(path, rows)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS f")
        assert connection.execute(change).fetchall()[0][0] > 0
    trust(path)

    before, after = (
        digest_of(rows).tables(),
        digest_stored(path, [small.PEOPLE, small.VISITS]).tables(),
    )

    assert before["encounters"] != after["encounters"]
    assert before["patients"] == after["patients"]


def test_two_rows_that_change_places_change_the_digest() -> None:
    rows = small.rows(7, 0, COUNT)
    people = rows["patients"]
    turned = take(people, np.arange(length(people))[::-1])

    assert digest_of({**rows, "patients": turned}).total() != digest_of(rows).total()


def test_the_whole_digest_is_the_same_in_any_order_of_tables() -> None:
    assert total({"a": "1", "b": "2"}) == total({"b": "2", "a": "1"})


def test_a_digest_is_the_same_in_every_version() -> None:
    digest = digest_of(small.rows(7, 0, COUNT)).total()

    assert digest == "3fb4b7d4145177ccec56976f19f8cf6e55f722cc7d5ff1d6036b2e228d554386"
