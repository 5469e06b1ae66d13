use tickmetrics::prelude::*;

#[timed(sample = 0)]
fn zero() {}

#[timed(sample = "64")]
fn words() {}

#[timed(sample = 4294967296)]
fn large() {}

#[timed(sample)]
fn no_value() {}

#[timed(name)]
fn no_name() {}

#[timed(name = "a\nb")]
fn dashed() {}

#[timed(name = base)]
fn unquoted() {}

#[timed(outcome, sample = 2, outcome, sample = 3)]
fn twice() {}

#[timed(outcome = true)]
fn assigned() {}

#[timed(labels)]
fn bare_labels() {}

#[timed(labels(module = "a", venue = "b", venue = "c", le = "d", __e = "e", f = 1))]
fn labelled() {}

#[timed(sampel = 2)]
fn unknown() {}

#[timed(sample = 2 outcome)]
fn no_comma() {}

#[timed(_histogram, _other)]
fn two(_histogram: &Histogram, _other: &Histogram) {}

#[timed(_histogram, name = "a", labels(venue = "b"))]
fn named_nothing(_histogram: &Histogram) {}

#[timed(1 +, sample = 0)]
fn no_expression() {}

#[timed(name = "my-route", labels(venue-id = "a"))]
fn hyphens() {}

#[timed(outcomes)]
fn misspelt() {}

#[timed(label(side = "buy"))]
fn misspelt_labels() {}

#[timed(sampled)]
fn no_mistake(sampled: &Histogram) {}

#[timed("submit")]
fn text() {}

#[timed(64)]
fn number() {}

#[timed(labels(side = Side::Buy, desk = 7, venue = format!("x")))]
fn values() {}

#[timed(sample = EVERY)]
fn constant() {}

fn main() {
    // The functions are there all the same: these are not further errors.
    zero();
    labelled();
}

#[timed(_histogram, exemplars)]
fn of_another_description(_histogram: &Histogram) {}
