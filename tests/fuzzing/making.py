"""Makes calls: right ones from the published schemas, and one to three things wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fuzzing.dice import Dice
from fuzzing.pools import (
    CHANGES,
    NAMED,
    ODD_TEXTS,
    PLACES,
    REQUESTS,
    ROUNDS,
    SQL,
    VALUES,
    WRONG_SQL,
)

Arguments = dict[str, Any]
HEAVY = {
    "audit_scenario": 0.3, "execute_spec": 0.5, "compare_scenarios": 0.4, "export_scenario": 0.5,
    "query_scenario": 2.0, "refine_spec": 2.0, "look_up": 1.5,
}  # fmt: skip
"""How often tools are called, of those that are not called as often as the others."""


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to name: scenarios, runs, drafts and tables, beside names that nothing has."""

    names: Mapping[str, Sequence[str]]

    def one(self, kind: str, dice: Dice) -> str:
        """Return a name of a kind, seldom one that nothing has."""
        if dice.chance(0.1):
            return dice.choice([*ODD_TEXTS, "nothing-of-this-name", *self.names["scenario"]])
        return dice.choice(self.names[kind])


class Maker:
    """Makes the calls of one chapter.

    Args:
        dice: where all choices come from.
        schemas: what each tool takes, as it is published.
        known: what there is to name.
    """

    def __init__(self, dice: Dice, schemas: Mapping[str, dict[str, Any]], known: Known) -> None:
        self._dice, self._schemas, self._known = dice, schemas, known
        self._tools = [*schemas]
        self._weights = [HEAVY.get(name, 1.0) for name in self._tools]

    def call(self) -> tuple[str, Arguments]:
        """Return a tool and its arguments: a third as they should be, the others with faults."""
        tool = self._dice.weighted(self._tools, self._weights)
        arguments = self._right(tool)
        for _ in range(self._dice.choice([0, 0, 0, 1, 1, 1, 2, 3])):
            arguments = self._dice.choice(WAYS)(self._dice, arguments, self._schemas[tool])
        if self._dice.chance(0.01):
            tool = self._dice.choice(
                [tool[:-1], tool.upper(), f"healthsim.{tool}", "", "x" * 9_000]
            )
        return tool, arguments

    def _right(self, tool: str) -> Arguments:
        schema = self._schemas[tool]
        needed = schema.get("required", [])
        return {
            name: self.value(tool, name, part)
            for name, part in schema.get("properties", {}).items()
            if name in needed or self._dice.chance(0.3)
        }

    def value(self, tool: str, name: str, schema: Mapping[str, Any]) -> Any:
        """Return a value that a parameter takes."""
        dice = self._dice
        if name == "changes":
            return [self._change() for _ in range(dice.choice([1, 1, 1, 2, 5]))]
        if name == "sql":
            return dice.choice(SQL)
        if name in ("request", "traits"):
            return dice.choice(REQUESTS)
        if kind := NAMED.get((tool, name)) or NAMED.get(("", name)):
            return self._known.one(kind, dice)
        if "enum" in schema:
            return dice.choice(schema["enum"])
        if name in ROUNDS:
            return dice.choice(ROUNDS[name])
        return self._of_type(schema)

    def _of_type(self, schema: Mapping[str, Any]) -> Any:
        dice, kind = self._dice, schema.get("type")
        if kind == "integer":
            return dice.number(schema.get("minimum", 0), min(schema.get("maximum", 9), 9))
        if kind == "boolean":
            return dice.chance(0.5)
        if kind == "array":
            return [self._of_type(schema.get("items", {})) for _ in range(dice.number(0, 3))]
        if kind == "object":
            return {dice.choice(["F", "M", "TX", "E11.9"]): dice.choice([0.5, 1, 0, 2])}
        return dice.choice(["", "2025-01-31", "medicare", "diabetes", "Harris County, TX"])

    def _change(self) -> Arguments:
        dice = self._dice
        if dice.chance(0.6):
            return dice.choice(CHANGES)
        change = {"op": dice.choice(["set", "set", "append", "remove"]),
                  "path": dice.choice(PLACES)}  # fmt: skip
        if change["op"] != "remove":
            change["value"] = dice.choice(VALUES)
        return change


