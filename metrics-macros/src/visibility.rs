//! The visibility of the methods that a derive adds: that of the type.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{DeriveInput, parse_quote};

/// The input, with a visibility that is part of the expansion like the methods that carry it.
///
/// rustc reports unused methods, unless they are from another crate's macro. With the span of a
/// user's `macro_rules!` in their visibility, it would take them for that macro's.
pub(crate) fn expanded(mut input: DeriveInput) -> DeriveInput {
    let visibility = at_call_site(input.vis.to_token_stream());
    input.vis = parse_quote!(#visibility);
    input
}

fn at_call_site(tokens: TokenStream) -> TokenStream {
    let token = |mut token: TokenTree| {
        if let TokenTree::Group(group) = token {
            token = Group::new(group.delimiter(), at_call_site(group.stream())).into();
        }
        token.set_span(Span::call_site());
        token
    };
    tokens.into_iter().map(token).collect()
}
