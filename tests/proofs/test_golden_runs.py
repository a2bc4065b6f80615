"""Runs of the templates whose rows are pinned and that `make test` does not make."""

from __future__ import annotations

import pytest

from golden.runs import DAILY, changes, digests_of, every_run, pinned


@pytest.mark.parametrize("name", [name for name in every_run() if name not in DAILY])
def test_a_run_of_templates_gives_the_rows_that_are_pinned(name: str) -> None:
    kept, found = {name: pinned()[name]}, {name: digests_of(*every_run()[name])}

    assert changes(kept, found) == []
    assert found == kept
