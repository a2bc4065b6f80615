"""Pydantic's errors as problems: where, what was found, how to mend it.

Of a union only the branch that is meant is reported. An unknown key is answered with the keys of
its own place, the nearest first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeGuard, get_origin

from pydantic import BaseModel, ValidationError

from healthsim.capabilities import not_built
from healthsim.errors import Problem, alike, near, nearest, quoted
from healthsim.specification.faults.branches import of_meant_branches
from healthsim.specification.faults.places import (
    Part,
    bare,
    branches_of,
    is_model,
    keys_of,
    kind_at,
    places,
    tags_of,
)
from healthsim.specification.faults.synonyms import called
from healthsim.specification.faults.wanted import give, plainly, to_add

RESERVED = {
    "defects": "an observed copy with errors is not built yet",
    "claim": "claim directives are not built yet",
}
"""Keys that docs/design.md reserves: refused with a reason until they are built."""


def problems_of(
    error: ValidationError, model: type[BaseModel], where: str, document: object = None
) -> list[Problem]:
    """Rewrite pydantic's errors as problems.

    Args:
        error: of validating `document`.
        model: what it was validated as.
        where: path of the document, e.g. ``"profile"``.
        document: as it was given; without it, branches of unions are told apart by keys alone.
    """
    items = [dict(item) for item in error.errors(include_url=False)]
    items = of_meant_branches(items, model, document)
    found: dict[tuple[str, str], list[str]] = {}
    listed: set[tuple[Part, ...]] = set()
    for item in items:
        if _follows(item, items):
            continue
        problem = _problem(item, model, where, listed)
        mends = found.setdefault((problem.where, problem.found), [])
        for mend in problem.mend.split(_OTHERWISE):
            mends += [] if mend in mends else [mend]
    return [Problem(place, what, _OTHERWISE.join(mends)) for (place, what), mends in found.items()]


_OTHERWISE = ", or "  # between two mends of one fault


def _follows(item: Mapping[str, Any], items: list[dict[str, Any]]) -> bool:
    """Tell whether a list is too short only because its items are at fault."""
    here = item["loc"]
    return item["type"] == "too_short" and any(
        len(other["loc"]) > len(here) and other["loc"][: len(here)] == here for other in items
    )


def _problem(
    item: Mapping[str, Any], model: type[BaseModel], where: str, listed: set[tuple[Part, ...]]
) -> Problem:
    location = path_of(item["loc"], model, where)
    kind, value, context = item["type"], item.get("input"), item.get("ctx") or {}
    if kind == "extra_forbidden":
        key = str(item["loc"][-1])
        place = item["loc"][:-1]
        mend = RESERVED.get(key) or _other_key(key, place, model, where, listed)
        return Problem(location, f"unknown key {quoted(key)}", mend)
    if kind == "missing":
        return Problem(location, "is missing", f"add {to_add(kind_at(model, item['loc']))}")
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return _of_tag(location, context)
    if kind == "step_kind":
        return _of_step(location, value, str(item["msg"]), tags_of(kind_at(model, item["loc"])))
    if kind == "literal_error":
        mend = _or_number(item["loc"], model) + _word(value, str(context.get("expected")))
        mend += _or_object(item["loc"], model)
        return Problem(location, f"is {shown(value)}", mend)
    if kind == "less_than_equal" and context.get("le") == 1 and _is_per_cent(value):
        return Problem(
            location, f"is {quoted(value)}, above 1", f"write {value / 100:g} for {value:g} %"
        )
    if mend := give(kind, kind_at(model, item["loc"])):
        return Problem(location, f"is {shown(value)}", mend)
    message = str(item["msg"]).removeprefix("Value error, ")
    if kind in {"value_error", "assertion_error"} or "; " in message:
        what, _, mend = message.partition("; ")
        return Problem(location, what, _as_numbers(value) or mend or "change it")
    return Problem(location, f"is {shown(value)}", plainly(message))


_NUMBERS = ("mean", "sd", "low", "high")
_SHAPES = {("low", "high"): "uniform", ("mean", "sd"): "normal"}


def _as_numbers(value: object) -> str:
    """Suggest a distribution of numbers where labels are its keys, by the names of elsewhere."""
    weights = value.get("weights") if isinstance(value, Mapping) else None
    if not isinstance(weights, Mapping) or not weights:
        return ""
    meant = [called(str(label), _NUMBERS) or [str(label)] for label in weights]
    keys = {key for names in meant for key in names}
    for needed, shape in _SHAPES.items():
        if set(needed) <= keys <= set(_NUMBERS):
            figures = ", ".join(f'"{name}": …' for name in _NUMBERS if name in keys)
            return f'for numbers write {{"type": "{shape}", {figures}}}; labels have weights'
    return ""


_LONGEST_KEY = 200  # characters of a key that are compared


def _other_key(
    key: str,
    place: tuple[Part, ...],
    model: type[BaseModel],
    where: str,
    listed: set[tuple[Part, ...]],
) -> str:
    """Suggest the keys of a place for an unknown one; in full only once for each place."""
    kind, key = kind_at(model, place), key[:_LONGEST_KEY]
    if not is_model(kind):
        return "remove it, or look at the guide of this part of the language"
    keys = keys_of(kind)
    meant = called(key, keys) or alike(key, keys)[:3]
    hint = f"did you mean {' or '.join(map(repr, meant))}?" if meant else (
        _elsewhere(key, place, model, where) or not_built(key.replace("_", " "))
    )  # fmt: skip
    hint += ";" if hint and not hint.endswith("?") else ""
    if place in listed:
        return hint.removesuffix(";") or "its keys are listed above"
    listed.add(place)
    ordered = dict.fromkeys([*meant, *nearest(key, keys)])
    takes = f"the keys here are {', '.join(ordered)}" if keys else "remove it"
    return f"{hint} {takes}".strip()


def _elsewhere(key: str, place: tuple[Part, ...], model: type[BaseModel], where: str) -> str:
    """Say where a key belongs that stands too deep, or not deep enough."""
    for end in range(len(place) - 1, -1, -1):
        around = kind_at(model, place[:end])
        if is_model(around) and key in keys_of(around):
            return f"it belongs at {path_of((*place[:end], key), model, where)}"
    inner = [(*place, field) for field in keys_of(kind_at(model, place))]
    inner += [(*below, 0) for below in inner if get_origin(bare(kind_at(model, below))) is list]
    for below in inner:
        kind = kind_at(model, below)
        models = [(below, kind)] if is_model(kind) else [
            ((*below, one.__name__), one) for one in map(bare, branches_of(kind)) if is_model(one)
        ]  # fmt: skip
        for here, one in models:
            if key in keys_of(one):
                return f"it belongs at {path_of((*here, key), model, where)}"
    return ""


def _of_tag(location: str, context: Mapping[str, Any]) -> Problem:
    """Say that the key that chooses a branch is missing, or has an unknown word."""
    tags = [tag.strip().strip("'") for tag in str(context.get("expected_tags", "")).split(",")]
    tag = str(context.get("tag", ""))
    key = str(context.get("discriminator", "type")).strip("'")
    if not tag:
        return Problem(location, f"has no {key!r}", near("", tags))
    return Problem(location, f"unknown {key} {quoted(tag)}", RESERVED.get(tag) or near(tag, tags))


def _of_step(location: str, value: object, message: str, tags: tuple[str, ...]) -> Problem:
    """Say that there is no such step, with the nearest kinds of steps and events."""
    what, _, mend = message.partition("; ")
    if isinstance(value, Mapping):
        do, event = value.get("do", "event"), value.get("type")
        key, word = ("type", event) if do == "event" else ("do", do)
        words = [tag.partition(":")[2] for tag in tags]
        meant = called(word, words) or alike(word, words) if isinstance(word, str) else []
        if meant:
            kinds = {word: tag.partition(":")[0] for word, tag in zip(words, tags, strict=True)}
            written = [f"{'do' if kinds[word] == 'do' else 'type'}: {word}" for word in meant[:3]]
            return Problem(location, f"{key} {word!r} {what}", f"use {' or '.join(written)}")
        what = f"{key} {shown(word)} {what}" if word is not None else f"has no type, so it {what}"
    return Problem(location, what, mend)


def _is_per_cent(value: object) -> TypeGuard[float]:
    """Tell whether a number that is too large for a share may be one in per cent."""
    return isinstance(value, int | float) and _LEAST_PER_CENT <= value <= _MOST_PER_CENT


_LEAST_PER_CENT, _MOST_PER_CENT = 2, 100


def _or_object(location: tuple[Part, ...], model: type[BaseModel]) -> str:
    """Offer the objects that may stand where a word was tried, an example of each that has one."""
    unions = [place for place in places(model, location) if place.is_branch]
    if not unions or len(unions[-1].before) != len(location) - 1:
        return ""
    kinds = [kind for kind in branches_of(unions[-1].kind) if is_model(kind)]
    return "".join(
        f", or {getattr(kind, 'example', '') or give('model_type', kind)}" for kind in kinds
    )


def _or_number(location: tuple[Part, ...], model: type[BaseModel]) -> str:
    """Offer a number where a word was tried and a number may stand: an amount or "law"."""
    unions = [place for place in places(model, location) if place.is_branch]
    numbers = [kind for kind in branches_of(unions[-1].kind) if bare(kind) in (int, float)
               ] if unions else []  # fmt: skip
    return f"give a number{_OTHERWISE}" if numbers else ""


def _word(value: object, expected: str) -> str:
    """Suggest the words that are expected: first the one that is meant, or that it is not built."""
    if isinstance(value, str) and (missing := not_built(value)):
        return f"{missing}; use {expected}"
    words = [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]
    meant = alike(value, words)[:1] if isinstance(value, str) else []
    return f"did you mean {meant[0]!r}? use {expected}" if meant else f"use {expected}"


def shown(value: object) -> str:
    """Return a value as error texts show it, objects and lists by their kind."""
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of over 38 digits"
    if isinstance(value, str | int | float | bool | None):
        return quoted(value)
    return kind_of(value)


def kind_of(value: object) -> str:
    """Return the JSON kind of a value in words."""
    names = {list: "a list", tuple: "a list", dict: "an object", str: "text", bool: "true or false"}
    if value is None:
        return "null"
    return names.get(type(value), f"a {type(value).__name__}")


def path_of(location: tuple[Part, ...], model: type[BaseModel], where: str = "") -> str:
    """Write a pydantic location as a path into the document, without the branches of unions."""
    path = where
    for place in places(model, location):
        part = place.part
        if isinstance(part, int):
            path += f"[{part}]"
        elif not place.is_branch and not _OF_PYDANTIC.search(part):
            path += f".{part}" if path else part
    return path or "document"


_OF_PYDANTIC = re.compile(r"[:(\[]")
"""In a part of a location that is no key: the name of a branch or of a validator."""
