-- What the common views begin from in a file of DuckDB: samples with the names of their series, and the
-- parts of candles in the order that they were written.

-- Of two texts that are null, list_zip makes an empty list.
CREATE OR REPLACE VIEW trading_metrics AS
SELECT timestamp, service, metric_name, kind, symbol, labels, value, NULL AS histogram
FROM metric_values JOIN metric_series ON series = id
UNION ALL
SELECT timestamp, service, metric_name, kind, symbol, labels, NULL, {
    'count': count,
    'sum': sum,
    'buckets': list_zip(edges, string_split(bucket_counts, ',')::DOUBLE[])
        ::STRUCT(le DOUBLE, count DOUBLE)[],
    'native': CASE WHEN schema IS NOT NULL THEN {
        'schema': schema,
        'zero_threshold': zero_threshold,
        'zero_count': zero_count,
        'positive': list_zip(string_split(positive_indexes, ',')::INTEGER[],
                string_split(positive_counts, ',')::DOUBLE[])
            ::STRUCT(index INTEGER, count DOUBLE)[],
        'negative': list_zip(string_split(negative_indexes, ',')::INTEGER[],
                string_split(negative_counts, ',')::DOUBLE[])
            ::STRUCT(index INTEGER, count DOUBLE)[]
    } END,
    'quantiles': list_zip(ranks, string_split(quantile_values, ',')::DOUBLE[])
        ::STRUCT(quantile DOUBLE, value DOUBLE)[]
}
FROM metric_histograms
-- Lists of layouts are made once, those of rows when all filters are applied.
JOIN (SELECT id AS layout, string_split(edges, ',')::DOUBLE[] AS edges,
        string_split(quantiles, ',')::DOUBLE[] AS ranks FROM metric_layouts) USING (layout)
JOIN metric_series ON series = id;
CREATE OR REPLACE VIEW candle_parts AS SELECT *, rowid AS part FROM trading_candles;
