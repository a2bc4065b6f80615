"""What all specification documents have in common, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from healthsim.capabilities import not_built
from healthsim.errors import Problem, SpecError, near
from healthsim.specification.format import FORMAT, migrated

KebabName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
MOST_BYTES = 2_000_000
_DEEPEST = 60

RESERVED = {
    "defects": "an observed copy with errors is not built yet",
    "claim": "claim directives are not built yet",
}
"""Keys that docs/design.md reserves: refused with a reason until they are built."""


class Strict(BaseModel):
    """A frozen model that refuses unknown keys and values of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def fault_at(place: tuple[str | int, ...], message: str) -> ValidationError:
    """Return an error for a model's validator to raise, reported at a place inside the model."""
    error = PydanticCustomError("fault", "{text}", {"text": message})
    return ValidationError.from_exception_data(
        "fault", [InitErrorDetails(type=error, loc=place, input=None)]
    )


def _iso(value: object) -> object:
    if not isinstance(value, str | date):
        raise ValueError(f"is {_shown(value)}; write the date as text, such as 2025-01-31")
    return value


def _in_calendar(day: date) -> date:
    """Refuse a day outside of the years for which the calendar of business days is known."""
    if not 1950 <= day.year <= 2150:
        raise ValueError(f"{day} is outside 1950 to 2150; choose a day inside")
    return day


Day = Annotated[date, BeforeValidator(_iso), AfterValidator(_in_calendar)]
"""An ISO date as text."""


class Document(Strict):
    """The fields that every specification has.

    Attributes:
        format: number of the form in which it is written; a document without it is of format 1.
        name: lower-case words joined by hyphens.
        title: one line for people.
        description: what it is for.
        version: the author's own count.
        allow_unlisted_codes: accept codes that are in no code book and have the form of their
            system; runs and audits list them. A header, a retired code, and a code of the other
            sex or of another system are refused all the same.
        reproduces: published figures that the generated data should match; an audit compares
            them.
    """

    kind_name: ClassVar[str] = "document"

    format: Annotated[int, Field(strict=True, ge=1)] = FORMAT
    name: KebabName
    title: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=4000)] = ""
    version: Annotated[int, Field(strict=True, ge=1)] = 1
    allow_unlisted_codes: Annotated[
        bool, Field(strict=True, exclude_if=lambda allowed: not allowed)
    ] = False
    reproduces: Annotated[tuple[str, ...], Field(max_length=100)] = ()

    @classmethod
    def expanded(cls, document: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """Return a document as it is validated; a journey copies its parts in."""
        return document

    def text(self) -> str:
        """Return the document as canonical JSON, defaults and full forms written out.

        Keys keep the document's order, in which weights are cumulated.
        """
        return json.dumps(self.model_dump(mode="json", by_alias=True), separators=(",", ":"))


D = TypeVar("D", bound=BaseModel)


def read(model: type[D], document: object, where: str = "") -> D:
    """Turn a JSON document into a model, or report everything that is wrong with it.

    Args:
        model: the kind of document.
        document: parsed JSON, or its text.
        where: path of the document, e.g. ``"profile"``.

    Raises:
        SpecError: with one problem for each fault.
    """
    if isinstance(document, str | bytes):
        document = parse_json(document, where or "document")
    if not isinstance(document, Mapping):
        raise SpecError(
            [Problem(where or "document", f"is {_kind(document)}", "give a JSON object")]
        )
    _refuse_deep(document, where or "document")
    _refuse_unwritable(document, where or "document")
    if issubclass(model, Document):
        document = migrated(document, where or "document")
        document = model.expanded(document, where or "document")
        _refuse_deep(document, where or "document")
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise SpecError(problems_of(error, model, where)) from None


def parse_json(text: str | bytes, where: str) -> object:
    """Parse untrusted JSON text; refuse keys that are given twice."""
    if len(text) > MOST_BYTES:
        raise SpecError([Problem(where, f"is over {MOST_BYTES:,} bytes", "make it smaller")])
    try:
        return json.loads(text, object_pairs_hook=_single_keys)
    except RecursionError:
        raise SpecError([Problem(where, f"is nested over {_DEEPEST} deep", "flatten it")]) from None
    except (ValueError, UnicodeDecodeError) as error:
        raise SpecError(
            [Problem(where, f"is not JSON ({error})", "give one JSON object")]
        ) from None


def _refuse_deep(document: object, where: str) -> None:
    if _depth(document) > _DEEPEST:
        raise SpecError([Problem(where, f"is nested over {_DEEPEST} deep", "flatten it")])


def _refuse_unwritable(document: object, where: str) -> None:
    """Refuse text that no file can hold: half of a surrogate pair, or a NUL."""
    layer = [(where, document)]
    while layer:
        path, value = layer.pop()
        if isinstance(value, Mapping):
            layer += [(f"{path}.{key}", inner) for key, inner in value.items()]
            layer += [(path, key) for key in value]
        elif isinstance(value, list | tuple):
            layer += [(f"{path}[{place}]", inner) for place, inner in enumerate(value)]
        elif isinstance(value, str) and ("\0" in value or not _is_text(value)):
            where = path.encode(errors="replace").decode()
            raise SpecError([Problem(where, "has characters that are not text", "use plain text")])


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _single_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"the key {twice[0]!r} is given twice in one object")
    return result


