"""Holds the views of a store against Prometheus, whose promtool computes the same quantiles and rates.

check_prometheus.py FILE PROMTOOL: a file of DuckDB, and promtool 3 or newer.

promtool has its series at equal distances: row n of a series is its sample at hour n. A window of
Prometheus begins after its first moment, so it gets a millisecond more, which is all that it
extrapolates.
"""
import itertools
import math
import re
import subprocess
import sys
import tempfile

import duckdb

file, promtool = sys.argv[1:]
connection = duckdb.connect(file, read_only=True)
WINDOWS = [(begin, begin + length) for length in (1, 5, 19, 59) for begin in range(0, 60 - length, length + 5)]
# Not at the edge of a bucket, where the last bit decides.
QUANTILES = [-1, 0.001, 0.251, 0.501, 0.901, 1, 2]


def number(value):
    if value != value:
        return "NaN"
    return repr(value) if math.isfinite(value) else ("Inf" if value > 0 else "-Inf")


def expected(value):
    """The value in YAML."""
    return {"NaN": ".nan", "Inf": ".inf", "-Inf": "-.inf"}.get(number(value), number(value))


def side(buckets, name, offset):
    """Native buckets of one sign: a list without gaps, from the first index on."""
    if not buckets:
        return ""
    counts = {bucket["index"]: bucket["count"] for bucket in buckets}
    first, last = min(counts), max(counts)
    dense = " ".join(number(counts.get(index, 0)) for index in range(first, last + 1))
    return f" {offset}:{first} {name}:[{dense}]"


def native(histogram):
    n = histogram["native"]
    return (
        f"{{{{schema:{n['schema']} sum:{number(histogram['sum'])} count:{number(histogram['count'])}"
        f" z_bucket:{number(n['zero_count'])} z_bucket_w:{number(n['zero_threshold'])}"
        f"{side(n['positive'], 'buckets', 'offset')}{side(n['negative'], 'n_buckets', 'n_offset')}}}}}"
    )


def series_of(metric):
    """The rows of each series, in their order."""
    rows = connection.execute(
        "SELECT service, labels['side'], timestamp, value, histogram FROM trading_metrics "
        "WHERE metric_name = ? ORDER BY timestamp",
        [metric],
    ).fetchall()
    series = {}
    for service, label, time, value, histogram in rows:
        series.setdefault((service, label), []).append((time, value, histogram))
    return series


def braces(pairs):
    return "{" + ", ".join(f'{name}="{value}"' for name, value in pairs) + "}"


def group(series, tests):
    lines = ["- interval: 1h", "  input_series:"]
    for name, values in series:
        lines += [f"  - series: '{name}'", f"    values: '{' '.join(values)}'"]
    lines.append("  promql_expr_test:")
    for expr, hour, samples in tests:
        found = ", ".join(f"{{labels: '{labels}', value: {expected(value)}}}" for labels, value in samples)
        lines += [f"  - expr: '{expr}'", f"    eval_time: {hour}h", f"    exp_samples: [{found}]"]
    return lines


def falls_apart(before, after):
    """Whether some buckets fall and others do not. Prometheus has each classic bucket begin anew by
    itself, and the views have the whole histogram do so."""
    pairs = list(zip(before["buckets"], after["buckets"]))
    fell = [old["count"] > new["count"] for old, new in pairs if old["count"] > 0]
    return any(fell) and not all(fell)


def loses_buckets_unseen(before, after):
    """Whether the last buckets are gone, of which the first was empty. Prometheus 3.5 looks no further
    than that one, and takes the process for the same. (Stored rows have no empty buckets, but lists
    of promtool do.)"""
    if before["native"] is None:
        return False
    for name in ("positive", "negative"):
        old, new = ({bucket["index"] for bucket in row["native"][name]} for row in (before, after))
        gone = [index for index in old if index > max(new, default=-100)]
        if gone and max(new, default=-100) + 1 not in gone:
            return True
    return False


