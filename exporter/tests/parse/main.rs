//! The parser of expositions, against tables, and against the encoders and other parsers.

mod flat;
mod openmetrics;
mod text;
