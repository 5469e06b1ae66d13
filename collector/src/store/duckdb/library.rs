//! Finds and loads DuckDB's library, which is no part of the build.

use crate::store::error::StoreError;
use adbc_core::options::AdbcVersion;
use adbc_driver_manager::ManagedDriver;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The variable that names the library.
pub const VARIABLE: &str = "TICKMETRICS_DUCKDB";

const FILE: &str = "libduckdb.so";

/// The commands that fetch the library to a place where it is found.
pub fn fetch_command() -> String {
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    format!(
        "mkdir -p ~/.local/lib && cd ~/.local/lib && \
         npm pack @duckdb/node-bindings-linux-{machine}@1.5.6-r.1 && \
         tar xzf duckdb-node-bindings-linux-{machine}-1.5.6-r.1.tgz --strip-components=1 \
         package/{FILE}"
    )
}

/// The loaded library, and the name that it was found by.
pub struct Library {
    pub(super) driver: ManagedDriver,
    place: PathBuf,
}

impl Library {
    /// Loads the library.
    ///
    /// `explicit` is its path, or the folder that holds it. Without, it is the path in
    /// [`VARIABLE`], or the first that exists of `libduckdb.so` beside the program, in
    /// `$XDG_DATA_HOME/tickmetrics` (`~/.local/share/tickmetrics`), in `~/.local/lib` and on the
    /// loader's path.
    ///
    /// # Errors
    /// - It is in none of these places. The error holds the command that fetches it.
    /// - The file is no library, or one without DuckDB.
    pub fn load(explicit: Option<&Path>) -> Result<Self, StoreError> {
        let named = explicit
            .map(|path| (path.to_path_buf(), "as the settings name it".to_owned()))
            .or_else(|| Some((set(VARIABLE)?.into(), format!("as {VARIABLE} names it"))));
        if let Some((path, reason)) = named {
            let path = if path.is_dir() { path.join(FILE) } else { path };
            return Self::at(&path).map_err(|error| {
                missing(&format!(
                    "DuckDB can't be loaded from {}, {reason}: {error}",
                    path.display()
                ))
            });
        }
        let places = places();
        // A library that exists and can't be loaded is named; another one might hide why.
        if let Some(path) = places.iter().find(|path| path.exists()) {
            return Self::at(path).map_err(|error| {
                missing(&format!("DuckDB can't be loaded from {}: {error}", path.display()))
            });
        }
        Self::at(Path::new(FILE)).map_err(|_| {
            let places: Vec<_> = places.iter().map(|path| path.display().to_string()).collect();
            let places = places.join(", ");
            missing(&format!("DuckDB's library is neither in {places} nor on the loader's path"))
        })
    }

    fn at(path: &Path) -> Result<Self, String> {
        ManagedDriver::load_dynamic_from_filename(
            path,
            Some(b"duckdb_adbc_init"),
            AdbcVersion::V110,
        )
        .map(|driver| Self { driver, place: path.to_path_buf() })
        .map_err(|error| error.message)
    }

    /// The file that was loaded.
    pub fn place(&self) -> &Path {
        &self.place
    }
}

fn missing(reason: &str) -> StoreError {
    StoreError::lasting(format!("{reason}. This command fetches it: {}", fetch_command()))
}

fn set(variable: &str) -> Option<OsString> {
    env::var_os(variable).filter(|value| !value.is_empty())
}

fn places() -> Vec<PathBuf> {
    let home = set("HOME").map(PathBuf::from);
    let data = set("XDG_DATA_HOME").map(PathBuf::from);
    let data = data.or_else(|| home.as_ref().map(|home| home.join(".local/share")));
    let program = env::current_exe().ok().and_then(|program| Some(program.parent()?.to_path_buf()));
    [program, data.map(|data| data.join("tickmetrics")), home.map(|home| home.join(".local/lib"))]
        .into_iter()
        .flatten()
        .map(|folder| folder.join(FILE))
        .collect()
}
