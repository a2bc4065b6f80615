"""Values of a draft in words: texts, shares, distributions, days, repeats, hazards.

A draft may be unfinished, so every function accepts any value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

LONGEST_TEXT = 300
_HOLE = re.compile(r"\$\{(\w+)\}")


def line(text: object) -> str:
    r"""Return text on one line, without characters of markup, and not too long.

    >>> line("a\nb | `c`")
    "a b / 'c'"
    """
    plain = " ".join(str(text).split()).replace("|", "/").replace("`", "'")
    plain = "".join(letter for letter in plain if letter.isprintable())
    return plain if len(plain) <= LONGEST_TEXT else plain[: LONGEST_TEXT - 3] + "..."


def objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the JSON objects of a list; nothing where the value is no list."""
    if not isinstance(value, list | tuple):
        return []
    return [item for item in value if isinstance(item, Mapping)]


def say(value: Any) -> str:
    """Say a distribution in words.

    >>> say({"type": "normal", "mean": 72, "sd": 8, "low": 65})
    'normal: mean 72, sd 8, low 65'
    >>> say({"M": 0.48, "F": 0.52})
    'M 48 %, F 52 %'
    >>> say({"parameter": "month"})
    '<month>'
    """
    if isinstance(value, str):
        return line(_HOLE.sub(r"<\1>", value))
    if not isinstance(value, Mapping):
        return line(value)
    if set(value) == {"parameter"}:
        return line(f"<{value['parameter']}>")
    kind = value.get("type")
    if kind is None:
        counted = value.get("exactly")
        if isinstance(counted, Mapping):
            return ", ".join(f"{key} exactly {number}" for key, number in counted.items())
        return ", ".join(f"{line(key)} {share(weight)}" for key, weight in value.items())
    if kind == "categorical":
        return say(value.get("weights") or {"exactly": value.get("exactly", {})})
    if kind == "conditional":
        cases = [f"{say(case.get('then'))} where {line(case.get('when'))}"
                 for case in value.get("cases", ()) if isinstance(case, Mapping)]  # fmt: skip
        return "; ".join([*cases, f"else {say(value.get('otherwise'))}"])
    if kind == "constant":
        return line(value.get("value"))
    fields = [f"{key} {_plain(part)}" for key, part in value.items()
              if key != "type" and part is not None]  # fmt: skip
    return f"{line(kind).replace('_', ' ')}: {', '.join(fields)}"


def _plain(value: Any) -> str:
    return line(json.dumps(value) if isinstance(value, dict | list) else value)


def setting(value: Any) -> str:
    """Say a setting that is a word, or an object of figures.

    >>> setting("none"), setting({"ratio": 1.3})
    ('none', 'ratio 1.3')
    """
    if not isinstance(value, Mapping):
        return line(value)
    return line(", ".join(f"{key} {_plain(part)}" for key, part in value.items()))


def share(value: Any) -> str:
    """Say a share, or a distribution of one.

    >>> share(0.25)
    '25 %'
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{100 * value:.6g} %"
    return say(value)


def exact(value: Any) -> str:
    """Say an exact count, of everybody or by group.

    >>> exact([{"when": "gender == 'F'", "count": 10}])
    "exactly 10 of those with gender == 'F'"
    """
    if not isinstance(value, list | tuple):
        return f"exactly {line(value)}"
    groups = [f"{line(group.get('count'))} of those with {line(group.get('when'))}"
              for group in value if isinstance(group, Mapping)]  # fmt: skip
    return f"exactly {', '.join(groups)}"


def alternatives(value: Any) -> list[Any]:
    """Return groups of alternatives, also where there is only one."""
    return value if value and isinstance(value[0], list | tuple) else [value] if value else []


def length(value: Any) -> str:
    """Say a length of time, whose figure may be a distribution.

    >>> length({"years": 10}), length({"days": 1})
    ('10 years', '1 day')
    """
    if not isinstance(value, Mapping):
        return say(value)
    return ", ".join(_unit(unit, number) for unit, number in value.items() if number is not None)


def _unit(unit: Any, number: Any) -> str:
    name = str(unit)
    if isinstance(number, Mapping) and "type" in number:
        return f"{name} {say(number)}"
    return f"{say(number)} {name.removesuffix('s') if number == 1 else name}"


def hazard(value: Any) -> str:
    """Say a hazard: how often, or for what share until when.

    >>> hazard({"per_year": 0.2}), hazard({"share": 0.3, "within_days": 90})
    ('0.2 a year', '30 % within 90 days')
    """
    if not isinstance(value, Mapping):
        return say(value)
    if value.get("per_year") is not None:
        text = _rate(value["per_year"])
    else:
        text = f"{share(value.get('share'))} within {say(value.get('within_days'))} days"
    if value.get("shape") not in (None, 1, 1.0):
        text += f", Weibull shape {say(value['shape'])}"
    if isinstance(value.get("by_month"), Mapping) and value["by_month"]:
        months = [f"{_month(key)} ×{say(factor)}" for key, factor in value["by_month"].items()]
        text += f", in {', '.join(months)}"
    if value.get("bands"):
        text += f", {', '.join(map(_band, value['bands']))}"
    if value.get("renew_days"):
        text += f", read anew every {say(value['renew_days'])} days"
    return text


def _rate(value: Any) -> str:
    if isinstance(value, int | float):
        return f"{value:g} a year"
    return f"({say(value)}) a year" if isinstance(value, Mapping) else f"{say(value)} a year"


def _band(value: Any) -> str:
    if not isinstance(value, Mapping):
        return say(value)
    until = value.get("until_day")
    when = "then" if until is None else f"until day {say(until)}"
    return f"×{say(value.get('factor'))} {when}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def _month(value: Any) -> str:
    text = str(value)
    return _MONTHS[int(text) - 1] if text in {str(n) for n in range(1, 13)} else say(value)


def every(value: Any) -> str:
    """Say how often a repeat comes.

    >>> every({"weeks": 2}), every({"weekdays": ["mon", "wed"]})
    ('every 2 weeks', 'every mon, wed')
    """
    if not isinstance(value, Mapping):
        return f"every {say(value)}"
    if value.get("hazard") is not None:
        return hazard(value["hazard"])
    if isinstance(value.get("weekdays"), list | tuple):
        return f"every {line(', '.join(map(str, value['weekdays'])))}"
    return f"every {', '.join(f'{say(number)} {unit}' for unit, number in value.items() if number)}"


def at(value: Any) -> str:
    """Say when a step happens, or nothing.

    >>> at({"age": {"years": 4}, "variance_days": 10}), at(5)
    ('at the age of 4 years ±10 days', 'day 5')
    """
    if value is None:
        return ""
    if not isinstance(value, Mapping) or "type" in value or "parameter" in value:
        return f"day {say(value)}"
    parts = []
    if value.get("date"):
        parts.append(f"on {say(value['date'])}")
    if value.get("age") is not None:
        parts.append(f"at the age of {length(value['age'])}")
    if value.get("month") is not None:
        parts.append(f"from the next {_month(value['month'])}")
    if value.get("day") is not None:
        parts.append(f"day {say(value['day'])}")
    if value.get("after"):
        edge = "the end of " if value.get("edge") == "end" else ""
        parts.append(f"after {edge}{say(value['after'])}")
    if value.get("variance_days"):
        parts.append(f"±{say(value['variance_days'])} days")
    if value.get("business_days"):
        parts.append("business days")
    return " ".join(parts)
