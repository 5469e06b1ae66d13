//! Expressions, against Prometheus' own tool of version 3.

use fastrand::Rng;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use tests::programs::skip;
use tickmetrics_rules::expression::{self, Kind, Node, Operator};

fn promtool() -> Option<String> {
    let program = std::env::var("PROMTOOL").unwrap_or_else(|_| "promtool".into());
    let version = Command::new(&program).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = version.unwrap_or_default();
    let major = version.split("version ").nth(1).and_then(|it| it.split('.').next()?.parse().ok());
    if major < Some(3) {
        skip("promtool 3 is not installed: PROMTOOL can name it");
        return None;
    }
    Some(program)
}

/// What the tool reports about a file of this text.
fn reported(promtool: &str, args: &[&str], name: &str, text: &str) -> String {
    let folder = std::env::temp_dir().join(format!("expression-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("rules.yml");
    fs::write(&file, text).unwrap();
    let output = Command::new(promtool).args(args).arg(&file).output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()
}

/// Makes expressions, right ones and wrong ones.
struct Maker(Rng);

impl Maker {
    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.0.usize(..of.len())]
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.0.u8(..100) < percent
    }

    fn space(&mut self) -> &'static str {
        if self.chance(70) { " " } else { self.one(&["", "  ", "\n", "\t", " # c (\n"]) }
    }

    fn text(&mut self) -> &'static str {
        self.one(&[
            "\"a\"",
            "'b'",
            "`c`",
            "`\\d+`",
            "\"\\\\d\"",
            "\"\\n\"",
            "\"é\"",
            "\"a{2}|b\"",
            "`\"`",
            "'\\''",
        ])
    }

    fn number(&mut self) -> &'static str {
        self.one(&[
            "1", "0", "2.5", ".5", "5.", "1e3", "1E-3", "0x1F", "0755", "08", "Inf", "NaN", "5m",
            "1h30m", "0s", "1_000", "1e", "1.5m", "0x1.8", "1__0",
        ])
    }

    fn duration(&mut self) -> &'static str {
        self.one(&[
            "5m", "1h", "1h30m", "100ms", "1y2w", "300", "0.5", "0x10", "0", "0s", "5", "1m1h",
            "5x",
        ])
    }

    fn label(&mut self) -> &'static str {
        self.one(&["x", "y", "job", "le", "by", "sum", "offset", "\"a.b\"", "'q'", "1"])
    }

    fn labels(&mut self) -> String {
        let labels: Vec<_> = (0..self.0.usize(..3)).map(|_| self.label()).collect();
        let comma = if self.chance(10) { "," } else { "" };
        format!("{}({}{comma})", self.space(), labels.join(", "))
    }

    fn selector(&mut self) -> String {
        let mut text =
            self.one(&["a", "b_total", "job:c:rate5m", "sum", "on", "start", ""]).to_owned();
        if text.is_empty() || self.chance(40) {
            let matchers: Vec<_> = (0..self.0.usize(..3))
                .map(|_| {
                    if self.chance(8) {
                        return self.text().to_owned();
                    }
                    let op = self.one(&["=", "!=", "=~", "!~", "="]);
                    format!("{}{op}{}", self.label(), self.text())
                })
                .collect();
            let comma = if self.chance(10) { "," } else { "" };
            _ = write!(text, "{{{}{comma}}}", matchers.join(", "));
        }
        text
    }

    fn modifiers(&mut self) -> String {
        match self.0.u8(..8) {
            0 => {
                let sign = self.one(&["", "-", "- ", "+"]);
                format!("{}offset {sign}{}", self.space(), self.duration())
            }
            1 => format!(
                "{}@ {}",
                self.space(),
                self.one(&["10", "start()", "end ( )", "-5", "5m", "x"])
            ),
            2 => " OFFSET 5m @ 1.5".into(),
            _ => String::new(),
        }
    }

    fn range(&mut self, depth: u8) -> String {
        if self.chance(70) {
            return format!("{}[{}]{}", self.selector(), self.duration(), self.modifiers());
        }
        let step = if self.chance(50) { self.duration() } else { "" };
        format!("{}[{}:{step}]{}", self.vector(depth), self.duration(), self.modifiers())
    }

    fn scalar(&mut self, depth: u8) -> String {
        match self.0.u8(..8) {
            0 if depth > 0 => format!("({})", self.scalar(depth - 1)),
            1 if depth > 0 => format!("-{}", self.scalar(depth - 1)),
            2 if depth > 0 => format!("scalar({})", self.vector(depth - 1)),
            3 if depth > 0 => {
                let op = self.one(&["+", "/", "^", "> bool", "=="]);
                format!("{} {op} {}", self.scalar(depth - 1), self.scalar(depth - 1))
            }
            _ => self.number().into(),
        }
    }

    fn vector(&mut self, depth: u8) -> String {
        let Some(depth) = depth.checked_sub(1) else {
            return self.selector() + &self.modifiers();
        };
        match self.0.u8(..12) {
            0 | 1 => self.selector() + &self.modifiers(),
            2 | 3 => format!(
                "{}({})",
                self.one(&["rate", "avg_over_time", "absent_over_time"]),
                self.range(depth)
            ),
            4 => {
                format!("{}({})", self.one(&["abs", "ln", "absent", "unknown"]), self.vector(depth))
            }
            5 => format!("histogram_quantile({}, {})", self.scalar(depth), self.vector(depth)),
            6 => {
                format!("label_replace({}, \"x\", {}, \"y\", '')", self.vector(depth), self.text())
            }
            7 => {
                let grouping = format!("{}{}", self.one(&["by", "without", "BY"]), self.labels());
                let args = match self.0.u8(..3) {
                    0 => format!("topk({}, ", self.scalar(depth)),
                    1 => format!("count_values({}, ", self.text()),
                    _ => "Max(".into(),
                };
                let (op, param) = args.split_once('(').unwrap();
                let body = format!("({param}{})", self.vector(depth));
                match self.0.u8(..3) {
                    0 => format!("{op}{body}"),
                    1 => format!("{op} {grouping}{body}"),
                    _ => format!("{op}{body} {grouping}"),
                }
            }
            8 => format!("({})", self.vector(depth)),
            9 => format!("{}{}", self.one(&["-", "+", "- ", "-+"]), self.vector(depth)),
            _ => {
                let op = self.one(&[
                    "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", "<=", ">", ">=", "and",
                    "or", "unless",
                ]);
                let bool = if self.chance(15) { " bool" } else { "" };
                let mut matching = String::new();
                if self.chance(30) {
                    _ = write!(
                        matching,
                        " {}{}",
                        self.one(&["on", "ignoring", "ON"]),
                        self.labels()
                    );
                    if self.chance(50) {
                        _ = write!(
                            matching,
                            " {}",
                            self.one(&["group_left", "group_right (z)", "group_left ()"])
                        );
                    }
                }
                let (lhs, rhs) = (self.vector(depth), self.vector(depth));
                let rhs = if self.chance(20) { self.scalar(depth) } else { rhs };
                format!(
                    "{lhs} {op}{bool}{matching}{}{rhs}",
                    if matching.is_empty() { " " } else { self.space() }
                )
            }
        }
    }

    fn expression(&mut self) -> String {
        let depth = self.0.u8(..5);
        let mut text = match self.0.u8(..10) {
            0 => self.range(depth),
            1 | 2 => self.scalar(depth),
            _ => self.vector(depth),
        };
        if self.chance(5) {
            let at = self.0.usize(..=text.len());
            if text.is_char_boundary(at) {
                text.insert_str(
                    at,
                    self.one(&[")", "(", "}", "{", "]", "\"", "=", "@", "-", "5", ","]),
                );
            }
        }
        text
    }
}

