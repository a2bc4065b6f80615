"""Tables and columns that a scenario promises are those that are pinned."""

from __future__ import annotations

import pytest

from golden.schema import pinned, schema
from healthsim.products.catalogue import TABLES

MEND = "make golden writes the file anew: do so only if this table was to change, and say why"


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_a_table_has_the_key_and_the_columns_that_are_pinned(table: str) -> None:
    assert list(schema()[table].items()) == list(pinned()[table].items()), MEND


def test_every_pinned_table_is_there_in_its_order() -> None:
    assert list(schema()) == list(pinned()), MEND
