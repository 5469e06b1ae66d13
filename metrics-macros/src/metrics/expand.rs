//! The implementation of the trait `Metrics`, and its methods as the struct's own.

use super::{Content, Field, Metric, Metrics, declared};
use crate::arguments::Constant;
use crate::root::Root;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DeriveInput, Generics, Visibility, parse_quote};

pub(super) fn expand(root: &Root, input: &DeriveInput, metrics: &Metrics) -> TokenStream {
    let ident = &input.ident;
    let inside = inside(&metrics.prefix, &metrics.constants);
    let fields = metrics.fields.iter().map(|it| field(root, it));
    let private = quote!(#root::__private);
    implement(
        root,
        &input.generics,
        &input.vis,
        ident,
        &quote! {
            let __scope = #inside;
            #private::std::result::Result::Ok(Self { #(#fields),* })
        },
        &quote! {
            static GLOBAL: #private::std::sync::OnceLock<#ident> =
                #private::std::sync::OnceLock::new();
            GLOBAL.get_or_init(#private::build_global::<#ident>)
        },
    )
}

fn implement(
    root: &Root,
    generics: &Generics,
    visibility: &Visibility,
    ident: &Ident,
    build: &TokenStream,
    global: &TokenStream,
) -> TokenStream {
    let (impl_generics, type_generics, bounds) = generics.split_for_impl();
    let private = quote!(#root::__private);
    let (own, of_trait) = methods(root, visibility, global);
    quote! {
        #[automatically_derived]
        impl #impl_generics #ident #type_generics #bounds {
            #own
        }

        #[automatically_derived]
        impl #impl_generics #root::Metrics for #ident #type_generics #bounds {
            fn build<__Visitor: #private::Visitor>(
                __scope: &#private::Scope,
                __visitor: &mut __Visitor,
            ) -> #private::std::result::Result<Self, __Visitor::Error> {
                #build
            }

            #of_trait
        }
    }
}

/// The items of the trait as the struct's own methods, which need no import. The trait's methods
/// call them, so an unused method is no dead code.
fn methods(
    root: &Root,
    visibility: &Visibility,
    global: &TokenStream,
) -> (TokenStream, TokenStream) {
    let private = quote!(#root::__private);
    let result = quote!(#private::std::result::Result<Self, #root::RegisterError>);
    let descriptions = quote!(#private::std::vec::Vec<#root::Description>);
    let own = quote! {
        /// Registers every field and returns the struct, or the first error.
        ///
        /// # Errors
        /// As `tickmetrics::Registry::register`.
        #visibility fn register(registry: &#root::Registry) -> #result {
            #private::build_registered(registry)
        }

        /// The struct registered in `tickmetrics::Registry::global()`, by the first call. A field
        /// whose registration fails is reported on standard error, and records nothing.
        #visibility fn global() -> &'static Self {
            #global
        }

        /// The struct's descriptions, without a registry.
        #visibility fn describe() -> #descriptions {
            #private::describe::<Self>()
        }
    };
    let of_trait = quote! {
        fn register(registry: &#root::Registry) -> #result {
            Self::register(registry)
        }

        fn global() -> &'static Self {
            Self::global()
        }

        fn describe() -> #descriptions {
            Self::describe()
        }
    };
    (own, of_trait)
}

/// An implementation that only type-checks, so that the compiler does not also report a missing
/// trait after an error in an attribute.
pub(super) fn fallback(root: &Root, input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    generics.make_where_clause().predicates.push(parse_quote!(
        Self: #root::__private::std::marker::Sized
            + #root::__private::std::marker::Send
            + #root::__private::std::marker::Sync
            + 'static
    ));
    let never = quote!(#root::__private::std::unreachable!());
    implement(
        root,
        &generics,
        &input.vis,
        ident,
        &quote!(let _ = (__scope, __visitor); #never),
        &never,
    )
}

/// The scope inside the given one.
fn inside(prefix: &str, constants: &[Constant]) -> TokenStream {
    let constants = constants.iter().map(|(name, value)| {
        let name = name.unraw().to_string();
        quote!((#name, #value))
    });
    quote!(__scope.inside(#prefix, &[#(#constants),*]))
}

/// Errors of these tokens point at the type; their names are the macro's.
fn located(ty: &syn::Type) -> Span {
    Span::call_site().located_at(ty.span())
}

/// `field: value`
fn field(root: &Root, field: &Field) -> TokenStream {
    let Field { ident, ty, content, constants } = field;
    let metric = match content {
        Content::Metric(metric) => metric,
        Content::Flattened => {
            let scope = if constants.is_empty() { quote!(__scope) } else { inside("", constants) };
            return quote!(#ident: <#ty as #root::Metrics>::build(&#scope, __visitor)?);
        }
    };
    let Metric { help, name, unit, scale, sigfigs, max, buckets, native, quantiles, .. } =
        &**metric;
    let start = if let Some(name) = name {
        let unit = (!unit.is_empty()).then(|| quote!(.unit(#unit)));
        quote!(__scope.named(#name, #help) #unit)
    } else {
        let name = ident.unraw().to_string();
        quote!(__scope.field(#name, #unit, #help))
    };
    let scale = scale.map(|scale| {
        let scale = Literal::f64_suffixed(scale);
        quote!(.scale(#scale))
    });
    let sigfigs = sigfigs.map(|sigfigs| quote!(.sigfigs(#sigfigs)));
    let max = max.map(|max| quote!(.max(#max)));
    let buckets = buckets.as_ref().map(|edges| quote!(.buckets([#(#edges),*])));
    let native = native.map(|schema| quote!(.native(#schema)));
    let quantiles = quantiles.as_ref().map(|quantiles| {
        let quantiles = quantiles.iter().map(|&quantile| Literal::f64_suffixed(quantile));
        quote!(.quantiles([#(#quantiles),*]))
    });
    let extremes = metric.extremes.then(|| quote!(.extremes()));
    let exemplars = metric.exemplars.then(|| quote!(.exemplars()));
    let exemplar_period = metric.exemplar_period.map(|milliseconds| {
        let milliseconds = u64::from(milliseconds);
        let from_millis = quote!(#root::__private::std::time::Duration::from_millis);
        quote!(.exemplar_period(#from_millis(#milliseconds)))
    });
    let constants = constants.iter().map(|(name, value)| {
        let name = name.unraw().to_string();
        quote!(.constant(#name, #value))
    });
    let declared = declared::expand::calls(root, &metric.declared);
    quote_spanned! {located(ty)=>
        #ident: __visitor.metric::<#ty>(
            #start #scale #sigfigs #max #buckets #native #quantiles #extremes
            #exemplars #exemplar_period #(#constants)* #declared
        )?
    }
}
