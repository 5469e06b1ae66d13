//! Small file systems of their own.

use std::path::{Path, PathBuf};
use std::process::Command;
use tests::programs::skip;

/// A file system in memory, which is unmounted with the value.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// `None`, loudly, where this user may not mount.
    pub(crate) fn new(path: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let options = format!("size={size}");
        if !mount(&["-t", "tmpfs", "-o", &options, "tmpfs"], path) {
            skip("a full disk (only root may mount a file system of a few MiB)");
            return None;
        }
        Some(Self(path.to_path_buf()))
    }

    pub(crate) fn make_read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], &self.0));
    }
}

fn mount(arguments: &[&str], path: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
