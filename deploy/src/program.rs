//! The functions' program: checked for Lambda, packed, and named by its content.

use std::{
    fs,
    io::{Cursor, Read as _, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail, ensure};
use object::{
    LittleEndian,
    elf::{EM_AARCH64, EM_X86_64, FileHeader64},
    read::elf::FileHeader as _,
};
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// A program in the archive that Lambda receives.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The name of the archive in the bucket, which follows from its content.
    pub key: String,
    pub archive: Vec<u8>,
}

/// The name of the program in its archive, which Lambda starts.
const FILE: &str = "bootstrap";

/// The version of the C library of `provided.al2023`. A program that needs a later one does not start.
const GLIBC: (u32, u32) = (2, 34);

/// Reads the program at `path`, checks that Lambda can run it on `architecture`, and packs it. Equal programs have equal archives.
///
/// # Errors
/// If the file is missing, or is not a program for this processor and Lambda's C library.
pub fn pack(path: &Path, architecture: &str) -> Result<Packed> {
    let program = fs::read(path).with_context(|| {
        format!("there is no program at {}: `cargo xtask build` builds it", path.display())
    })?;
    check(&program, architecture).with_context(|| format!("{} cannot run on Lambda", path.display()))?;
    let archive = archive(&program)?;
    Ok(Packed { key: key(&archive), archive })
}

/// Returns the program in the archive that the bucket has under `name`.
///
/// # Errors
/// If the archive is not the one that was named by its content: somebody replaced it, or it was damaged.
pub fn unpack(name: &str, archive: &[u8]) -> Result<Vec<u8>> {
    ensure!(name == key(archive), "{name} does not have the content that its name says");
    let mut archive = ZipArchive::new(Cursor::new(archive))?;
    let mut program = Vec::new();
    archive.by_name(FILE)?.read_to_end(&mut program)?;
    Ok(program)
}

fn key(archive: &[u8]) -> String {
    format!("programs/{}.zip", hash(archive))
}

/// Returns the SHA-256 of `content` in hexadecimal.
#[must_use]
pub fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn archive(program: &[u8]) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // A fixed time: the archive depends on the program alone.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    archive.start_file(FILE, options)?;
    archive.write_all(program)?;
    Ok(archive.finish()?.into_inner())
}

fn check(program: &[u8], architecture: &str) -> Result<()> {
    let header = FileHeader64::<LittleEndian>::parse(program).context("it is not a program for Linux")?;
    let endian = header.endian()?;
    let machine = match header.e_machine(endian) {
        EM_AARCH64 => "arm64",
        EM_X86_64 => "x86_64",
        other => bail!("it was built for the processor number {other}"),
    };
    ensure!(machine == architecture, "it was built for {machine}, and the environment has {architecture}");
    check_glibc(latest_glibc(header, program)?)
}

/// Checks that Lambda's C library is not older than the one that a program needs: the function would not start.
fn check_glibc(needed: (u32, u32)) -> Result<()> {
    let text = |(major, minor): (u32, u32)| format!("{major}.{minor}");
    ensure!(
        needed <= GLIBC,
        "it needs version {} of the C library, and Lambda has {}",
        text(needed),
        text(GLIBC)
    );
    Ok(())
}

/// Returns the latest version of the C library that the program names; 0.0 if it names none.
fn latest_glibc(header: &FileHeader64<LittleEndian>, program: &[u8]) -> Result<(u32, u32)> {
    let endian = header.endian()?;
    let sections = header.sections(endian, program)?;
    let mut latest = (0, 0);
    let Some((mut needs, link)) = sections.gnu_verneed(endian, program)? else { return Ok(latest) };
    let strings = sections.strings(endian, program, link)?;
    while let Some((_, mut versions)) = needs.next()? {
        while let Some(version) = versions.next()? {
            let name = String::from_utf8_lossy(version.name(endian, strings)?).into_owned();
            latest = latest.max(parse_glibc(&name).unwrap_or_default());
        }
    }
    Ok(latest)
}

/// Parses `GLIBC_2.34`, and `GLIBC_2.3.4` without its last part.
fn parse_glibc(name: &str) -> Option<(u32, u32)> {
    let mut parts = name.strip_prefix("GLIBC_")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_programs_have_equal_archives() {
        assert_eq!(archive(b"program").expect("an archive"), archive(b"program").expect("an archive"));
        assert_ne!(archive(b"program").expect("an archive"), archive(b"programs").expect("an archive"));
    }

    #[test]
    fn an_archive_with_another_content_than_its_name_says_is_refused() {
        let (one, other) =
            (archive(b"program").expect("an archive"), archive(b"programs").expect("an archive"));
        assert_eq!(unpack(&key(&one), &one).expect("a program"), b"program");
        let refused = unpack(&key(&one), &other).unwrap_err().to_string();
        assert_eq!(refused, format!("{} does not have the content that its name says", key(&one)));
    }

    #[test]
    fn versions_of_the_c_library_are_compared_as_numbers() {
        assert_eq!(parse_glibc("GLIBC_2.3.4"), Some((2, 3)));
        assert_eq!(parse_glibc("GCC_3.0"), None);
        assert!(parse_glibc("GLIBC_2.4") < parse_glibc("GLIBC_2.34"));
    }

    #[test]
    fn a_program_that_needs_a_later_c_library_is_refused() {
        assert!(check_glibc((2, 34)).is_ok() && check_glibc((2, 4)).is_ok());
        let refused = check_glibc((2, 35)).unwrap_err().to_string();
        assert_eq!(refused, "it needs version 2.35 of the C library, and Lambda has 2.34");
    }

    /// This test's own program is one for Linux.
    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn a_program_for_another_processor_is_refused() {
        let program = fs::read(std::env::current_exe().expect("a path")).expect("a program");
        let refused = check(&program, "arm64").unwrap_err().to_string();
        assert_eq!(refused, "it was built for x86_64, and the environment has arm64");
        let header = FileHeader64::<LittleEndian>::parse(&*program).expect("a program");
        assert!(latest_glibc(header, &program).expect("versions") >= (2, 17));
        assert!(check(b"#!/bin/sh", "x86_64").is_err());
    }
}