/// Whether one side is known to be different: it takes an offset of 0 for none.
fn is_known(text: &str) -> bool {
    text.to_ascii_lowercase().matches("offset").count() > 1
        && (text.contains("0s") || text.contains(" 0"))
}

#[test]
fn what_prometheus_reads_is_read_and_nothing_else() {
    let Some(promtool) = promtool() else { return };
    let mut maker = Maker(Rng::with_seed(1));
    let texts: Vec<String> = (0..3000).map(|_| maker.expression()).collect();
    let mut rules = String::from("groups: [{name: g, rules: [\n");
    for (at, text) in texts.iter().enumerate() {
        _ = writeln!(
            rules,
            "{{record: 'r:{at}', expr: {}}},",
            serde_json::to_string(text).unwrap()
        );
    }
    rules.push_str("]}]\n");
    let reported = reported(&promtool, &["check", "rules", "--lint=none"], "read", &rules);
    let refused: HashSet<usize> = reported
        .split("\"r:")
        .skip(1)
        .filter(|it| it.contains("could not parse expression"))
        .filter_map(|it| it.split('"').next()?.parse().ok())
        .collect();
    let mut both = 0;
    for (at, text) in texts.iter().enumerate() {
        let read = expression::parse(text);
        let accepts = !refused.contains(&at);
        assert!(read.is_ok() == accepts || is_known(text), "{text:?}: {accepts} {read:?}");
        if let Ok(read) = read {
            assert!(read.is_placed(), "{text:?}");
            both += 1;
        }
    }
    assert!(both > 1000 && refused.len() > 500, "{both} {}", refused.len());
}

