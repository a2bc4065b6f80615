"""Every kind of step in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from healthsim.building import phrases
from healthsim.building.phrases import line, say


def sentence(step: Mapping[str, Any]) -> str:
    """Say one step in a line: its id, what it is, when, how likely, for whom.

    >>> sentence({"do": "event", "id": "a", "type": "encounter", "hazard": {"per_year": 0.2}})
    'a: encounter, 0.2 a year'
    """
    do = str(step.get("do", "event"))
    what = _DOES[do](step) if do in _DOES else do
    parts = [f"{say(step.get('id'))}: {what}", phrases.at(step.get("at"))]
    if step.get("hazard") is not None:
        parts.append(phrases.hazard(step["hazard"]))
    if step.get("when"):
        parts.append(f"when {say(step['when'])}")
    if step.get("chance") is not None:
        parts.append(f"chance {phrases.share(step['chance'])}")
    return line(", ".join(filter(None, parts)))


def visit(found: Mapping[str, Any]) -> str:
    """Say a visit of a protocol: its day, window and cycles, and how many keep it."""
    name = str(found.get("name") or "").replace("{cycle}", "n")
    parts = [f"visit {say(found.get('id'))}{f' ({say(name)})' if name else ''}"]
    parts.append(f"day {say(found.get('day', 1))}{_window(found.get('window'))}")
    cycles = found.get("cycles")
    if isinstance(cycles, Mapping):
        parts.append(f"in every {say(cycles.get('every'))}. cycle")
    elif isinstance(cycles, list | tuple):
        parts.append(f"in cycles {', '.join(map(str, cycles))}")
    if found.get("when"):
        parts.append(f"when {say(found['when'])}")
    if found.get("chance") is not None:
        parts.append(f"chance {phrases.share(found['chance'])}")
    if found.get("missed") is not None:
        parts.append(f"missed {phrases.share(found['missed'])}")
    if found.get("outside") is not None:
        parts.append(f"outside the window {phrases.share(found['outside'])}")
    return line(", ".join(parts))


def _window(window: Any) -> str:
    if not isinstance(window, Mapping):
        return ""
    return f" (-{say(window.get('before', 0))} to +{say(window.get('after', 0))} days)"


def unscheduled(found: Mapping[str, Any]) -> str:
    """Say the visits between the planned ones."""
    times = say(found.get("times", 5))
    return line(f"unscheduled {say(found.get('id'))}: {phrases.hazard(found.get('hazard'))}, "
                f"at most {times}")  # fmt: skip


def stage(found: Mapping[str, Any]) -> str:
    """Say one stage: how long people stay, and where they go."""
    parts = [f"stage {say(found.get('name'))}"]
    if found.get("final"):
        parts.append("final")
    if found.get("stays") is not None:
        parts.append(f"stays {phrases.length(found['stays'])}")
    moves = [_move(one) for one in _objects(found.get("moves"))]
    return line(f"{', '.join(parts)}{': ' if moves else ''}{'; '.join(moves)}")


def _move(move: Mapping[str, Any]) -> str:
    said = [f"to {say(move.get('to'))}"]
    if move.get("weight") is not None:
        said.append(phrases.share(move["weight"]))
    if move.get("hazard") is not None:
        said.append(phrases.hazard(move["hazard"]))
    if move.get("when"):
        said.append(f"if {say(move['when'])}")
    if move.get("until"):
        said.append(f"as soon as {say(move['until'])}")
    return " ".join(said)


def delay(found: Any) -> str:
    """Say how a beat is put off, or nothing."""
    if not isinstance(found, Mapping):
        return ""
    return (f"put off {say(found.get('days'))} days while {say(found.get('when'))} "
            f"(at most {say(found.get('most', 1))} times)")  # fmt: skip


def row(found: Mapping[str, Any]) -> str:
    """Say one row of a branch's table."""
    when = found.get("when")
    who = [f"{line(key)} {_fits(value)}" for key, value in when.items()] if isinstance(
        when, Mapping) else []  # fmt: skip
    return line(f"{' and '.join(who) or 'everybody else'}: {say(found.get('weights') or {})}")


def _fits(value: Any) -> str:
    if isinstance(value, list | tuple):
        figures = len(value) == 2 and not any(isinstance(one, str) for one in value)
        return " to ".join(map(say, value)) if figures else " or ".join(map(say, value))
    return say(value)


def _repeat(step: Mapping[str, Any]) -> str:
    limit = f"{say(step['times'])} times" if step.get("times") is not None else ""
    return _joined([f"repeat {phrases.every(step.get('every') or {})}", limit, *_beats(step)])


def _beats(step: Mapping[str, Any]) -> list[str]:
    counted = "counted from the one before" if step.get("counted") == "previous" else ""
    until = f"until {say(step['until'])}" if step.get("until") else ""
    return [counted, until, delay(step.get("delay"))]


