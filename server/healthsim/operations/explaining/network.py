"""Why plans, their networks, clinicians, facilities and pharmacies are listed."""

from __future__ import annotations

import numpy as np

from healthsim.operations.explaining.case import Reasons, RowCase, number
from healthsim.products.networksim.contracts import plan_uniforms
from healthsim.specification.journeys.events import Enrollment


def explain_directory(case: RowCase) -> Reasons:
    """Say where a clinician, a facility or a pharmacy comes from.

    Raises:
        ValueError: the directory has none of this number.
    """
    directory = case.job.reference.directory
    known = {"providers": directory.providers.npi, "pharmacies": directory.pharmacies.npi,
             "facilities": np.arange(len(directory.facilities.npi))}[case.table.name]  # fmt: skip
    if not np.isin(int(case.row[case.table.key[0]]), known):
        raise ValueError(f"{case.table.name} has no {case.row[case.table.key[0]]}")
    real = case.row.get("source") not in (None, "synthetic")
    source = "an imported public file" if real else "the invented directory, the same in every run"
    reasons = Reasons(made_by=[case.stated("network"), f"rule: {source}"])
    what = f"county {case.row['county_fips']}"
    kind = case.row.get("specialty") or case.row.get("kind") or "pharmacy"
    reasons.because.append(
        f"{kind} in {what}: people of it and of counties near it choose by capacity, inside their "
        "plan's network; it is listed because rows of this scenario name it"
    )
    return reasons


def explain_plan(case: RowCase) -> Reasons:
    """Say who named a plan, and where its amounts come from.

    Raises:
        ValueError: the specification names no such plan.
    """
    name = str(case.row["plan_id"])
    if name not in case.job.plan_table.names:
        raise ValueError(f"no plan {name}")
    own = case.job.profile.coverage
    stated = own is not None and name in own.plans
    path = f"coverage.plans[{name}]" if stated else "coverage.plan"
    reasons = Reasons(made_by=[case.stated(path)])
    named = own is not None and name in own.plan.labels
    reasons.because.append(f"{name} is among the profile's plans" if named else f"{name} is "
                           "named by steps of the journeys alone")  # fmt: skip
    for layout in case.job.layouts:
        steps = {one.step.id: one for one in layout.occurrences
                 if isinstance(one.step, Enrollment) and one.step.details.plan == name}  # fmt: skip
        reasons.made_by += [case.line(one) for one in steps.values()]
    if not stated:
        reasons.made_by.append(
            f"rule: built-in plan {name}; its amounts and their sources are in "
            "products/membersim/plans.py"
        )
    return reasons


def explain_plan_network(case: RowCase) -> Reasons:
    """Say why an organisation is in or out of a plan's network."""
    name = str(case.row["plan_id"])
    table = case.job.plan_table
    share = table.designs[table.names.index(name)].network.in_share
    reasons = Reasons(made_by=[f"plan {name}: network.in_share {share:g}"])
    npi = np.array([int(case.row["organisation_npi"])], dtype=np.int64)
    u = float(plan_uniforms(name, npi)[0])
    than = "<" if u < share else "≥"
    adequate = u >= share and case.row["network"] == "in"
    reasons.because.append(
        f"uniform {number(u)} {than} {share:g} (directory's own seed, network/plan/{name})"
        + ("; in all the same: the nearest of its kind in a county or state" if adequate else "")
    )
    return reasons
