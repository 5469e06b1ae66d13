//! Declarations as calls on a description.

use super::{
    Alert, Condition, Declared, Indicator, Objective, ObjectiveName, Panel, Sibling, Subject,
};
use crate::root::Root;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

/// `.objective(...)`, `.alert(...)` and `.panel(...)`, each as often as it is declared.
pub(in crate::metrics) fn calls(root: &Root, declared: &Declared) -> TokenStream {
    let objectives = declared.objectives.iter().map(|it| objective(root, it));
    let alerts = declared.alerts.iter().map(|it| alert(root, it));
    let panel = declared.panel.iter().map(|it| panel(root, it));
    quote!(#(.objective(#objectives))* #(.alert(#alerts))* #(.panel(#panel))*)
}

fn objective(root: &Root, objective: &Objective) -> TokenStream {
    let name = match &objective.name {
        ObjectiveName::Given(name) => quote!(#name),
        ObjectiveName::Exact(stem) => quote!(#root::__private::kebab_case(#stem)),
        ObjectiveName::Field(stem) => quote!(__scope.objective(#stem)),
    };
    let share = number(objective.share);
    let indicator = match &objective.indicator {
        Indicator::Under(bound) => {
            let bound = number(*bound);
            quote!(Under(#bound))
        }
        Indicator::ErrorsOf(counter) => {
            let counter = sibling(root, counter);
            quote!(ErrorsOf(#counter))
        }
        Indicator::Bad { label, values } => {
            let string = quote!(#root::__private::std::string::String::from);
            let values = quote!(#root::__private::std::vec![#(#string(#values)),*]);
            quote!(Bad { label: #string(#label), values: #values })
        }
    };
    let priority = objective.priority.iter();
    let (summary, runbook) = (objective.summary.iter(), objective.runbook.iter());
    quote! {
        #root::declared::Objective::new(#name, #share, #root::declared::Indicator::#indicator)
            #(.priority(#root::declared::Priority::#priority))*
            #(.summary(#summary))*
            #(.runbook(#runbook))*
    }
}

fn alert(root: &Root, alert: &Alert) -> TokenStream {
    let Alert { name, priority, summary, .. } = alert;
    let subject = match &alert.of {
        Subject::Value => quote!(Value),
        Subject::Rate => quote!(Rate),
        Subject::Quantile(quantile) => {
            let quantile = number(*quantile);
            quote!(Quantile(#quantile))
        }
        Subject::ShareOf(counter) => {
            let counter = sibling(root, counter);
            quote!(ShareOf(#counter))
        }
    };
    let Condition { variant, threshold } = alert.is;
    let (variant, threshold) = (Ident::new(variant, Span::call_site()), number(threshold));
    let from_secs = quote!(#root::__private::std::time::Duration::from_secs);
    let (window, lasts) = (alert.window.iter(), alert.lasts.iter());
    let runbook = alert.runbook.iter();
    let by = by(&alert.by);
    quote! {
        #root::declared::Alert::new(
            #name,
            #root::declared::Subject::#subject,
            #root::declared::Condition::#variant(#threshold),
            #root::declared::Priority::#priority,
            #summary,
        )
        #(.window(#from_secs(#window)))*
        #(.for_at_least(#from_secs(#lasts)))*
        #(.runbook(#runbook))*
        #by
    }
}

fn panel(root: &Root, panel: &Panel) -> TokenStream {
    let (title, row) = (panel.title.iter(), panel.row.iter());
    let by = by(&panel.by);
    let hidden = panel.is_hidden.then(|| quote!(.hidden()));
    quote! {
        #root::declared::Panel::new() #(.title(#title))* #(.row(#row))* #by #hidden
    }
}

fn by(labels: &[String]) -> Option<TokenStream> {
    (!labels.is_empty()).then(|| quote!(.by([#(#labels),*])))
}

fn sibling(root: &Root, counter: &Sibling) -> TokenStream {
    match counter {
        Sibling::Exact(name) => quote!(#root::__private::std::string::String::from(#name)),
        Sibling::Field { field, unit } => quote!(__scope.counter(#field, #unit)),
    }
}

/// A literal has no sign.
fn number(number: f64) -> TokenStream {
    let sign = number.is_sign_negative().then(|| quote!(-));
    let number = Literal::f64_suffixed(number.abs());
    quote!(#sign #number)
}