def quantiles(metric, selector, to_series):
    """The quantiles of a histogram, of each series and of all together."""
    series, all_times, apart = [], None, set()
    for key, rows in series_of(metric).items():
        labels = list(zip(("service", "side"), key))
        series += to_series(labels, [histogram for _, _, histogram in rows])
        pairs = itertools.pairwise(histogram for _, _, histogram in rows)
        apart |= {index for index, pair in enumerate(pairs) if falls_apart(*pair) or loses_buckets_unseen(*pair)}
        all_times = all_times or [time for time, _, _ in rows]
        # Rows of one cycle have one time.
        assert [time for time, _, _ in rows] == all_times
    tests = []
    for first, last in WINDOWS:
        if any(first <= index < last for index in apart):
            continue
        since, until = all_times[first], all_times[last]
        increase = f"increase({selector}[{last - first}h1ms])"
        grouped = "sum by (le) " if selector.endswith("_bucket") else "sum"
        for q in QUANTILES:
            each = connection.execute(
                "SELECT service, labels['side'], quantile FROM histogram_quantile_over(?, ?, ?, ?)",
                [metric, q, since, until],
            ).fetchall()
            each = [(braces((("service", s), ("side", l))), value) for s, l, value in each]
            tests.append((f"histogram_quantile({q}, {increase})", last, each))
            merged = connection.execute(
                "SELECT quantile FROM histogram_quantile_over_all(?, ?, ?, ?)", [metric, q, since, until]
            ).fetchall()
            tests.append((f"histogram_quantile({q}, {grouped}({increase}))", last, [("{}", value) for value, in merged]))
    return group(series, tests), len(tests)


def classic_series(labels, histograms):
    for index, bucket in enumerate(histograms[0]["buckets"]):
        le = "+Inf" if bucket["le"] == math.inf else repr(bucket["le"])
        values = [number(histogram["buckets"][index]["count"]) for histogram in histograms]
        yield "classic_bucket" + braces(labels + [("le", le)]), values


def native_series(labels, histograms):
    yield "native" + braces(labels), [native(histogram) for histogram in histograms]


def rates():
    """The growth of a counter from each row to the next."""
    rows = [row for rows in series_of("orders_total").values() for row in rows if row[1] == row[1]]
    hours = {time: hour for hour, (time, _, _) in enumerate(rows)}
    growth = connection.execute(
        "SELECT since, timestamp, increase FROM metric_rates WHERE metric_name = 'orders_total'"
    ).fetchall()
    assert len(growth) == len(rows) - 1
    tests = []
    for since, time, increase in growth:
        assert hours[since] + 1 == hours[time]
        tests.append(("increase(orders_total[1h1ms])", hours[time], [("{}", increase)]))
    return group([("orders_total", [number(value) for _, value, _ in rows])], tests), len(tests)


def differences(report):
    """What promtool reports: it compares to the last bit, and the millisecond is in no view."""
    for expr, wanted, found in re.findall(r'expr: "(.*)", time.*\n\s+exp: (.*)\n\s+got: (.*)', report):
        wanted, found = (dict(re.findall(r"(\{[^}]*\}) ([^ ,]+)", line)) for line in (wanted, found))
        for labels in wanted.keys() | found.keys():
            view, prometheus = (float(line.get(labels, "nan")) for line in (wanted, found))
            # Without values in the window, the view has no row.
            if labels not in wanted and not math.isfinite(prometheus):
                continue
            close = math.isclose(view, prometheus, rel_tol=1e-5, abs_tol=1e-7)
            if not close and not (view != view and prometheus != prometheus):
                yield f"{expr} of {labels}: {view} by the view, {prometheus} by Prometheus"


lines, compared = ["evaluation_interval: 1h", "tests:"], 0
for part, tests in (
    quantiles("classic", "classic_bucket", classic_series),
    quantiles("native", "native", native_series),
    rates(),
):
    lines += part
    compared += tests
with tempfile.NamedTemporaryFile("w", suffix=".yml") as rules:
    rules.write("\n".join(lines))
    rules.flush()
    run = subprocess.run([promtool, "test", "rules", rules.name], capture_output=True, text=True)
report = run.stdout + run.stderr
assert "SUCCESS" in report or "got: " in report, report[:4000]
different = list(differences(report))
assert not different, f"{len(different)} of {compared}\n" + "\n".join(different[:40])
assert compared > 200, compared
