-- A file of DuckDB as version 1 of the tables made it, with rows.
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
CREATE TABLE tickmetrics_schema (version INTEGER NOT NULL, since TIMESTAMP NOT NULL);
INSERT INTO tickmetrics_schema VALUES (1, '2026-11-29');
CREATE VIEW candle_parts AS SELECT *, rowid AS part FROM trading_candles;
CREATE VIEW candles AS
SELECT symbol, interval, start, arg_min(open, part) AS open, max(high) AS high, min(low) AS low,
    arg_max(close, part) AS close, sum(volume) AS volume, sum(samples)::UBIGINT AS samples
FROM candle_parts
GROUP BY symbol, interval, start;
INSERT INTO trading_candles VALUES
    ('BTC-USD', '1m', '2026-11-18 11:06:00', 1, 5, 1, 3, 10, 4),
    ('BTC-USD', '1m', '2026-11-18 11:06:00', 3, 4, 0.5, 2, 1, 2);
INSERT INTO trading_metrics VALUES
    ('2026-11-18 11:06:00', 'risk', 'up', 'gauge', NULL, MAP {}, 1, NULL);
