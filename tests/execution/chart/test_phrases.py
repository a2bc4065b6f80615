"""Templates become pieces and slots, which are joined with columns."""

from __future__ import annotations

import pyarrow as pa
import pytest

from healthsim.execution.sync.chart.notes.phrases import Phrase, Slot, parse

A = pa.array(["x", None, "{{ y }}"])


def test_a_phrase_is_said_of_each_row_and_null_where_a_slot_is() -> None:
    phrase = Phrase(("<", Slot("a"), ">"))
    assert phrase.of({"a": A}).to_pylist() == ["<x>", None, "<{{ y }}>"]


def test_a_part_is_left_out_where_its_slot_is_null() -> None:
    phrase = Phrase(("it", Phrase((" is ", Slot("a")))))
    assert phrase.of({"a": A}).to_pylist() == ["it is x", "it", "it is {{ y }}"]
    assert phrase.slots() == ("a",)


@pytest.mark.parametrize("rendered", ["\x03a", "a\x04"])
def test_a_part_that_does_not_begin_and_end_is_refused(rendered: str) -> None:
    with pytest.raises(ValueError, match="part"):
        parse(rendered)
