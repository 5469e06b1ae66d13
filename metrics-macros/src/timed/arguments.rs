//! The arguments in the parentheses of `#[timed(...)]`.

use super::function::Function;
use crate::arguments::{Constant, Keys, constants, each, literal, no_value, text, value};
use crate::errors::Errors;
use crate::names;
use crate::root::Root;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Lit, LitStr, Token, token};

#[derive(Default)]
pub(super) struct Arguments {
    pub(super) root: Root,
    /// The histogram that records the time.
    pub(super) histogram: Option<Expr>,
    /// One call in this many is timed.
    pub(super) sample: Option<u32>,
    pub(super) outcome: Option<Ident>,
    /// Whether the hook is asked for exemplars.
    pub(super) exemplars: bool,
    /// The name that replaces `function` in the metrics' names.
    pub(super) name: Option<LitStr>,
    pub(super) labels: Vec<Constant>,
    /// The keys found, including those whose value can't be read.
    keys: Vec<Ident>,
}

const KEYS: &[&str] = &["sample", "outcome", "exemplars", "name", "labels", "crate"];

impl Arguments {
    pub(super) fn read(arguments: TokenStream, errors: &mut Errors) -> Self {
        let mut read = Self::default();
        let mut keys = Keys::new(KEYS);
        let parse = |input: ParseStream| {
            each(input, errors, |input, errors| read.argument(input, &mut keys, errors));
            Ok(())
        };
        // The closure gives no error of its own, and reads to the end.
        let _ = parse.parse2(arguments);
        read
    }

    fn argument(
        &mut self,
        input: ParseStream,
        keys: &mut Keys,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        let Some(key) = key(input)? else { return self.expression(input, errors) };
        if !keys.admit(&key, errors) {
            return crate::arguments::rest(input);
        }
        self.keys.push(key.clone());
        match key.to_string().as_str() {
            "sample" => self.sample = Some(sample(&literal(input)?)?),
            "name" => self.name = Some(text(&key, input)?),
            "exemplars" => {
                no_value(&key, input)?;
                self.exemplars = true;
            }
            "crate" => self.root = value(input)?,
            "labels" => {
                self.labels = constants(&key, input, errors, &["module", "function", "outcome"])?;
            }
            _outcome => {
                no_value(&key, input)?;
                self.outcome = Some(key);
            }
        }
        Ok(())
    }

    fn expression(&mut self, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        let expression: Expr = input.parse()?;
        if let Expr::Lit(literal) = &expression {
            match &literal.lit {
                Lit::Int(number) => errors.at(number, format!("write `sample = {number}`")),
                text => errors.at(text, format!("write `name = {}`", text.to_token_stream())),
            }
        } else if self.histogram.is_some() {
            errors.at(&expression, "only one histogram can record the time: this is a second one");
        } else {
            self.histogram = Some(expression);
        }
        Ok(())
    }

    /// Checks the arguments against each other and the function.
    pub(super) fn check(&self, function: &Function, errors: &mut Errors) {
        if let Some((word, key)) = self.histogram.as_ref().and_then(misspelt)
            && !function.has_argument(word)
        {
            errors.at(word, format!("unknown argument `{word}`: do you mean `{key}`?"));
        }
        if let Some(name) = &self.name {
            let text = name.value();
            let checked = names::metric(&text).map_err(str::to_owned);
            if let Err(reason) = checked.and_then(|()| names::part(&text)) {
                let text = text.escape_debug();
                errors.at(name, format!("`{text}` can't name a metric: {reason}"));
            }
        }
        if self.histogram.is_some() {
            for key in self.keys.iter().filter(|key| *key == "exemplars") {
                errors.at(
                    key,
                    "the description of the given histogram says whether it has `exemplars`",
                );
            }
        }
        let counts = self.keys.iter().any(|key| key == "sample" || key == "outcome");
        if self.histogram.is_some() && !counts {
            for key in self.keys.iter().filter(|key| *key == "name" || *key == "labels") {
                errors.at(
                    key,
                    format!(
                        "`{key}` applies to metrics of the function's own, but only the \
                         given histogram is recorded"
                    ),
                );
            }
        }
        if let (Some(outcome), Some(_)) = (&self.outcome, function.attribute("track_caller")) {
            errors.at(
                outcome,
                "`outcome` puts the body in a closure, which hides the caller from \
                                `#[track_caller]`",
            );
        }
    }
}

/// A word in place of a histogram that is nearly a key, and the key: `outcomes`, or
/// `label(side = "buy")`.
fn misspelt(expression: &Expr) -> Option<(&Ident, &'static str)> {
    let path = match expression {
        Expr::Path(path) => path,
        Expr::Call(call) if call.args.iter().any(|it| matches!(it, Expr::Assign(_))) => {
            let Expr::Path(path) = &*call.func else { return None };
            path
        }
        _ => return None,
    };
    let word = path.path.get_ident()?;
    let text = word.to_string();
    let near = |key: &&&str| names::distance(&text, key) <= key.len() / 3;
    KEYS.iter().find(near).map(|key| (word, *key))
}

/// The key of an argument, consumed, or `None` if the argument is an expression.
fn key(input: ParseStream) -> syn::Result<Option<Ident>> {
    if !(input.peek(Ident) || input.peek(Token![crate])) {
        return Ok(None);
    }
    let ahead = input.fork();
    let key = ahead.call(Ident::parse_any)?;
    let alone = ahead.is_empty() || ahead.peek(Token![,]);
    let assigned = ahead.peek(Token![=]) && !ahead.peek(Token![==]);
    let is_key = match key.to_string().as_str() {
        "outcome" | "exemplars" => alone || assigned,
        "labels" => alone || assigned || ahead.peek(token::Paren),
        "sample" | "name" if alone => {
            let like = if key == "sample" { "sample = 64" } else { "name = \"route\"" };
            return Err(syn::Error::new_spanned(&key, format!("write `{like}`")));
        }
        // An unknown key as well: no assignment makes a histogram.
        _ => assigned,
    };
    if is_key { input.call(Ident::parse_any).map(Some) } else { Ok(None) }
}

fn sample(literal: &Lit) -> syn::Result<u32> {
    let every = match literal {
        Lit::Int(number) if number.suffix().is_empty() => number.base10_parse().ok(),
        _ => None,
    };
    every.filter(|every| *every > 0).ok_or_else(|| {
        let message = "`sample` is a whole number above 0: one call in so many is timed";
        syn::Error::new_spanned(literal.to_token_stream(), message)
    })
}
