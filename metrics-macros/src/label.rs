//! `#[derive(Label)]`: an enum whose variants are the values, or a newtype of an interned string.

use crate::arguments::{Keys, list, literal, text, value};
use crate::errors::Errors;
use crate::names::{self, Case};
use crate::root::Root;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Data, DataEnum, DeriveInput, Fields, Ident, Lit, LitStr, Type, parse_quote};

/// The largest capacity, as in `Interner::MAX_CAPACITY`.
const MAX_CAPACITY: usize = 1 << 24;

/// A label whose attributes are valid.
struct Label {
    name: String,
    values: Values,
}

enum Values {
    /// The variants and their values.
    Fixed(Vec<(Ident, String)>),
    /// At most this many strings.
    Interned(usize),
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let root = Root::of(&input.attrs, "label");
    let label = read(input, &mut errors);
    match label {
        Some(label) if errors.is_empty() => expand(&root, input, &label),
        _ => {
            let mut tokens = errors.into_tokens();
            tokens.extend(fallback(&root, input));
            tokens
        }
    }
}

fn read(input: &DeriveInput, errors: &mut Errors) -> Option<Label> {
    if !input.generics.params.is_empty() {
        errors.at(&input.generics.params, "a label can't be generic: its values are the type's");
    }
    let values = match &input.data {
        Data::Enum(data) => Some(data),
        Data::Struct(data) if is_newtype(&data.fields) => {
            for field in data.fields.iter().filter(|field| !is_label_id(&field.ty)) {
                errors.at(&field.ty, "the field of an interned label is a `LabelId`");
            }
            None
        }
        _ => {
            let message = "`derive(Label)` needs an enum without fields, or a \
                           `struct Name(LabelId);` with `#[label(capacity = ...)]`";
            errors.at(&input.ident, message);
            return None;
        }
    };
    let known: &[&str] = if values.is_some() {
        &["rename", "rename_all", "crate"]
    } else {
        &["rename", "capacity", "crate"]
    };
    let attributes = attributes(&input.attrs, known, errors);
    let values = match values {
        Some(data) => Values::Fixed(variants(input, data, attributes.rename_all, errors)),
        None => Values::Interned(capacity(input, attributes.capacity, errors)),
    };
    let name = name(&input.ident, attributes.rename.as_ref(), names::snake_case, errors);
    Some(Label { name, values })
}

fn is_newtype(fields: &Fields) -> bool {
    matches!(fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1)
}

fn is_label_id(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == "LabelId")
}

/// A label's name: the given one, or by default one made from the identifier.
pub(crate) fn name(
    ident: &Ident,
    rename: Option<&LitStr>,
    default: impl Fn(&str) -> String,
    errors: &mut Errors,
) -> String {
    if let Some(rename) = rename {
        let name = rename.value();
        if let Err(reason) = names::label(&name) {
            let text = name.escape_debug();
            errors.at(rename, format!("`{text}` can't be a label: {reason}"));
        }
        return name;
    }
    let name = default(&ident.unraw().to_string());
    if let Err(reason) = names::label(&name) {
        let hint = "give it a `#[label(rename = \"...\")]`";
        errors.at(ident, format!("`{name}` can't be a label: {reason}; {hint}"));
    }
    name
}

#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) rename: Option<LitStr>,
    /// The case of the variants' names.
    rename_all: Option<Case>,
    /// The capacity with its key, for a value that can't be read.
    capacity: Option<(Ident, Option<Lit>)>,
}

pub(crate) fn attributes(
    attributes: &[Attribute],
    known: &'static [&'static str],
    errors: &mut Errors,
) -> Attributes {
    let mut read = Attributes::default();
    let mut keys = Keys::new(known);
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("label")) {
        keys.read(attribute, errors, |key, input, _| {
            if key == "rename" {
                read.rename = Some(text(key, input)?);
            } else if key == "rename_all" {
                read.rename_all = Some(case(&text(key, input)?)?);
            } else if key == "crate" {
                // `Root::of` has read it.
                value::<Root>(input)?;
            } else {
                read.capacity = Some((key.clone(), None));
                read.capacity = Some((key.clone(), Some(literal(input)?)));
            }
            Ok(())
        });
    }
    read
}

fn case(word: &LitStr) -> syn::Result<Case> {
    let text = word.value();
    let case = Case::ALL.iter().find(|(word, _)| *word == text);
    case.map(|&(_, case)| case).ok_or_else(|| {
        let words = list(&Case::ALL.map(|(word, _)| word));
        let text = text.escape_debug();
        syn::Error::new_spanned(word, format!("`{text}` is not a case; known here: {words}"))
    })
}

fn capacity(
    input: &DeriveInput,
    declared: Option<(Ident, Option<Lit>)>,
    errors: &mut Errors,
) -> usize {
    let literal = match declared {
        Some((_, Some(literal))) => literal,
        // Its value could not be read, which is an error already.
        Some((_, None)) => return 1,
        None => {
            let message =
                "the label has no capacity: write `#[label(capacity = 4096)]` above the struct";
            errors.at(&input.ident, message);
            return 1;
        }
    };
    let number = match &literal {
        Lit::Int(number) => number.base10_parse().ok(),
        _ => None,
    };
    number.filter(|capacity| (1..=MAX_CAPACITY).contains(capacity)).unwrap_or_else(|| {
        errors
            .at(&literal, format!("`capacity` is a whole number from 1 to {MAX_CAPACITY} (2^24)"));
        1
    })
}

