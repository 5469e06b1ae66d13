//! The web configuration file, held against curl, OpenSSL, Python, Prometheus and one of Prometheus'
//! own exporters.

mod auth;
mod node_exporter;
mod prometheus;
mod reload;
mod support;
mod tls;
