//! `#[derive(Labels)]`: a struct of labels; the index of a series has one digit for each field.

use crate::errors::Errors;
use crate::label;
use crate::root::Root;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Ident, Type, parse_quote};

struct Field<'a> {
    ident: &'a Ident,
    ty: &'a Type,
    name: String,
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let root = Root::of(&input.attrs, "label");
    let fields = read(input, &mut errors);
    if errors.is_empty() {
        expand(&root, input, &fields)
    } else {
        let mut tokens = errors.into_tokens();
        tokens.extend(fallback(&root, input));
        tokens
    }
}

fn read<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Vec<Field<'a>> {
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if !fields.named.is_empty() => &fields.named,
            _ => return refuse(input, errors),
        },
        _ => return refuse(input, errors),
    };
    if !input.generics.params.is_empty() {
        errors.at(&input.generics.params, "a struct of labels can't be generic");
    }
    label::attributes(&input.attrs, &["crate"], errors);
    let mut read: Vec<Field> = Vec::new();
    for field in fields {
        let Some(ident) = &field.ident else { continue };
        let rename = label::attributes(&field.attrs, &["rename"], errors).rename;
        let name = label::name(ident, rename.as_ref(), str::to_owned, errors);
        if let Some(other) = read.iter().find(|other| other.name == name) {
            let message = format!("the label `{name}` is already that of `{}`", other.ident);
            match &rename {
                Some(rename) => errors.at(rename, message),
                None => errors.at(ident, message),
            }
        }
        read.push(Field { ident, ty: &field.ty, name });
    }
    read
}

fn refuse<T>(input: &DeriveInput, errors: &mut Errors) -> Vec<T> {
    let message = "`derive(Labels)` needs a struct with a named field for each label";
    errors.at(&input.ident, message);
    Vec::new()
}

fn expand(root: &Root, input: &DeriveInput, fields: &[Field]) -> TokenStream {
    // Errors in a label's type are reported at the type.
    let label = |field: &Field| {
        let ty = field.ty;
        let span = Span::call_site().located_at(ty.span());
        quote_spanned!(span=> <#ty as #root::Label>)
    };
    let counts: Vec<TokenStream> = fields
        .iter()
        .map(|field| {
            let label = label(field);
            quote!(#label::COUNT)
        })
        .collect();
    let dimensions = fields.iter().map(|field| {
        let (name, label) = (&field.name, label(field));
        quote!(#root::Dimension { name: #name, values: #label::values() })
    });
    let indices = fields.iter().map(|field| {
        let (ident, label) = (field.ident, label(field));
        quote!(#label::index(self.#ident))
    });
    implement(
        root,
        input,
        &quote!(1 #(* #counts)*),
        &quote!(#root::__private::std::vec![#(#dimensions),*]),
        // An index that a wrong implementation of `Label` makes too large may wrap: `with` keeps it
        // inside the metric's cells.
        &quote! {
            let __index = 0_usize;
            #(let __index = __index.wrapping_mul(#counts).wrapping_add(#indices);)*
            __index
        },
    )
}

fn implement(
    root: &Root,
    input: &DeriveInput,
    series: &TokenStream,
    dimensions: &TokenStream,
    index: &TokenStream,
) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, type_generics, bounds) = input.generics.split_for_impl();
    let usize = root.primitive("usize");
    quote! {
        #[automatically_derived]
        impl #impl_generics #root::Labels for #ident #type_generics #bounds {
            const SERIES: #usize = #series;

            fn dimensions()
            -> #root::__private::std::vec::Vec<#root::Dimension> {
                #dimensions
            }

            #[inline]
            fn index(self) -> #usize {
                #index
            }
        }
    }
}

/// An implementation that only type-checks, so that the compiler does not also report a missing
/// trait after an error in an attribute.
fn fallback(root: &Root, input: &DeriveInput) -> TokenStream {
    let mut input = input.clone();
    if !input.generics.params.is_empty() {
        input.generics.make_where_clause().predicates.push(parse_quote!(
            Self: #root::__private::std::marker::Copy + 'static
        ));
    }
    let never = quote!(#root::__private::std::unreachable!());
    implement(root, &input, &quote!(1), &never, &never)
}
