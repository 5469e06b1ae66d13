"""Reads OpenMetrics from standard input with Prometheus' own Python parser and prints what it read
as JSON: {"families": {name: [type, help, unit]}, "samples": [[name, {label: value}, value]]}.
"""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

text = sys.stdin.buffer.read().decode("utf-8")
families, samples = {}, []
for family in text_string_to_metric_families(text):
    if family.name in families:
        sys.exit(f"openmetrics.py: {family.name} is there twice")
    families[family.name] = [family.type, family.documentation, family.unit]
    samples += family.samples
values = [[sample.name, sample.labels, repr(float(sample.value))] for sample in samples]
json.dump({"families": families, "samples": values}, sys.stdout)
