//! Folders and files that only their owner can read.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind},
    path::Path,
};

/// Creates `folder` and its missing parents; a folder that exists keeps its permissions.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

/// Creates `file` if it does not exist.
pub(crate) fn make_file(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// Removes every permission that others have on `path`. Returns whether they had any.
#[cfg(unix)]
pub(crate) fn narrow(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = fs::metadata(path)?.permissions();
    let mode = permissions.mode();
    if mode & 0o077 == 0 {
        return Ok(false);
    }
    permissions.set_mode(mode & 0o700);
    fs::set_permissions(path, permissions)?;
    Ok(true)
}

#[cfg(not(unix))]
pub(crate) fn narrow(_: &Path) -> io::Result<bool> {
    Ok(false)
}
