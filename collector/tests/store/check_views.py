"""Computes what the views of a store give from its rows, the plain way, and compares.

check_views.py FILE: a file of DuckDB, or the SQL that reads Parquet files.
"""
import itertools
import math
import sys

import duckdb

if sys.argv[1].endswith(".sql"):
    connection = duckdb.connect()
    connection.execute(open(sys.argv[1]).read())
else:
    connection = duckdb.connect(sys.argv[1], read_only=True)
compared = 0


def rows(sql, *arguments):
    return connection.execute(sql, list(arguments)).fetchall()


def same(what, left, right):
    global compared
    compared += 1
    if left is None or right is None:
        close = left is right
    elif isinstance(left, float) and isinstance(right, float):
        close = left == right or math.isclose(left, right, rel_tol=1e-9) or left != left and right != right
    else:
        close = left == right
    assert close, f"{what}: {left} by the view, {right} by hand"


def labels(row):
    return tuple(sorted(row.items()))


samples = rows("SELECT * FROM trading_metrics ORDER BY timestamp")
times = [row[0] for row in samples]
series = {}
for time, service, name, kind, symbol, label, value, histogram in samples:
    series.setdefault((service, name, labels(label)), []).append((time, kind, symbol, value, histogram))

# Buckets.
expected = [
    (time, key[0], key[1], key[2], bucket["le"], bucket["count"])
    for key, values in series.items()
    for time, _, _, _, histogram in values
    if histogram
    for bucket in histogram["buckets"]
]
found = rows("SELECT timestamp, service, metric_name, labels, le, count FROM metric_buckets")
found = [(time, service, name, labels(label), le, count) for time, service, name, label, le, count in found]
same("buckets", sorted(found), sorted(expected))
assert len(found) > 100

# Rates.
found = {}
for since, time, service, name, label, increase, seconds, rate in rows(
    "SELECT since, timestamp, service, metric_name, labels, increase, seconds, rate FROM metric_rates"
):
    found[service, name, labels(label), time] = (since, increase, seconds, rate)
for key, values in series.items():
    if values[0][1] not in ("counter", "histogram", "summary"):
        continue
    values = [(time, value if histogram is None else histogram["count"]) for time, _, _, value, histogram in values]
    values = [(time, value) for time, value in values if value == value]
    for (since, before), (time, after) in itertools.pairwise(values):
        increase = after if after < before else after - before
        seconds = (time - since).total_seconds()
        for left, right in zip(found.pop((*key, time)), (since, increase, seconds, increase / seconds)):
            same(f"rate of {key}", left, right)
assert not found, found


# Quantiles of windows.
def cells(histogram, schema, zero):
    """The buckets of a row as a dictionary, all of them counters."""
    result = {("classic", bucket["le"]): bucket["count"] for bucket in histogram["buckets"]}
    native = histogram["native"]
    if native is None:
        return result
    result["zero", 0] = native["zero_count"]
    for sign in ("positive", "negative"):
        for bucket in native[sign]:
            index = bucket["index"]
            for _ in range(native["schema"] - schema):
                index = (index + 1) // 2  # Two neighbours become one: 1 and 2 are 1.
            cell = (sign, index)
            if upper(index, schema) <= zero:
                cell = ("zero", 0)
            result[cell] = result.get(cell, 0) + bucket["count"]
    return result


def upper(index, schema):
    return 2.0 ** (index / 2**schema) if schema >= 0 else 2.0 ** (index * 2**-schema)


def restarted(before, after):
    """Whether the process began anew between two rows: its buckets became narrower, or one fell."""
    schema = zero = 0
    if before["native"] and after["native"]:
        schema, zero = after["native"]["schema"], after["native"]["zero_threshold"]
        if schema > before["native"]["schema"] or zero < before["native"]["zero_threshold"]:
            return True
    before, after = cells(before, schema, zero), cells(after, schema, zero)
    return any(after.get(cell, 0) < count for cell, count in before.items())


def used(values):
    """The rows that count: not the first, if the process began anew right after it."""
    return values[1:] if len(values) > 1 and restarted(*values[:2]) else values


def growth(values, schema, zero):
    """What was added to each bucket between the first and the last row."""
    total = {}
    if len(used(values)) < len(values):
        total = cells(values[1], schema, zero)
    for before, after in itertools.pairwise(used(values)):
        begins_anew = restarted(before, after)
        before, after = cells(before, schema, zero), cells(after, schema, zero)
        for cell in before.keys() | after.keys():
            increase = after.get(cell, 0) - (0 if begins_anew else before.get(cell, 0))
            total[cell] = total.get(cell, 0) + increase
    return total


