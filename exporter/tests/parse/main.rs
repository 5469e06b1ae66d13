//! The parser of expositions, against tables, and against the encoders and other parsers.

mod agree;
mod flat;
mod limits;
mod model;
mod openmetrics;
mod oracles;
mod protobuf;
mod text;