def _depth(value: object) -> int:
    deepest, layer = 0, [value]
    while layer and deepest <= _DEEPEST:
        deepest += 1
        layer = [
            inner
            for outer in layer
            if isinstance(outer, Mapping | list)
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
        ]
    return deepest


def problems_of(error: ValidationError, model: type[BaseModel], where: str) -> list[Problem]:
    """Rewrite pydantic's errors as problems: where, what was found, how to mend it."""
    items = [dict(item) for item in error.errors(include_url=False)]
    problems = [_problem(item, model, where) for item in items if not _follows(item, items)]
    return list(dict.fromkeys(problems))


def _follows(item: Mapping[str, Any], items: list[dict[str, Any]]) -> bool:
    """Tell whether a list is too short only because its items are at fault."""
    here = item["loc"]
    return item["type"] == "too_short" and any(
        len(other["loc"]) > len(here) and other["loc"][: len(here)] == here for other in items
    )


def _problem(item: Mapping[str, Any], model: type[BaseModel], where: str) -> Problem:
    location = path_of(item["loc"], where)
    kind, value, context = item["type"], item.get("input"), item.get("ctx") or {}
    if kind == "extra_forbidden":
        key = str(item["loc"][-1])
        mend = RESERVED.get(key) or _other(key, item, model)
        return Problem(location, f"unknown key {key!r}", mend)
    if kind == "missing":
        return Problem(location, "is missing", "add it")
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        tags = [tag.strip().strip("'") for tag in str(context.get("expected_tags", "")).split(",")]
        tag = str(context.get("tag", ""))
        key = str(context.get("discriminator", "type")).strip("'")
        if not tag:
            return Problem(location, f"has no {key!r}", near("", tags))
        return Problem(location, f"unknown {key} {tag!r}", RESERVED.get(tag) or near(tag, tags))
    if kind == "model_type":
        return Problem(location, f"is {_shown(value)}", _object_of(str(context["class_name"])))
    if kind == "literal_error":
        missing = not_built(value) if isinstance(value, str) else ""
        mend = f"{missing}; use {context.get('expected')}".removeprefix("; ")
        return Problem(location, f"is {value!r}", mend)
    message = str(item["msg"]).removeprefix("Value error, ")
    if kind in {"value_error", "assertion_error"} or "; " in message:
        what, _, mend = message.partition("; ")
        return Problem(location, what, mend or "change it")
    return Problem(location, f"is {_shown(value)}", message[:1].lower() + message[1:])


def _other(key: str, item: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Suggest the keys that are allowed in place of an unknown one, as far as that is known."""
    # numpy comes with distributions, and this module is on the way to tools/list
    from healthsim.specification.distributions.kinds import KEYS_OF  # noqa: PLC0415

    siblings = item["loc"][:-1]
    if siblings and str(siblings[-1]) in KEYS_OF:
        return f"{siblings[-1]} takes {', '.join(KEYS_OF[str(siblings[-1])])}"
    keys = _keys(model)
    return "remove it: that key belongs to another object" if key in keys else near(key, keys)


def _object_of(name: str) -> str:
    """Suggest the object that is expected, with its keys."""
    known = {subclass.__name__: subclass for subclass in _subclasses(Strict)}
    if name not in known:
        return "give an object"
    keys = [field.alias or key for key, field in known[name].model_fields.items()]
    return f"give an object with {', '.join(keys[:12])}"


def _subclasses(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for subclass in model.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _shown(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of over 38 digits"
    if isinstance(value, str | int | float | bool | None):
        return repr(value)[:80]
    return _kind(value)


def path_of(location: Iterable[str | int], where: str = "") -> str:
    """Write a pydantic location as a path into the document, without the tags of unions.

    >>> path_of(("phases", 0, "steps", 1, "event:lab", "details"), "journey")
    'journey.phases[0].steps[1].details'
    """
    path = where
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part not in _TAGS and ":" not in part and "(" not in part and "[" not in part:
            path += f".{part}" if path else part
    return path or "document"


_TAGS = frozenset(
    {
        "constant", "categorical", "explicit", "uniform", "normal", "lognormal", "triangular",
        "beta", "gamma", "exponential", "weibull", "poisson", "negative_binomial",
        "quantiles", "mixture", "conditional", "formula", "population",
        "int", "float", "str", "constrained-str", "Billed", "CodedDiagnosis", "StateResult",
        "EveryCycle", "Begins",
    }
)  # fmt: skip


@cache
def _keys(model: type[BaseModel]) -> frozenset[str]:
    """Return every key that may stand anywhere in a document of this kind."""
    definitions = model.model_json_schema(by_alias=True)
    schemas = [definitions, *definitions.get("$defs", {}).values()]
    return frozenset(key for schema in schemas for key in schema.get("properties", {}))


def _kind(value: object) -> str:
    names = {list: "a list", tuple: "a list", dict: "an object", str: "text", bool: "true or false"}
    if value is None:
        return "null"
    return names.get(type(value), f"a {type(value).__name__}")
