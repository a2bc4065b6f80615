"""A scenario as files."""

from __future__ import annotations

from typing import Literal

Format = Literal["csv", "parquet"]
"""The formats that are built. `capabilities.toml` says what else people ask for."""
