"""Short forms of distributions, written out in full before validation."""

from __future__ import annotations

from collections.abc import Mapping

from healthsim.specification.distributions.base import (
    LARGEST,
    BaseDistribution,
    adds_up,
    places_of,
    shown,
)


def expand_short_form(value: object, shapes: tuple[type[BaseDistribution], ...]) -> object:
    """Write a short form out in full: number -> constant, label -> number -> categorical."""
    if isinstance(value, Mapping):
        return value if "type" in value else _labels_written_out(value, shapes)
    if isinstance(value, int | float) and not isinstance(value, bool):
        # beyond any float, NaN or infinite: left for the constant itself to refuse
        ordinary = -LARGEST <= value <= LARGEST
        places = min(9, max(4, places_of(float(value)))) if ordinary else 4
        return {"type": "constant", "value": value, "decimals": places}
    if isinstance(value, BaseDistribution):
        return value
    raise ValueError(
        f"{shown(value)} is not a distribution; give a number, an object of "
        'label → weight, or an object with a "type"'
    )


def _labels_written_out(
    value: Mapping[object, object], shapes: tuple[type[BaseDistribution], ...]
) -> dict[str, object]:
    if set(value) == {"exactly"} and isinstance(value["exactly"], Mapping):
        return {"type": "categorical", "exactly": value["exactly"]}
    weights = [
        number
        for number in value.values()
        if isinstance(number, int | float) and not isinstance(number, bool)
    ]
    complete = len(weights) == len(value) and adds_up(weights)
    meant = [] if complete else _types_with(frozenset(map(str, value)), shapes)
    if meant:
        keys = ", ".join(map(str, value))
        raise ValueError(f'an object with {keys} has no "type"; add one: {", ".join(meant)}')
    if len(weights) < len(value):
        raise ValueError(
            'an object without a "type" is labels with weights, and a weight here is not a number; '
            'give each label a number or add a "type"'
        )
    return {"type": "categorical", "weights": value}


def _types_with(keys: frozenset[str], shapes: tuple[type[BaseDistribution], ...]) -> list[str]:
    """Return the types that `keys` are complete for."""
    return [
        str(fields["type"].default)
        for fields in (shape.model_fields for shape in shapes)
        if keys
        and keys <= {field.alias or name for name, field in fields.items()}
        and keys >= {field.alias or name for name, field in fields.items() if field.is_required()}
    ]
