#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod builder;
mod code;
mod connections;
mod descriptor;
mod end;
mod errors;
mod families;
#[cfg(feature = "tokio")]
mod io;
mod layer;
mod route;
mod service;
mod slots;
mod span;
mod trace;
mod watch;

pub use body::ResponseBody;
pub use builder::RequestLayerBuilder;
pub use connections::{Connections, Counted, CountedMake};
pub use descriptor::DescriptorError;
pub use layer::RequestLayer;
pub use route::Route;
pub use service::{RequestService, ResponseFuture};
pub use trace::TraceContext;
