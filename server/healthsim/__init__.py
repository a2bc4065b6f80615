"""HealthSim: linked synthetic health data from a profile and a journey."""

__version__ = "0.1.0"

<<<<<<< HEAD
ROWS = "e17bd388"
=======
ROWS = "acfe71c5"
>>>>>>> 86c915dc (Pin the rows again: people come at hours and days that fit what they come for, and results take as long as their tests)
"""Mark of the rows that this version makes; `make golden` writes it."""

ENGINE = f"{__version__}+rows.{ROWS}"
"""The version of the engine: two that are equal make the same rows of the same specification."""
