//! The layers, in process and over sockets.

mod common;
mod ends;
mod grpc;
mod hostile;
mod server;
mod traceparent;
mod traces;
