"""Which elements that US Core asks systems to support an export holds.

`python tests/us_core.py` writes the tables of docs/us-core.md and docs/fhir.md anew.

`data/us_core_610.csv` lists the must-support elements of US Core 6.1.0 as its package has them
(snapshots of StructureDefinitions; the package is CC0), which of them a resource must have, and why
some are never filled.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from healthsim.exports.fhir import bulk, mapping
from template_runs import stored

LISTED = Path(__file__).parent / "data" / "us_core_610.csv"
DOCS = Path(__file__).parents[1] / "docs"
PAGE, TABLES = DOCS / "us-core.md", DOCS / "fhir.md"
RUNS = (
    ("commercial-maternity", ("pregnancy",), 40),
    ("medicare-advantage-complex", ("heart-failure-exacerbation", "annual-enrolment"), 40),
    ("medicare-diabetic", ("diabetic-annual",), 40),
    ("medicaid-pediatric", ("pediatric-asthma-year", "well-child-schedule"), 60),
    ("medicare-general", ("surgical-episode",), 40),
)
"""What the page's table is counted of."""
PROFILE = "http://hl7.org/fhir/us/core/StructureDefinition/"
Resource = dict[str, Any]


def _coded(*codes: str) -> Callable[[Any], bool]:
    """Return whether a concept has one of some codes."""
    return lambda concept: any(one.get("code") in codes for one in concept.get("coding", []))


def _part(*codes: str, name: str = "code") -> Callable[[Any], bool]:
    return lambda item: _coded(*codes)(item.get(name, {}))


def _system(text: str) -> Callable[[Any], bool]:
    return lambda item: item.get("system") == text


def _address(text: str) -> Callable[[Any], bool]:
    return lambda item: str(item.get("url", "")).endswith(text)


SLICES: dict[str, Callable[[Any], bool]] = {
    "identifier:NPI": _system("http://hl7.org/fhir/sid/us-npi"),
    "identifier:memberid": _part("MB", name="type"),
    "category:VSCat": _coded("vital-signs"),
    "category:survey": _coded("survey"),
    "category:socialhistory": _coded("social-history"),
    "category:SocialHistory": _coded("social-history"),
    "category:LaboratorySlice": _coded("LAB"),
    "category:AssessPlan": _coded("assess-plan"),
    "category:screening-assessment": lambda concept: any(
        str(one.get("system")).endswith("us-core-category") for one in concept["coding"]
    ),
    "component:systolic": _part("8480-6"),
    "component:diastolic": _part("8462-4"),
    "component:FlowRate": _part("3151-8"),
    "component:Concentration": _part("3150-0"),
    "component:industry": _part("86188-0"),
    "coding:PulseOx": lambda coding: coding.get("code") == "59408-5",
    "coding:O2Sat": lambda coding: coding.get("code") == "2708-6",
    "class:group": _part("group", name="type"),
    "class:plan": _part("plan", name="type"),
    "agent:ProvenanceAuthor": _part("author", name="type"),
    "agent:ProvenanceTransmitter": _part("transmitter", name="type"),
    "extension:assertedDate": _address("condition-assertedDate"),
    "extension:questionnaireDisplay": _address("StructureDefinition/display"),
    "extension:url": _address("us-core-extension-questionnaire-uri"),
}
"""Slice -> which items are of it; of slices that are not here, all are."""


def listed() -> list[dict[str, str]]:
    """Return profile, type, element, whether it is required, and reason of each element."""
    with LISTED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def holds(resource: Resource, element: str) -> bool:
    """Return whether a resource has an element, such as ``component:systolic.value[x].code``."""
    return any(True for _ in _values([resource], element.split(".")))


def _values(items: Iterable[Any], steps: list[str]) -> Iterator[Any]:
    if not steps:
        yield from items
        return
    first, *rest = steps
    found = [value for item in items if isinstance(item, dict) for value in _step(item, first)]
    if rest and rest[0].startswith("extension:"):  # of a primitive: beside it
        name = f"_{first}"
        found = [item[name] for item in items if isinstance(item, dict) and name in item] or found
    yield from _values(found, rest)


def _step(item: Resource, step: str) -> Iterator[Any]:
    name, _, part = step.partition(":")
    if name.endswith("[x]"):
        base = re.compile(re.escape(name.removesuffix("[x]")) + "[A-Z]")
        keys = [key for key in item if (key == part if part else base.match(key))]
    else:
        keys = [name] if name in item else []
    is_of = SLICES.get(step, lambda _: True)
    for key in keys:
        values = item[key] if isinstance(item[key], list) else [item[key]]
        yield from (value for value in values if is_of(value))


