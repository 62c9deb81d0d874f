//! A writer with a limit.

use std::io::{Error, ErrorKind, Result, Write};

/// Keeps the written bytes, and fails when there are too many.
pub struct Sink {
    bytes: Vec<u8>,
    limit: usize,
}

impl Sink {
    pub const fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            return Err(Error::new(ErrorKind::FileTooLarge, "the sanitized file is too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
