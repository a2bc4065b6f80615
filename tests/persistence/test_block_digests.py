"""Digests of blocks: the same wherever they are made, kept when a run grows, with a place."""

from __future__ import annotations

import numpy as np
import pytest

from healthsim.persistence.digest import Digest, blocks_of, of_blocks
from healthsim.tables import Coded, Column, Columns, Table, take

UNITS = 4
THINGS = Table(
    "things", "patientsim", "one a person", ("person_id",),
    (Column("person_id", "BIGINT", "Who."), Column("word", "VARCHAR", "What."),
     Column("value", "DOUBLE", "How much.")),
)  # fmt: skip
PLANS = Table("plans", "membersim", "one a plan", ("plan",), (Column("plan", "VARCHAR", "Which."),))


def things(units: int) -> Columns:
    """Return two rows for each unit, the words in another order in each block."""
    unit = np.repeat(np.arange(1, units + 1, dtype=np.int64), 2)
    person_id = unit * 100 + np.tile([1, 2], units)
    return {
        "person_id": person_id,
        "word": Coded((person_id * 7 % 5).astype(np.int32), ("a", "b", "c", "d", "e")),
        "value": np.sqrt(person_id.astype(np.float64)),
    }


def digested(*parts: Columns, units: int = UNITS) -> Digest:
    digest = Digest([THINGS], units)
    for part in parts:
        digest.update(THINGS, part)
    return digest


def test_a_unit_and_all_its_people_are_in_one_block() -> None:
    first, last = np.array([101, 499, 501, 801, 899, 901]), np.array([2**40 * 100 + 1])

    assert blocks_of(first, UNITS).tolist() == [0, 0, 1, 1, 1, 2]
    assert blocks_of(last, UNITS).tolist() == [(2**40 - 1) // UNITS]


@pytest.mark.parametrize("edge", [1, 7, 8, 9, 15])
def test_blocks_do_not_depend_on_how_rows_came(edge: int) -> None:
    rows = things(11)
    whole = digested(rows)
    parted = digested(take(rows, slice(0, edge)), take(rows, slice(edge, None)))

    assert parted.blocks() == whole.blocks()
    assert parted.tables() == whole.tables()


def test_each_block_alone_has_the_digest_that_it_has_in_the_whole() -> None:
    rows = things(11)
    whole = dict(digested(rows).blocks()["things"])
    place = blocks_of(np.asarray(rows["person_id"]), UNITS)

    alone = {block: digested(take(rows, place == block)) for block in (0, 1, 2)}

    assert {block: digest.tables()["things"] for block, digest in alone.items()} == whole
    assert digested(rows).tables()["things"] == of_blocks(22, sorted(whole.items()))


def test_a_larger_run_keeps_the_digests_of_full_blocks() -> None:
    small, large = digested(things(9)).blocks()["things"], digested(things(14)).blocks()["things"]

    assert small[:2] == large[:2]
    assert small[2] != large[2]
    assert [block for block, _ in large] == [0, 1, 2, 3]


def test_a_changed_value_changes_its_block_and_no_other() -> None:
    rows = things(11)
    other = dict(rows) | {"value": np.where(rows["person_id"] == 602, 0.0, rows["value"])}
    before, after = digested(rows).blocks()["things"], digested(other).blocks()["things"]

    assert [block for one, (block, two) in zip(before, after, strict=True) if one[1] != two] == [1]
    assert digested(rows).total() != digested(other).total()


def test_rows_moved_between_blocks_or_left_out_change_the_digest() -> None:
    rows = things(11)
    without = take(rows, blocks_of(np.asarray(rows["person_id"]), UNITS) != 1)

    assert digested(without).tables() != digested(rows).tables()
    assert of_blocks(2, [(0, "a"), (1, "b")]) != of_blocks(2, [(0, "a"), (2, "b")])
    assert of_blocks(2, [(0, "a"), (1, "b")]) != of_blocks(3, [(0, "a"), (1, "b")])


def test_a_table_of_one_block_and_one_not_about_people_have_a_plain_digest() -> None:
    rows = things(UNITS)
    digest = Digest([PLANS], UNITS)
    digest.update(PLANS, {"plan": Coded.of(["x", "y"])})

    assert digested(rows).tables() == digested(rows, units=0).tables()
    assert digested(things(UNITS + 1)).tables() != digested(things(UNITS + 1), units=0).tables()
    assert digest.blocks() == {}
    assert digest.tables() == {"plans": digest.tables()["plans"]}
