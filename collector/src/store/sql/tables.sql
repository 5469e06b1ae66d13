-- The tables, version 3. All times are UTC. No primary keys: these make the file six times larger.
-- The fingerprint finds a series again when the file is opened; those of version 1 have none.
CREATE TABLE metric_series (
    id BIGINT NOT NULL,
    fingerprint UBIGINT,
    service VARCHAR NOT NULL,
    metric_name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    symbol VARCHAR,
    labels MAP(VARCHAR, VARCHAR) NOT NULL
);
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
CREATE TABLE trading_candles (
    symbol VARCHAR NOT NULL,
    interval VARCHAR NOT NULL,
    start TIMESTAMP NOT NULL,
    open DOUBLE NOT NULL,
    high DOUBLE NOT NULL,
    low DOUBLE NOT NULL,
    close DOUBLE NOT NULL,
    volume DOUBLE,
    samples UBIGINT NOT NULL,
    -- Null in rows of versions before 3.
    service VARCHAR
);
CREATE TABLE system_events (
    timestamp TIMESTAMP NOT NULL,
    service VARCHAR,
    event VARCHAR NOT NULL,
    message VARCHAR NOT NULL
);
