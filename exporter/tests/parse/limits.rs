//! What hostile bodies may cost.

use tickmetrics_exporter::parse::{self, Limits, ParseError};

type Parse = for<'a> fn(&'a [u8], &Limits) -> Result<parse::Exposition<'a>, ParseError>;

fn too_many(parse: Parse, body: &str, limits: &Limits) -> Option<&'static str> {
    match parse(body.as_bytes(), limits) {
        Ok(_) => None,
        Err(ParseError::TooMany { what, .. }) => Some(what),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn every_limit_holds() {
    let limits = Limits { bytes: 1_000, families: 3, samples: 4, labels: 2, ..Limits::default() };
    let text = |body: &str| too_many(parse::text, body, &limits);
    assert_eq!(text(&"\n".repeat(1_000)), None);
    assert_eq!(text(&"\n".repeat(1_001)), Some("bytes"));
    assert_eq!(text(&"a 1\n".repeat(4)), None);
    assert_eq!(text(&"a 1\n".repeat(5)), Some("samples"));
    let histogram = "# TYPE a histogram\n".to_owned() + &"a_bucket{le=\"1\"} 1\n".repeat(5);
    assert_eq!(text(&histogram), Some("samples"));
    assert_eq!(text("a 1\nb 1\nc 1\n"), None);
    assert_eq!(text("a 1\nb 1\n# HELP c d\n# TYPE d gauge\n"), Some("families"));
    assert_eq!(text("a{b=\"\",c=\"\"} 1\n"), None);
    assert_eq!(text("a{b=\"\",c=\"\",d=\"\"} 1\n"), Some("labels of a sample"));

    let openmetrics = |body: &str| too_many(parse::openmetrics, &format!("{body}# EOF\n"), &limits);
    assert_eq!(openmetrics(&"a 1\n".repeat(4)), None);
    assert_eq!(openmetrics(&"a 1\n".repeat(5)), Some("samples"));
    assert_eq!(openmetrics("# TYPE a counter\na_total 1 # {} 1\na_total 1 # {} 1\n"), None);
    assert_eq!(
        openmetrics("# TYPE a counter\na_total 1 # {} 1\na_total 1 # {} 1\na_total 1\n"),
        Some("samples")
    );
    assert_eq!(openmetrics("# HELP a b\nb 1\nc 1\nd 1\n"), Some("families"));
    let exemplar = "# TYPE a counter\na_total 1 # {b=\"\",c=\"\",d=\"\"} 1\n";
    assert_eq!(openmetrics(exemplar), Some("labels of a sample"));
    let error = parse::text(b"a 1\na 1\na 1\na 1\na 1", &limits).unwrap_err();
    assert_eq!(error.to_string(), "there are more than 4 samples");
}

/// The time is not asserted: were it quadratic, each of these would take minutes.
#[test]
fn nothing_is_quadratic() {
    let count = 50_000;
    let each = |line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let limits = Limits::default();
    let series = |parse: Parse, body: &str| {
        let parsed = parse(body.as_bytes(), &limits).unwrap_or_else(|error| panic!("{error}"));
        parsed.families.iter().map(|family| family.series.len()).sum::<usize>()
    };
    // All buckets first, then all sums: no two lines behind each other are of one series.
    let parts = each(&|at| format!("a_bucket{{b=\"{at}\",le=\"1\"}} 1\n"))
        + &each(&|at| format!("a_sum{{b=\"{at}\"}} 1\n"));
    let histogram = "# TYPE a histogram\n".to_owned() + &parts;
    assert_eq!(series(parse::text, &histogram), count);
    assert_eq!(series(parse::openmetrics, &(histogram + "# EOF\n")), count);
    // Each the start of a counter, in the other order.
    let counters = "# TYPE a counter\n".to_owned()
        + &each(&|at| format!("a_created{{b=\"{at}\"}} 1\n"))
        + &each(&|at| format!("a_total{{b=\"{}\"}} 1\n", count - 1 - at))
        + "# EOF\n";
    assert_eq!(series(parse::openmetrics, &counters), count);
    assert_eq!(series(parse::text, &each(&|at| format!("a{at} 1\n"))), count);
    let falling = each(&|at| format!("a_bucket{{le=\"{}\"}} 1\n", count - at));
    assert_eq!(series(parse::text, &("# TYPE a histogram\n".to_owned() + &falling)), 1);
    // One histogram at many times.
    let times = each(&|at| format!("a_count 1 {}\n", at % 1_000));
    assert_eq!(series(parse::text, &("# TYPE a histogram\n".to_owned() + &times)), 1_000);
    let labels: Vec<_> = (0..256).map(|at| format!("a{at:03}=\"\"")).collect();
    let labels = labels.join(",");
    assert_eq!(series(parse::text, &format!("a{{{labels}}} 1\n").repeat(2_000)), 2_000);
}
