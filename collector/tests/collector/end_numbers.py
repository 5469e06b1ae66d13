"""Compares the last row of each series of a store with the endpoints: end_numbers.py FILE SERVICE=PORT..."""
import sys
import urllib.request

import duckdb
from prometheus_client.parser import text_string_to_metric_families

PREFIXES = ("market_data_", "feed_", "execution_", "risk_")
expected = {}
for argument in sys.argv[2:]:
    service, port = argument.split("=")
    answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    for family in text_string_to_metric_families(answer):
        for sample in family.samples:
            if not sample.name.startswith(PREFIXES):
                continue  # The process's own go on.
            labels = dict(sample.labels)
            if family.type != "histogram":
                expected[service, sample.name, tuple(sorted(labels.items()))] = sample.value
                continue
            le = labels.pop("le", None)
            key = service, family.name, tuple(sorted(labels.items()))
            histogram = expected.setdefault(key, {"buckets": []})
            if le is not None:
                histogram["buckets"].append({"le": float(le), "count": sample.value})
            else:
                histogram[sample.name.removeprefix(family.name + "_")] = sample.value

connection = duckdb.connect(sys.argv[1], read_only=True)
rows = connection.execute(
    "SELECT service, metric_name, labels, value, histogram FROM trading_metrics WHERE regexp_matches(metric_name, ?) "
    "QUALIFY row_number() OVER (PARTITION BY service, metric_name, labels ORDER BY timestamp DESC) = 1",
    ["^(" + "|".join(PREFIXES) + ")"],
).fetchall()
buckets = histograms = recorded = 0
for service, name, labels, value, histogram in rows:
    right = expected.pop((service, name, tuple(sorted(labels.items()))))
    if histogram is not None:
        value = {field: histogram[field] for field in ("count", "sum", "buckets")}
        buckets += len(value["buckets"])
        histograms += 1
        recorded += value["count"]
    assert value == right, f"{service} {name} {labels}: {value}, the endpoint has {right}"
assert not expected, f"not stored: {list(expected)}"
print(len(rows), histograms, buckets, int(recorded))
