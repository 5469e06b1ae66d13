//! Lists of `key = value, key, key(...)`, the form of all the attributes' arguments.

use crate::errors::Errors;
use crate::names;
use proc_macro2::TokenTree;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Ident, LitStr, Meta, Token, parenthesized, token};

/// The keys that an attribute may have, and the keys found so far, over all its occurrences.
pub(crate) struct Keys {
    known: &'static [&'static str],
    seen: Vec<Ident>,
}

impl Keys {
    pub(crate) fn new(known: &'static [&'static str]) -> Self {
        Self { known, seen: Vec::new() }
    }

    /// Whether a key may be there. If not, this adds an error.
    pub(crate) fn admit(&mut self, key: &Ident, errors: &mut Errors) -> bool {
        if !self.known.iter().any(|known| key == known) {
            let known = match self.known {
                [] => "there are none here".to_owned(),
                known => format!("known here: {}", list(known)),
            };
            errors.at(key, format!("unknown key `{key}`; {known}"));
            false
        } else if self.seen.contains(key) {
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
        mut read: impl FnMut(&Ident, ParseStream, &mut Errors) -> syn::Result<()>,
    ) {
        let Meta::List(list) = &attribute.meta else {
            let path = attribute.path();
            let name = path.get_ident().map(ToString::to_string).unwrap_or_default();
            errors.at(attribute, format!("write `#[{name}(...)]`"));
            return;
        };
        let parsed = list.parse_args_with(|input: ParseStream| {
            each(input, errors, |input, errors| {
                let key = input.call(Ident::parse_any)?;
                if self.admit(&key, errors) { read(&key, input, errors) } else { rest(input) }
            });
            Ok(())
        });
        errors.keep(parsed);
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
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// The value of `= value`.
pub(crate) fn value<T: Parse>(input: ParseStream) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
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
        constants.push((name, value(input)?));
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
