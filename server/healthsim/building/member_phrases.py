"""How the members of a family and years of birth are said on the card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from healthsim.building import phrases


def calendar(span: object) -> str:
    """Say a year, a month, a day, or from one to another.

    >>> calendar("2015"), calendar({"from": "1980", "to": "1984"})
    ('2015', '1980 to 1984')
    """
    if not isinstance(span, Mapping):
        return phrases.line(span)
    first, last = (phrases.line(span.get(key, "?")) for key in ("from", "to"))
    return first if first == last else f"{first} to {last}"


def member(item: object) -> str:
    """Say a member of a family: sex, age or birth, pregnancy, conditions.

    >>> member({"role": "child", "gender": "F", "born": "2015", "conditions": [{"code": "J45.20"}]})
    'F; born 2015; has J45.20'
    """
    if not isinstance(item, Mapping):
        return phrases.line(item)
    said = [phrases.line(item["gender"])] if item.get("gender") else []
    if item.get("born") is not None:
        said.append(f"born {calendar(item['born'])}")
    if item.get("age") is not None:
        said.append(f"age {phrases.say(item['age'])}")
    pregnant = item.get("pregnant")
    if isinstance(pregnant, Mapping):
        due, weeks = pregnant.get("due"), phrases.line(pregnant.get("weeks"))
        said.append(f"pregnant, due {calendar(due)}" if due else f"{weeks} weeks pregnant")
    conditions = item.get("conditions") or ()
    said += [_condition(one) for one in conditions if isinstance(one, Mapping)]
    return "; ".join(said) or "as usual"


def _condition(one: Mapping[str, Any]) -> str:
    share = one.get("share", 1)
    often = "" if share == 1 else f" in {phrases.share(share)} of families"
    return f"has {phrases.line(one.get('code', '?'))}{often}"
