//! The function with its recording.
//!
//! Local names are hygienic (`mixed_site`), and statics stand in blocks of their own, so the body
//! sees none of them. They begin with `__`, to differ from a caller's constants.

use super::arguments::Arguments;
use super::function::{Function, Returns};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

pub(super) fn expand(function: &Function, arguments: &Arguments) -> TokenStream {
    let body = if arguments.outcome.is_some() {
        with_outcome(function, arguments)
    } else {
        with_guard(function, arguments)
    };
    function.with_body(body)
}

/// `let __guard = ...; { body }`: the guard is dropped last, however the function ends, and is part
/// of the future in an `async fn`.
fn with_guard(function: &Function, arguments: &Arguments) -> TokenStream {
    let root = &arguments.root;
    let due = due(arguments);
    let site = site(function, arguments, &quote!(()));
    let span = Span::mixed_site();
    let start = match (&arguments.histogram, arguments.sample) {
        (None, None) => quote_spanned!(span=> let __guard = { #site SITE.start() };),
        (None, Some(_)) => {
            quote_spanned!(span=> let __guard = { #site SITE.start_sampled(__due) };)
        }
        (Some(histogram), None) => {
            let histogram = reference(histogram);
            quote_spanned!(span=> let __guard = #root::Histogram::start(#histogram);)
        }
        (Some(histogram), Some(_)) => {
            let histogram = reference(histogram);
            quote_spanned! {span=>
                let __timer = if __due {
                    #root::__private::std::option::Option::Some(
                        #root::Histogram::start(#histogram),
                    )
                } else {
                    #root::__private::std::option::Option::None
                };
                let __guard = { #site SITE.start(__timer) };
            }
        }
    };
    let body = function.body_behind();
    quote!(#due #start #body)
}

/// The call records how the body ended, so the body is a closure or a future of its own. If the
/// body unwinds, the call finds out by itself.
fn with_outcome(function: &Function, arguments: &Arguments) -> TokenStream {
    let root = &arguments.root;
    let span = Span::mixed_site();
    let due = due(arguments);
    let is_due =
        if arguments.sample.is_some() { quote_spanned!(span=> __due) } else { quote!(true) };
    let site = site(function, arguments, &quote!(#root::Outcome));
    let start = match &arguments.histogram {
        None => quote_spanned!(span=> { #site SITE.start(#is_due) }),
        Some(histogram) => {
            let histogram = reference(histogram);
            quote_spanned! {span=> {
                let __histogram: &#root::Histogram = #histogram;
                { #site SITE.start(#is_due, __histogram) }
            }}
        }
    };
    let body = &function.body;
    let private = quote!(#root::__private);
    let finish = quote_spanned! {span=>
        __call.finish({
            use #private::NoResult as _;
            #private::Ended(&__result).is_err()
        });
        __result
    };
    let is_async = function.signature.asyncness.is_some();
    if !is_async {
        let returns = match function.returns() {
            Returns::Type(ty) => quote!(-> #ty),
            Returns::Opaque => TokenStream::new(),
            Returns::Never => {
                let body = function.body_behind();
                return quote_spanned!(span=> #due let __call = #start; #body);
            }
        };
        // A closure with a declared type needs its braces, which the body has.
        return quote_spanned! {span=>
            #due
            let __call = #start;
            let __result = #private::call(move || #returns #body);
            #finish
        };
    }
    let poll = quote_spanned! {span=>
        #private::std::future::poll_fn(|__context| __call.poll(__body.as_mut(), __context)).await
    };
    let (hint, end) = match function.returns() {
        // Never run: it gives the block the type that `?`, `return` and coercions need.
        Returns::Type(ty) => (
            quote_spanned!(span=> if false { return #private::OutcomeCall::returned::<#ty>(); }),
            quote_spanned!(span=> let __result = #poll; #finish),
        ),
        Returns::Opaque => {
            (TokenStream::new(), quote_spanned!(span=> let __result = #poll; #finish))
        }
        Returns::Never => (TokenStream::new(), poll),
    };
    let body = if hint.is_empty() { body.stream() } else { function.body_behind() };
    let body = function.braced(quote!(#hint #body));
    quote_spanned! {span=>
        #due
        let mut __call = #start;
        let mut __body = #private::std::pin::pin!(async move #body);
        #end
    }
}

/// Whether to time this call, if not each is timed.
fn due(arguments: &Arguments) -> Option<TokenStream> {
    let root = &arguments.root;
    let every = arguments.sample?;
    let private = quote!(#root::__private);
    let u32 = root.primitive("u32");
    Some(quote_spanned! {Span::mixed_site()=>
        let __due = {
            #private::std::thread_local! {
                static COUNTDOWN: #private::std::cell::Cell<#u32> =
                    const { #private::std::cell::Cell::new(0) };
            }
            #private::due(&COUNTDOWN, #every)
        };
    })
}

/// The static with the function's metrics, by the labels that a call adds.
fn site(function: &Function, arguments: &Arguments, labels: &TokenStream) -> TokenStream {
    let root = &arguments.root;
    let private = quote!(#root::__private);
    let site = if arguments.histogram.is_some() { quote!(Counted) } else { quote!(Timed) };
    let base = arguments.name.as_ref().map_or_else(|| "function".to_owned(), syn::LitStr::value);
    let ident = function.signature.ident.unraw().to_string();
    let is_method = function.is_method();
    let exemplars = arguments.exemplars;
    let constants = arguments.labels.iter().map(|(name, value)| {
        let name = name.unraw().to_string();
        quote!((#name, #value))
    });
    quote_spanned! {Span::mixed_site()=>
        static SITE: #private::#site<#labels> = #private::#site::new(#private::Function {
            base: #base,
            module: #private::std::module_path!(),
            function: #ident,
            is_method: #is_method,
            path: #private::path_of(&|| ()),
            labels: &[#(#constants),*],
            exemplars: #exemplars,
        });
    }
}

/// A reference to a given histogram. A wrong type is reported at the expression.
fn reference(histogram: &syn::Expr) -> TokenStream {
    let span = Span::mixed_site().located_at(histogram.span());
    quote_spanned!(span=> &(#histogram))
}
