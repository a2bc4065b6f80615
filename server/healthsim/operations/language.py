"""The language of specifications by part: the keys of each, their meanings, and one example."""

from __future__ import annotations

import inspect
import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from healthsim.capabilities import not_built
from healthsim.errors import NotFound, near

LONGEST = 4_000
"""Characters of one part."""

_TABLE = Path(__file__).with_name("language.toml")
_ATTRIBUTE = re.compile(r"    ([a-z_]\w*(?:, [a-z_]\w*)*): (.*)")
_NAMED = {"Distribution": "distribution", "Step": "step"}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the language.

    Attributes:
        name: as it is asked for.
        about: what it is, in one line.
        event: type of the event, where it is one.
        models: classes whose keys are shown.
        ask: words that people use for it.
        note: what the keys do not say.
        example: kind of example, and its JSON text.
    """

    name: str
    about: str
    event: str
    models: tuple[type[BaseModel], ...]
    ask: str
    note: str
    example: tuple[str, str]


@cache
def parts() -> Mapping[str, Part]:
    """Return every part by name, in the order in which they are listed."""
    rows = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {name: _part(name, row) for name, row in rows.items()}


def _part(name: str, row: Mapping[str, Any]) -> Part:
    event = row.get("event", "")
    named = tuple(_model(one) for one in row.get("models", ()))
    models = (*_details(event), *named) if event else named
    kind, _, example = row["example"].strip().partition(" ")
    about = row.get("about") or _about(models[0])
    return Part(
        name, about, event, models, row["ask"], row.get("note", "").strip(), (kind, example)
    )


def page(name: str) -> str:
    """Return a part: its keys, what they mean, and an example.

    Raises:
        NotFound: there is no such part.
    """
    part = parts().get(name.strip().lower().replace("-", "_").replace(" ", "_"))
    if part is None:
        raise NotFound("topic", f"the language has no part {name[:40]!r}", _nearest(name))
    lines = [f"# {part.name}", part.about, *_frame(part)]
    lines += [line for model in part.models for line in _table(model, part)]
    lines += [_distributions()] if part.name == "distribution" else []
    lines += ["", part.note] if part.note else []
    return "\n".join([*lines, "", _shown(part)])


def _nearest(name: str) -> str:
    if missing := not_built(name):
        return missing
    mend = near(name, parts())
    likely = [part.name for part in find(name, 3)]
    if likely and mend.startswith("known"):
        return f"perhaps {' or '.join(f'schema: {one}' for one in likely)}"
    return mend


def index() -> str:
    """Return the list of all parts, each with one line."""
    listed = "\n".join(f"- {part.name}: {_short(part.about)}" for part in parts().values())
    return f'# The language by part\nAsk for one: get_guide("schema: repeat").\n{listed}'


def find(question: str, most: int = 3) -> list[Part]:
    """Return the parts that a question in plain words is about, the best first.

    >>> [part.name for part in find("how do I say a repeat every 3 months?", 1)]
    ['repeat']
    """
    asked = set(_stems(question)) - _stop()
    scored = [(_score(asked, words), part) for part, words in _documents()]
    best = sorted((one for one in scored if one[0] > 0), key=lambda one: -one[0])
    return [part for _, part in best[:most]]


def _frame(part: Part) -> list[str]:
    if not part.event:
        return []
    return [
        f'A step {{"do": "event", "type": "{part.event}", "id": …, "details": {{…}}}}, with at, '
        "when, chance, hazard and `with` (schema: step, at, hazard)."
    ]


def _table(model: type[BaseModel], part: Part) -> Iterator[str]:
    """Yield the keys of a model, one line each."""
    first = model is part.models[0]
    if not first:
        yield f"\n{_words(model.__name__)}: {_about(model)}"
    elif part.event and model.model_fields:
        yield "\ndetails:"
    shared, other = _inherited(model)
    schema, told = _schema(model), meanings(model)
    required = schema.get("required", ())
    for name, field in model.model_fields.items():
        key = field.alias or name
        value = schema["properties"][key]
        if "const" not in value and name not in shared:  # a constant is in the example
            yield _line(key, value, key in required, told.get(key, ""))
    if other:
        yield f"- and every key of schema: {other}"


@cache
def _schema(model: type[BaseModel]) -> Mapping[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    found: Mapping[str, Any] = schema["$defs"][model.__name__] if "$ref" in schema else schema
    return found


def _line(key: str, schema: Mapping[str, Any], required: bool, about: str) -> str:
    kind = _kind(schema)
    default = schema.get("default")
    told = [kind] if kind else []
    if required:
        told.append("required")
    elif isinstance(default, str | int | float | list) and default not in ("", [], False):
        told.append(f"default {json.dumps(default, ensure_ascii=False)}")
    return f"- {key} ({', '.join(told)})" + (f": {about}" if about else "")


def _kind(schema: Mapping[str, Any]) -> str:
    """Return what a value may be, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _NAMED.get(name, _words(name))
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        kinds = [_kind(choice) for choice in choices if choice != {"type": "null"}]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema or "const" in schema:
        return " | ".join(json.dumps(one) for one in schema.get("enum", [schema.get("const")]))
    if "description" in schema and "condition or formula" in schema["description"]:
        return "condition"
    return _plain_kind(schema)


