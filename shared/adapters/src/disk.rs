//! Free space on the disk of a folder.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write as _},
    path::Path,
};

/// The bytes that must be free: as many as a few requests write.
const ROOM: usize = 256 << 10;

/// Writes a file of 256 KB into `folder` and removes it. Only a write detects a full disk, an exhausted quota and a read-only disk alike.
///
/// # Errors
/// If the file cannot be written.
pub fn check(folder: &Path) -> io::Result<()> {
    let path = folder.join("room");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&path).and_then(|mut file| file.write_all(&[0; ROOM]));
    match fs::remove_file(&path) {
        // Another check has removed it.
        Err(error) if error.kind() == ErrorKind::NotFound => written,
        removed => written.and(removed),
    }
}
