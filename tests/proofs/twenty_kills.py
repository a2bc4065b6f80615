"""Kills twenty savers of a larger scenario at moments spread over a save; prints what was left.

Run it with `python tests/proofs/twenty_kills.py` from the checkout.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from persistence.saving import end_a_saver, kept_run, manifest_of

KILLS = 20
PEOPLE = 100_000
SECONDS = 0.5  # the kills are spread over so long


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old = kept_run(folder / "old.run", count=PEOPLE, size=PEOPLE)
        new = kept_run(folder / "new.run", count=PEOPLE + 1, size=PEOPLE)
        known = {manifest_of(old).digest: "old", manifest_of(new).digest: "new"}
        (folder / "scenarios").mkdir()
        found, inside = [], 0
        for kill in range(KILLS):
            digest = end_a_saver(folder / "scenarios", old, new, SECONDS * kill / KILLS)
            found.append(known[digest])
            inside += any(path.name != "one.duckdb" for path in (folder / "scenarios").iterdir())
    sys.stdout.write(
        f"{KILLS} kills, {inside} of them inside a write; none left half a scenario: "
        f"{dict(Counter(found))}\n"
    )


if __name__ == "__main__":
    main()
