//! Writes the code of the gRPC service, and its description, without the program `protoc`.

use prost::Message;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(["matching.proto"], ["proto"])?;
    let descriptor = Path::new(&std::env::var("OUT_DIR")?).join("matching.bin");
    std::fs::write(descriptor, files.encode_to_vec())?;
    tonic_prost_build::configure().build_transport(false).compile_fds(files)?;
    Ok(())
}
