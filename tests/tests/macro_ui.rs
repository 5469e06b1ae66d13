//! What the macros refuse, with which words, and that what they make causes no warnings.

#[test]
fn messages_and_lints() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
}
