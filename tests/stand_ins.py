"""What stands in for long work in tests of something else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from healthsim.audit import integrity, money
from healthsim.audit.derived import derived_rules
from healthsim.audit.rules import AnyRule, RowRule
from healthsim.exports import people
from healthsim.operations import query
from healthsim.persistence import sandbox
from healthsim.tables import Table


def ask_few_rules(patch: pytest.MonkeyPatch) -> None:
    """Let audits of this process ask the rules of money and of single rows alone, not all 400."""
    patch.setattr(integrity, "NAMED", money.RULES)
    patch.setattr(integrity, "derived_rules", _row_rules)


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