def _some(dice: Dice, arguments: Arguments, schema: Mapping[str, Any]) -> str:
    """Return the name of an argument, given or not."""
    return dice.choice([*arguments, *schema.get("properties", {}), "nothing"])


def _drop(dice: Dice, arguments: Arguments, schema: Mapping[str, Any]) -> Arguments:
    name = _some(dice, arguments, schema)
    return {key: value for key, value in arguments.items() if key != name}


def _null(dice: Dice, arguments: Arguments, schema: Mapping[str, Any]) -> Arguments:
    return arguments | {_some(dice, arguments, schema): None}


def _misspelt(dice: Dice, arguments: Arguments, schema: Mapping[str, Any]) -> Arguments:
    name = _some(dice, arguments, schema)
    wrong = dice.choice([name[:-1], name.upper(), name.replace("_", "-"), f"{name}s", "x" * 3_000])
    return {wrong if key == name else key: value for key, value in (arguments | {}).items()} | (
        {} if name in arguments else {wrong: 1}
    )


def _wrapped(dice: Dice, arguments: Arguments, _: Mapping[str, Any]) -> Arguments:
    inside: Any = arguments if dice.chance(0.5) else json.dumps(arguments)
    return {dice.choice(["arguments", "input", "params", "kwargs"]): inside}


def _as_text(dice: Dice, arguments: Arguments, schema: Mapping[str, Any]) -> Arguments:
    name = _some(dice, arguments, schema)
    value = arguments.get(name, 5)
    if isinstance(value, list) and dice.chance(0.5):
        return arguments | {name: [json.dumps(item) for item in value]}
    return arguments | {name: json.dumps(value)}


def _other_form(dice: Dice, arguments: Arguments, schema: Mapping[str, Any]) -> Arguments:
    """Write a value as some host does: a list as its one item, a number as a float or text."""
    name = _some(dice, arguments, schema)
    value = arguments.get(name, 5)
    if isinstance(value, list):
        return arguments | {name: value[0] if value else {}}
    if isinstance(value, bool):
        return arguments | {name: dice.choice(["yes", "true", "on", 1, "False"])}
    if isinstance(value, int):
        return arguments | {name: dice.choice([float(value), str(value), f"{value}.0"])}
    return arguments | {name: [value]}


def _wrong_value(dice: Dice, arguments: Arguments, schema: Mapping[str, Any]) -> Arguments:
    return arguments | {_some(dice, arguments, schema): dice.choice(VALUES)}


def _odd_text(dice: Dice, arguments: Arguments, schema: Mapping[str, Any]) -> Arguments:
    return arguments | {_some(dice, arguments, schema): dice.choice(ODD_TEXTS)}


def _bad_sql(dice: Dice, arguments: Arguments, schema: Mapping[str, Any]) -> Arguments:
    if "sql" not in schema.get("properties", {}):
        return _odd_text(dice, arguments, schema)
    words = dice.choice(SQL).split(" ")
    words[dice.number(0, len(words) - 1)] = dice.choice(
        ["", "FROM", "(", "nothing", "'", "patients"]
    )
    return arguments | {"sql": dice.choice([" ".join(words), dice.choice(WRONG_SQL)])}


def _inside(dice: Dice, arguments: Arguments, schema: Mapping[str, Any]) -> Arguments:
    """Change one place inside a value."""
    name = _some(dice, arguments, schema)
    return arguments | {name: _changed(dice, arguments.get(name))}


def _changed(dice: Dice, value: Any) -> Any:
    if isinstance(value, dict) and value and dice.chance(0.8):
        key = dice.choice([*value])
        if dice.chance(0.3):
            return {("other" if one == key else one): item for one, item in value.items()}
        return value | {key: _changed(dice, value[key])}
    if isinstance(value, list) and value and dice.chance(0.8):
        place = dice.number(0, len(value) - 1)
        return [_changed(dice, item) if number == place else item
                for number, item in enumerate(value)]  # fmt: skip
    return dice.choice([*VALUES, *ODD_TEXTS])


Way = Callable[[Dice, Arguments, Mapping[str, Any]], Arguments]
WAYS: Sequence[Way] = (
    _drop, _null, _null, _misspelt, _wrapped, _as_text, _as_text, _other_form, _other_form,
    _wrong_value, _odd_text, _bad_sql, _inside, _inside,
)  # fmt: skip
"""What may be wrong with a call, or only unusual."""
