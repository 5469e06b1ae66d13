//! Expressions that would exhaust the stack, panic, or take long.

use fastrand::Rng;
use std::thread;
use tickmetrics_rules::expression::{self, NotChecked, Variables};

/// Stack of a thread that reads: an eighth of a main thread's, in a build without optimisation.
const STACK: usize = 1 << 20;

/// Chains and nests of a size.
fn deep(size: usize) -> Vec<String> {
    let nest = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(size), close.repeat(size))
    };
    vec![
        nest("(", "a", ")"),
        nest("abs(", "a", ")"),
        nest("sum by (x) (", "a", ")"),
        nest("topk(1, ", "a", ")"),
        nest("-(", "a", ")"),
        nest("", "a", " + a"),
        nest("", "a", " or a"),
        nest("", "1", "^1"),
        nest("a ^ ", "a", ""),
        nest("- ", "a", ""),
        nest("- ", "1", ""),
        nest("+ ", "a", ""),
        nest("max_over_time(", "a", "[1m:])"),
        nest("1 + (", "a", ")"),
        nest("label_replace(", "a", ", 'a', '', '', '')"),
        nest("(", "", ""),
        nest("[", "", ""),
        nest("{", "", ""),
        nest("a[", "", ""),
        nest("", "a", "[1m:]"),
        nest("", "a", " offset 1m"),
    ]
}

#[test]
fn a_tree_does_not_exhaust_the_stack() {
    let read = |size: usize| {
        let reader = thread::Builder::new().stack_size(STACK).spawn(move || {
            let read: Vec<_> = deep(size).iter().map(|text| expression::parse(text)).collect();
            read.iter().flatten().for_each(|one| assert_eq!(one.clone(), *one));
            assert!(!format!("{read:?}").is_empty());
            read.iter().filter(|one| one.is_ok()).count()
        });
        reader.unwrap().join().unwrap()
    };
    // Nests of 60, chains that lean to the right of 120, and others of 500 are read.
    assert_eq!(read(60), 15);
    assert_eq!(read(120), 7);
    assert_eq!(read(500), 2);
    for size in [600, 10_000, 70_000] {
        assert_eq!(read(size), 0, "{size}");
    }
}

#[test]
fn what_is_too_much_has_a_reason() {
    assert_eq!(expression::parse(&"(".repeat(65)), Err(NotChecked::TooDeep));
    assert_eq!(expression::parse(&" ".repeat(70_000)), Err(NotChecked::TooLong));
    let regex = format!("a{{x=~\"{}\"}}", "(a{1000}){1000}");
    assert!(matches!(expression::parse(&regex), Err(NotChecked::TooCostly { .. })));
    let many = format!("a{{{}}}", "x=~'\\\\w{100}', ".repeat(100));
    assert!(matches!(expression::parse(&many), Err(NotChecked::TooCostly { .. })));
    // A value of 1,000 bytes that is used often.
    let variables = Variables::new().with("a", ["b".repeat(1000)]);
    assert_eq!(expression::parse_with(&"$a ".repeat(10_000), &variables), Err(NotChecked::TooLong));
}

/// Durations at which the parser would panic, and a count that it would drop.
#[test]
fn durations_out_of_range_are_not_read() {
    for text in ["a[1e300]", "a offset 1e300", "a offset inf", "a offset -NaN", "a[99999999999s1m]"]
    {
        let place = expression::parse(text).map_err(|error| error.place());
        assert!(matches!(place, Err(Some(_))), "{text}: {place:?}");
    }
    for text in ["a[1m:1e300]", "a[1m : 99999999999s]", "a offset + 1e300", "a[0x7fffffffffffffff]"]
    {
        assert!(expression::parse(text).is_err(), "{text}");
    }
}

/// Pieces of which texts are made: most are near to what can be read.
const PIECES: &[&str] = &[
    "a",
    "sum",
    "rate",
    "by",
    "on",
    "bool",
    "offset",
    "group_left",
    "start",
    "end",
    "inf",
    "fill",
    "or",
    "and",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "[[",
    "]]",
    "${",
    "$",
    "$a",
    "$__interval",
    "[[a:b]]",
    ",",
    ":",
    "=",
    "!=",
    "=~",
    "!~",
    "==",
    "<",
    "</",
    "+",
    "-",
    "^",
    "@",
    "\"",
    "'",
    "`",
    "\"x\"",
    "`\\d`",
    "\\",
    "5m",
    "1e300",
    "0x",
    "1e",
    "1",
    ".5",
    " ",
    "\n",
    "#",
    "ü",
    "\u{0}",
    "{__name__=\"a\"}",
    "a[5m]",
    "(a)",
    "[1h:1m]",
    "sum by (x) (",
    "a{x=\"1\"}",
    "label_replace(a, \"x\", \"$1\", \"\", \"\")",
];

/// Whatever is read, its places are within the text and within each other, and on characters.
fn check(text: &str) -> bool {
    let mut placed = false;
    for read in [expression::parse(text), expression::parse_with(text, &Variables::new())] {
        let Ok(read) = read else { continue };
        assert!(read.is_placed(), "{text:?}");
        placed = true;
        for node in read.nodes() {
            assert!(text.get(node.place.clone()).is_some_and(|text| !text.is_empty()), "{text:?}");
            for child in node.children() {
                let (outer, inner) = (&node.place, &child.place);
                assert!(outer.start <= inner.start && inner.end <= outer.end, "{text:?}");
            }
        }
    }
    placed
}

#[test]
fn random_texts_do_not_panic() {
    let mut rng = Rng::with_seed(1);
    let mut placed = 0;
    for _ in 0..4_000 {
        let text: String =
            (0..rng.usize(1..12)).map(|_| PIECES[rng.usize(..PIECES.len())]).collect();
        placed += usize::from(check(&text));
    }
    // The test reaches the walk.
    assert!(placed > 100, "{placed}");
}

#[test]
fn random_bytes_do_not_panic() {
    let mut rng = Rng::with_seed(3);
    for _ in 0..4_000 {
        let bytes: Vec<u8> = (0..rng.usize(1..40)).map(|_| rng.u8(..)).collect();
        check(&String::from_utf8_lossy(&bytes));
        let printable: Vec<u8> = bytes.iter().map(|byte| b' ' + byte % 95).collect();
        check(&String::from_utf8(printable).unwrap());
    }
}

#[test]
fn changed_expressions_do_not_panic() {
    let whole = [
        "sum by (job, le) (rate(a_bucket{x=\"1\", y!~'2|3'}[5m] offset 1h @ end())) > bool 0x1F",
        "a * on (x) group_left (y) {\"b.c\", z=~`\\d+`} unless max_over_time((a - -b)[1h:1m] @ 10)",
        "topk($k, $metric{x=~\"${v:regex}\", $f}) by ($l) / rate(a[[[i]]]) # end\n or $f(a[$__range_s s])",
    ];
    let mut rng = Rng::with_seed(2);
    let mut placed = 0;
    for turn in 0..4_000 {
        let mut text: Vec<char> = whole[turn % whole.len()].chars().collect();
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..text.len());
            match rng.u8(..4) {
                0 => _ = text.remove(at),
                1 => text.truncate(at.max(4)),
                2 => text[at] = char::from(whole[0].as_bytes()[rng.usize(..whole[0].len())]),
                _ => drop(text.splice(at..at, PIECES[rng.usize(..PIECES.len())].chars())),
            }
        }
        placed += usize::from(check(&text.into_iter().collect::<String>()));
    }
    assert!(placed > 100, "{placed}");
}