class Coverage:
    """How many resources of each profile there are, and how many of them hold each element."""

    def __init__(self) -> None:
        self.resources: Counter[str] = Counter()
        self.filled: Counter[tuple[str, str]] = Counter()
        self._elements: dict[str, list[str]] = defaultdict(list)
        for row in listed():
            self._elements[row["profile"]].append(row["element"])

    def add(self, resource: Resource) -> None:
        """Count a resource under the profiles that it declares."""
        for address in resource["meta"].get("profile", ()):
            profile = address.partition("|")[0].removeprefix(PROFILE)
            self.resources[profile] += 1
            for element in self._elements[profile]:
                self.filled[profile, element] += holds(resource, element)

    def lacking(self) -> set[tuple[str, str]]:
        """Return profile and element of what a profile requires, and a resource of it lacks."""
        required = [(row["profile"], row["element"]) for row in listed() if row["required"]]
        return {(profile, element) for profile, element in required
                if self.filled[profile, element] < self.resources[profile]}  # fmt: skip

    def never(self) -> set[tuple[str, str]]:
        """Return profile and element of what no resource holds."""
        return {(profile, element) for profile, elements in self._elements.items()
                for element in elements if not self.filled[profile, element]}  # fmt: skip


def counted(folders: Iterable[Path]) -> Coverage:
    """Count the resources of exports."""
    coverage = Coverage()
    for folder in folders:
        for file in sorted(folder.glob("*.ndjson")):
            for line in file.read_text("utf-8").splitlines():
                coverage.add(json.loads(line))
    return coverage


def table(coverage: Coverage) -> str:
    """Return the table of the page."""
    rows = listed()
    lines = [
        "| profile | resources | filled | in a part of them | in none |",
        "|---|---|---|---|---|",
    ]
    for profile in dict.fromkeys(row["profile"] for row in rows):
        own = [row for row in rows if row["profile"] == profile]
        count = coverage.resources[profile]
        shares = {row["element"]: coverage.filled[profile, row["element"]] for row in own}
        part = [f"`{element}` {100 * held // count or '<1'} %"
                for element, held in shares.items() if 0 < held < count]  # fmt: skip
        none: dict[str, list[str]] = defaultdict(list)
        for row in own:
            if not shares[row["element"]]:
                none[row["reason"] or "not yet"].append(f"`{row['element']}`")
        if not count:
            none = defaultdict(list, {"not yet": ["all"]})
        said = "; ".join(f"{', '.join(elements)}: {why}" for why, elements in none.items())
        filled = sum(map(bool, shares.values()))
        lines.append(
            f"| {profile} | {count:,} | {filled} of {len(own)} | {', '.join(part)} | {said} |"
        )
    total = sum(1 for row in rows if coverage.filled[row["profile"], row["element"]])
    sourced = sum(1 for row in rows if not row["reason"])
    return "\n".join(lines) + (
        f"\n\n{total} of {len(rows)} elements are filled: {100 * total / len(rows):.0f} %, and "
        f"{100 * total / sourced:.0f} % of the {sourced} for which a run has a source.\n"
    )


def written() -> str:
    """Return the page with its table made anew."""
    with tempfile.TemporaryDirectory() as name:
        folders = []
        for number, (profile, journeys, count) in enumerate(RUNS):
            folders.append(folder := Path(name) / f"out-{number}")
            folder.mkdir()
            bulk.export(stored(Path(name) / str(number), profile, journeys, count), "page", folder)
        coverage = counted(folders)
    return between("table", PAGE.read_text("utf-8"), table(coverage))


def between(mark: str, page: str, text: str) -> str:
    """Return a page with a text between its two comments of a name."""
    before, rest = page.split(f"<!-- {mark} -->\n")
    end = f"<!-- end of {mark} -->\n"
    return f"{before}<!-- {mark} -->\n{text}{end}{rest.split(end)[1]}"


def listed_tables() -> str:
    """Return the page of the export with the list of tables written anew."""
    return between("tables", TABLES.read_text("utf-8"), mapping.markdown())


if __name__ == "__main__":
    TABLES.write_text(listed_tables(), encoding="utf-8", newline="\n")
    PAGE.write_text(written(), encoding="utf-8", newline="\n")
