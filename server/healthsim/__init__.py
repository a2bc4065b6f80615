"""HealthSim: linked synthetic health data from a profile and a journey."""

__version__ = "0.1.0"

ROWS = "e07db253"
"""Mark of the rows that this version makes; `make golden` writes it."""

ENGINE = f"{__version__}+rows.{ROWS}"
"""The version of the engine: two that are equal make the same rows of the same specification."""
