"""What all specification documents have in common, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
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

from healthsim.errors import Problem, SpecError, quoted
from healthsim.specification.faults.problems import kind_of, problems_of, shown
from healthsim.specification.format import FORMAT, migrated

KebabName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
MOST_BYTES = 2_000_000
_DEEPEST = 60
_INSIDE_NOTHING = (str, int, float, type(None))  # asked first: whether it is a Mapping takes long


LATER: dict[str, Any] = {}
"""Types that annotations name before they are made, by their names; `journey` adds `Step`."""


class Strict(BaseModel):
    """A frozen model that refuses unknown keys and values of another type.

    Its validator is made when it is first used: most models are only parts of others, and to make
    all of them took a third of the time that a process needs to begin.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    @classmethod
    def model_rebuild(
        cls,
        *,
        force: bool = False,
        raise_errors: bool = True,
        _parent_namespace_depth: int = 2,
        _types_namespace: Mapping[str, Any] | None = None,
    ) -> bool | None:
        """Make the validator, as pydantic does, with the types of `LATER`."""
        return super().model_rebuild(
            force=force, raise_errors=raise_errors, _types_namespace=_types_namespace or LATER
        )


def each_once(items: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a list in which a text stands twice; a validator of fields."""
    twice = [one for one in items if items.count(one) > 1]
    if twice:
        raise ValueError(f"{quoted(twice[0])} is listed twice; give it once")
    return items


def fault_at(place: tuple[str | int, ...], message: str) -> ValidationError:
    """Return an error for a model's validator to raise, reported at a place inside the model."""
    return faults_at([(place, message)])


def faults_at(faults: Iterable[tuple[tuple[str | int, ...], str]]) -> ValidationError:
    """Return an error of several faults, each with its place inside the model."""
    return ValidationError.from_exception_data("fault", [
        InitErrorDetails(
            type=PydanticCustomError("fault", "{text}", {"text": message}), loc=place, input=None
        )
        for place, message in faults
    ])  # fmt: skip


def _iso(value: object) -> object:
    if not isinstance(value, str | date):
        raise ValueError(f"is {shown(value)}; write the date as text, such as 2025-01-31")
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
            [Problem(where or "document", f"is {kind_of(document)}", "give a JSON object")]
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
        raise SpecError(problems_of(error, model, where, document)) from None


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
    if all(map(_is_text, _texts(document))):
        return
    layer = [(where, document)]
    while layer:
        path, value = layer.pop()
        if isinstance(value, Mapping):
            layer += [(f"{path}.{key}", inner) for key, inner in value.items()]
            layer += [(path, key) for key in value]
        elif isinstance(value, list | tuple):
            layer += [(f"{path}[{place}]", inner) for place, inner in enumerate(value)]
        elif isinstance(value, str) and not _is_text(value):
            where = path.encode(errors="replace").decode()
            raise SpecError([Problem(where, "has characters that are not text", "use plain text")])


def _texts(document: object) -> Iterator[str]:
    """Yield every text of a document, keys included, without saying where it is."""
    left = [document]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | tuple):
            left += value
        elif isinstance(value, _INSIDE_NOTHING):
            continue
        elif isinstance(value, Mapping):
            left += value
            left += value.values()


def _is_text(value: str) -> bool:
    if "\0" in value:
        return False
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
            if not isinstance(outer, _INSIDE_NOTHING) and isinstance(outer, Mapping | list)
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
        ]
    return deepest
