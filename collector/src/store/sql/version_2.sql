-- From version 1, which had the names and labels of a series in each row of trading_metrics.
CREATE TABLE metric_series (
    id BIGINT NOT NULL,
    fingerprint UBIGINT,
    service VARCHAR NOT NULL,
    metric_name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    symbol VARCHAR,
    labels MAP(VARCHAR, VARCHAR) NOT NULL
);
INSERT INTO metric_series
SELECT row_number() OVER (), NULL, *
FROM (SELECT DISTINCT service, metric_name, kind, symbol, labels FROM trading_metrics);
CREATE TABLE metric_values (
    timestamp TIMESTAMP NOT NULL,
    series BIGINT NOT NULL,
    value DOUBLE NOT NULL
);
CREATE TABLE metric_histograms (
    timestamp TIMESTAMP NOT NULL,
    series BIGINT NOT NULL,
    histogram STRUCT(
        count DOUBLE,
        sum DOUBLE,
        buckets STRUCT(le DOUBLE, count DOUBLE)[],
        native STRUCT(
            schema TINYINT,
            zero_threshold DOUBLE,
            zero_count DOUBLE,
            positive STRUCT(index INTEGER, count DOUBLE)[],
            negative STRUCT(index INTEGER, count DOUBLE)[]
        ),
        quantiles STRUCT(quantile DOUBLE, value DOUBLE)[]
    ) NOT NULL
);
CREATE TEMP TABLE numbered AS
SELECT timestamp, id AS series, value, histogram
FROM trading_metrics AS old JOIN metric_series AS new
    ON old.service = new.service AND old.metric_name = new.metric_name AND old.kind = new.kind
    AND old.symbol IS NOT DISTINCT FROM new.symbol AND old.labels = new.labels
ORDER BY old.rowid;
INSERT INTO metric_values
SELECT timestamp, series, value FROM numbered WHERE histogram IS NULL;
INSERT INTO metric_histograms
SELECT timestamp, series, histogram FROM numbered WHERE histogram IS NOT NULL;
DROP TABLE numbered;
DROP TABLE trading_metrics;
