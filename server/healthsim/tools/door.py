"""What comes in: the arguments of a call as hosts write them, and as a tool takes them.

Hosts and models write one and the same call in several ways: null for what they leave out, text
of JSON for a list, one object for a list of one, 5.0 or "5" for 5. Which of them is meant follows
from the model of the arguments, so that this holds for every tool and for every parameter. What
cannot be read in one way only is left as it came, and refused by the model.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any, get_args, get_origin

from mcp.types import Prompt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from healthsim.errors import NotFound, Refused, cut, near, quoted
from healthsim.specification.faults.places import bare, is_model, keys_of

_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,400}(?:\.0*)?\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]{1,400}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\s*")
_FLAGS = {"true": True, "false": False}
_LONG_WORD = re.compile(r"\S{201,}")
_QUOTED = 80  # characters of a long text that was sent
LONGEST_OF_PROMPT = 10_000
"""Characters of an argument of a prompt, which the prompt repeats."""

_NAMED = 12  # arguments that are named to be sent again


def make_strict(model: type[BaseModel]) -> None:
    """Let a model of arguments take nothing but what it says, unknown arguments included.

    What is meant by other ways of writing, `admitted` decides; pydantic would also take "yes" for
    a confirmation and true for a number.
    """
    model.model_config["extra"] = "forbid"
    model.model_config["strict"] = True
    model.model_rebuild(force=True)


def admitted(arguments: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Return arguments as the model takes them.

    Raises:
        Refused: all of them stand inside one unknown argument.
    """
    _refuse_wrapped(arguments, model)
    return _of_model(arguments, model)


def _of_model(given: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    named = {field.alias or name: field for name, field in model.model_fields.items()}
    return {
        key: _fitted(value, named[key].annotation) if key in named else value
        for key, value in given.items()
        if not (key in named and _is_left_out(value, named[key]))
    }


def _is_left_out(value: Any, field: FieldInfo) -> bool:
    """Return whether a value says nothing: null, or no text where something else is expected."""
    if field.is_required():
        return False
    return value is None or (value == "" and bare(field.annotation) not in (str, Any))


def _fitted(value: Any, kind: Any) -> Any:
    """Return a value as a type takes it, or as it is."""
    kind = bare(kind)
    origin = get_origin(kind)
    if is_model(kind):
        value = _parsed(value, dict)
        return _of_model(value, kind) if isinstance(value, dict) else value
    if kind is dict or origin is dict:
        value, inner = _parsed(value, dict), [*get_args(kind), Any, Any]
        if not isinstance(value, dict):
            return value
        return {key: _fitted(item, inner[1]) for key, item in value.items()}
    if kind is list or origin is list:
        return _list_of(value, (*get_args(kind), Any)[0])
    return _scalar(value, kind)


def _list_of(value: Any, kind: Any) -> Any:
    """Return a list; one object, or one text that is no list itself, is a list of one."""
    item = bare(kind)
    value = _parsed(value, list, dict)
    is_object = is_model(item) or dict in (item, get_origin(item))
    if (isinstance(value, dict) and is_object) or (
        isinstance(value, str) and item is str and value.strip()
    ):
        value = [value]
    return [_fitted(part, kind) for part in value] if isinstance(value, list) else value


def _scalar(value: Any, kind: Any) -> Any:
    if kind is bool and isinstance(value, str):
        return _FLAGS.get(value.strip().lower(), value)
    if kind is int:
        return _whole(value)
    if kind is float and isinstance(value, str) and _NUMBER.fullmatch(value):
        number = float(value)
        return number if math.isfinite(number) else value
    if kind is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(_whole(value))
    return value


def _whole(value: Any) -> Any:
    """Return a whole number that is written as 5.0, "5" or "5.0"; anything else as it is."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value.partition(".")[0])
    return value


def _parsed(value: Any, *kinds: type) -> Any:
    """Return the list or the object that a text of JSON holds, or the value as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return parsed if isinstance(parsed, kinds) else value


def _refuse_wrapped(arguments: Mapping[str, Any], model: type[BaseModel]) -> None:
    """Refuse arguments that stand inside one more object, and say which to send by themselves."""
    keys = set(keys_of(model))
    for name in arguments.keys() - keys:
        inner = _parsed(arguments[name], dict)
        if isinstance(inner, dict) and inner and set(inner) <= keys:
            raise Refused(
                cut(name, 40), "holds the arguments themselves",
                f"send {', '.join([*inner][:_NAMED])} without {cut(name, 40)!r} around them",
            )  # fmt: skip


def prompted(
    prompts: Iterable[Prompt], name: str, arguments: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what a prompt is asked with.

    Raises:
        NotFound: there is no such prompt, or no such argument of it.
        Refused: an argument is missing, or too long for an answer that repeats it.
    """
    known = {prompt.name: list(prompt.arguments or ()) for prompt in prompts}
    if name not in known:
        raise NotFound(f"prompt {quoted(name)}", "there is none of this name", near(name, known))
    takes = {one.name: one for one in known[name]}
    given = {key: value for key, value in (arguments or {}).items() if value is not None}
    for key, value in given.items():
        if key not in takes:
            raise NotFound(quoted(key), f"is no argument of {name}", near(key, takes))
        if len(str(value)) > LONGEST_OF_PROMPT:
            mend = f"use at most {LONGEST_OF_PROMPT:,}"
            raise Refused(key, f"has {len(str(value)):,} characters", mend)
    for key, one in takes.items():
        if one.required and key not in given:
            raise Refused(
                key, f"is missing, and {name} needs it", f"give: {one.description or key}"
            )
    return given


def without_echo(text: str, arguments: Mapping[str, Any]) -> str:
    """Return an error without most of long texts that were sent, so that its mend is seen."""
    sent = [one for one in _texts(arguments) if len(one) > 2 * _QUOTED]
    for one in sorted(sent, key=len, reverse=True):
        for form in {one, repr(one)[1:-1]}:
            text = _quoting_less(text, form)
    return _LONG_WORD.sub(lambda word: cut(word[0], _QUOTED), text)


def _quoting_less(text: str, sent: str) -> str:
    """Return a text where each place that repeats the beginning of what was sent is cut."""
    beginning = sent[: 2 * _QUOTED]
    while (at := text.find(beginning)) >= 0:
        pairs = zip(text[at:], sent, strict=False)
        repeated = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        text = f"{text[:at]}{cut(sent, _QUOTED)}{text[at + repeated :]}"
    return text


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from (str(key), *_texts(item))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
