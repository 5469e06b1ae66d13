-- From version 3, which had histograms with lists in one column.
CREATE TEMP MACRO text_of(numbers) AS
    nullif(regexp_replace(array_to_string(numbers, ','), '\.0(,|$)', '\1', 'g'), '');
CREATE TEMP TABLE flat AS
SELECT timestamp, series,
    text_of([bucket.le for bucket in histogram.buckets]) AS edges,
    text_of([quantile.quantile for quantile in histogram.quantiles]) AS quantiles,
    histogram.count AS count,
    histogram.sum AS sum,
    text_of([bucket.count for bucket in histogram.buckets]) AS bucket_counts,
    text_of([quantile.value for quantile in histogram.quantiles]) AS quantile_values,
    histogram.native.schema AS schema,
    histogram.native.zero_threshold AS zero_threshold,
    histogram.native.zero_count AS zero_count,
    text_of([bucket.index for bucket in histogram.native.positive]) AS positive_indexes,
    text_of([bucket.count for bucket in histogram.native.positive]) AS positive_counts,
    text_of([bucket.index for bucket in histogram.native.negative]) AS negative_indexes,
    text_of([bucket.count for bucket in histogram.native.negative]) AS negative_counts
FROM metric_histograms;
DROP MACRO text_of;
DROP TABLE metric_histograms;
CREATE TABLE metric_layouts (
    id BIGINT NOT NULL,
    fingerprint UBIGINT,
    edges VARCHAR,
    quantiles VARCHAR
);
INSERT INTO metric_layouts
SELECT row_number() OVER (), NULL, edges, quantiles FROM (SELECT DISTINCT edges, quantiles FROM flat);
CREATE TABLE metric_histograms (
    timestamp TIMESTAMP NOT NULL,
    series BIGINT NOT NULL,
    layout BIGINT NOT NULL,
    count DOUBLE,
    sum DOUBLE,
    bucket_counts VARCHAR,
    quantile_values VARCHAR,
    schema TINYINT,
    zero_threshold DOUBLE,
    zero_count DOUBLE,
    positive_indexes VARCHAR,
    positive_counts VARCHAR,
    negative_indexes VARCHAR,
    negative_counts VARCHAR
);
INSERT INTO metric_histograms
SELECT timestamp, series, id, flat.* EXCLUDE (timestamp, series, edges, quantiles)
FROM flat JOIN metric_layouts AS layouts
    ON flat.edges IS NOT DISTINCT FROM layouts.edges
    AND flat.quantiles IS NOT DISTINCT FROM layouts.quantiles
ORDER BY flat.rowid;
DROP TABLE flat;
