"""Templates become pieces and slots, which are joined with columns."""

from __future__ import annotations

import pyarrow as pa
import pytest

from healthsim.execution.sync.chart.notes.phrases import Phrase, Slot, note, parse

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


def test_a_note_is_read_as_a_whole_with_and_without_what_may_be_missing() -> None:
    full = {
        "title": "PROGRESS NOTE", "patient": "Ana Diaz, 60-year-old woman.",
        "visit_setting": "Office visit on May 2, 2025.", "reason": "Cough.",
        "summary": "60-year-old woman with asthma.", "comes": "Seen: cough.",
        "interval": "Last seen on May 1, 2025.",
        "changes": "Weight up from 60 to 64 kg since May 1, 2025",
        "news_of_drugs": "Medicines since then: stopped aspirin.",
        "family_news": "- Father: asthma", "examination": "Lungs: clear.",
        "screenings": "- PHQ-9: 3, minimal",
        "problems": "- Asthma (J45.909), for 9 years", "allergies": "No known allergies.",
        "medications": "- albuterol.", "social_news": "- Smoking: Never",
        "vital_signs": "Pain 1 of 10.", "results": "- Sodium 140 mmol/L", "studies": "- XR: clear.",
        "procedures": "- Spirometry", "assessment": "1. Cough (R05.9)", "plan": "- Pending: x.",
        "death": "Died during the visit.", "signature": "Signed.\nNot a real person.",
    }  # fmt: skip
    optional = {
        "death", "interval", "problems", "allergies", "medications", "social_news", "vital_signs",
        "results", "studies", "procedures", "plan", "changes", "news_of_drugs", "family_news",
        "examination", "screenings",
    }  # fmt: skip
    phrase = note("visit")
    assert set(phrase.slots()) == set(full)
    columns = {
        name: pa.array([text, None if name in optional else text], pa.string())
        for name, text in full.items()
    }
    whole, short = phrase.of(columns).to_pylist()
    assert short == (
        "PROGRESS NOTE\nAna Diaz, 60-year-old woman.\nOffice visit on May 2, 2025.\n\n"
        "REASON FOR VISIT\nCough.\n\nHISTORY OF PRESENT ILLNESS\n60-year-old woman with "
        "asthma. Seen: cough.\n\n"
        "ASSESSMENT\n1. Cough (R05.9)\n\nSigned.\nNot a real person."
    )
    assert whole.count("\n\n") == 17
    assert (
        "ILLNESS\n60-year-old woman with asthma. Seen: cough. Last seen on May 1, 2025. "
        "Weight up from 60 to 64 kg since May 1, 2025. Medicines since then: stopped aspirin."
        "\n\nPROBLEMS"
    ) in whole
