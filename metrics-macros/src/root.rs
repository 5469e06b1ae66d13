//! The path of the crate `tickmetrics` in what the macros expand to.

use crate::arguments::{each, rest, value};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::ToTokens;
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