/// The value of a tree of numbers.
fn value(node: &Node) -> Option<f64> {
    match &node.kind {
        Kind::Number(number) => number.known().copied(),
        Kind::Paren(inner) => value(inner),
        Kind::Unary(inner) => Some(-value(inner)?),
        Kind::Binary(binary) => {
            let (lhs, rhs) = (value(&binary.lhs)?, value(&binary.rhs)?);
            let truth = |is: bool| Some(f64::from(u8::from(is)));
            match binary.op.value.known()? {
                Operator::Add => Some(lhs + rhs),
                Operator::Sub => Some(lhs - rhs),
                Operator::Mul => Some(lhs * rhs),
                Operator::Div => Some(lhs / rhs),
                Operator::Mod => Some(lhs % rhs),
                Operator::Pow => Some(lhs.powf(rhs)),
                Operator::Atan2 => Some(lhs.atan2(rhs)),
                Operator::Equal => truth(lhs == rhs),
                Operator::NotEqual => truth(lhs != rhs),
                Operator::Less => truth(lhs < rhs),
                Operator::LessOrEqual => truth(lhs <= rhs),
                Operator::Greater => truth(lhs > rhs),
                Operator::GreaterOrEqual => truth(lhs >= rhs),
                _ => None,
            }
        }
        _ => None,
    }
}

fn arithmetic(rng: &mut Rng, depth: u8) -> String {
    let ops =
        ["+", "-", "*", "/", "%", "^", "^", "atan2", "== bool", "!= bool", "< bool", ">= bool"];
    match rng.u8(..8) {
        _ if depth == 0 => {
            rng.choice(["1", "2", "3", "0.5", "0x5", "4s", "-2", "- 3"]).unwrap().into()
        }
        0 => format!("({})", arithmetic(rng, depth - 1)),
        1 => format!("-{}", arithmetic(rng, depth - 1)),
        2 => format!("+{}", arithmetic(rng, depth - 1)),
        _ => {
            let op = rng.choice(ops).unwrap();
            format!("{} {op} {}", arithmetic(rng, depth - 1), arithmetic(rng, depth - 1))
        }
    }
}

/// The precedence of operators and signs: the value of the tree is the one of Prometheus.
#[test]
fn a_tree_has_the_value_that_prometheus_gives() {
    let Some(promtool) = promtool() else { return };
    let mut rng = Rng::with_seed(2);
    let mut rules = String::from("evaluation_interval: 1m\ntests:\n- promql_expr_test:\n");
    let mut count = 0;
    while count < 1000 {
        let text = arithmetic(&mut rng, 4);
        let read = expression::parse(&text).unwrap();
        let Some(value) = value(read.root()) else { panic!("{text}") };
        if !value.is_finite() || value.abs() > 1e12 {
            continue;
        }
        count += 1;
        // The last digit of a power is another in Go.
        let tolerance = 1e-9 * value.abs().max(1.0);
        let near = format!("abs(vector(({text}) - ({value}))) <= bool {tolerance}");
        let text = serde_json::to_string(&near).unwrap();
        _ = writeln!(
            rules,
            "  - {{expr: {text}, eval_time: 1m, exp_samples: [{{labels: '{{}}', value: 1}}]}}"
        );
    }
    let reported = reported(&promtool, &["test", "rules"], "value", &rules);
    let failures = reported.trim();
    assert!(failures.contains("SUCCESS"), "{failures:.2000}");
}
