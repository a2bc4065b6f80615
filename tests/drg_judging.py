"""An independent grouper as a judge of the DRGs that stays are grouped into.

The judge is drgpy, which read the definitions itself. Where its answer contradicts the title of its
own group, the title is right: `contradicts_its_title`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import duckdb
import numpy as np
from drgpy.msdrg import DRGEngine

from fuzzing.dice import Dice
from healthsim.billing.drg.definitions import version_days, versions_of
from healthsim.billing.drg.grouping import Stay, complications, group
from healthsim.dates import day_of

VERSIONS = ("v40", "v41", "v41.1", "v42", "v42.1", "v43", "v43.1")
LATEST = len(VERSIONS) - 1
_UNGROUPABLE = ("000", "998", "999")
_WITH_CC = {"950": "949", "017": "016"}  # groups "without CC/MCC" that the judge gives with a CC


@cache
def engine(version: int) -> DRGEngine:
    """Return the judge of a version."""
    assert len(VERSIONS) == len(version_days())
    return DRGEngine(VERSIONS[version])


def judged(stay: Stay) -> str | None:
    """Return the judge's group; None where it has none."""
    codes = [code.replace(".", "") for code in (stay.principal, *stay.secondary)]
    late = {code.replace(".", ""): "N" for code in stay.late}
    found = engine(stay.version).get_drg(
        codes, list(stay.procedures), stay.sex or "F", stay.status != "20", late, stay.status
    )
    if found in _WITH_CC and complications(stay):
        return _WITH_CC[found]
    return None if found in _UNGROUPABLE else str(found)


@dataclass(frozen=True)
class Verdict:
    """Of how many stays the judge says the same, and where not."""

    agreed: float
    differing: list[tuple[Stay, str | None, str | None]]


def verdict(stays: list[Stay]) -> Verdict:
    """Return what the judge says of stays: those that differ with the judge's group and ours."""
    pairs = [(stay, judged(stay), group(stay).drg) for stay in stays]
    differing = [pair for pair in pairs if pair[1] != pair[2]]
    return Verdict(1 - len(differing) / len(stays), differing)


def medical_stays(number: int, seed: int, version: int = LATEST) -> list[Stay]:
    """Return random stays without procedures: any principal diagnosis, up to five others."""
    draw = Dice(seed, "drg")
    codes = _Codes(engine(version))
    return [codes.stay(draw, draw.choice(codes.principal), (), version) for _ in range(number)]


def surgical_stays(number: int, seed: int, version: int = LATEST) -> list[Stay]:
    """Return random stays with one operation that a category of the principal diagnosis knows."""
    draw = Dice(seed, "drg")
    codes = _Codes(engine(version))
    found: list[Stay] = []
    while len(found) < number:
        operation = draw.choice(codes.operations)
        principal = draw.choice(codes.principal)
        if _category_of_drgs(codes, operation) & {codes.category[principal]}:
            found.append(codes.stay(draw, principal, (operation,), version))
    return found


class _Codes:
    def __init__(self, judge: DRGEngine) -> None:
        self.judge = judge
        self.category = {code: labels[0] for code, labels in judge.dxmap.items()
                         if labels and labels[0].startswith("_MDC")}  # fmt: skip
        opens: Callable[[str], bool] = lambda code: any(  # noqa: E731
            label.endswith("PDX") and not label.startswith("_") for label in judge.dxmap[code]
        )
        self.principal = sorted(filter(opens, self.category))
        self.other = sorted(judge.dxmap)
        self.complications = sorted(judge.ccmap)
        self.operations = sorted(judge.orpcsmap)

    def stay(self, draw: Dice, principal: str, procedures: tuple[str, ...], version: int) -> Stay:
        others = tuple(
            draw.choice(self.complications if draw.chance(0.6) else self.other)
            for _ in range(draw.number(0, 5))
        )
        sex = {"_MDC12": "M", "_MDC13": "F", "_MDC14": "F"}.get(self.category[principal])
        return Stay(principal, others, frozenset(), procedures, sex or draw.choice("FM"), "01",
                    version)  # fmt: skip


def _category_of_drgs(codes: _Codes, operation: str) -> set[str]:
    areas = (codes.judge.drgmap.get(drg, {}).get("mdc", "") for drg in
             codes.judge.orpcsmap[operation])  # fmt: skip
    return {f"_MDC{area}" for area in areas if area}


def lines(differing: list[tuple[Stay, str | None, str | None]]) -> Iterator[str]:
    """Yield what differs, for a test's message."""
    for stay, theirs, ours in differing:
        yield f"judge {theirs}, here {ours}: {stay}"


def stays_of(connection: duckdb.DuckDBPyConnection) -> list[tuple[Stay, str | None]]:
    """Return the stays of a scenario as they are stored, each with its derived group."""
    diagnoses: dict[int, list[tuple[str, str]]] = {}
    for encounter, code, poa in connection.execute(
        "SELECT encounter_id, code, poa FROM encounter_diagnoses ORDER BY encounter_id, sequence"
    ).fetchall():
        diagnoses.setdefault(encounter, []).append((code, poa))
    done: dict[int, list[str]] = {}
    for encounter, code in connection.execute(
        "SELECT encounter_id, code FROM procedures WHERE system = 'ICD-10-PCS' ORDER BY ALL"
    ).fetchall():
        done.setdefault(encounter, []).append(code)
    rows = connection.execute(
        "SELECT encounter_id, gender, disposition, end_at::DATE::VARCHAR, drg_derived "
        "FROM encounters JOIN patients USING (person_id) WHERE encounter_class = 'inpatient' "
        "ORDER BY encounter_id"
    ).fetchall()
    found = []
    for encounter, gender, status, day, drg in rows:
        codes = diagnoses.get(encounter, [])
        discharged = np.array([day_of(day)], dtype=np.int32)
        stay = Stay(
            principal=codes[0][0] if codes else "",
            secondary=tuple(code for code, _ in codes[1:]),
            late=frozenset(code for code, poa in codes[1:] if poa in ("N", "U")),
            procedures=tuple(done.get(encounter, ())),
            sex=gender,
            status=status,
            version=int(versions_of(discharged)[0]),
        )
        found.append((stay, drg))
    return found
