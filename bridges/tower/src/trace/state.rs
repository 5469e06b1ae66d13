//! The header `tracestate`: what other tracing systems pass along.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::HashSet;

pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The most members of a list, by section 3.3.1.1.
const MOST_MEMBERS: usize = 32;
/// The length that everyone is to pass on, by section 3.3.1.5.
const LENGTH: usize = 512;
/// Members longer than this are the first to go, by the same section.
const LONG_MEMBER: usize = 128;

/// The list of all headers of this name, or `None` if it is empty or not as section 3.3 has it. A list
/// longer than 512 bytes loses its long members, and then its last ones.
pub(super) fn read(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(TRACESTATE).iter();
    let first = values.next()?;
    let mut members = Vec::new();
    for value in std::iter::once(first).chain(values) {
        let value = value.to_str().ok()?;
        members.extend(value.split(',').map(|it| it.trim_matches([' ', '\t'])));
    }
    members.retain(|member| !member.is_empty());
    let valid = |(key, value): (&str, &str)| is_key(key) && is_value(value);
    let mut keys = HashSet::new();
    let mut pairs = members.iter().map(|member| member.split_once('='));
    let all = pairs.all(|pair| pair.is_some_and(|pair| valid(pair) && keys.insert(pair.0)));
    if !all || members.len() > MOST_MEMBERS {
        return None;
    }
    shorten(&mut members);
    HeaderValue::try_from(members.join(",")).ok().filter(|value| !value.is_empty())
}

fn shorten(members: &mut Vec<&str>) {
    let length = |members: &[&str]| members.iter().map(|it| it.len() + 1).sum::<usize>();
    let mut over = length(members).saturating_sub(LENGTH + 1);
    members.retain(|member| {
        let goes = over > 0 && member.len() > LONG_MEMBER;
        over = over.saturating_sub(if goes { member.len() + 1 } else { 0 });
        !goes
    });
    while length(members) > LENGTH + 1 {
        members.pop();
    }
}

/// By level 2, which takes every key of level 1.
fn is_key(key: &str) -> bool {
    let starts = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let follows = |byte: &u8| starts(byte) || b"_-*/@".contains(byte);
    key.len() <= 256
        && key.as_bytes().first().is_some_and(starts)
        && key.bytes().all(|it| follows(&it))
}

/// The list's white space is gone, so the value does not end in a space.
fn is_value(value: &str) -> bool {
    (1..=256).contains(&value.len())
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && !b",=".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACESTATE, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        read(&headers).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn lists_of_all_headers_are_one_list() {
        assert_eq!(read_all(&["a=1, b=2", "c=3"]).as_deref(), Some("a=1,b=2,c=3"));
        assert_eq!(read_all(&["a=1,,", "", " b@c=x y\t"]).as_deref(), Some("a=1,b@c=x y"));
        assert_eq!(read_all(&[]), None);
        assert_eq!(read_all(&["", ","]), None);
    }

    #[test]
    fn an_invalid_member_ends_the_list() {
        let long_key = format!("{}=1", "k".repeat(257));
        let long_value = format!("k={}", "v".repeat(257));
        let many: Vec<_> = (0..33).map(|at| format!("k{at}=1")).collect();
        let many = many.join(",");
        for invalid in [
            "a",
            "A=1",
            "a=",
            "=1",
            "a=1=2",
            "a=1,a=2",
            "a b=1",
            "-a=1",
            &long_key,
            &long_value,
            &many,
        ] {
            assert_eq!(read_all(&["good=1", invalid]), None, "{invalid}");
        }
        assert_eq!(read_all(&["a=\u{e9}"]), None);
    }

    #[test]
    fn a_long_list_loses_long_members_first() {
        let long = format!("long={}", "v".repeat(200));
        let short: Vec<_> = (0..9).map(|at| format!("k{at}={}", "v".repeat(47))).collect();
        let list = format!("{},{long},{}", short[..4].join(","), short[4..].join(","));
        assert!(list.len() > 512);
        assert_eq!(read_all(&[&list]), Some(short.join(",")));
        let long: Vec<_> = (0..5).map(|at| format!("k{at}={}", "v".repeat(117))).collect();
        assert_eq!(read_all(&[&long.join(",")]), Some(long[..4].join(",")));
        let exact = format!("{},{}", long[..3].join(","), format_args!("z={}", "v".repeat(147)));
        assert_eq!(exact.len(), 3 * 121 + 149);
        assert_eq!(read_all(&[&exact]), Some(exact));
    }
}
