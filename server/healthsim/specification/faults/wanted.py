"""What a type takes, in words: the mend of a value that is none of it."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin

from healthsim.specification.faults.places import bare, is_model, keys_of

_KEYS = 12  # of a model that are named
_SCALARS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
_MANY = {int: "whole numbers", float: "numbers", str: "texts"}
_OF_LISTS = frozenset({"tuple_type", "list_type"})
_OF_SCALARS = frozenset({
    "string_type", "int_type", "int_parsing", "int_from_float", "float_type", "float_parsing",
    "bool_type", "bool_parsing",
})  # fmt: skip


def give(fault: str, kind: Any) -> str:
    """Say what to give where a value is of the wrong type; nothing for faults of other kinds.

    Args:
        fault: kind of pydantic's error, e.g. ``"list_type"``.
        kind: the type that stands at the place; None where it is not known.

    >>> give("list_type", list[int]), give("dict_type", dict[str, float])
    ('give a list of whole numbers', 'give an object of numbers')
    """
    kind = bare(kind)
    if fault in _OF_LISTS:
        return f"give a list{_of(get_args(kind)[:1])}"
    if fault == "dict_type":
        return f"give an object{_of(get_args(kind)[1:])}"
    if fault in ("model_type", "model_attributes_type"):
        return f"give {_object(kind)}"
    return f"give {_SCALARS[kind]}" if fault in _OF_SCALARS and kind in _SCALARS else ""


def to_add(kind: Any) -> str:
    """Say what to add where a value is missing.

    >>> to_add(Literal["set", "remove", "append"]), to_add(list[int]), to_add(str)
    ("'set', 'remove' or 'append'", 'a list of whole numbers', 'it')
    """
    kind = bare(kind)
    if get_origin(kind) is Literal:
        words = [repr(word) for word in get_args(kind)]
        return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
    faults = {list: "list_type", tuple: "tuple_type", dict: "dict_type"}
    fault = "model_type" if is_model(kind) else faults.get(get_origin(kind), "")
    return give(fault, kind).removeprefix("give ") or "it"


_PLAIN = (
    (re.compile(r"Input should be a valid (?:number|float)$"), "give a number"),
    (re.compile(r"Input should be a valid integer$"), "give a whole number"),
    (re.compile(r"Input should be a valid string$"), "give text"),
    (re.compile(r"Input should be less than or equal to "), "use at most "),
    (re.compile(r"Input should be greater than or equal to "), "use at least "),
    (re.compile(r"Input should be greater than "), "use more than "),
    (re.compile(r"Input should be "), "use "),
    (re.compile(r"\w+ should have (at (?:least|most) .*?)(?: after validation, not \d+)?$"),
     r"use \1"),
    (re.compile(r"String should match pattern "), "write it to match the pattern "),
)  # fmt: skip
"""How pydantic says that a value is out of its bounds, and how it is said here."""


def plainly(message: str) -> str:
    """Return pydantic's message as what to do.

    >>> plainly("List should have at least 1 item after validation, not 0")
    'use at least 1 item'
    """
    for said, plain in _PLAIN:
        if said.match(message):
            return said.sub(plain, message, count=1)
    return message[:1].lower() + message[1:]


def _object(kind: Any) -> str:
    keys = keys_of(kind)[:_KEYS] if is_model(kind) else ()
    if is_model(kind) and not keys:
        return "an empty object"
    return f"an object with {', '.join(keys)}" if keys else "an object"


def _of(inner: tuple[Any, ...]) -> str:
    """Say of what a list or an object is, where that is one kind of thing."""
    kind: Any = bare(inner[0]) if inner else None
    if is_model(kind):
        return f" of objects with {', '.join(keys_of(kind)[:_KEYS])}"
    if get_origin(kind) is dict or kind is dict:
        return " of objects"
    return f" of {_MANY[kind]}" if kind in _MANY else ""
