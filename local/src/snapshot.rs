//! The bundled snapshot: the facts of every Pokémon, as zstd-compressed lines of JSON.
//!
//! The first line is a [`Header`], every other one a [`Fact`].

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
};

use anyhow::{Context as _, Result, bail};
use domain::{
    Timestamp,
    facts::{Fact, Facts, Kind},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The version of the lines' shape, raised with every change.
const FORMAT: u32 = 1;
/// The zstd level: slow and small, because the snapshot is written rarely, by hand, and is part of every binary.
const LEVEL: i32 = 22;
/// The window size, 128 MB: the learnsets of a species' forms are far apart and nearly identical.
const WINDOW_LOG: u32 = 27;

static BUNDLED: &[u8] = include_bytes!("../data/snapshot.jsonl.zst");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub format: u32,
    /// The end of the sync that the snapshot was exported from.
    pub taken_at: Timestamp,
    /// The number of facts, by kind.
    pub counts: BTreeMap<String, usize>,
}

/// The header of the bundled snapshot.
///
/// # Errors
/// If the program was built with a file that is not a snapshot.
pub fn bundled_header() -> Result<Header> {
    let decoder = zstd::stream::read::Decoder::with_buffer(BUNDLED)?;
    let mut line = String::new();
    BufReader::new(decoder).read_line(&mut line)?;
    header(&line)
}

/// The name in the completion marker, which identifies the snapshot down to the last byte.
#[must_use]
pub fn bundled_name(header: &Header) -> String {
    let hash: String = Sha256::digest(BUNDLED)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} {hash}", header.taken_at)
}

/// The bundled snapshot.
///
/// # Errors
/// The errors of [`bundled_header`].
pub fn bundled() -> Result<(Header, Facts)> {
    read(BUNDLED)
}

/// Reads a snapshot.
///
/// # Errors
/// If it is malformed, has another format, or is cut short.
pub fn read(packed: &[u8]) -> Result<(Header, Facts)> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
    decoder.window_log_max(WINDOW_LOG)?;
    let mut lines = BufReader::new(decoder).lines();
    let header = header(&lines.next().context("the snapshot is empty")??)?;
    let mut facts = Facts::default();
    for line in lines {
        facts.insert(
            serde_json::from_str::<Fact>(&line?)
                .context("the snapshot contains a line that is not a fact")?,
        );
    }
    if counts(&facts) != header.counts {
        bail!(
            "the snapshot is not whole: its header counts {:?}, it holds {:?}",
            header.counts,
            counts(&facts)
        );
    }
    Ok((header, facts))
}

/// Writes a snapshot; equal facts produce equal bytes.
///
/// # Errors
/// If compression fails.
pub fn write(facts: &Facts, taken_at: Timestamp) -> Result<(Header, Vec<u8>)> {
    let header = Header { format: FORMAT, taken_at, counts: counts(facts) };
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), LEVEL)?;
    encoder.window_log(WINDOW_LOG)?;
    serde_json::to_writer(&mut encoder, &header)?;
    encoder.write_all(b"\n")?;
    for kind in Kind::ALL {
        for fact in facts.ids(kind).into_iter().filter_map(|id| facts.get(kind, id)) {
            serde_json::to_writer(&mut encoder, &fact)?;
            encoder.write_all(b"\n")?;
        }
    }
    Ok((header, encoder.finish()?))
}

fn header(line: &str) -> Result<Header> {
    let header: Header = serde_json::from_str(line).context("the snapshot has no header")?;
    if header.format != FORMAT {
        bail!("the snapshot has format {}, this program reads format {FORMAT}", header.format);
    }
    Ok(header)
}

fn counts(facts: &Facts) -> BTreeMap<String, usize> {
    Kind::ALL.into_iter().map(|kind| (kind.endpoint().to_owned(), facts.count(kind))).collect()
}
