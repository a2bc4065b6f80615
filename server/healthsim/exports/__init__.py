"""A scenario as files."""

from __future__ import annotations

from typing import Literal

Format = Literal["csv", "parquet", "html"]
"""The formats that are built: tables as files, or one page about the scenario.

`capabilities.toml` says what else people ask for."""
