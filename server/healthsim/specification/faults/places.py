"""Which model stands at a place of a document, as pydantic's locations name places.

A location holds the keys and positions of the document and, for a union, one part more: the tag or
the name of the branch that was tried.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Discriminator, Tag
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType

Part = str | int
_UNIONS = (Union, types.UnionType)


@dataclass(frozen=True, slots=True)
class Place:
    """One part of a location, and the type that stands before it.

    Attributes:
        before: the location up to this part.
        part: key or position in the document; of a union, the branch.
        kind: the type before this part; None where it is not known.
        is_branch: whether `part` names a branch of a union.
        is_tagged: whether a key of the document chooses the branch.
    """

    before: tuple[Part, ...]
    part: Part
    kind: Any
    is_branch: bool
    is_tagged: bool


def places(model: type[BaseModel], location: tuple[Part, ...]) -> Iterator[Place]:
    """Yield every part of a location with the type that stands before it."""
    kind: Any = model
    for number, part in enumerate(location):
        bare, tagged = _bare(kind)
        branches = branches_of(bare)
        yield Place(location[:number], part, bare, bool(branches), tagged)
        kind = _branch(branches, str(part)) if branches else _inside(bare, part)


def kind_at(model: type[BaseModel], location: tuple[Part, ...]) -> Any:
    """Return the type that stands at a location, without its annotations; None if unknown."""
    *_, last = [*places(model, (*location, ""))]
    return last.kind


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys of a model as documents write them, in its order."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def bare(kind: Any) -> Any:
    """Return a type without alias, annotations and None."""
    return _bare(kind)[0]


def is_model(kind: Any) -> bool:
    """Return whether a type is a model, so that it has keys."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def branches_of(kind: Any) -> tuple[Any, ...]:
    """Return the types of a union; none for another type."""
    return get_args(kind) if get_origin(kind) in _UNIONS else ()


def tags_of(kind: Any) -> tuple[str, ...]:
    """Return the tags of a tagged union's branches, in their order."""
    return tuple(tag for branch in get_args(kind) if (tag := _tag(branch)))


def _bare(kind: Any, *, tagged: bool = False) -> tuple[Any, bool]:
    """Return a type without alias, annotations and None, and whether a key chooses its branch."""
    if isinstance(kind, FieldInfo):
        return _bare(kind.annotation, tagged=tagged or _chooses(kind.metadata, kind))
    if isinstance(kind, TypeAliasType):
        return _bare(kind.__value__, tagged=tagged)
    if get_origin(kind) is Annotated:
        inner, *metadata = get_args(kind)
        return _bare(inner, tagged=tagged or _chooses(metadata, *metadata))
    if get_origin(kind) in _UNIONS:
        members = [member for member in get_args(kind) if member is not type(None)]
        if len(members) == 1:
            return _bare(members[0], tagged=tagged)
        if len(members) < len(get_args(kind)):
            return Union[tuple(members)], tagged  # noqa: UP007  built from a list
    return kind, tagged


def _chooses(metadata: Any, *fields: Any) -> bool:
    named = any(getattr(field, "discriminator", None) for field in fields)
    return named or any(isinstance(item, Discriminator) for item in metadata)


def _branch(branches: tuple[Any, ...], label: str) -> Any:
    """Return the branch of a union that a part of a location names."""
    for branch in branches:
        bare, _ = _bare(branch)
        if label == _tag(branch) or (is_model(bare) and _names(label, bare)):
            return branch
    others = [branch for branch in branches if not _is_plain(_bare(branch)[0])]
    return others[0] if len(others) == 1 and not label.startswith(("str", "constrained")) else None


def _names(label: str, model: type[BaseModel]) -> bool:
    """Return whether a label names a model: alone, or as what a validator is called after."""
    return label == model.__name__ or label.endswith(f"(), {model.__name__}]")


def _is_plain(kind: Any) -> bool:
    """Return whether a branch is a text, a number or one of some words, or a model of its name."""
    return kind in (str, int, float, bool) or get_origin(kind) is Literal or is_model(kind)


def _tag(branch: Any) -> str:
    if get_origin(branch) is Annotated:
        tags = [item.tag for item in get_args(branch)[1:] if isinstance(item, Tag)]
        if tags:
            return str(tags[0])
    bare, _ = _bare(branch)
    field = bare.model_fields.get("type") if is_model(bare) else None
    words = get_args(field.annotation) if field is not None else ()
    return str(words[0]) if len(words) == 1 else ""


def _inside(kind: Any, part: Part) -> Any:
    """Return the type below a key or a position."""
    if is_model(kind):
        kind.model_rebuild()  # names in annotations become types; nothing where they are
        named: Mapping[str, FieldInfo] = kind.model_fields
        fields = {field.alias or name: field for name, field in named.items()}
        return fields.get(str(part))
    origin, inner = get_origin(kind), get_args(kind)
    if origin is dict:
        return inner[1]
    if origin in (tuple, list) and inner:
        repeats = origin is list or inner[-1] is Ellipsis
        return inner[0] if repeats else inner[min(int(part), len(inner) - 1)]
    return None
