//! Lists of `key = value, key, key(...)`, the form of all the attributes' arguments.

use crate::errors::Errors;
use crate::names;
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Expr, Ident, Lit, LitStr, Meta, Token, parenthesized, token};

/// The keys that an attribute may have, and the keys found so far, over all its occurrences.
pub(crate) struct Keys {
    known: &'static [&'static str],
    /// Those that may appear several times.
    repeated: &'static [&'static str],
    seen: Vec<Ident>,
    /// The keys of another attribute, with its place and name.
    others: Option<(&'static [&'static str], &'static str, &'static str)>,
}

impl Keys {
    pub(crate) fn new(known: &'static [&'static str]) -> Self {
        Self { known, repeated: &[], seen: Vec::new(), others: None }
    }

    /// Admits some of the keys any number of times.
    pub(crate) fn repeated(mut self, keys: &'static [&'static str]) -> Self {
        self.repeated = keys;
        self
    }

    /// Gives the right attribute for keys of another one.
    pub(crate) fn beside(
        mut self,
        keys: &'static [&'static str],
        place: &'static str,
        attribute: &'static str,
    ) -> Self {
        self.others = Some((keys, place, attribute));
        self
    }

    /// The right place of a key that is not known here.
    fn elsewhere(&self, key: &Ident) -> String {
        let Some((keys, place, attribute)) = self.others else { return String::new() };
        let value = match key.to_string().as_str() {
            "labels" | "slo" | "alert" | "panel" => "(...)",
            "extremes" | "native" | "flatten" => "",
            _ => " = ...",
        };
        let known = keys.iter().any(|other| key == other);
        let text = format!("; {place} write `#[{attribute}({key}{value})]`");
        if known { text } else { String::new() }
    }

    /// Whether a key may be there. If not, this adds an error.
    pub(crate) fn admit(&mut self, key: &Ident, errors: &mut Errors) -> bool {
        if !self.known.iter().any(|known| key == known) {
            let known = match self.known {
                [] => "there are none here".to_owned(),
                known => format!("known here: {}", list(known)),
            };
            errors.at(key, format!("unknown key `{key}`; {known}{}", self.elsewhere(key)));
            false
        } else if self.seen.contains(key) && !self.repeated.iter().any(|it| key == it) {
            errors.at(key, format!("`{key}` appears twice"));
            false
        } else {
            self.seen.push(key.clone());
            true
        }
    }

    /// Reads an attribute's list. `read` gets each admitted key, with the input behind it.
    pub(crate) fn read(
        &mut self,
        attribute: &Attribute,
        errors: &mut Errors,
        read: impl FnMut(&Ident, ParseStream, &mut Errors) -> syn::Result<()>,
    ) {
        let Meta::List(list) = &attribute.meta else {
            let path = attribute.path();
            let name = path.get_ident().map(ToString::to_string).unwrap_or_default();
            errors.at(attribute, format!("write `#[{name}(...)]`"));
            return;
        };
        let parsed = list.parse_args_with(|input: ParseStream| {
            self.items(input, errors, read);
            Ok(())
        });
        errors.keep(parsed);
    }

    /// Reads a list, as [`read`](Self::read) does.
    pub(crate) fn items(
        &mut self,
        input: ParseStream,
        errors: &mut Errors,
        mut read: impl FnMut(&Ident, ParseStream, &mut Errors) -> syn::Result<()>,
    ) {
        each(input, errors, |input, errors| {
            let key = input.call(Ident::parse_any)?;
            if self.admit(&key, errors) { read(&key, input, errors) } else { rest(input) }
        });
    }
}

/// Reads a list whose items are separated by commas, and resumes at the next comma after an error.
pub(crate) fn each(
    input: ParseStream,
    errors: &mut Errors,
    mut item: impl FnMut(ParseStream, &mut Errors) -> syn::Result<()>,
) {
    while !input.is_empty() {
        let read = item(input, errors).and_then(|()| {
            if input.is_empty() || input.peek(Token![,]) {
                return Ok(());
            }
            Err(input.error("expected `,`"))
        });
        errors.keep(read);
        // Neither can fail: only token trees up to the comma are skipped.
        let _ = rest(input);
        let _ = input.parse::<Option<Token![,]>>();
    }
}

/// Skips the rest of an item.
pub(crate) fn rest(input: ParseStream) -> syn::Result<()> {
    item(input).map(|_| ())
}

