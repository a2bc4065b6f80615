"""Parts and parameters: copied into a document when it is read, so that it is complete."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from healthsim import library
from healthsim.errors import Problem, SpecError, near
from healthsim.specification.document import Identifier, KebabName
from healthsim.specification.journeys.step import StepHead

if TYPE_CHECKING:
    from healthsim.specification.journeys.step import Step

_NAMED = re.compile(r"\b(happened|count|days_since|within)\(\s*(['\"])([^'\"]+)\2")
_PLACEHOLDER = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")
_KEBAB = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")
_DEEPEST = 8
_IN_ADDRESSES = ("repeat", "protocol", "stages", "include")
_MOST_COPIED = 2_000_000  # as a document itself


class Include(StepHead):
    """The steps of a part, or of another journey, with parameters; it opens a scope.

    Attributes:
        part: the source of the steps, which were copied in when the document was read.
        parameters: values for the part's parameters.
        steps: filled from the part when the document is read; leave it out.
    """

    do: Literal["include"]
    part: KebabName
    parameters: dict[Identifier, Any] = {}
    steps: tuple[Step, ...] = ()

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield the steps that were copied in."""
        yield "steps", self.steps


def expand(document: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Copy parts into the `include` steps of a journey, and replace parameters by their values.

    A document without parts, parameters and includes, or one that was expanded before, is returned
    unchanged.

    Raises:
        SpecError: for a part that is unknown, includes itself, or is never included, and for a
            parameter that is unknown or never used.
    """
    if not _has_anything(document):
        return document
    return _Expansion(document, where).expanded()


def _has_anything(document: Mapping[str, Any]) -> bool:
    if document.get("parts") or document.get("parameters"):
        return True
    return any(node.get("do") == "include" and "steps" not in node for node in _objects(document))


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, list | tuple):
            left += one
        elif isinstance(one, Mapping):
            yield one
            left += [inner for inner in one.values() if not isinstance(inner, str)]


class _Expansion:
    """One journey while its parts are copied in."""

    def __init__(self, document: Mapping[str, Any], where: str) -> None:
        self.document, self.where = document, where
        self.parts = _object(document, "parts", where)
        self.state = dict(_object(document, "state", where))
        self.used: set[str] = set()
        self.copied = 0

    def expanded(self) -> dict[str, Any]:
        """Return the document with all parts copied in."""
        own = dict(self.document)
        own.pop("parts", None)
        defaults = _object(own, "parameters", self.where)
        own.pop("parameters", None)
        filled = _filled(own, defaults, self.where, "parameters")
        result = {
            key: self._inside(value, f"{self.where}.{key}", ()) for key, value in filled.items()
        }
        unused = sorted(set(self.parts) - self.used)
        if unused:
            raise _refused(f"{self.where}.parts.{unused[0]}", "is never included",
                           "include it, or remove it")  # fmt: skip
        if self.state:
            result["state"] = self.state
        return result

    def _inside(self, value: Any, where: str, within: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            if value.get("do") == "include" and "steps" not in value:
                return self._included(value, where, within)
            return {
                key: self._inside(inner, f"{where}.{key}", within) for key, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return [
                self._inside(inner, f"{where}[{place}]", within)
                for place, inner in enumerate(value)
            ]
        return value

    def _included(
        self, step: Mapping[str, Any], where: str, within: tuple[str, ...]
    ) -> dict[str, Any]:
        name = step.get("part")
        if not isinstance(name, str):
            raise _refused(f"{where}.part", "is missing", "name a part, or a journey template")
        if len(within) >= _DEEPEST:
            raise _refused(f"{where}.part", f"parts include each other over {_DEEPEST} deep",
                           "put some of them together")  # fmt: skip
        if name in within or name == self.document.get("name"):
            cycle = " → ".join([*within, name])
            raise _refused(f"{where}.part", f"{name!r} includes itself ({cycle})",
                           "use a repeat, or include another part")  # fmt: skip
        part = self._part(name, where)
        given = _object(step, "parameters", where)
        defaults = _object(part, "parameters", f"{self.where}.parts.{name}")
        for key in given:
            if key not in defaults:
                raise _refused(f"{where}.parameters.{key}", f"part {name!r} has no such parameter",
                               near(key, defaults))  # fmt: skip
        states = _object(part, "state", f"{self.where}.parts.{name}")
        filled = _filled({"steps": _steps_of(part), "state": states}, {**defaults, **given},
                         where, f"part {name!r}")  # fmt: skip
        self._count(filled, where)
        self._declare(filled["state"], name, where)
        own = _paths(filled["steps"])
        steps = _renamed(filled["steps"], own, str(step.get("id", "")))
        inner = self._inside(steps, f"{where}.steps", (*within, name))
        return {**step, "steps": inner}

    def _part(self, name: str, where: str) -> Mapping[str, Any]:
        if name in self.parts:
            self.used.add(name)
            part = self.parts[name]
            if isinstance(part, Mapping) and isinstance(part.get("steps"), list):
                return part
            raise _refused(f"{self.where}.parts.{name}", "has no list of steps", "add steps")
        template = _template(name) if _KEBAB.match(name) else None
        if template is None:
            raise _refused(f"{where}.part", f"no part and no journey template {name!r}",
                           near(name, (*self.parts, *_templates())))  # fmt: skip
        return template

    def _count(self, filled: Mapping[str, Any], where: str) -> None:
        """Refuse a document that becomes too large when parts include parts."""
        self.copied += len(json.dumps(filled))
        if self.copied > _MOST_COPIED:
            raise _refused(where, f"copies over {_MOST_COPIED:,} bytes of parts in",
                           "include fewer, or use a repeat")  # fmt: skip

    def _declare(self, states: Mapping[str, Any], part: str, where: str) -> None:
        for name, state in states.items():
            if self.state.get(name, state) != state:
                raise _refused(
                    f"{where}.part",
                    f"{part!r} declares the state {name!r} differently from the journey",
                    "rename one, or declare both in the same way",
                )
            self.state[name] = state


def _filled(value: Any, parameters: Mapping[str, Any], where: str, whose: str) -> Any:
    """Replace parameters by their values; refuse those that are unknown or never used."""
    used: set[str] = set()

    def known(name: object) -> Any:
        if not isinstance(name, str) or name not in parameters:
            raise _refused(where, f"parameter {name!r} is not declared in {whose}",
                           near(str(name), parameters))  # fmt: skip
        used.add(name)
        return parameters[name]

    def fill(part: Any) -> Any:
        if isinstance(part, Mapping):
            if set(part) == {"parameter"}:
                return known(part["parameter"])
            return {key: fill(inner) for key, inner in part.items()}
        if isinstance(part, list | tuple):
            return [fill(inner) for inner in part]
        if isinstance(part, str) and "${" in part:
            return _PLACEHOLDER.sub(lambda match: str(known(match[1])), part)
        return part

    result = fill(value)
    unused = sorted(set(parameters) - used)
    if unused:
        raise _refused(f"{where}: {whose}", f"parameter {unused[0]!r} is never used",
                       "use it, or remove it")  # fmt: skip
    return result


def _object(holder: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """Return the object under a key, empty where it is absent; refuse any other value."""
    value = holder.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _refused(f"{where}.{key}", "is not an object", "give an object of name: value")
    return value


def _paths(value: Any, around: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Return what comes before each step of a part in its address, by the step's id.

    Those are repeats, protocols and their visits, stages and includes; parts that a part includes
    are left out.
    """
    paths: dict[str, tuple[str, ...]] = {}
    if isinstance(value, Mapping):
        within = around
        if "id" in value:
            paths[str(value["id"])] = around
            if value.get("do") in _IN_ADDRESSES or not {"do", "type"} & set(value):
                within = (*around, str(value["id"]))
        for key, inner in value.items():
            if key == "stages" and isinstance(inner, list | tuple):
                for stage in inner:
                    name = str(stage.get("name")) if isinstance(stage, Mapping) else ""
                    paths |= _paths(stage, (*within, name))
            else:
                more = {"delay": (*within, "delay"), "unscheduled": around}
                paths |= _paths(inner, more.get(key, within))
    elif isinstance(value, list | tuple):
        for inner in value:
            paths |= _paths(inner, around)
    return paths


def _renamed(value: Any, own: Mapping[str, tuple[str, ...]], prefix: str) -> Any:
    """Replace the names of a part's own steps by their names in this include."""

    def longer(name: str) -> str:
        first = name.split("/", 1)[0].partition("#")[0]
        return "/".join([prefix, *own[first], name]) if first in own else name

    def text(written: str) -> str:
        return _NAMED.sub(lambda call: f"{call[1]}({call[2]}{longer(call[3])}{call[2]}", written)

    if isinstance(value, Mapping):
        renamed = {key: _renamed(inner, own, prefix) for key, inner in value.items()}
        if value.get("do") == "stop" and isinstance(value.get("of"), str):
            renamed["of"] = longer(value["of"])
        return renamed
    if isinstance(value, list | tuple):
        return [_renamed(inner, own, prefix) for inner in value]
    return text(value) if isinstance(value, str) else value


def _steps_of(part: Mapping[str, Any]) -> list[Any]:
    if "phases" in part:
        return [step for phase in part["phases"] for step in phase.get("steps", ())]
    return list(part["steps"])


@lru_cache(maxsize=64)
def _template(name: str) -> Mapping[str, Any] | None:
    path = library.library_folder("templates") / "journeys" / f"{name}.json"
    if not path.is_file():
        return None
    template: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return template


def _templates() -> list[str]:
    folder = library.library_folder("templates") / "journeys"
    return sorted(path.name.removesuffix(".json") for path in folder.iterdir()
                  if path.name.endswith(".json"))  # fmt: skip


def _refused(where: str, found: str, mend: str) -> SpecError:
    return SpecError([Problem(where, found, mend)])
