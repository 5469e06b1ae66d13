"""Reads expositions with Prometheus' own Python parsers, and compares their samples with those that
are expected, whose names it escapes by Prometheus' own Python client.

Standard input is JSON: {"samples": [[family, suffix, {label: value}, value]], "expositions":
[{"openmetrics": whether it is OpenMetrics, "escaping": the scheme, "text": the exposition}]}. Legacy
names are left as they are by every scheme. Fails with the reason on standard error.
"""

import json
import re
import sys

from prometheus_client.openmetrics.exposition import escape_label_name, escape_metric_name
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

given = json.load(sys.stdin)


def metric(name, escaping):
    legacy = re.fullmatch("[a-zA-Z_:][a-zA-Z0-9_:]*", name)
    return name if legacy or escaping == "allow-utf-8" else escape_metric_name(name, escaping)


def label(name, escaping):
    legacy = re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name)
    return name if legacy or escaping == "allow-utf-8" else escape_label_name(name, escaping)


def key(name, labels, value):
    return (name, sorted(labels.items()), float(value))


def check(escaping, parse, exposition):
    expected = []
    for family, suffix, labels, value in given["samples"]:
        labels = {label(name, escaping): text for name, text in labels.items()}
        expected.append(key(metric(family, escaping) + suffix, labels, value))
    read = [
        key(sample.name, sample.labels, sample.value)
        for family in parse(exposition)
        for sample in family.samples
    ]
    if sorted(read) != sorted(expected):
        sys.exit(f"check.py: {escaping}: read {sorted(read)}, expected {sorted(expected)}")


for one in given["expositions"]:
    check(one["escaping"], openmetrics if one["openmetrics"] else text, one["text"])
