"""What stands in for long work in tests of something else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Event
from types import ModuleType
from typing import Any

import pytest

from healthsim import addresses
from healthsim.audit import integrity, money
from healthsim.audit.derived import derived_rules
from healthsim.audit.rules import AnyRule, RowRule
from healthsim.errors import Cancelled
from healthsim.execution.job import Job
from healthsim.execution.run import Chunk, chunks
from healthsim.exports import people
from healthsim.exports.fhir import opening, resources
from healthsim.operations import (
    generate,
    lake_blocks,
    lake_folder,
    lake_making,
    making,
    query,
    verify,
)
from healthsim.operations.making import Engine, default_engine
from healthsim.persistence import sandbox
from healthsim.persistence.digest import Digest, digest_stored
from healthsim.tables import Table
from healthsim.tools import pulse
from processes import PATIENCE


def ask_few_rules(patch: pytest.MonkeyPatch) -> None:
    """Let audits of this process ask the rules of money and of single rows alone, not all 400."""
    patch.setattr(integrity, "NAMED", money.RULES)
    patch.setattr(integrity, "derived_rules", _row_rules)


def ask_rules_of(patch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
    """Let audits of this process ask the rules of some modules of the audit alone."""
    patch.setattr(integrity, "NAMED", tuple(rule for one in modules for rule in one.RULES))


def ask_rules_of_money(patch: pytest.MonkeyPatch) -> None:
    """Let audits of this process ask the rules of money alone, where their answer's form counts."""
    ask_rules_of(patch, money)
    patch.setattr(integrity, "derived_rules", lambda tables: [])


FEW_RULES = """
from healthsim import cli
from healthsim.audit import integrity, money
from healthsim.audit.rules import RowRule
all_derived = integrity.derived_rules
integrity.NAMED = money.RULES
integrity.derived_rules = lambda tables: [
    rule for rule in all_derived(tables) if isinstance(rule, RowRule)
]
cli.main()
"""
"""The command line, for a process of its own, with audits that ask few rules."""


def _row_rules(tables: Sequence[Table]) -> list[AnyRule]:
    return [rule for rule in derived_rules(tables) if isinstance(rule, RowRule)]


def query_here(patch: pytest.MonkeyPatch) -> None:
    """Let the code of a query's process answer in this one, which is ten times as fast."""
    patch.setattr(query, "answer_of", _answer_here)
    patch.setattr(people, "answer_of", _answer_here)


def _answer_here(request: Mapping[str, Any], seconds: float, most_bytes: int) -> dict[str, Any]:
    asked = json.loads(json.dumps({**request, "seconds": seconds}))
    answered: dict[str, Any] = json.loads(json.dumps(sandbox.answer(asked)))
    return answered


def export_types(patch: pytest.MonkeyPatch, *names: str) -> None:
    """Let FHIR exports of this process hold these types of resource alone: each takes its time."""
    kinds = [kind for kind in resources.TYPES if kind.name in names]
    assert len(kinds) == len(names)
    patch.setattr(opening, "TYPES", kinds)


def have_small_blocks(patch: pytest.MonkeyPatch, units: int) -> None:
    """Let blocks and chunks of this process have so many units: a run of few has several then."""
    for module in (addresses, lake_blocks, lake_folder, lake_making, verify):
        patch.setattr(module, "BLOCK", units)
    for maker in (lake_blocks, making):  # memory is given back after each block, which takes long
        patch.setattr(maker, "give_back", lambda: None)
    patch.setattr(Digest.__init__, "__defaults__", (units,))
    patch.setattr(digest_stored, "__defaults__", (units, None))
    patch.setitem(chunks.__kwdefaults__, "size", units)


def report_often(patch: pytest.MonkeyPatch) -> None:
    """Let calls that have nothing new to say be reported five times a second, not once."""
    patch.setattr(pulse, "LONGEST_SILENCE", 0.2)


def hold_long_runs(patch: pytest.MonkeyPatch, people: int = 10_000) -> None:
    """Let runs of so many people or more wait, at no cost, until they are stopped."""
    engine = Engine(default_engine().prepare, _held_from(people))
    patch.setattr(generate, "default_engine", lambda: engine)


def _held_from(people: int) -> Callable[..., Iterator[Chunk]]:
    def held(
        job: Job, *, threads: int, stop: Event, counted: Callable[[], None]
    ) -> Iterator[Chunk]:
        if job.count < people:
            yield from chunks(job, threads=threads, stop=stop, counted=counted)
            return
        counted()
        stop.wait(PATIENCE)
        raise Cancelled("run", "it was stopped", "start it again")

    return held
