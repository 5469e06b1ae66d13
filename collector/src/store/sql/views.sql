-- Views and functions over trading_metrics and candle_parts. They are the same for a file of DuckDB
-- and for Parquet files, and are made anew whenever a store is opened. They find rows of histograms by the
-- value, which is null: a file of DuckDB has to build a histogram before it can be compared with null.

-- The classic buckets of histograms, one row a bucket; counts are cumulative, as Prometheus exposes.
CREATE OR REPLACE VIEW metric_buckets AS
SELECT timestamp, service, metric_name, kind, symbol, labels, bucket.le AS le, bucket.count AS count
FROM (SELECT *, unnest(histogram.buckets) AS bucket FROM trading_metrics WHERE value IS NULL);

-- The growth of counters, and of the counts of histograms and summaries, from each row to the next.
-- A value that falls means that the process began anew, at 0: so does Prometheus read it.
CREATE OR REPLACE VIEW metric_rates AS
WITH totals AS (
    SELECT timestamp, service, metric_name, kind, symbol, labels,
        CASE WHEN kind = 'counter' THEN value ELSE histogram.count END AS total
    FROM trading_metrics
    WHERE kind IN ('counter', 'histogram', 'summary')
), steps AS (
    SELECT *, lag(total) OVER series AS before, lag(timestamp) OVER series AS since
    FROM totals
    WHERE NOT isnan(total)
    -- Rows of one time in an order of their own: the same at each query.
    WINDOW series AS (PARTITION BY service, metric_name, labels ORDER BY timestamp, total)
), growth AS (
    SELECT *, CASE WHEN total < before THEN total ELSE total - before END AS increase,
        (epoch_us(timestamp) - epoch_us(since)) / 1e6 AS seconds
    FROM steps
    WHERE timestamp > since
)
SELECT since, timestamp, service, metric_name, kind, symbol, labels, increase, seconds,
    increase / seconds AS rate
FROM growth;

-- Candles. One that was interrupted by a restart is stored in parts, which are merged here. The
-- service is null in rows of versions that did not keep it.
CREATE OR REPLACE VIEW candles AS
SELECT service, symbol, interval, start, arg_min(open, part) AS open, max(high) AS high, min(low) AS low,
    arg_max(close, part) AS close, sum(volume) AS volume, sum(samples)::UBIGINT AS samples
FROM candle_parts
GROUP BY service, symbol, interval, start;

-- Where a bucket is that has the upper edge `edge`, or as a native one the index `edge`, in buckets of
-- the schema `coarse` beside a zero bucket up to `zero`.
CREATE OR REPLACE MACRO bucket_cell(layout, edge, schema, coarse, zero) AS
CASE
    WHEN layout IN ('classic', 'zero') THEN {'layout': layout, 'edge': edge::DOUBLE}
    WHEN pow(2, ceil(edge / pow(2, schema - coarse)) * pow(2, -coarse)) <= zero
        THEN {'layout': 'zero', 'edge': 0::DOUBLE}
    ELSE {'layout': layout, 'edge': ceil(edge / pow(2, schema - coarse))::DOUBLE}
END;

