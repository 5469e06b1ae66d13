//! The errors of the macros, with their texts, and the absence of warnings about expansions.

#[test]
fn messages_and_lints() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
}
