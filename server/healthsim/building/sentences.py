"""Every kind of step in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from healthsim.building import phrases
from healthsim.building.phrases import line, objects, say


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


def visit(step: Mapping[str, Any]) -> str:
    """Say a visit of a protocol: its day, window and cycles, and the shares of people."""
    name = str(step.get("name") or "").replace("{cycle}", "n")
    parts = [f"visit {say(step.get('id'))}{f' ({say(name)})' if name else ''}"]
    parts.append(f"day {say(step.get('day', 1))}{_window(step.get('window'))}")
    cycles = step.get("cycles")
    if isinstance(cycles, Mapping):
        parts.append(f"in every {say(cycles.get('every'))}. cycle")
    elif isinstance(cycles, list | tuple):
        parts.append(f"in cycles {', '.join(map(str, cycles))}")
    if step.get("when"):
        parts.append(f"when {say(step['when'])}")
    if step.get("chance") is not None:
        parts.append(f"chance {phrases.share(step['chance'])}")
    if step.get("missed") is not None:
        parts.append(f"missed {phrases.share(step['missed'])}")
    if step.get("outside") is not None:
        parts.append(f"outside the window {phrases.share(step['outside'])}")
    return line(", ".join(parts))


def _window(window: Any) -> str:
    if not isinstance(window, Mapping):
        return ""
    return f" (-{say(window.get('before', 0))} to +{say(window.get('after', 0))} days)"


def unscheduled(step: Mapping[str, Any]) -> str:
    """Say the visits between the planned ones."""
    times = say(step.get("times", 5))
    return line(f"unscheduled {say(step.get('id'))}: {phrases.hazard(step.get('hazard'))}, "
                f"at most {times}")  # fmt: skip


def stage(stage: Mapping[str, Any]) -> str:
    """Say one stage: how long people stay, and where they go."""
    parts = [f"stage {say(stage.get('name'))}"]
    if stage.get("final"):
        parts.append("final")
    if stage.get("stays") is not None:
        parts.append(f"stays {phrases.length(stage['stays'])}")
    moves = [_move(move) for move in objects(stage.get("moves"))]
    return line(f"{', '.join(parts)}{': ' if moves else ''}{'; '.join(moves)}")


def _move(move: Mapping[str, Any]) -> str:
    parts = [f"to {say(move.get('to'))}"]
    if move.get("weight") is not None:
        parts.append(phrases.share(move["weight"]))
    if move.get("hazard") is not None:
        parts.append(phrases.hazard(move["hazard"]))
    if move.get("when"):
        parts.append(f"if {say(move['when'])}")
    if move.get("until"):
        parts.append(f"as soon as {say(move['until'])}")
    return " ".join(parts)


def delay(delay: Any) -> str:
    """Say how a repeat is delayed, or nothing."""
    if not isinstance(delay, Mapping):
        return ""
    return (f"put off {say(delay.get('days'))} days while {say(delay.get('when'))} "
            f"(at most {say(delay.get('most', 1))} times)")  # fmt: skip


def row(row: Mapping[str, Any]) -> str:
    """Say one row of a branch's table."""
    when = row.get("when")
    who = [f"{line(key)} {_fits(value)}" for key, value in when.items()] if isinstance(
        when, Mapping) else []  # fmt: skip
    return line(f"{' and '.join(who) or 'everybody else'}: {say(row.get('weights') or {})}")


def _fits(value: Any) -> str:
    if isinstance(value, list | tuple):
        figures = len(value) == 2 and not any(isinstance(item, str) for item in value)
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
    asked_every = f"asked every {say(step.get('check_every', 7))} days"
    return (f"wait until {say(step.get('until'))}, at most {phrases.length(step.get('limit'))}, "
            f"{asked_every}")  # fmt: skip


def _include(step: Mapping[str, Any]) -> str:
    parameters = step.get("parameters")
    pairs = parameters.items() if isinstance(parameters, Mapping) else ()
    values = ", ".join(f"{line(key)} {say(value)}" for key, value in pairs)
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


_SHOWN = (
    "name", "encounter_class", "reason", "loinc", "panel", "drug", "code", "cvx", "plan",
    "display", "term", "treatment",
)  # fmt: skip


def _event(step: Mapping[str, Any]) -> str:
    given = step.get("details")
    details: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    parts = [say(details[key]).replace("{cycle}", "n") for key in _SHOWN if details.get(key)]
    parts += [f"{say(details['days_supply'])} days' supply"] if details.get("days_supply") else []
    for key in ("grade", "dose", "number"):
        if details.get(key) is not None:
            parts.append(f"{key} {say(details[key])} {details.get('unit') or ''}".strip())
    parts += [f"{say(reason.get('reason'))}{_if(reason)}"
              for reason in objects(details.get("reasons"))]  # fmt: skip
    kind = str(step.get("type")).replace("_", " ")
    return f"{kind} ({', '.join(parts)})" if parts else kind


def _if(item: Mapping[str, Any]) -> str:
    return f" if {say(item['when'])}" if item.get("when") else ""


def _branch(step: Mapping[str, Any]) -> str:
    options = "; ".join(option(item) for item in step.get("options") or ())
    within = f", within {say(step['within_days'])} days" if step.get("within_days") else ""
    return f"branch{' by table' if step.get('table') else ''}: {options}{within}"


def option(option: Any) -> str:
    """Say one option of a branch."""
    if not isinstance(option, Mapping):
        return say(option)
    parts = [say(option.get("name"))]
    if option.get("weight") is not None:
        parts.append(phrases.share(option["weight"]))
    if option.get("exactly") is not None:
        parts.append(phrases.exact(option["exactly"]))
    if option.get("hazard") is not None:
        parts.append(phrases.hazard(option["hazard"]))
    if option.get("when"):
        parts.append(f"if {say(option['when'])}")
    elif option.get("otherwise"):
        parts.append("if otherwise" if len(parts) == 1 else "otherwise")
    return " ".join(parts)


def _stop(step: Mapping[str, Any]) -> str:
    reason = f" ({say(step['reason'])})" if step.get("reason") else ""
    return f"stop what {say(step.get('of'))} started{reason}"


def _end(step: Mapping[str, Any]) -> str:
    reason = f" ({say(step['reason'])})" if step.get("reason") else ""
    return f"end of {say(step.get('scope', 'journey'))}{reason}"


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(filter(None, parts))


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