def _protocol(step: Mapping[str, Any]) -> str:
    cycles, days = step.get("cycles"), step.get("cycle_days")
    plural = "" if cycles == 1 else "s"
    return _joined([f"protocol of {say(cycles)} cycle{plural} of {say(days)} days", *_beats(step)])


def _stages(step: Mapping[str, Any]) -> str:
    start = phrases.say(step.get("start"))
    lasts = f"for {phrases.length(step['lasts'])}" if step.get("lasts") else ""
    again = f"each at most {say(step['visits'])} times" if step.get("visits") is not None else ""
    return _joined([f"stages from {start}", lasts, again])


def _wait(step: Mapping[str, Any]) -> str:
    asked = f"asked every {say(step.get('check_every', 7))} days"
    return (f"wait until {say(step.get('until'))}, at most {phrases.length(step.get('limit'))}, "
            f"{asked}")  # fmt: skip


def _include(step: Mapping[str, Any]) -> str:
    given = step.get("parameters")
    values = ", ".join(f"{line(key)} {say(value)}" for key, value in given.items()) if isinstance(
        given, Mapping) else ""  # fmt: skip
    return f"include part {say(step.get('part'))}{f' with {values}' if values else ''}"


def _change(step: Mapping[str, Any]) -> str:
    parts = [f"change {say(step.get('state'))} {_how(step)}"]
    days = (step.get("over") or {}).get("days")
    parts.append(f"over {say(days)} days" if days else "")
    parts.append(f"for {phrases.length(step['lasts'])}" if step.get("lasts") else "")
    drug = step.get("while_taking")
    if drug:
        washout = say(step.get("washout_days", 30))
        parts.append(f"while {say(drug)} is taken, gone {washout} days after")
    return " ".join(filter(None, parts))


def _how(step: Mapping[str, Any]) -> str:
    noise = step.get("noise")
    if isinstance(noise, Mapping):
        return (f"up and down: sd {say(noise.get('sd'))} every {say(noise.get('every_days', 30))} "
                f"days, keeps {say(noise.get('keeps', 0.8))}")  # fmt: skip
    if step.get("per_year") is not None:
        return f"by {say(step['per_year'])} a year"
    way = "by" if step.get("by") is not None else "to"
    return f"{way} {say(step.get(way))}"


_TELLING = (
    "name", "encounter_class", "reason", "loinc", "panel", "drug", "code", "cvx", "plan",
    "display", "term", "treatment",
)  # fmt: skip


def _event(step: Mapping[str, Any]) -> str:
    found = step.get("details")
    details: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    said = [say(details[key]).replace("{cycle}", "n") for key in _TELLING if details.get(key)]
    said += [f"{say(details['days_supply'])} days' supply"] if details.get("days_supply") else []
    for key in ("grade", "dose", "number"):
        if details.get(key) is not None:
            said.append(f"{key} {say(details[key])} {details.get('unit') or ''}".strip())
    said += [f"{say(one.get('reason'))}{_if(one)}"
             for one in _objects(details.get("reasons"))]  # fmt: skip
    kind = str(step.get("type")).replace("_", " ")
    return f"{kind} ({', '.join(said)})" if said else kind


def _if(found: Mapping[str, Any]) -> str:
    return f" if {say(found['when'])}" if found.get("when") else ""


def _branch(step: Mapping[str, Any]) -> str:
    options = "; ".join(option(one) for one in step.get("options") or ())
    within = f", within {say(step['within_days'])} days" if step.get("within_days") else ""
    return f"branch{' by table' if step.get('table') else ''}: {options}{within}"


def option(found: Any) -> str:
    """Say one way out of a branch."""
    if not isinstance(found, Mapping):
        return say(found)
    said = [say(found.get("name"))]
    if found.get("weight") is not None:
        said.append(phrases.share(found["weight"]))
    if found.get("exactly") is not None:
        said.append(phrases.exact(found["exactly"]))
    if found.get("hazard") is not None:
        said.append(phrases.hazard(found["hazard"]))
    if found.get("when"):
        said.append(f"if {say(found['when'])}")
    elif found.get("otherwise"):
        said.append("if otherwise" if len(said) == 1 else "otherwise")
    return " ".join(said)


def _stop(step: Mapping[str, Any]) -> str:
    reason = f" ({say(step['reason'])})" if step.get("reason") else ""
    return f"stop what {say(step.get('of'))} started{reason}"


def _end(step: Mapping[str, Any]) -> str:
    reason = f" ({say(step['reason'])})" if step.get("reason") else ""
    return f"end of {say(step.get('scope', 'journey'))}{reason}"


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(filter(None, parts))


def _objects(found: Any) -> list[Mapping[str, Any]]:
    return [one for one in found or () if isinstance(one, Mapping)]


_DOES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "event": _event,
    "repeat": _repeat,
    "branch": _branch,
    "change": _change,
    "end": _end,
    "protocol": _protocol,
    "stages": _stages,
    "wait": _wait,
    "include": _include,
    "stop": _stop,
}
