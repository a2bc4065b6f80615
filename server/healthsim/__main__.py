"""`python -m healthsim` is the same as `healthsim`."""

from __future__ import annotations

from healthsim.cli import main

if __name__ == "__main__":
    main()
