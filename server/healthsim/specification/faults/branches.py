"""Which branch of a union a value means, so that only the faults of that branch are reported.

A value's `type` decides where it is one that a branch knows. Otherwise the branch is meant that the
value's keys fit best: with the most keys that it knows, the fewest unknown to it and the fewest
missing from the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from healthsim.errors import alike
from healthsim.specification.faults.places import Part, is_model, keys_of, kind_at, places
from healthsim.specification.faults.synonyms import called

Item = dict[str, Any]

_OTHER_KIND = 100.0  # the branch wants a value of another kind: text in place of an object
_REFUSED = 1.5  # the branch refuses the value as a whole: between one misfit and two
_FAULT = 0.01  # any other fault inside


def of_meant_branches(
    items: Sequence[Item], model: type[BaseModel], document: object
) -> list[Item]:
    """Return the errors without those of branches that are not meant.

    Args:
        items: pydantic's errors.
        model: what the document was validated as.
        document: as it was given.
    """
    tried: dict[tuple[Part, ...], dict[Part, list[Item]]] = {}
    choices = [_choices(item, model) for item in items]
    for item, chosen in zip(items, choices, strict=True):
        for before, branch in chosen:
            tried.setdefault(before, {}).setdefault(branch, []).append(item)
    meant = {
        before: _meant(branches, before, model, _value_at(document, before, model))
        for before, branches in tried.items()
        if len(branches) > 1
    }
    return [
        item
        for item, chosen in zip(items, choices, strict=True)
        if all(branch in meant.get(before, (branch,)) for before, branch in chosen)
    ]


def _choices(item: Item, model: type[BaseModel]) -> list[tuple[tuple[Part, ...], Part]]:
    """Return (location, branch) of each union on the way to an error that tries its branches."""
    return [
        (place.before, place.part)
        for place in places(model, item["loc"])
        if place.is_branch and not place.is_tagged
    ]


def _meant(
    branches: Mapping[Part, list[Item]],
    before: tuple[Part, ...],
    model: type[BaseModel],
    value: object,
) -> tuple[Part, ...]:
    """Return the branch that a value means; all that fit equally badly, if it is of no kind."""
    kind = value.get("type") if isinstance(value, Mapping) else None
    for branch, items in branches.items():
        if kind is not None and any(
            (*before, branch, kind) == _head(item, before) for item in items
        ):
            return (branch,)
    misfits = {
        branch: _misfit(items, (*before, branch), model, value)
        for branch, items in branches.items()
    }
    least = min(misfits.values())
    best = [branch for branch, misfit in misfits.items() if misfit == least]
    return tuple(best) if least >= _OTHER_KIND else (best[0],)


def _head(item: Item, before: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return an error's location as far as the part after its branch."""
    head: tuple[Part, ...] = item["loc"][: len(before) + 2]
    return head


def _misfit(
    items: Sequence[Item], root: tuple[Part, ...], model: type[BaseModel], value: object
) -> float:
    """Return how badly a value fits a branch; each key that the branch knows counts for it."""
    kind = kind_at(model, root)
    known = set(keys_of(kind)) if is_model(kind) and isinstance(value, Mapping) else set()
    fitting = len(known & set(map(str, value))) if isinstance(value, Mapping) else 0
    return sum(_misfit_of(item, root, model) for item in items) - fitting


def _misfit_of(item: Item, root: tuple[Part, ...], model: type[BaseModel]) -> float:
    kind, at_root = str(item["type"]), item["loc"] == root
    if at_root:
        return _OTHER_KIND if kind.endswith("_type") or _is_other_word(item) else _REFUSED
    if kind == "extra_forbidden":
        *outer, key = item["loc"]
        there = kind_at(model, tuple(outer))
        misspelt = is_model(there) and _is_meant(str(key), keys_of(there))
        return _FAULT if misspelt else 1.0
    return 1.0 if kind == "missing" else _FAULT


def _is_meant(key: str, keys: Sequence[str]) -> bool:
    """Return whether a key stands for one of some others."""
    return bool(called(key, keys) or alike(key, keys))


def _is_other_word(item: Item) -> bool:
    """Return whether a value that is no text was tried as one of some words."""
    return item["type"] == "literal_error" and not isinstance(item.get("input"), str)


def _value_at(document: object, before: tuple[Part, ...], model: type[BaseModel]) -> object:
    """Return the value of the document at a location; None where a short form was written out."""
    value = document
    for place in places(model, before):
        if place.is_branch:
            continue
        if isinstance(value, Mapping):
            value = value.get(str(place.part))
        elif isinstance(value, list | tuple) and isinstance(place.part, int):
            value = value[place.part] if place.part < len(value) else None
        else:
            return None
    return value
