"""Starts the server of this bundle. What the person chose comes in the environment.

A host leaves the name of a choice that nobody made as it is, or leaves it empty.
"""

from __future__ import annotations

import os
import sys

for name in ("HEALTHSIM_HOME", "HEALTHSIM_READ_ONLY"):
    value = os.environ.get(name, "").strip()
    if not value or value.startswith("${"):
        os.environ.pop(name, None)

from healthsim.cli import main  # noqa: E402  after the environment is put in order

sys.argv[1:] = ["serve", *sys.argv[1:]]
main()
