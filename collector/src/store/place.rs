//! Which store: its name, and what is taken without one.

use super::duckdb::{self, DuckDb, Library, reading};
use super::error::StoreError;
use super::interface::Store;
use super::keep::Keep;
use super::parquet::{self, Parquet};
use super::reader::Reader;
use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A store's place. As text: `duckdb:FILE`, `parquet:FOLDER`, or a path that ends in `.duckdb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file of DuckDB.
    DuckDb(PathBuf),
    /// A folder of Parquet files.
    Parquet(PathBuf),
}

impl FromStr for Place {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let place = match text.split_once(':') {
            Some(("duckdb", path)) => Some((Self::DuckDb as fn(_) -> _, path)),
            Some(("parquet", path)) => Some((Self::Parquet as fn(_) -> _, path)),
            _ if Path::new(text).extension() == Some(OsStr::new("duckdb")) => {
                Some((Self::DuckDb as fn(_) -> _, text))
            }
            _ => None,
        };
        match place {
            Some((place, path)) if !path.is_empty() => Ok(place(path.into())),
            _ => Err(StoreError::lasting(format!(
                "{text:?} names no store. Write duckdb:FILE, parquet:FOLDER, or a path that ends \
                 in .duckdb"
            ))),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuckDb(path) => write!(f, "duckdb:{}", path.display()),
            Self::Parquet(path) => write!(f, "parquet:{}", path.display()),
        }
    }
}

impl Place {
    /// The path of the file or the folder.
    pub fn path(&self) -> &Path {
        match self {
            Self::DuckDb(path) | Self::Parquet(path) => path,
        }
    }

    /// The socket of the collector that writes this store, unless another is configured: its path
    /// with `.sock` at the end.
    pub fn socket(&self) -> PathBuf {
        // A folder's name may end in a slash.
        let path: PathBuf = self.path().components().collect();
        let mut name = path.into_os_string();
        name.push(".sock");
        name.into()
    }
}

/// What to open.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The store. Without one, it is `metrics.duckdb` in `folder`, or `metrics.parquet` there if
    /// DuckDB's library is not found.
    pub place: Option<Place>,
    /// Where a store that is not named is; the working folder if empty.
    pub folder: PathBuf,
    /// The library of DuckDB, or its folder; see [`Library::load`].
    pub library: Option<PathBuf>,
    /// What is kept.
    pub keep: Keep,
}

/// An open store.
pub struct Opened {
    /// The store.
    pub store: Box<dyn Store>,
    /// Which one it is.
    pub place: Place,
    /// Why it is not the file of DuckDB that it would have been: to be reported to the user.
    pub fallback: Option<String>,
}

/// Opens a store, and creates it if it is not there.
///
/// # Errors
/// Those of [`DuckDb::open`] and [`Parquet::open`]. A library that the settings or the environment
/// name must load; so must one for a file of DuckDB that the settings name.
pub fn open(settings: &Settings) -> Result<Opened, StoreError> {
    let default = Place::DuckDb(settings.folder.join("metrics.duckdb"));
    let place = settings.place.clone().unwrap_or(default);
    let file = match &place {
        Place::Parquet(folder) => {
            let store = Parquet::open(folder, settings.keep)?;
            let store = Box::new(store.with_library(settings.library.clone()));
            return Ok(Opened { store, place, fallback: None });
        }
        Place::DuckDb(file) => file,
    };
    match Library::load(settings.library.as_deref()) {
        Ok(library) => {
            let store = Box::new(DuckDb::open(library, file, settings.keep)?);
            Ok(Opened { store, place, fallback: None })
        }
        Err(error) if settings.place.is_none() && !is_library_named(settings) => {
            let folder = settings.folder.join("metrics.parquet");
            let store = Box::new(Parquet::open(&folder, settings.keep)?);
            let fallback = format!("Rows go to Parquet files in {}: {error}", folder.display());
            Ok(Opened { store, place: Place::Parquet(folder), fallback: Some(fallback) })
        }
        Err(error) => Err(error),
    }
}

/// Opens a store that no collector writes, to be read and not written. `library` is that of DuckDB,
/// or its folder; see [`Library::load`]. It reads Parquet files, too.
///
/// # Errors
/// The store is not there or can't be read, or a collector has it open, or the library can't be
/// loaded.
pub fn read(place: &Place, library: Option<&Path>) -> Result<Reader, StoreError> {
    let library = Library::load(library)?;
    match place {
        Place::DuckDb(file) => reading::file(&library, file),
        Place::Parquet(folder) => reading::folder(&library, folder, parquet::sql),
    }
}

fn is_library_named(settings: &Settings) -> bool {
    let variable = env::var_os(duckdb::VARIABLE);
    settings.library.is_some() || variable.is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_which_store() {
        let duckdb = |path: &str| Place::DuckDb(path.into());
        for (text, place) in [
            ("duckdb:a/b", duckdb("a/b")),
            ("duckdb:a:b.db", duckdb("a:b.db")),
            ("data/metrics.duckdb", duckdb("data/metrics.duckdb")),
            ("odd:name.duckdb", duckdb("odd:name.duckdb")),
            ("parquet:a.duckdb", Place::Parquet("a.duckdb".into())),
        ] {
            assert_eq!(text.parse::<Place>().unwrap(), place);
            assert_eq!(place.to_string().parse::<Place>().unwrap(), place);
        }
        for text in ["", "duckdb:", "parquet:", "metrics.db", "sqlite:a", ".duckdb"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
