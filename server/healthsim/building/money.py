"""What a plan's members pay, in a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from healthsim.building.phrases import line, share

_KINDS = {
    "office": "office", "specialist": "specialist", "telehealth": "telehealth",
    "urgent_care": "urgent care", "emergency": "emergency", "inpatient": "inpatient",
    "outpatient_hospital": "outpatient hospital",
}  # fmt: skip


def plans(coverage: Any) -> list[tuple[str, str, str]]:
    """Return (name, what its members pay, where that is stated) of each plan that people have.

    Args:
        coverage: the coverage of a draft, finished or not.
    """
    # numpy comes with the plans, and this module is on the way to tools/list
    from healthsim.products.membersim.plans import BUILT_IN  # noqa: PLC0415

    given: Mapping[str, Any] = coverage if isinstance(coverage, Mapping) else {}
    plans_given = given.get("plans")
    own: Mapping[str, Any] = plans_given if isinstance(plans_given, Mapping) else {}
    listed = []
    for name in dict.fromkeys(_names(given.get("plan"))):
        if isinstance(own.get(name), Mapping):
            listed.append((name, _said(_with_defaults(own[name])), "own"))
        elif name in BUILT_IN:
            listed.append((name, _said(BUILT_IN[name].model_dump()), "built in"))
    return listed


def _names(plan: Any) -> Iterator[str]:
    """Yield the labels of a plan's distribution, those inside of cases and parts too."""
    if not isinstance(plan, Mapping):
        return
    if "type" not in plan or plan.get("type") == "categorical":
        weights = plan.get("weights") or plan.get("exactly") or plan
        if isinstance(weights, Mapping):
            yield from (str(name) for name, weight in weights.items() if weight != 0)
    elif plan.get("type") == "constant":
        yield str(plan.get("value"))
    for key in ("cases", "parts"):
        for item in plan.get(key) or ():
            if isinstance(item, Mapping):
                yield from _names(item.get("then") or item.get("of"))
    yield from _names(plan.get("otherwise"))


def _with_defaults(design: Mapping[str, Any]) -> dict[str, Any]:
    """Return a design of one's own with what it leaves out; a draft's may be unfinished."""
    from healthsim.specification.profiles.plan_design import PlanDesign  # noqa: PLC0415

    fields = PlanDesign.model_fields.items()
    return {name: design.get(name, field.default) for name, field in fields
            if not field.is_required() or name in design}  # fmt: skip


def _said(design: Mapping[str, Any]) -> str:
    """Say deductible, coinsurance, maximum, copays, drug tiers and premium of a design."""
    parts = [
        f"deductible {_with_family(design, 'deductible_usd')}",
        f"then {share(design.get('coinsurance_share'))} coinsurance",
        f"out-of-pocket maximum {_with_family(design, 'oop_max_usd')}",
    ]
    copays = design.get("copays_usd")
    if isinstance(copays, Mapping) and copays:
        said = [f"{_KINDS.get(kind, line(kind))} {_usd(amount)}" for kind, amount in copays.items()]
        parts.append(f"copays: {', '.join(said)}")
    else:
        parts.append("no copays")
    parts.append(f"drugs: {_drugs(design)}")
    if design.get("premium_usd"):
        parts.append(f"premium {_usd(design['premium_usd'])} a month")
    return "; ".join(parts)


def _with_family(design: Mapping[str, Any], key: str) -> str:
    amount, family = design.get(key), design.get(f"family_{key}")
    own = "none" if amount is None else _usd(amount)
    return f"{own} (family {_usd(family)})" if family is not None else own


def _drugs(design: Mapping[str, Any]) -> str:
    given = design.get("drug_tiers_usd")
    tiers: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    names = "-".join(list(tiers)[:: max(1, len(tiers) - 1)])  # "1-5": the first and the last
    copays = f"tiers {names} {', '.join(map(_usd, tiers.values()))}"
    said = [copays if tiers else "the coinsurance"]
    if design.get("hdhp") or design.get("drug_limits") == "joint":
        said.append("under the medical deductible and maximum")
    if design.get("drug_deductible_usd"):
        said.append(f"deductible {_usd(design['drug_deductible_usd'])}")
    if design.get("drug_oop_max_usd") is not None:
        said.append(f"maximum {_usd(design['drug_oop_max_usd'])}")
    return ", ".join(said)


def _usd(amount: Any) -> str:
    """Say an amount of US dollars.

    >>> _usd(3000), _usd(257.5)
    ('$3,000', '$257.50')
    """
    if amount == "law":
        return "by law"
    if not isinstance(amount, int | float) or isinstance(amount, bool):
        return line(amount)
    return f"${amount:,.0f}" if amount == int(amount) else f"${amount:,.2f}"
