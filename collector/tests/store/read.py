"""Prints rows of a file of DuckDB as JSON lines: read.py FILE SQL."""
import json
import sys

import duckdb

file, sql = sys.argv[1:]
connection = duckdb.connect(file, read_only=True)
for row in connection.execute(sql).fetchall():
    print(json.dumps(row, default=str))