fn variants(
    input: &DeriveInput,
    data: &DataEnum,
    case: Option<Case>,
    errors: &mut Errors,
) -> Vec<(Ident, String)> {
    let case = case.unwrap_or(Case::Snake);
    if data.variants.is_empty() {
        errors.at(&input.ident, "an enum without variants has no value for the label");
    }
    let mut values: Vec<(Ident, String)> = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            let message = "a variant with fields has no bounded number of values";
            errors.at(&variant.fields, message);
        }
        let rename = attributes(&variant.attrs, &["rename"], errors).rename;
        let span: &dyn ToTokens = match &rename {
            Some(rename) => rename,
            None => &variant.ident,
        };
        let value = match &rename {
            Some(rename) => rename.value(),
            None => case.of(&variant.ident.unraw().to_string()),
        };
        if value.is_empty() {
            errors.at(span, "Prometheus treats an empty value as no label");
        } else if let Some((other, _)) = values.iter().find(|(_, other)| *other == value) {
            errors.at(span, format!("the value `{value}` is already that of `{other}`"));
        }
        values.push((variant.ident.clone(), value));
    }
    values
}

fn expand(root: &Root, input: &DeriveInput, label: &Label) -> TokenStream {
    match &label.values {
        Values::Fixed(variants) => {
            let count = variants.len();
            let values = variants.iter().map(|(_, value)| value);
            let arms = variants
                .iter()
                .enumerate()
                .map(|(index, (ident, _))| quote!(Self::#ident => #index));
            let values = quote!(#root::Values::Fixed(&[#(#values),*]));
            implement(
                root,
                input,
                &label.name,
                &quote!(#count),
                &values,
                &quote!(match self { #(#arms),* }),
            )
        }
        Values::Interned(capacity) => interned(root, input, &label.name, *capacity),
    }
}

fn interned(root: &Root, input: &DeriveInput, name: &str, capacity: usize) -> TokenStream {
    let ident = &input.ident;
    let label = implement(
        root,
        input,
        name,
        &quote!(#capacity + 1),
        &quote!(#root::Values::Interned(&INTERNER)),
        &quote!(#root::LabelId::index(self.0)),
    );
    let methods = methods(
        root,
        input,
        &quote!(Self(INTERNER.intern(value))),
        &quote!(INTERNER.resolve(self.0)),
        &quote!(INTERNER.retire(value)),
    );
    quote! {
        const _: () = {
            static INTERNER: #root::Interner = #root::Interner::new(#capacity)
                .named(#root::__private::std::concat!(
                    #root::__private::std::module_path!(),
                    "::",
                    #root::__private::std::stringify!(#ident)
                ));
            #label
            #methods
        };
    }
}

fn methods(
    root: &Root,
    input: &DeriveInput,
    intern: &TokenStream,
    as_str: &TokenStream,
    retire: &TokenStream,
) -> TokenStream {
    let DeriveInput { ident, vis, .. } = input;
    let (impl_generics, type_generics, bounds) = input.generics.split_for_impl();
    let (str, bool) = (root.primitive("str"), root.primitive("bool"));
    quote! {
        #[automatically_derived]
        impl #impl_generics #ident #type_generics #bounds {
            /// Returns the label's value for this string. Beyond the capacity it is `other`.
            /// The series of a retired value return.
            #[inline]
            #vis fn intern(value: &#str) -> Self {
                #intern
            }

            /// Returns the string of this value.
            #vis fn as_str(self) -> &'static #str {
                #as_str
            }

            /// Hides the series of this string's value until it is interned again. Returns whether
            /// they were not hidden yet. Kept handles count on.
            #vis fn retire(value: &#str) -> #bool {
                #retire
            }
        }
    }
}

fn implement(
    root: &Root,
    input: &DeriveInput,
    name: &str,
    count: &TokenStream,
    values: &TokenStream,
    index: &TokenStream,
) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, type_generics, bounds) = input.generics.split_for_impl();
    let (str, usize) = (root.primitive("str"), root.primitive("usize"));
    quote! {
        #[automatically_derived]
        impl #impl_generics #root::Label for #ident #type_generics #bounds {
            const NAME: &'static #str = #name;
            const COUNT: #usize = #count;

            fn values() -> #root::Values {
                #values
            }

            #[inline]
            fn index(self) -> #usize {
                #index
            }
        }
    }
}

/// An implementation that only type-checks, so that the compiler does not also report a missing
/// trait or method after an error in an attribute.
fn fallback(root: &Root, input: &DeriveInput) -> TokenStream {
    let mut input = input.clone();
    if !input.generics.params.is_empty() {
        input.generics.make_where_clause().predicates.push(parse_quote!(
            Self: #root::__private::std::marker::Copy + 'static
        ));
    }
    let never = quote!(#root::__private::std::unreachable!());
    let label = implement(root, &input, "", &quote!(1), &never, &never);
    let methods = matches!(&input.data, Data::Struct(data) if is_newtype(&data.fields))
        .then(|| methods(root, &input, &never, &never, &never));
    quote!(#label #methods)
}
