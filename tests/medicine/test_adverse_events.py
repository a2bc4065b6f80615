"""The table of usual adverse events: terms, codes and shares that can be."""

from __future__ import annotations

import pytest

from healthsim.codes.diagnoses import icd10cm
from healthsim.medicine import adverse_events
from healthsim.medicine.adverse_events import BACKGROUND, classes, usual_events


def test_every_class_has_more_than_thirty_terms_with_codes_that_can_be_billed() -> None:
    for name in classes():
        found = usual_events(name)
        assert len(found) >= 40
        for term, event in found.items():
            entry = icd10cm().entry(event.code)
            assert entry is not None, term
            assert (entry.header, entry.gone) == (False, False), term
            assert entry.sex in ("", event.sex), term
            for shares in (event.grades, event.related, event.action):
                assert sum(shares.values()) == pytest.approx(1), term


def test_a_class_keeps_the_background_and_has_its_own_figures_where_it_has_a_row() -> None:
    placebo, incretin = usual_events(BACKGROUND), usual_events("glp-1 agonist")

    assert placebo.keys() < incretin.keys()
    assert incretin["Nausea"].share > 3 * placebo["Nausea"].share
    assert incretin["Headache"] == placebo["Headache"]
    assert usual_events("cytotoxic chemotherapy")["Neutrophil count decreased"].grades["3"] > 0.3


def test_a_share_within_another_time_is_that_of_the_same_rate() -> None:
    event = usual_events(BACKGROUND)["Headache"]

    assert event.share_within(event.within_days) == event.share
    twice = event.share_within(2 * event.within_days)
    assert twice == pytest.approx(1 - (1 - event.share) ** 2, abs=1e-6)


def test_a_row_whose_shares_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    (first, *others) = adverse_events.rows("adverse_events.csv")
    wrong = ({**first, "grade_1": "0.9"}, *others)
    monkeypatch.setattr(adverse_events, "rows", lambda name: wrong)
    with pytest.raises(ValueError, match="add up to 1"):
        usual_events.__wrapped__(BACKGROUND)
