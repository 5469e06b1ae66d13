//! The path of the crate `tickmetrics` in what the macros expand to.
//!
//! All else that an expansion names is named by way of it, since a caller's scope may have something
//! else of the same name, and that holds for `usize` too. Names of the expansion's own begin with
//! `__`: a span hides a variable from the caller's code, but a caller's constant or type parameter
//! from nothing.

use crate::arguments::{each, rest, value};
use crate::errors::Errors;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, Path, parse_quote};

/// `::tickmetrics`, unless `crate = path` names another one: that of a crate which re-exports it.
pub(crate) struct Root(Path);

impl Default for Root {
    fn default() -> Self {
        Self(parse_quote!(::tickmetrics))
    }
}

impl Root {
    /// What `#[name(crate = path)]` says. It is looked for before all else, since what stands in for a
    /// type whose attributes are wrong names the crate, too. Mistakes are reported by the reader of
    /// the attribute.
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

    /// The path of a type of the language, whatever else a caller's scope calls so.
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
