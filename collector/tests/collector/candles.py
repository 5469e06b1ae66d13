"""Computes the candles of a recording as scrapes see it, the plain way, and compares those of a store.

candles.py VIEWS RECORDING STEP SHIFT COUNT: the SQL that reads the store, the CSV, the milliseconds
between scrapes, what was added to the times, and the number of scrapes.
"""
import csv
import gzip
import sys

import duckdb

views, recording, step, shift, count = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
opened = gzip.open if recording.endswith(".gz") else open
trades = [
    (int(row["local_ts_ns"]), float(row["price"]), round(float(row["qty"]) * 1000))
    for row in csv.DictReader(opened(recording, "rt"))
    if row["stream"] == "trade"
]
begin = -(-trades[0][0] // 10**6)
expected = {}
at = 0
for scrape in range(count):
    moment = begin + scrape * step
    traded = 0
    while at < len(trades) and trades[at][0] <= moment * 10**6:
        price = trades[at][1]
        traded += trades[at][2]
        at += 1
    if scrape == 0:
        traded = 0  # The first value of a counter is no growth.
    for seconds, name in ((1, "1s"), (7, "7s"), (60, "1m"), (3600, "1h")):
        start = (moment + shift) // (seconds * 1000) * (seconds * 1000)
        expected.setdefault((name, start), []).append((price, traded))
assert at == len(trades), f"{at} of {len(trades)} trades were seen"

connection = duckdb.connect()
connection.execute(open(views).read())
found = connection.execute(
    "SELECT service, symbol, interval, epoch_ms(start), open, high, low, close, volume, samples FROM candles"
).fetchall()
for service, symbol, interval, start, *figures in found:
    assert (service, symbol) == ("feed", "BTCUSDT")
    prices, volumes = zip(*expected.pop((interval, start)))
    by_hand = [prices[0], max(prices), min(prices), prices[-1], float(sum(volumes)), len(prices)]
    assert figures == by_hand, f"{interval} {start}: {figures}, by hand {by_hand}"
assert not expected, expected
parts = connection.execute("SELECT count(*) FROM trading_candles").fetchone()[0]
print(len(found), parts, len(trades), sum(quantity for _, _, quantity in trades))
