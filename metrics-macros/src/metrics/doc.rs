//! The text of doc comments.
//!
//! The compiler hands over a comment as it is written. This module reads it as rustdoc does.

use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The help text from a field's doc comment; empty without one. Lines are joined, paragraphs keep a
/// line each. The error is a value that can't be read here.
pub(super) fn help(attributes: &[Attribute]) -> Result<String, &Expr> {
    let mut help = String::new();
    let mut paragraph_ends = false;
    for attribute in attributes {
        let Some(text) = text(attribute)? else { continue };
        for line in lines(&text, is_block(attribute)) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.is_empty() {
                paragraph_ends = true;
                continue;
            }
            if !help.is_empty() {
                help.push(if paragraph_ends { '\n' } else { ' ' });
            }
            help.push_str(&words.join(" "));
            paragraph_ends = false;
        }
    }
    Ok(help)
}

fn text(attribute: &Attribute) -> Result<Option<String>, &Expr> {
    // `doc(hidden)` and `doc(alias = "...")` are no text.
    let Meta::NameValue(meta) = &attribute.meta else { return Ok(None) };
    match &meta.value {
        _ if !meta.path.is_ident("doc") => Ok(None),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(Some(text.value())),
        // The form that macros pass on.
        Expr::Group(group) => match &*group.expr {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(Some(text.value())),
            other => Err(other),
        },
        other => Err(other),
    }
}

/// Whether it is written `/** ... */`: then all its tokens have the position of the comment. If the
/// form is unknown, a text of several lines counts as a block.
fn is_block(attribute: &Attribute) -> bool {
    let source = attribute.pound_token.span().source_text();
    source.is_none_or(|source| source.starts_with("/*"))
}

/// The lines of a comment without its decoration.
fn lines(text: &str, is_block: bool) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        lines.push("");
    }
    if is_block && lines.len() > 1 { undecorated(&lines) } else { lines }
}

/// The rules of rustdoc (`rustc_ast::util::comments::beautify_doc_string`). A first and a last line
/// of only stars are dropped. If all lines but the first begin with blanks and a star, in one
/// column, these are decoration. Otherwise a star is Markdown's.
fn undecorated<'a>(mut lines: &[&'a str]) -> Vec<&'a str> {
    let is_stars = |line: &str| line.chars().all(|c| c == '*');
    if let [first, rest @ ..] = lines
        && is_stars(first)
    {
        lines = rest;
    }
    if let [rest @ .., last] = lines
        && !last.is_empty()
        && is_stars(last)
    {
        lines = rest;
    }
    let Some(column) = decoration(lines) else { return lines.to_vec() };
    let strip = |line: &&'_ str| -> usize {
        let Some(rest) = line.strip_prefix(column) else { return 0 };
        let has_star = rest == "*" || rest.starts_with("* ") || rest.starts_with("**");
        column.len() + usize::from(has_star)
    };
    lines.iter().map(|line| line.get(strip(line)..).unwrap_or_default()).collect()
}

/// The text before the star of each line, if each line that counts has a star there.
fn decoration<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let is_blank = |line: &&str| line.trim().is_empty();
    let first = lines.first()?;
    let from = usize::from(!first.trim_start().starts_with('*'));
    let lines = lines.get(from..)?;
    let from = lines.iter().position(|line| !is_blank(line))?;
    let to = lines.iter().rposition(|line| !is_blank(line))?;
    let lines = &lines[from..=to];
    let mut column = None;
    for line in lines {
        let at = line.find(|c| !" \t".contains(c)).unwrap_or(line.len());
        if !line[at..].starts_with('*') || column.is_some_and(|column| column != at) {
            return None;
        }
        column = Some(at);
    }
    lines.first()?.get(..column?)
}
