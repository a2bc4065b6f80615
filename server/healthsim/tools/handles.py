"""What a name is that a tool did not find: a handle of another kind, and which call takes it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from healthsim.errors import HealthSimError, NotFound
from healthsim.operations import runs, scenarios, specs

if TYPE_CHECKING:
    from healthsim.operations.home import Home

_LONG = {"audit": "an audit", "export": "an export", "compare": "a comparison", "draw": "a picture"}
_NOTHING = re.compile(r"no (such )?(run|scenario|draft|handle)\b")
_LONG_HANDLE = re.compile(rf"({'|'.join(_LONG)})-[0-9a-f]{{12}}")


def meant(home: Home, error: NotFound, arguments: Iterable[Any]) -> str:
    """Return the text of an error; where the name is a handle of another kind, with its use.

    Args:
        home: where names are looked for.
        error: of the call.
        arguments: of the call, one of which is the name.
    """
    problem = error.problem
    if not _NOTHING.match(problem.found):
        return str(error)
    for name in arguments:
        if isinstance(name, str) and repr(name) in problem.where:
            known = _known(home, name)
            if known and not problem.where.startswith(f"{name.partition('-')[0]} "):
                return f"{problem.where}: {problem.found}; {name!r} is {known}"
    return str(error)


def _known(home: Home, name: str) -> str:
    if long := _LONG_HANDLE.fullmatch(name):
        return f"the handle of {_LONG[long[1]]}: check_run(run_id={name!r}) gives its answer"
    try:
        if name in scenarios.names(home):
            return f"a saved scenario, which is finished: query_scenario(name={name!r}, sql=...)"
        if name in specs.names(home):
            return f"a draft: execute_spec(spec_id={name!r}) runs it"
        if runs.get(home, name):
            return (
                f"a run: check_run(run_id={name!r}) waits for it, "
                f"save_scenario(run_id={name!r}, name=...) makes a scenario of it"
            )
    except HealthSimError:
        pass
    return ""
