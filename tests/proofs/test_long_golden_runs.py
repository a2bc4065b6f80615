"""Long runs of the templates whose rows are pinned: `make test` makes the others."""

from __future__ import annotations

import pytest

from golden.runs import LONG, changes, digests_of, pinned


@pytest.mark.parametrize("name", LONG)
def test_a_long_run_of_a_template_gives_the_rows_that_are_pinned(name: str) -> None:
    kept = {name: pinned()[name]}
    found = digests_of(name.split(" x ", maxsplit=1)[0], long=True)

    assert changes(kept, found) == []
    assert found == kept