def _plain_kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if kind == "array":
        inner = [_kind(schema["items"])] if "items" in schema else []
        inner = inner or [_kind(one) for one in schema.get("prefixItems", ())]
        return f"list of {inner[0]}" if inner else "list"
    if kind == "object":
        values = [*schema.get("patternProperties", {}).values()]
        values += [one for one in [schema.get("additionalProperties")] if isinstance(one, dict)]
        return f"object of name -> {_kind(values[0])}" if values else "object"
    if kind in ("integer", "number"):
        return {"integer": "whole number", "number": "number"}[kind] + _bounds(schema)
    if kind == "string":
        return "day" if schema.get("format") == "date" else "text"
    return {"boolean": "true or false"}.get(str(kind), "anything")


def _bounds(schema: Mapping[str, Any]) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if high is None or high >= 10**7:
        return "" if low is None else f" from {low:g}" if "minimum" in schema else f" above {low:g}"
    return f" {low:g} to {high:g}" if low is not None else f" to {high:g}"


def _distributions() -> str:
    from healthsim.specification.distributions import kinds  # noqa: PLC0415  numpy is heavy

    shapes = {str(one.model_fields["type"].default): one for one in kinds.SHAPES}
    return "\n".join(
        f"- {name} ({', '.join(kinds.KEYS_OF[name])}): {_short(_about(shape))}"
        for name, shape in shapes.items()
    )


def _shown(part: Part) -> str:
    kind, text = part.example
    meant = {
        "changes": "refine_spec changes",
        "trial": "refine_spec changes of a trial",
        "step": "a step, to append to journey.phases[0].steps",
        "shape": "steps of a trial",
    }
    return f"Example ({meant.get(kind, f'a {kind}')}):\n```json\n{text.strip()}\n```"


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return what each field of a model means: the attributes that its docstrings describe."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        _, _, section = inspect.cleandoc(base.__dict__.get("__doc__") or "").partition(
            "Attributes:"
        )
        names: list[str] = []
        for line in section.splitlines():
            if told := _ATTRIBUTE.fullmatch(line):
                names = told[1].split(", ")
                found |= dict.fromkeys(names, told[2])
            elif line.startswith("        "):
                found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return {name.rstrip("_"): text.replace("``", "") for name, text in found.items()}


def _about(model: type[BaseModel]) -> str:
    first = inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0]
    return first.replace("\n", " ").replace("``", "")


def _short(about: str) -> str:
    return about.rstrip(".")[:100]


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Details")).lower()


def _inherited(model: type[BaseModel]) -> tuple[frozenset[str], str]:
    """Return the fields that a part takes from another part, and that part's name."""
    if model.__name__ == "TrialVisitDetails":
        (base,) = _details("encounter")
        return frozenset(base.model_fields), "encounter"
    head = _model("StepHead")
    if issubclass(model, head) and model is not head:
        return frozenset(head.model_fields), "step"
    return frozenset(), ""


@cache
def _models() -> Mapping[str, type[BaseModel]]:
    # Heavy: numpy comes with the distributions, and tools/list must not wait for it
    from healthsim.specification.document import Strict  # noqa: PLC0415
    from healthsim.specification.journeys.journey import JourneySpec  # noqa: PLC0415
    from healthsim.specification.profiles.profile import ProfileSpec  # noqa: PLC0415

    found: dict[str, type[BaseModel]] = {one.__name__: one for one in (ProfileSpec, JourneySpec)}
    layer: list[type[BaseModel]] = [Strict]
    while layer:
        layer = [inner for one in layer for inner in one.__subclasses__()]
        found |= {one.__name__: one for one in layer}
    return found


def _model(name: str) -> type[BaseModel]:
    return _models()[name]


def _details(event: str) -> tuple[type[BaseModel], ...]:
    from healthsim.specification.journeys.journey import EVENT_TYPES  # noqa: PLC0415  see above

    _models()
    details: Any = EVENT_TYPES[event].model_fields["details"].annotation
    return (details,)


def _stems(text: str) -> list[str]:
    return [word[:6].rstrip("s") for word in re.findall(r"[a-z0-9]+", text.lower())]


@cache
def _stop() -> frozenset[str]:
    plain = (
        "how do does did i to say can could you it a an the is are be of for in on and or with my "
        "we write there what which please want need tell use put schema json language some any "
        "one have has this that"
    )
    return frozenset(_stems(plain))


@cache
def _documents() -> tuple[tuple[Part, Counter[str]], ...]:
    """Return the words of every part; its name counts most, then the words that people use."""
    documents = []
    for part in parts().values():
        words = Counter(_stems(f"{part.about} {part.note}"))
        for stem in _stems(part.ask):
            words[stem] += 3
        for stem in _stems(part.name.replace("_", " ")):
            words[stem] += 6
        for model in part.models:
            words.update(_stems(" ".join(model.model_fields).replace("_", " ")))
        documents.append((part, words))
    return tuple(documents)


@cache
def _rarity() -> Mapping[str, float]:
    inside = Counter(word for _, words in _documents() for word in words)
    size = len(_documents())
    return {word: math.log(1 + size / count) for word, count in inside.items()}


def _score(asked: set[str], words: Counter[str]) -> float:
    return sum(_rarity()[word] * words[word] / (words[word] + 2) for word in asked if words[word])
