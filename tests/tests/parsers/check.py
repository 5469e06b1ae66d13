"""Reads text format 0.0.4 from standard input with Prometheus' own Python parser, or OpenMetrics where
the argument is `openmetrics`, and prints what it read as JSON: {"families": {name: [type, help]},
"samples": [[name, {label: value}, value]]}. Of OpenMetrics, families have their unit too, and there are
"exemplars": [[name, {label: value}, {exemplar's label: value}, value, seconds since 1970]].

Values are the shortest texts that read back the same. What that parser lets pass is checked here:
series and families that are there twice, and histograms whose buckets do not add up. Fails with the
reason on standard error.
"""

import json
import sys
from collections import Counter, defaultdict

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

IS_OPENMETRICS = sys.argv[1:] == ["openmetrics"]


def fail(reason):
    sys.exit(f"check.py: {reason}")


def once(things, what):
    twice = [thing for thing, count in Counter(things).items() if count > 1]
    if twice:
        fail(f"{what} more than once: {twice[:3]}")


def check_histogram(name, samples):
    parts = defaultdict(lambda: {"buckets": [], "_sum": None, "_count": None})
    for sample in samples:
        labels = dict(sample.labels)
        suffix = sample.name.removeprefix(name)
        if suffix == "_bucket":
            edge = float(labels.pop("le"))
            parts[frozenset(labels.items())]["buckets"].append((edge, sample.value))
        elif suffix in ("_sum", "_count"):
            parts[frozenset(labels.items())][suffix] = sample.value
        elif suffix == "_created" and IS_OPENMETRICS:
            pass
        else:
            fail(f"{sample.name} is no part of a histogram")
    for labels, part in parts.items():
        edges = [edge for edge, _ in part["buckets"]]
        counts = [count for _, count in part["buckets"]]
        where = f"{name}{dict(labels)}"
        if edges != sorted(set(edges)):
            fail(f"{where}: the edges do not rise: {edges}")
        if counts != sorted(counts):
            fail(f"{where}: the buckets are not cumulative: {counts}")
        if not edges or edges[-1] != float("inf"):
            fail(f"{where}: no last bucket")
        if counts[-1] != part["_count"]:
            fail(f"{where}: the last bucket is {counts[-1]}, the count {part['_count']}")
        if part["_sum"] is None:
            fail(f"{where}: no sum")


# Bytes: text streams would turn carriage returns into line feeds.
text = sys.stdin.buffer.read().decode("utf-8")
if text and not text.endswith("\n"):
    fail("the last line has no end")
lines = text.split("\n")
once([line.split(" ")[2] for line in lines if line.startswith("# HELP ")], "help")
once([line.split(" ")[2] for line in lines if line.startswith("# TYPE ")], "type")

families, samples = {}, []
read = (openmetrics if IS_OPENMETRICS else parser).text_string_to_metric_families
for family in read(text):
    # From text, the parser takes `_total` from the name of a counter.
    total = "_total" if family.type == "counter" and not IS_OPENMETRICS else ""
    name = family.name + total
    if name in families:
        fail(f"{name} is there twice")
    families[name] = [family.type, family.documentation]
    if IS_OPENMETRICS:
        families[name].append(family.unit)
    if family.type == "histogram":
        check_histogram(name, family.samples)
    samples += family.samples
once([(sample.name, *sorted(sample.labels.items())) for sample in samples], "a series")

values = [[sample.name, sample.labels, repr(float(sample.value))] for sample in samples]
result = {"families": families, "samples": values}
if IS_OPENMETRICS:
    result["exemplars"] = [
        [one.name, one.labels, one.exemplar.labels, one.exemplar.value, float(one.exemplar.timestamp)]
        for one in samples
        if one.exemplar
    ]
json.dump(result, sys.stdout)
