//! Errors of services and bodies, whose types are the program's own.

use crate::code::Code;
use std::any::Any;
use std::error::Error;

type Boxed = Box<dyn Error + Send + Sync>;

/// The code that gRPC gives an error; `Unknown` for one of a type that is not known here.
pub(crate) fn code<E: 'static>(error: &E) -> Code {
    known(error).map_or(Code::UNKNOWN, Code::of_error)
}

fn known(error: &dyn Any) -> Option<&(dyn Error + 'static)> {
    if let Some(boxed) = error.downcast_ref::<Boxed>() {
        return Some(&**boxed);
    }
    #[cfg(feature = "tonic")]
    {
        if let Some(status) = error.downcast_ref::<tonic::Status>() {
            return Some(status);
        }
        if let Some(error) = error.downcast_ref::<tonic::transport::Error>() {
            return Some(error);
        }
    }
    error.downcast_ref::<std::io::Error>().map(|error| error as &(dyn Error + 'static))
}
