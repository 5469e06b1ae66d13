//! Why a store can't be opened or written.

use std::error::Error;
use std::fmt;

/// The reason why a store can't be opened or written.
#[derive(Debug)]
pub struct StoreError {
    message: String,
    is_final: bool,
}

impl StoreError {
    /// An error that may be over when the same is tried again: a full disk, a lock.
    pub fn passing(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_final: false }
    }

    /// An error that stays: a file of a newer version, a damaged file.
    pub fn lasting(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_final: true }
    }

    /// Whether it is useless to try again.
    pub fn is_final(&self) -> bool {
        self.is_final
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StoreError {}
