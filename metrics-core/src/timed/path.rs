//! The name of a function with its type: `Book::new` for a method.
//!
//! An attribute on a method does not see the surrounding `impl`. The compiler's name for an item in
//! the method includes it: `crate::book::Book<_>::new::SITE::{{closure}}` in the module of the
//! type, and `crate::other::<impl crate::book::Book<_>>::new::SITE::{{closure}}` elsewhere. The
//! compiler does not promise this form. So the name falls back to that of the function alone if the
//! form is unknown.

/// The longest type name that is part of a label.
const MAX_OWNER_BYTES: usize = 256;

/// A function that returns the name of a closure's type.
pub const fn path_of<T>(_: &T) -> fn() -> &'static str {
    std::any::type_name::<T>
}

/// `Book::new` for a method, `new` for a function.
pub(super) fn name(function: &str, module: &str, is_method: bool, path: &str) -> String {
    match owner(function, module, is_method, path) {
        Some(owner) if owner.len() <= MAX_OWNER_BYTES => format!("{owner}::{function}"),
        _ => function.to_owned(),
    }
}

/// The owner of a method: a type, or the trait whose method is written for all of its types.
fn owner(function: &str, module: &str, is_method: bool, path: &str) -> Option<String> {
    let segments = segments(path);
    let site = segments.iter().rposition(|&segment| segment == "SITE")?;
    // Futures and closures stand between: `{{closure}}`.
    let mut outwards = (0..site).rev().filter(|&at| !segments[at].starts_with('{'));
    let name = segments[outwards.next()?];
    if name.strip_prefix("r#").unwrap_or(name) != function {
        return None;
    }
    let at = outwards.next()?;
    let owner = segments[at];
    if let Some(quoted) = owner.strip_prefix('<').and_then(|owner| owner.strip_suffix('>')) {
        return Some(implementation(quoted));
    }
    // A type, or a module, or a surrounding function. The compiler warns about types in lower case,
    // and about modules and functions in upper case.
    let is_type = is_method || owner.contains('<') || !is_lower(owner);
    (is_type && segments[..=at].join("::") != module).then(|| short(owner))
}

/// The type in `impl Trait for Type`, `impl Type` or `Type as Trait`; the trait if the type is a
/// parameter.
fn implementation(quoted: &str) -> String {
    let (of_trait, ty) = match quoted.strip_prefix("impl ") {
        Some(rest) => match outside(rest, " for ").next() {
            Some(at) => (Some(&rest[..at]), &rest[at + " for ".len()..]),
            None => (None, rest),
        },
        None => match outside(quoted, " as ").last() {
            Some(at) => (Some(&quoted[at + " as ".len()..]), &quoted[..at]),
            None => (None, quoted),
        },
    };
    // A parameter is written `_`, or as a type without a path that is not one of the language's.
    let is_word = ty.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_parameter = ty == "_" || (is_word && !is_lower(ty));
    short(of_trait.filter(|_| is_parameter).unwrap_or(ty))
}

fn is_lower(name: &str) -> bool {
    let name = name.strip_prefix("r#").unwrap_or(name);
    name.chars().find(|c| *c != '_').is_none_or(char::is_lowercase)
}

/// The parts of a path that `::` separates.
fn segments(path: &str) -> Vec<&str> {
    let mut begin = 0;
    let mut segments = Vec::new();
    for at in outside(path, "::") {
        segments.push(&path[begin..at]);
        begin = at + "::".len();
    }
    segments.push(&path[begin..]);
    segments
}