def classic_quantile(q, total):
    edges = sorted((edge, count) for (layout, edge), count in total.items() if layout == "classic")
    # A count below an earlier one counts as equal.
    everything = max((count for _, count in edges), default=0)
    if len(edges) < 2 or everything == 0:
        return math.nan
    rank = q * everything
    below, so_far = None, 0
    for edge, count in edges:
        if count >= rank and count > so_far:
            if edge == math.inf:
                return below
            low = below if below is not None else (0.0 if edge > 0 else edge)
            return low + (edge - low) * (rank - so_far) / (count - so_far)
        below, so_far = edge, max(so_far, count)
    return math.nan


def native_quantile(q, total, schema, zero):
    buckets = []
    for (layout, index), count in total.items():
        if count == 0 or layout == "classic":
            continue
        # The zero bucket may overlap the first one beside it.
        low, high = max(upper(index - 1, schema), zero), upper(index, schema)
        if layout == "negative":
            low, high = -high, -low
        if layout == "zero":
            signs = {layout for (layout, _), count in total.items() if count}
            low = 0.0 if "positive" in signs and "negative" not in signs else -zero
            high = 0.0 if "negative" in signs and "positive" not in signs else zero
        buckets.append((low, high, count))
    buckets.sort()
    everything = sum(count for _, _, count in buckets)
    if not everything:
        return math.nan
    if q < 0.5:
        so_far = 0
        for low, high, count in buckets:
            so_far += count
            if so_far >= q * everything:
                fraction = (q * everything - so_far + count) / count
                break
    else:
        so_far = 0
        for low, high, count in reversed(buckets):
            so_far += count
            if so_far >= (1 - q) * everything:
                fraction = (so_far - (1 - q) * everything) / count
                break
    if low == high:
        return low
    if low <= 0 <= high:
        return low + (high - low) * fraction
    if low > 0:
        return 2 ** (math.log2(low) + (math.log2(high) - math.log2(low)) * fraction)
    return -(2 ** (math.log2(-high) + (math.log2(-low) - math.log2(-high)) * (1 - fraction)))


def quantile(q, group):
    """Of the rows of one series or of many."""
    natives = [row["native"] for values in group for row in used(values) if row["native"]]
    schema = min((native["schema"] for native in natives), default=0)
    zero = max((native["zero_threshold"] for native in natives), default=0)
    total = {}
    for values in group:
        for cell, count in growth(values, schema, zero).items():
            total[cell] = total.get(cell, 0) + count
    return native_quantile(q, total, schema, zero) if natives else classic_quantile(q, total)


moments = sorted(set(times))
windows = [(moments[0], moments[-1])]
windows += [(moments[len(moments) * i // 10], moments[len(moments) * (i + 4) // 10]) for i in (1, 5)]
names = sorted({name for (_, name, _), values in series.items() if values[0][1] == "histogram"})
assert names
for name, q, (since, until) in itertools.product(names, (0.0, 0.2, 0.5, 0.99, 1.0), windows):
    group = {
        (service, label): [values[4] for values in rows if since <= values[0] <= until]
        for (service, other, label), rows in series.items()
        if other == name
    }
    found = rows(
        "SELECT service, labels, quantile FROM histogram_quantile_over(?, ?, ?, ?)", name, q, since, until
    )
    found = {(service, labels(label)): value for service, label, value in found}
    for key, values in group.items():
        expected = quantile(q, [values])
        same(f"quantile {q} of {name} {key} in {since} to {until}", found.pop(key, math.nan), expected)
    assert not found, found
    found = rows("SELECT quantile FROM histogram_quantile_over_all(?, ?, ?, ?)", name, q, since, until)
    found = found[0][0] if found else math.nan
    same(f"quantile {q} of all {name} in {since} to {until}", found, quantile(q, group.values()))

# Candles.
parts = {}
for service, symbol, interval, start, *prices in rows("SELECT service, * EXCLUDE (service, part) FROM candle_parts ORDER BY part"):
    parts.setdefault((service, symbol, interval, start), []).append(prices)
found = rows("SELECT * FROM candles")
same("number of candles", len(found), len(parts))
for service, symbol, interval, start, *prices in found:
    part = parts[service, symbol, interval, start]
    opens, highs, lows, closes, volumes, counts = zip(*part)
    volumes = [volume for volume in volumes if volume is not None]
    expected = [
        opens[0], max(highs), min(lows), closes[-1], math.fsum(volumes) if volumes else None, sum(counts)
    ]
    for left, right in zip(prices, expected, strict=True):
        same(f"candle {service} {symbol} {start}", left, right)
assert any(len(part) > 1 for part in parts.values())
print(compared)
