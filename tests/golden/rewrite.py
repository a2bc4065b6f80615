"""Write what is pinned anew, and say which rows changed (`make golden`).

That is the digests, their mark in the version of the engine, the columns and the tools.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import anyio

from golden import catalogue, schema
from golden.runs import FILE, changes, digests_of, every_run, mark_of, pinned

_VERSION = Path(__file__).parents[2] / "server" / "healthsim" / "__init__.py"


def main() -> None:
    before = pinned() if FILE.is_file() else {}
    after = {name: digests_of(*run) for name, run in every_run().items()}
    FILE.write_text(json.dumps(after, indent=1) + "\n", encoding="utf-8")
    written = _VERSION.read_text(encoding="utf-8")
    marked = re.sub('(?m)^ROWS = ".*"$', f'ROWS = "{mark_of(after)}"', written)
    _VERSION.write_text(marked, encoding="utf-8")
    schema.FILE.write_text(json.dumps(schema.schema(), indent=1) + "\n", encoding="utf-8")
    tools = anyio.run(catalogue.catalogue)
    catalogue.FILE.write_text(json.dumps(tools, indent=1) + "\n", encoding="utf-8")
    lines = changes(before, after)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.write(f"{len(lines)} tables changed in {len(after)} runs\n")


if __name__ == "__main__":
    main()
