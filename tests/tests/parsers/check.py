"""Reads text format 0.0.4 from standard input with Prometheus' own Python parser and prints what it
read as JSON: {"families": {name: [type, help]}, "samples": [[name, {label: value}, value]]}.

Values are the shortest texts that read back the same. What that parser lets pass is checked here:
series and families that are there twice, and histograms whose buckets do not add up. Fails with the
reason on standard error.
"""

import json
import sys
from collections import Counter, defaultdict

from prometheus_client.parser import text_string_to_metric_families


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
for family in text_string_to_metric_families(text):
    # The parser takes `_total` from the name of a counter.
    name = family.name + "_total" if family.type == "counter" else family.name
    once([name, *families], "a family")
    families[name] = [family.type, family.documentation]
    if family.type == "histogram":
        check_histogram(name, family.samples)
    samples += family.samples
once([(sample.name, *sorted(sample.labels.items())) for sample in samples], "a series")

values = [[sample.name, sample.labels, repr(float(sample.value))] for sample in samples]
json.dump({"families": families, "samples": values}, sys.stdout)
