-- The tables, version 1. All times are UTC. No primary keys: these make the file six times larger.
CREATE TABLE trading_metrics (
    timestamp TIMESTAMP NOT NULL,
    service VARCHAR NOT NULL,
    metric_name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    symbol VARCHAR,
    labels MAP(VARCHAR, VARCHAR) NOT NULL,
    value DOUBLE,
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
    )
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
    samples UBIGINT NOT NULL
);
CREATE TABLE system_events (
    timestamp TIMESTAMP NOT NULL,
    service VARCHAR,
    event VARCHAR NOT NULL,
    message VARCHAR NOT NULL
);