-- The values that a histogram got between its first and its last row of the window, by bucket:
-- lower < value <= upper. A bucket that falls, or native buckets that become narrower, mean that the
-- process began anew: all buckets of that row begin at 0. So does Prometheus. With `merge`, the series of the metric become one.
CREATE OR REPLACE MACRO histogram_increase_of(metric, since, until, merge) AS TABLE
WITH picked AS (
    SELECT service, symbol, labels, histogram, timestamp,
        dense_rank() OVER (ORDER BY service, labels) AS series
    FROM trading_metrics
    WHERE metric_name = metric AND kind = 'histogram' AND value IS NULL
        AND timestamp BETWEEN since AND until
), numbered AS (
    SELECT *, histogram.native AS native, CASE WHEN merge THEN 0 ELSE series END AS target,
        row_number() OVER rows AS n, count(*) OVER (PARTITION BY series) AS last,
        lead(histogram.native.schema) OVER rows AS next_schema,
        lead(histogram.native.zero_threshold) OVER rows AS next_zero
    FROM picked
    WINDOW rows AS (PARTITION BY series ORDER BY timestamp, histogram.count)
), unnested AS (
    SELECT * EXCLUDE (bucket, histogram), 'classic' AS layout, bucket.le AS edge,
        bucket.count AS total
    FROM (SELECT *, unnest(histogram.buckets) AS bucket FROM numbered)
    UNION ALL
    SELECT * EXCLUDE (histogram), 'zero', 0, native.zero_count
    FROM numbered WHERE native IS NOT NULL
    UNION ALL
    SELECT * EXCLUDE (bucket, histogram), 'positive', bucket.index, bucket.count
    FROM (SELECT *, unnest(native.positive) AS bucket FROM numbered)
    UNION ALL
    SELECT * EXCLUDE (bucket, histogram), 'negative', bucket.index, bucket.count
    FROM (SELECT *, unnest(native.negative) AS bucket FROM numbered)
), found AS (
    SELECT series, n, sum(total) AS total,
        bucket_cell(layout, edge, native.schema, native.schema, native.zero_threshold) AS cell
    FROM unnested
    GROUP BY ALL
), wanted AS (
    -- The same buckets where the next row has them.
    SELECT series, n + 1 AS n, sum(total) AS total,
        bucket_cell(layout, edge, native.schema, coalesce(next_schema, native.schema),
            coalesce(next_zero, native.zero_threshold)) AS cell
    FROM unnested
    WHERE n < last
    GROUP BY ALL
), restarts AS (
    SELECT DISTINCT series, n - 1 AS n
    FROM wanted LEFT JOIN found USING (series, n, cell)
    WHERE wanted.total > 0 AND (found.total IS NULL OR found.total < wanted.total)
    UNION
    -- A running process makes its buckets wider, but never narrower: their counts are not known.
    SELECT series, n FROM numbered
    WHERE next_schema > native.schema OR next_zero < native.zero_threshold
), counted AS (
    -- Of a first row before a restart, nothing is left.
    SELECT unnested.*,
        (n = last)::INTEGER - (n = 1)::INTEGER + (restarts.n IS NOT NULL)::INTEGER AS times
    FROM unnested LEFT JOIN restarts USING (series, n)
    WHERE n > 1 OR last = 1 OR restarts.n IS NULL
), common AS (
    -- Native buckets are added in the coarsest schema, and with the widest zero bucket.
    SELECT *, min(native.schema) OVER (PARTITION BY target) AS coarse,
        max(native.zero_threshold) OVER (PARTITION BY target) AS zero
    FROM counted
), cells AS (
    SELECT target, coarse, zero, bucket_cell(layout, edge, native.schema, coarse, zero) AS cell,
        sum(total * times) AS increase
    FROM common
    WHERE layout <> 'classic'
    GROUP BY ALL
), classic AS (
    SELECT target, series, n, times, edge, total FROM counted WHERE layout = 'classic' AND times <> 0
), edges AS (
    SELECT DISTINCT target, edge FROM classic
), filled AS (
    -- A bucket that only other rows have: up to its edge, there are as many values as up to the edge
    -- below it.
    SELECT target, times, edge,
        last_value(total IGNORE NULLS) OVER (PARTITION BY series, n ORDER BY edge) AS total
    FROM (SELECT DISTINCT target, series, n, times FROM classic) JOIN edges USING (target)
        LEFT JOIN classic USING (target, series, n, times, edge)
), increases AS (
    SELECT target, coarse, zero, increase, cell.layout AS layout, cell.edge AS edge FROM cells
    UNION ALL
    SELECT target, NULL, NULL, coalesce(sum(total * times), 0), 'classic', edge
    FROM filled
    GROUP BY target, edge
), bounded AS (
    SELECT target, 'classic' AS layout,
        CASE WHEN lag(edge) OVER edges IS NOT NULL THEN lag(edge) OVER edges
            WHEN isinf(edge) THEN NULL WHEN edge > 0 THEN 0 ELSE edge END AS lower,
        edge AS upper,
        -- Counts that do not rise, from a source that was not consistent, count as equal.
        max(increase) OVER edges - coalesce(max(increase) OVER edges_below, 0) AS count
    FROM increases
    WHERE layout = 'classic'
    WINDOW edges AS (PARTITION BY target ORDER BY edge),
        edges_below AS (PARTITION BY target ORDER BY edge
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    UNION ALL
    SELECT target, 'native', -zero, zero, increase FROM increases WHERE layout = 'zero'
    UNION ALL
    -- The zero bucket may overlap the first one beside it.
    SELECT target, 'native', greatest(pow(2, (edge - 1) * pow(2, -coarse)), zero),
        pow(2, edge * pow(2, -coarse)), increase
    FROM increases WHERE layout = 'positive'
    UNION ALL
    SELECT target, 'native', -pow(2, edge * pow(2, -coarse)),
        least(-pow(2, (edge - 1) * pow(2, -coarse)), -zero), increase
    FROM increases WHERE layout = 'negative'
), names AS (
    SELECT target, any_value(service) AS service, any_value(symbol) AS symbol,
        any_value(labels) AS labels
    FROM numbered
    GROUP BY target
)
SELECT target, CASE WHEN NOT merge THEN service END AS service,
    CASE WHEN NOT merge THEN symbol END AS symbol, CASE WHEN NOT merge THEN labels END AS labels,
    layout, lower, upper, count
FROM bounded JOIN names USING (target);

-- The same for each series of the metric.
CREATE OR REPLACE MACRO histogram_increase(metric, since, until) AS TABLE
SELECT service, symbol, labels, layout, lower, upper, count
FROM histogram_increase_of(metric, since, until, false);

-- The quantile of these values, as histogram_quantile of Prometheus 3 estimates it: within a classic
-- bucket, values are spread evenly, and within a native one evenly by their logarithm.
CREATE OR REPLACE MACRO histogram_quantile_of(metric, q, since, until, merge) AS TABLE
WITH buckets AS (
    FROM histogram_increase_of(metric, since, until, merge)
), preferred AS (
    SELECT *, max(layout) OVER (PARTITION BY target) AS best FROM buckets
), counted AS (
    SELECT *,
        sum(count) OVER (PARTITION BY target) AS total,
        sum(count) OVER (PARTITION BY target ORDER BY upper) AS up_to,
        sum(count) OVER (PARTITION BY target ORDER BY upper DESC) AS down_to,
        max(upper) OVER (PARTITION BY target) AS top,
        count(*) OVER (PARTITION BY target) AS edges,
        coalesce(bool_or(upper <= 0 AND count > 0) OVER (PARTITION BY target), false) AS has_negative,
        coalesce(bool_or(lower >= 0 AND count > 0) OVER (PARTITION BY target), false) AS has_positive
    FROM preferred
    WHERE layout = best
), named AS (
    SELECT target, any_value(service) AS service, any_value(symbol) AS symbol,
        any_value(labels) AS labels, any_value(layout) AS layout, any_value(total) AS total,
        any_value(top) AS top, any_value(edges) AS edges
    FROM counted
    GROUP BY target
), hit AS (
    SELECT *, CASE WHEN layout = 'classic' OR q < 0.5 THEN q * total - (up_to - count)
        ELSE down_to - (1 - q) * total END AS rank
    FROM counted
    WHERE count > 0
    QUALIFY row_number() OVER (PARTITION BY target ORDER BY
        CASE WHEN layout = 'classic' OR q < 0.5 THEN up_to < q * total ELSE down_to < (1 - q) * total END,
        CASE WHEN layout = 'classic' OR q < 0.5 THEN upper ELSE -upper END) = 1
), placed AS (
    SELECT target, upper, rank / count AS fraction,
        CASE WHEN layout = 'native' AND lower < 0 AND upper > 0 AND has_positive AND NOT has_negative
            THEN 0 ELSE lower END AS low,
        CASE WHEN layout = 'native' AND lower < 0 AND upper > 0 AND has_negative AND NOT has_positive
            THEN 0 ELSE upper END AS high
    FROM hit
)
SELECT service, symbol, labels, total AS count,
    CASE
        WHEN q < 0 THEN '-infinity'::DOUBLE
        WHEN q > 1 THEN 'infinity'::DOUBLE
        WHEN isnan(q) OR total <= 0 OR (layout = 'classic' AND (edges < 2 OR NOT isinf(top)))
            THEN 'nan'::DOUBLE
        WHEN isinf(upper) OR low = high THEN low
        WHEN layout = 'classic' OR (low <= 0 AND high >= 0) THEN low + (high - low) * fraction
        WHEN low > 0 THEN low * pow(high / low, fraction)
        ELSE high * pow(low / high, 1 - fraction)
    END AS quantile
FROM named JOIN placed USING (target);

-- For each series of the metric.
CREATE OR REPLACE MACRO histogram_quantile_over(metric, q, since, until) AS TABLE
SELECT service, symbol, labels, count, quantile
FROM histogram_quantile_of(metric, q::DOUBLE, since, until, false);

-- Of all series of the metric together: one row.
CREATE OR REPLACE MACRO histogram_quantile_over_all(metric, q, since, until) AS TABLE
SELECT count, quantile FROM histogram_quantile_of(metric, q::DOUBLE, since, until, true);
