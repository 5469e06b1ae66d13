//! `#[timed]` on methods: the label `function` has the type, whatever surrounds the method.

use std::fmt::{Display, Formatter};
use std::marker::PhantomData;
use std::pin::pin;
use tests::polling::poll;
use tickmetrics::prelude::*;

fn calls_in(module: &str, function: &str) -> Option<u64> {
    let labels = [("module", module), ("function", function)];
    Registry::global().snapshot().counter("function_calls_total", &labels)
}

fn calls(function: &str) -> Option<u64> {
    calls_in(module_path!(), function)
}

struct Book;
struct Order;

impl Book {
    #[timed]
    fn new() -> Book {
        Book
    }

    #[timed(sample = 2)]
    async fn future(&self) {
        std::future::ready(()).await;
    }

    #[timed]
    fn with_closure() -> u8 {
        let inside = || {
            #[timed]
            fn in_closure() -> u8 {
                1
            }
            in_closure()
        };
        inside()
    }
}

impl Order {
    #[timed]
    fn new() -> Order {
        Order
    }
}

#[test]
fn methods_of_one_name_are_counted_apart() {
    let book = Book::new();
    Order::new();
    Order::new();
    assert_eq!((calls("Book::new"), calls("Order::new"), calls("new")), (Some(1), Some(2), None));
    assert!(poll(pin!(book.future())).is_ready());
    assert_eq!(calls("Book::future"), Some(1));
    assert_eq!(Book::with_closure(), 1);
    assert_eq!((calls("Book::with_closure"), calls("in_closure")), (Some(1), Some(1)));
}

#[timed]
fn free() {
    #[timed]
    fn nested() {}
    nested();
}

#[test]
fn functions_are_named_alone() {
    free();
    assert_eq!((calls("free"), calls("nested")), (Some(1), Some(1)));
    free_in_camel_case();
    assert_eq!(calls_in(concat!(module_path!(), "::Camel"), "free"), Some(1));
}

use Camel::free as free_in_camel_case;

#[expect(non_snake_case, reason = "it looks like a type")]
mod Camel {
    #[tickmetrics::timed]
    pub(super) fn free() {}
}

struct Generic<'a, T, const N: usize>(PhantomData<&'a [T; N]>);

impl<T: Clone, const N: usize> Generic<'_, T, N> {
    #[timed]
    fn new<U>(_: U) -> Self {
        Self(PhantomData)
    }

    #[timed(outcome)]
    async fn future(&self) -> Result<(), T> {
        Ok(())
    }
}

#[test]
fn types_have_no_arguments() {
    let generic = Generic::<u8, 1>::new("");
    Generic::<String, 2>::new(1);
    assert_eq!(calls("Generic::new"), Some(2));
    assert!(poll(pin!(generic.future())).is_ready());
    let [module, function] = [("module", module_path!()), ("function", "Generic::future")];
    let labels = [module, function, ("outcome", "ok")];
    let snapshot = Registry::global().snapshot();
    assert_eq!(snapshot.counter("function_calls_total", &labels), Some(1));
}

trait Trade<T = u8> {
    #[timed]
    fn by_default(&self) {}
    fn trade(&self);
}

impl Trade for Book {
    #[timed]
    fn trade(&self) {}
}

impl Trade for &Book {
    #[timed]
    fn trade(&self) {}
}

impl<T: Clone, const N: usize> Trade<T> for Generic<'_, T, N> {
    #[timed]
    fn trade(&self) {}
}

impl Trade for u32 {
    #[timed]
    fn trade(&self) {}
}

impl Trade for [Book] {
    #[timed]
    fn trade(&self) {}
}

impl Trade for dyn Display + Send {
    #[timed]
    fn trade(&self) {}
}

trait Any {
    fn any(&self);
}

impl<T> Any for T {
    #[timed]
    fn any(&self) {}
}

#[test]
fn traits_methods_have_the_type_or_the_trait() {
    Book.by_default();
    1_u32.by_default();
    assert_eq!(calls("Trade::by_default"), Some(2));
    Trade::trade(&Book);
    Trade::trade(&&Book);
    Generic::<u8, 1>(PhantomData).trade();
    7_u32.trade();
    [Book].trade();
    (&7 as &(dyn Display + Send)).trade();
    for of in ["Book", "&Book", "Generic", "u32", "[Book]", "dyn Display + Send"] {
        assert_eq!(calls(&format!("{of}::trade")), Some(1), "{of}");
    }
    Book.any();
    7.any();
    assert_eq!(calls("Any::any"), Some(2));
}

mod elsewhere {
    use super::{Book, Display, Formatter, timed};

    pub(super) const MODULE: &str = module_path!();

    impl Book {
        #[timed]
        pub(super) fn elsewhere() {}
    }

    impl Display for Book {
        #[timed]
        fn fmt(&self, _: &mut Formatter<'_>) -> std::fmt::Result {
            Ok(())
        }
    }
}

#[test]
fn types_of_other_modules_are_named_as_well() {
    Book::elsewhere();
    assert_eq!(Book.to_string(), "");
    assert_eq!(calls_in(elsewhere::MODULE, "Book::elsewhere"), Some(1));
    assert_eq!(calls_in(elsewhere::MODULE, "Book::fmt"), Some(1));
}

#[test]
fn types_in_functions_are_named_as_well() {
    struct Local;
    impl Local {
        #[timed]
        fn local() {}
    }
    #[expect(non_camel_case_types, reason = "it looks like a function")]
    struct r#type;
    impl r#type {
        #[timed]
        fn r#match(self) -> Self {
            self
        }
    }
    Local::local();
    let _ = r#type.r#match();
    assert_eq!((calls("Local::local"), calls("type::match")), (Some(1), Some(1)));
}

macro_rules! made {
    ($name:ident, $method:ident) => {
        struct $name;
        impl $name {
            #[timed]
            fn $method() {}
        }
    };
}
made!(Made, method);

#[test]
fn methods_from_macros_are_named_as_well() {
    Made::method();
    assert_eq!(calls("Made::method"), Some(1));
}
