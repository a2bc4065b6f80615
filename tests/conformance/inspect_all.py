"""Lists and calls every tool with the Inspector's command line, over both transports."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance import peers
from healthsim.app import TOOLS
from healthsim.operations import specs
from kept import PEOPLE, keep, run_id
from template_runs import load

LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}


def calls(home: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a call of every tool, in an order in which all of them succeed."""
    kept = keep(home, "old", "two")
    profile = load("commercial-healthy") | {"count": PEOPLE, "expectations": []}
    draft = specs.create(kept, "one", {"profile": profile, "journeys": []}).spec_id
    change = [{"op": "set", "path": "count", "value": 2}]
    arguments: dict[str, dict[str, Any]] = {
        "find_templates": {"query": "diabetes"},
        "start_profile_builder": {"request": "3 healthy adults", "count": 3},
        "start_journey_builder": {"request": "a yearly check", "spec_id": draft},
        "refine_spec": {"spec_id": draft, "changes": change},
        "copy_spec": {"of": "old"},
        "execute_spec": {"spec_id": draft, "accept_open": True, "save_as": "new"},
        "check_run": {"run_id": run_id()},
        "cancel_run": {"run_id": run_id()},
        "quick_generate": {"traits": "a man of 50"},
        "save_scenario": {"run_id": run_id(), "name": "three"},
        "describe_scenario": {"name": "old", "table": "patients"},
        "query_scenario": {"name": "old", "sql": "SELECT count(*) FROM patients", "limit": 5},
        "compare_scenarios": {"a": "old", "b": "two"},
        "show_person": {"name": "old", "person": "101"},
        "explain_row": {"name": "old", "table": "patients", "key": "101"},
        "export_scenario": {"name": "old", "tables": ["patients"]},
        "look_up": {"query": "heart attack"},
        "draw": {"name": "old", "kind": "population_pyramid"},
        "delete_scenario": {"name": "two", "confirm": True},
    }
    order = sorted((tool.__name__ for tool, _ in TOOLS), key="delete_scenario".__eq__)
    for name in order:
        given = arguments.get(name)
        if given is None:
            given = {"spec_id": draft} if name.endswith("_spec") else {}
            given |= {"name": "old"} if name.endswith("_scenario") else {}
        yield name, given


def ask(target: list[str], *arguments: str) -> dict[str, Any]:
    """Ask a server through the Inspector, and return the result."""
    done = peers.run(peers.INSPECTOR, "--cli", *target, *arguments)
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"isError": True, "said": done.stdout[-1_500:] + done.stderr[-1_500:]}
    return answer


def wrong(target: list[str], home: Path) -> list[str]:
    """List everything and call every tool; return what did not work."""
    found = []
    for method, key in LISTS.items():
        listed = ask(target, "--method", method)
        if not listed.get(key):
            found.append(f"{method}: {listed}")
    for name, given in calls(home):
        flags = [f"{key}={value if isinstance(value, str) else json.dumps(value)}"
                 for key, value in given.items()]  # fmt: skip
        args = [part for flag in flags for part in ("--tool-arg", flag)]
        answer = ask(target, "--method", "tools/call", "--tool-name", name, *args)
        if answer.get("isError") or not answer.get("content"):
            found.append(f"{name}: {json.dumps(answer)[:1_500]}")
    return found


def main() -> int:
    """Inspect the server over both transports, print figures, and return what did not work."""
    peers.install()
    failed = 0
    for transport in ("stdio", "HTTP"):
        with peers.empty_home() as home:
            if transport == "stdio":
                command = [sys.executable, "-m", "healthsim", "--home", str(home), "serve"]
                problems = wrong(command, home)
            else:
                serve = ("healthsim", "--home", str(home), "serve", "--http", "127.0.0.1:0")
                with peers.serving(*serve) as url:
                    problems = wrong([url, "--transport", "http"], home)
        figures = f"{len(LISTS)} lists and {len(TOOLS)} tools, {len(problems)} did not work"
        print(f"{'FAIL' if problems else 'ok  '} Inspector over {transport}: {figures}")
        print(*problems, sep="\n", end="\n" if problems else "")
        failed += len(problems)
    return failed


if __name__ == "__main__":
    sys.exit(min(main(), 1))