/// The positions of a pattern outside all brackets.
fn outside(text: &str, pattern: &str) -> impl Iterator<Item = usize> {
    let mut depth = 0_i32;
    let mut before = ' ';
    text.char_indices().filter_map(move |(at, c)| {
        let is_here = depth == 0 && text[at..].starts_with(pattern);
        match c {
            // An arrow.
            '>' if before == '-' => {}
            '<' | '(' | '[' | '{' => depth += 1,
            '>' | ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        before = c;
        is_here.then_some(at)
    })
}

/// A type without generic arguments, and without the modules that types are in.
fn short(ty: &str) -> String {
    let mut short = String::new();
    // The beginning of the path that is being read.
    let mut begin = 0;
    let mut depth = 0_i32;
    let mut before = ' ';
    for c in ty.chars() {
        match c {
            '>' if before == '-' && depth == 0 => short.push(c),
            '>' if before == '-' => {}
            '<' => depth += 1,
            '>' => depth -= 1,
            _ if depth > 0 => {}
            ':' => short.truncate(begin),
            c => {
                short.push(c);
                if !(c.is_alphanumeric() || c == '_' || c == '#') {
                    begin = short.len();
                }
            }
        }
        before = c;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::{MAX_OWNER_BYTES, name};

    fn named(is_method: bool, path: &str) -> String {
        name("new", "m::Modules", is_method, &format!("{path}::SITE::{{{{closure}}}}"))
    }

    #[test]
    fn methods_are_named_with_their_type() {
        for (path, expected) in [
            ("m::Book::new", "Book::new"),
            ("m::Book<_>::new", "Book::new"),
            ("m::book<T>::new", "book::new"),
            ("m::Book<_>::new::{{closure}}", "Book::new"),
            ("m::Book<_>::new::{closure#0}::{closure#1}", "Book::new"),
            ("m::main::Local::new", "Local::new"),
            ("m::main::{{closure}}::Local::new", "Local::new"),
            ("m::Trade::new", "Trade::new"),
            ("m::other::<impl m::Book<_>>::new", "Book::new"),
            ("m::other::<impl core::fmt::Display for m::Book>::new", "Book::new"),
            ("m::<impl m::Gen<m::A> for m::Book<alloc::vec::Vec<_>>>::new", "Book::new"),
            ("m::_::<impl m::Book>::new", "Book::new"),
            ("<m::Book<_> as m::Gen<_>>::new", "Book::new"),
            ("<u32 as m::Trade>::new", "u32::new"),
            ("<&m::Book as m::Trade>::new", "&Book::new"),
            ("<(m::A, [u8; 2]) as m::Trade>::new", "(A, [u8; 2])::new"),
            ("<fn(m::A) -> m::B<u8> as m::Trade>::new", "fn(A) -> B::new"),
            ("<alloc::Box<dyn Fn(&'_ u8) -> m::A + Send> as m::Trade>::new", "Box::new"),
            (
                "<dyn core::Iterator<Item = u8> + core::Send as m::T>::new",
                "dyn Iterator + Send::new",
            ),
            ("<_ as m::Blanket<m::A>>::new", "Blanket::new"),
            ("<T as m::Blanket>::new", "Blanket::new"),
            ("m::<impl m::Blanket for T>::new", "Blanket::new"),
            ("m::模::类::new", "类::new"),
            ("m::Book::r#new", "Book::new"),
        ] {
            assert_eq!(named(false, path), expected, "{path}");
            assert_eq!(named(true, path), expected, "{path}");
        }
        assert_eq!(named(true, "m::book::new"), "book::new", "it has a `self`");
    }

    #[test]
    fn functions_are_named_alone() {
        for path in
            ["m::modules::new", "m::outer::new", "m::Book<_>::outer::{{closure}}::new", "m::_::new"]
        {
            assert_eq!(named(false, path), "new", "{path}");
        }
        assert_eq!(named(false, "m::Modules::new"), "new", "the module");
    }

    #[test]
    fn unknown_forms_are_left_out() {
        let long = format!("m::{}::new", "B".repeat(MAX_OWNER_BYTES + 1));
        for path in ["", "new", "m::Book::old", "m::Book<::new", "m::Book>::new", "<<<>>>", &long] {
            assert_eq!(named(true, path), "new", "{path}");
        }
        assert_eq!(name("new", "m", true, "m::Book::new"), "new");
        assert_eq!(name("new", "m", true, ""), "new");
    }
}
