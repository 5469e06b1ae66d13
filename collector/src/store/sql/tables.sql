-- The tables, version 4. All times are UTC. No primary keys: these make the file six times larger.
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
-- The upper edges of classic buckets, and the ranks of quantiles. The fingerprint is as in metric_series.
-- Lists of numbers are texts such as '0.5,1,inf', here and below: at each commit, DuckDB writes the lists
-- of up to 2,047 earlier rows into its log again. An empty list is null.
CREATE TABLE metric_layouts (
    id BIGINT NOT NULL,
    fingerprint UBIGINT,
    edges VARCHAR,
    quantiles VARCHAR
);
CREATE TABLE metric_histograms (
    timestamp TIMESTAMP NOT NULL,
    series BIGINT NOT NULL,
    layout BIGINT NOT NULL,
    count DOUBLE,
    sum DOUBLE,
    -- In the order of the layout.
    bucket_counts VARCHAR,
    quantile_values VARCHAR,
    -- Null without native buckets.
    schema TINYINT,
    zero_threshold DOUBLE,
    zero_count DOUBLE,
    positive_indexes VARCHAR,
    positive_counts VARCHAR,
    negative_indexes VARCHAR,
    negative_counts VARCHAR
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
