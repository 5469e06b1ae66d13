"""Reads rows that the program printed: query_rows.py csv|json FILE, or parquet FILE SQL."""
import csv
import json
import sys

kind, file, *sql = sys.argv[1:]
if kind == "csv":
    text = open(file, newline="").read()
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "").replace('"a\nb"', "")
    rows = list(csv.reader(text.splitlines(keepends=True)))
    header, rows = rows[0], rows[1:]
    print(json.dumps([dict(zip(header, row)) for row in rows]))
elif kind == "json":
    print(json.dumps([json.loads(line) for line in open(file)]))
else:
    import duckdb

    rows = duckdb.connect().execute(sql[0].replace("FILE", f"read_parquet('{file}')")).fetchall()
    print(json.dumps(rows, default=str))
