//! The path of the crate `tickmetrics` in the expansions of the macros.
//!
//! Expansions name everything else through this path, since a caller's scope may have another item
//! of the same name, even for `usize`. Names of the expansion's own begin with `__`: hygiene hides
//! a variable from the caller's code, but does not protect it from a caller's constant or type
//! parameter.

use crate::arguments::{each, rest, value};
use crate::errors::Errors;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, Path, parse_quote};

/// `::tickmetrics`, unless `crate = path` gives another one: that of a crate that re-exports it.
pub(crate) struct Root(Path);

impl Default for Root {
    fn default() -> Self {
        Self(parse_quote!(::tickmetrics))
    }
}

impl Root {
    /// The path given by `#[name(crate = path)]`. It is read before everything else, since the
    /// fallback for a type with wrong attributes names the crate, too. The reader of the attribute
    /// reports errors.
    pub(crate) fn of(attributes: &[Attribute], name: &str) -> Self {
        let mut root = None;
        let mut ignored = Errors::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
            let _ = attribute.parse_args_with(|input: ParseStream| {
                each(input, &mut ignored, |input, _| {
                    if input.call(Ident::parse_any)? != "crate" {
                        return rest(input);
                    }
                    root = Some(value(input)?);
                    Ok(())
                });
                Ok(())
            });
        }
        root.unwrap_or_default()
    }

    /// The path of a primitive type, even if a caller's scope has another item of that name.
    pub(crate) fn primitive(&self, name: &str) -> TokenStream {
        let name = Ident::new(name, Span::call_site());
        quote!(#self::__private::std::primitive::#name)
    }
}

impl Parse for Root {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        input.call(Path::parse_mod_style).map(Self)
    }
}

impl ToTokens for Root {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}
