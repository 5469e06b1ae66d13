use tickmetrics::prelude::*;

#[derive(Metrics)]
struct Scales {
    /// None.
    #[metric(scale = 0)]
    zero: Histogram,
    /// Below.
    #[metric(scale = -0.5)]
    negative: Histogram,
    /// Words.
    #[metric(scale = "0.01")]
    words: Histogram,
    /// Implied.
    #[metric(unit = "seconds", scale = 0.01)]
    implied: Histogram,
}

#[derive(Metrics)]
struct Digits {
    /// None.
    #[metric(sigfigs = 0)]
    zero: Histogram,
    /// More than there are.
    #[metric(sigfigs = 4)]
    four: Histogram,
    /// Half.
    #[metric(sigfigs = 1.5)]
    half: Histogram,
}

#[derive(Metrics)]
struct Native {
    /// Too fine for two digits.
    #[metric(native = 5)]
    fine: Histogram,
    /// Too fine for one.
    #[metric(sigfigs = 1, native = 2)]
    finer: Histogram,
    /// Too coarse for Prometheus.
    #[metric(native = -5)]
    coarse: Histogram,
    /// Words.
    #[metric(native = "3")]
    words: Histogram,
    /// Quantiles that do not rise.
    #[metric(quantiles = [0.5, 0.5, 1.5, "0.9"])]
    odd_quantiles: Histogram,
    /// A flag has no value.
    #[metric(extremes = true)]
    odd_extremes: Histogram,
}

#[derive(Metrics)]
struct Maxima {
    /// A time of no unit of time.
    #[metric(max = "10s")]
    no_time: Histogram,
    /// No time.
    #[metric(unit = "seconds", max = "10 parsecs")]
    parsecs: Histogram,
    /// Without quotes.
    #[metric(unit = "seconds", max = 10s)]
    unquoted: Histogram,
    /// Half a nanosecond.
    #[metric(unit = "seconds", max = "0.5ns")]
    half: Histogram,
    /// Half a nanosecond, as a number.
    #[metric(unit = "seconds", max = 0.0000000005)]
    half_number: Histogram,
    /// Between hundredths.
    #[metric(scale = 0.01, max = 10.005)]
    between: Histogram,
    /// Below nothing.
    #[metric(max = -1)]
    negative: Histogram,
    /// Too small.
    #[metric(max = 1)]
    small: Histogram,
    /// Too large.
    #[metric(max = 18446744073709551616)]
    large: Histogram,
    /// No number.
    #[metric(max = true)]
    flag: Histogram,
}

#[derive(Metrics)]
struct Buckets {
    /// Falling.
    #[metric(buckets = [1, 3, 2])]
    falling: Histogram,
    /// The same one twice.
    #[metric(unit = "seconds", buckets = ["1ms", 0.001])]
    same: Histogram,
    /// Above the maximum.
    #[metric(unit = "seconds", max = "1s", buckets = ["1ms", "2s"])]
    above: Histogram,
    /// Above the default one.
    #[metric(unit = "seconds", buckets = ["1ms", "2h"])]
    above_default: Histogram,
    /// Several mistakes.
    #[metric(buckets = [1.5, "1s", x])]
    several: Histogram,
    /// No list.
    #[metric(buckets = 7)]
    no_list: Histogram,
    /// A text.
    #[metric(unit = "seconds", buckets = "1us,10us")]
    text: Histogram,
    /// A number.
    #[metric(quantiles = 0.5)]
    one: Histogram,
    /// A constant.
    #[metric(max = MAX)]
    constant: Histogram,
}

#[derive(Metrics)]
struct Units {
    /// An abbreviation, which would be exported in nanoseconds.
    #[metric(unit = "s")]
    seconds: Histogram,
    /// Another.
    #[metric(unit = "ms")]
    milliseconds: Counter,
    /// A capital letter.
    #[metric(unit = "Seconds")]
    capital: Histogram,
    /// Not a base unit.
    #[metric(unit = "minutes")]
    minutes: Gauge,
    /// Not one either.
    #[metric(unit = "KiB")]
    size: Counter,
}

#[derive(Metrics)]
struct Periods {
    /// Not of this kind.
    #[metric(exemplar_period = 1)]
    counter: Counter,
    /// Half a millisecond.
    #[metric(exemplar_period = 0.5)]
    half: Histogram,
    /// Less than one.
    #[metric(exemplar_period = "10us")]
    little: Histogram,
    /// Fifty days.
    #[metric(exemplar_period = "1200h")]
    long: Histogram,
    /// No time.
    #[metric(exemplar_period = "soon")]
    soon: Histogram,
}

#[derive(Metrics)]
#[metrics(labels(venue = "a"))]
struct Constants {
    /// Of all fields already.
    #[metric(labels(venue = "b", desk = "c", desk = "d"))]
    orders: Counter,
    /// One family, where labels tell them apart.
    #[metric(name = "one", labels(desk = "a", side = "b"))]
    first: Counter,
    /// These do not.
    #[metric(name = "one", labels(side = "b", desk = "a"))]
    second: Counter,
    /// No list.
    #[metric(labels)]
    none: Counter,
}

#[derive(Metrics)]
struct Lists {
    /// No buckets.
    #[metric(buckets = [])]
    buckets: Histogram,
    /// No quantiles.
    #[metric(quantiles = [])]
    quantiles: Histogram,
}

fn main() {}
