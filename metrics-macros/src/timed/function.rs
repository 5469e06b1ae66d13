//! The function under the attribute. Its body stays as it is.

use crate::errors::Errors;
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{Attribute, Expr, Ident, ReturnType, Signature, Token, Type, Visibility, parse_quote};

pub(super) struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    default: Option<Token![default]>,
    pub(super) signature: Signature,
    /// `#![...]` at the start of the body.
    pub(super) inner_attributes: Vec<Attribute>,
    /// The rest of the body, in its braces.
    pub(super) body: Group,
}

/// The return type of a function, as far as code inside it can write the type.
pub(super) enum Returns {
    /// A type, with `_` for each `impl Trait` in it.
    Type(Box<Type>),
    /// A type that can't be written: `impl Trait`.
    Opaque,
    /// It does not return.
    Never,
}

impl Function {
    /// `None` for anything but a function that can be timed.
    pub(super) fn read(item: TokenStream, errors: &mut Errors) -> Option<Self> {
        let Ok((function, body)) = Self::parse.parse2(item) else {
            errors.push(syn::Error::new(Span::call_site(), "`#[timed]` belongs above a function"));
            return None;
        };
        let Some(mut function) = function else {
            let message = "a method without a body can't be timed: put `#[timed]` above its \
                           implementations";
            errors.at(body, message);
            return None;
        };
        if let Some(constness) = function.signature.constness {
            errors.at(constness, "a `const fn` can't read the clock");
        }
        function.split_body(errors);
        Some(function)
    }

    /// The function and its body; `None` and its signature for one without a body.
    fn parse(input: ParseStream) -> syn::Result<(Option<Self>, TokenStream)> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let default = if input.peek(Token![default]) { Some(input.parse()?) } else { None };
        let signature: Signature = input.parse()?;
        if input.parse::<Option<Token![;]>>()?.is_some() {
            return Ok((None, signature.to_token_stream()));
        }
        let body = block(input.parse()?)?;
        let (inner_attributes, tokens) = (Vec::new(), body.stream());
        let function = Self { attributes, visibility, default, signature, inner_attributes, body };
        Ok((Some(function), tokens))
    }

    /// Moves the inner attributes out of the body: they apply to the function, and only the
    /// outermost block may have them.
    fn split_body(&mut self, errors: &mut Errors) {
        let split = |input: ParseStream| {
            Ok((input.call(Attribute::parse_inner)?, input.parse::<TokenStream>()?))
        };
        if let Some((attributes, rest)) = errors.keep(split.parse2(self.body.stream()))
            && !attributes.is_empty()
        {
            self.inner_attributes = attributes;
            self.body = self.braced(rest);
        }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.path().is_ident(name))
    }

    /// Whether the signature has a `self` or a `Self`, which only a method's has.
    pub(super) fn is_method(&self) -> bool {
        fn has_self(tokens: TokenStream) -> bool {
            tokens.into_iter().any(|token| match token {
                TokenTree::Ident(ident) => ident == "Self",
                TokenTree::Group(group) => has_self(group.stream()),
                _ => false,
            })
        }
        self.signature.receiver().is_some() || has_self(self.signature.to_token_stream())
    }

    /// Whether an argument of the function has this name.
    pub(super) fn has_argument(&self, name: &Ident) -> bool {
        fn has(tokens: TokenStream, name: &Ident) -> bool {
            tokens.into_iter().any(|token| match token {
                TokenTree::Ident(ident) => ident == *name,
                TokenTree::Group(group) => has(group.stream(), name),
                _ => false,
            })
        }
        has(self.signature.inputs.to_token_stream(), name)
    }

    pub(super) fn returns(&self) -> Returns {
        let mut ty = match &self.signature.output {
            ReturnType::Default => parse_quote!(()),
            ReturnType::Type(_, ty) => (**ty).clone(),
        };
        ImplTrait.visit_type_mut(&mut ty);
        match ty {
            Type::Never(_) => Returns::Never,
            Type::Infer(_) => Returns::Opaque,
            ty => Returns::Type(Box::new(ty)),
        }
    }

    /// The body behind a statement. The body keeps its braces, which may begin with items, unless
    /// it is one expression, whose braces would be needless.
    pub(super) fn body_behind(&self) -> TokenStream {
        let tokens = self.body.stream();
        let is_expression = syn::parse2::<Expr>(tokens.clone()).is_ok();
        if is_expression { tokens } else { self.body.to_token_stream() }
    }

    /// Braces around these tokens, in the edition of the body.
    pub(super) fn braced(&self, tokens: TokenStream) -> Group {
        let mut group = Group::new(Delimiter::Brace, tokens);
        group.set_span(self.body.span());
        group
    }

    /// The function with another body in its braces.
    pub(super) fn with_body(&self, tokens: TokenStream) -> TokenStream {
        let Self { attributes, visibility, default, signature, inner_attributes, .. } = self;
        let mut body =
            inner_attributes.iter().map(ToTokens::to_token_stream).collect::<TokenStream>();
        body.extend(tokens);
        let mut function = TokenStream::new();
        for attribute in attributes {
            attribute.to_tokens(&mut function);
        }
        visibility.to_tokens(&mut function);
        default.to_tokens(&mut function);
        signature.to_tokens(&mut function);
        self.braced(body).to_tokens(&mut function);
        function
    }
}

/// The braces of a body. A macro's `$body:block` wraps them in invisible ones.
fn block(token: TokenTree) -> syn::Result<Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Ok(group),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            block(syn::parse2(group.stream())?)
        }
        other => Err(syn::Error::new_spanned(other, "expected a body")),
    }
}

/// Replaces `impl Trait` by `_`: in a signature it stands for a type that can't be repeated
/// elsewhere.
struct ImplTrait;

impl VisitMut for ImplTrait {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if matches!(ty, Type::ImplTrait(_)) {
            *ty = parse_quote!(_);
        } else {
            visit_type_mut(self, ty);
        }
    }
}
