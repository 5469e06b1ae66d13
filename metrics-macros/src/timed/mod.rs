//! `#[timed]`: a guard in front of a function's body or, with `outcome`, the body in a closure or a
//! pinned future.

mod arguments;
mod expand;
mod function;

use crate::errors::Errors;
use arguments::Arguments;
use function::Function;
use proc_macro2::TokenStream;

pub(crate) fn attribute(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let arguments = Arguments::read(arguments, &mut errors);
    let function = Function::read(item.clone(), &mut errors);
    if let Some(function) = &function {
        arguments.check(function, &mut errors);
    }
    match function {
        Some(function) if errors.is_empty() => expand::expand(&function, &arguments),
        // The unchanged function, so that the error in the attribute is the only message.
        _ => {
            let mut tokens = errors.into_tokens();
            tokens.extend(item);
            tokens
        }
    }
}
