use tickmetrics::prelude::*;

#[derive(Metrics)]
#[metrics(prefx = "a", prefix = "b", prefix = "c")]
struct Keys {}

#[derive(Metrics)]
#[metrics(prefix = "9\tlives")]
#[metrics(prefix = "again")]
struct Prefix {}

#[derive(Metrics)]
#[metrics(prefix = "")]
struct Empty {}

#[derive(Metrics)]
#[metrics(prefix = prefix, labels(venue = 1))]
struct Values {}

#[derive(Metrics)]
#[metrics(labels(venue = "a", venue = "b", __name = "c", le = "d", "f"))]
struct Labelled {}

#[derive(Metrics)]
#[metrics]
struct Bare {}

#[derive(Metrics)]
#[metrics = "prefix"]
struct Assigned {}

#[derive(Metrics)]
#[metric(name = "a")]
struct Misplaced {}

#[derive(Metrics)]
#[metrics(prefix = "a" labels(venue = "b"))]
struct NoComma {}

#[derive(Metrics)]
#[metrics(prefix = "my-app", labels(venue-id = "a", desk = "b"))]
struct Hyphens {}

#[derive(Metrics)]
#[metrics(prefix = "app_")]
struct Underscores {}

fn main() {}
