"""Spark makes the blocks of a run as docs/cluster.md shows it: part of `make judges`.

    PYTHONPATH=tests:server python -m judges.spark

It needs Java 17 and the extra `spark`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from runpy import run_path
from typing import Any

import pages
from healthsim.addresses import BLOCK
from healthsim.building import templates
from healthsim.execution.prepare import prepare
from healthsim.execution.run import run_chunk
from healthsim.persistence.arrow import plain_schema, to_arrow

COUNT = BLOCK + 500
"""Units of the second example: the second block is not whole."""


def main() -> None:
    """Judge; end with 1 where Spark gets other rows than one process makes."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        sys.exit("there is no Spark: pip install 'healthsim[spark]'")
    os.environ |= {"PYTHONPATH": os.pathsep.join(sys.path), "PYSPARK_PYTHON": sys.executable}
    settings = {"spark.ui.enabled": "false", "spark.driver.memory": "1g",
                "spark.sql.session.timeZone": "UTC"}  # fmt: skip
    spark = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    try:
        wrong = [table for table, names in _examples() if not _same(spark, table, names)]
    finally:
        spark.stop()
    sys.exit(f"other rows in Spark: {', '.join(wrong)}" if wrong else 0)


def _examples() -> list[tuple[str, dict[str, Any]]]:
    """Return the page's example, and the same of people with claims, amounts and instants."""
    profile = templates.load("commercial-healthy").fresh() | {"count": COUNT, "detail": "core"}
    journeys = [json.dumps(templates.load("annual-wellness").fresh())]
    changed = {"PROFILE": json.dumps(profile), "JOURNEYS": journeys}
    examples = [("patients", {}), ("claims", changed), ("encounters", changed)]
    return [(table, {**_example(), **names, "TABLE": table}) for table, names in examples]


def _example() -> dict[str, Any]:
    [code] = pages.blocks((pages.DOCS / "cluster.md").read_text(encoding="utf-8"), "python")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "example.py"
        file.write_text(code, encoding="utf-8")
        return run_path(str(file), run_name="__main__")


def _same(spark: Any, name: str, names: dict[str, Any]) -> bool:
    """Say whether Spark has the rows of a table that one process makes."""
    from pyspark.sql.pandas.types import from_arrow_schema

    names["rows"].__globals__.update(names)
    job = prepare(names["PROFILE"], names["JOURNEYS"])
    table = names["table_of"](job)
    schema = plain_schema(table)
    blocks = -(-job.count // BLOCK)
    frame = spark.range(blocks).mapInArrow(names["rows"], from_arrow_schema(schema))
    made, _ = run_chunk(job, 0, job.count)
    expected = to_arrow(table, made.tables[name]).cast(schema)
    keys = [(column, "ascending") for column in ("person_id", *table.key)]
    found = frame.toArrow().cast(schema)
    same = found.sort_by(keys).equals(expected.sort_by(keys))
    said = "equal" if same else "NOT EQUAL"
    sys.stdout.write(f"{name}: {found.num_rows:,} rows in Spark, {said}\n")
    return bool(expected.num_rows) and same


if __name__ == "__main__":
    main()