/// The rest of an item.
fn item(input: ParseStream) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

/// The value of `= value`.
pub(crate) fn value<T: Parse>(input: ParseStream) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// The text of `key = "text"`.
pub(crate) fn text(key: &Ident, input: ParseStream) -> syn::Result<LitStr> {
    text_like(input, |text| format!("{key} = {text}"))
}

/// The text of `= "text"`. The error for anything else suggests the attribute around that text.
fn text_like(input: ParseStream, like: impl Fn(&str) -> String) -> syn::Result<LitStr> {
    input.parse::<Token![=]>()?;
    if input.peek(LitStr) || input.is_empty() || input.peek(Token![,]) {
        return input.parse();
    }
    let found = item(input)?;
    let text = match syn::parse2(found.clone()) {
        Ok(Expr::Path(path)) => path.path.segments.last().map(|last| last.ident.unraw()),
        _ => None,
    };
    let text = match (text, syn::parse2(found.clone())) {
        (Some(ident), _) => format!("\"{}\"", names::snake_case(&ident.to_string())),
        (None, Ok(Lit::Int(_) | Lit::Float(_) | Lit::Bool(_))) => format!("\"{found}\""),
        _ => "\"...\"".to_owned(),
    };
    Err(Error::new_spanned(found, format!("write `{}`", like(&text))))
}

/// The value of `= value`, which is a literal.
pub(crate) fn literal(input: ParseStream) -> syn::Result<Lit> {
    input.parse::<Token![=]>()?;
    bare_literal(input)
}

/// A literal: a macro can't evaluate anything else.
pub(crate) fn bare_literal(input: ParseStream) -> syn::Result<Lit> {
    let is_negative = input.peek(Token![-]) && input.peek2(Lit);
    if input.peek(Lit) || is_negative || input.is_empty() || input.peek(Token![,]) {
        return input.parse();
    }
    let message = "the macro can't evaluate this: write the value itself";
    Err(Error::new_spanned(item(input)?, message))
}

/// Refuses a value, and anything else, behind a key without a value.
pub(crate) fn no_value(key: &Ident, input: ParseStream) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(Error::new_spanned(key, format!("`{key}` takes no value")))
}

/// A constant label.
pub(crate) type Constant = (Ident, LitStr);

/// Reads `(name = "value", ...)` behind the key `labels`, and checks the names.
pub(crate) fn constants(
    key: &Ident,
    input: ParseStream,
    errors: &mut Errors,
    reserved: &[&str],
) -> syn::Result<Vec<Constant>> {
    if !input.peek(token::Paren) {
        return Err(Error::new_spanned(key, "write `labels(name = \"value\")`"));
    }
    let content;
    parenthesized!(content in input);
    let mut constants: Vec<Constant> = Vec::new();
    each(&content, errors, |input, errors| {
        let name = input.call(Ident::parse_any)?;
        hyphen(&name, input)?;
        let text = name.unraw().to_string();
        if let Err(reason) = names::label(&text) {
            errors.at(&name, format!("`{text}` can't be a label: {reason}"));
        } else if reserved.contains(&text.as_str()) {
            errors.at(&name, format!("the label `{text}` exists already"));
        } else if text == "le" {
            errors.at(&name, "the label `le` is that of a histogram's buckets");
        } else if constants.iter().any(|(other, _)| *other == name) {
            errors.at(&name, format!("the label `{text}` appears twice"));
        }
        let value = text_like(input, |value| format!("labels({text} = {value})"))?;
        constants.push((name, value));
        Ok(())
    });
    Ok(constants)
}

/// Reports `venue-id` in place of a name.
fn hyphen(name: &Ident, input: ParseStream) -> syn::Result<()> {
    if !input.peek(Token![-]) {
        return Ok(());
    }
    let mut all = name.to_string();
    let mut tokens = name.to_token_stream();
    while let Some(hyphen) = input.parse::<Option<Token![-]>>()? {
        let word = input.call(Ident::parse_any)?;
        all = format!("{all}-{word}");
        tokens.extend(quote!(#hyphen #word));
    }
    let right = all.replace('-', "_");
    Err(Error::new_spanned(tokens, format!("a label's name has no `-` here: write `{right}`")))
}

/// `a`, `b` and `c`, in backquotes.
pub(crate) fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        one => one.concat(),
    }
}
