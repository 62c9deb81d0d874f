//! The rows of the index: the JSON of each, in which one or two bytes represent a text that many rows repeat, or a value of a column.

use std::{cmp::Reverse, collections::BTreeMap, ops::Range};

use super::{
    bytes::{List, Reader, Writer},
    columns::Columns,
    error::BadIndex,
    pieces::BASE,
};

/// The first byte that represents a phrase. Lower bytes represent values of columns and the base address of pictures.
const FIRST_CODE: u8 = BASE + 1;
/// The prefix of a two-byte code, for phrases that have no one-byte code. JSON does not contain this byte or any below it: it escapes
/// control characters.
const LONG_CODE_PREFIX: u8 = b' ' - 1;
/// The number of phrases with a one-byte code, and with a two-byte code. All codes are ASCII, because the rows are UTF-8.
const SHORT_CODES: usize = (LONG_CODE_PREFIX - FIRST_CODE) as usize;
const LONG_CODES: usize = 128;

/// Writes rows, given as the [pieces](super::pieces) of their JSON.
pub(super) fn write(writer: &mut Writer, rows: &[Vec<Vec<u8>>]) {
    let phrases = phrases(rows);
    let short = (FIRST_CODE..LONG_CODE_PREFIX).map(|byte| vec![byte]);
    let codes = short.chain((0..LONG_CODES as u8).map(|byte| vec![LONG_CODE_PREFIX, byte]));
    let codes: BTreeMap<&[u8], Vec<u8>> = phrases.iter().copied().zip(codes).collect();
    let shorten = |pieces: &Vec<Vec<u8>>| {
        let code = |piece: &Vec<u8>| codes.get(piece.as_slice()).unwrap_or(piece).clone();
        pieces.iter().flat_map(code).collect::<Vec<u8>>()
    };
    writer.list(&phrases);
    writer.list(&rows.iter().map(shorten).collect::<Vec<_>>());
}

/// The pieces that occupy the most bytes if they are written out, most expensive first.
fn phrases(rows: &[Vec<Vec<u8>>]) -> Vec<&[u8]> {
    let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
    for piece in rows.iter().flatten() {
        *counts.entry(piece).or_default() += 1;
    }
    // A phrase of two bytes or less would save nothing.
    let repeated = counts.into_iter().filter(|(piece, count)| piece.len() > 2 && *count > 1);
    let mut repeated: Vec<(&[u8], usize)> = repeated.collect();
    // The sort is stable, so equal rows have equal phrases.
    repeated.sort_by_key(|(piece, count)| Reverse(count * (piece.len() - 1)));
    repeated.into_iter().map(|(piece, _)| piece).take(SHORT_CODES + LONG_CODES).collect()
}

/// The rows in memory.
#[derive(Debug)]
pub(super) struct Rows {
    rows: List,
    phrases: Phrases,
}

impl Rows {
    /// # Errors
    /// [`BadIndex`] if the sections are malformed.
    pub(super) fn read(reader: &mut Reader<'_>, sprite_base: &str) -> Result<Self, BadIndex> {
        let phrases = Phrases::new(&reader.list()?, sprite_base)?;
        Ok(Self { rows: reader.list()?, phrases })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Appends the JSON of the row at `place`.
    pub(super) fn append(&self, body: &mut Vec<u8>, columns: &Columns, place: usize) {
        let mut rest = self.rows.get(place);
        while let Some(at) = rest.iter().position(|byte| *byte <= LONG_CODE_PREFIX) {
            body.extend_from_slice(&rest[..at]);
            let (phrase, length) = match rest[at..] {
                [LONG_CODE_PREFIX, second, ..] => {
                    (usize::from(FIRST_CODE) + SHORT_CODES + usize::from(second), 2)
                }
                [byte, ..] => (byte.into(), 1),
                [] => break,
            };
            rest = &rest[at + length..];
            self.phrases.append(body, phrase, |nth| columns.number(nth, place));
        }
        body.extend_from_slice(rest);
    }
}

/// The expansions of all codes: bytes below [`FIRST_CODE`], then the phrases.
#[derive(Debug)]
struct Phrases {
    text: Vec<u8>,
    /// The parts of all phrases, in order.
    parts: Vec<Part>,
    /// The end of each phrase in `parts`.
    ends: Vec<usize>,
}

/// A part of a phrase: a text, or the value of a column.
#[derive(Debug)]
enum Part {
    Text(Range<usize>),
    /// By its position in [`KEYS`](super::columns::KEYS).
    Number(u8),
}

impl Phrases {
    fn new(stored: &List, sprite_base: &str) -> Result<Self, BadIndex> {
        let base = serde_json::to_string(sprite_base)?;
        // Without its quotation marks.
        let base = &base.as_bytes()[1..base.len() - 1];
        let count = usize::from(FIRST_CODE) + stored.len();
        let parts = Vec::with_capacity(2 * count);
        let mut phrases = Self { text: Vec::new(), parts, ends: Vec::with_capacity(count) };
        phrases.text.reserve(stored.text.len() + 8 * base.len());
        (0..FIRST_CODE).for_each(|byte| phrases.push(&[byte], base));
        stored.iter().for_each(|phrase| phrases.push(phrase, base));
        Ok(phrases)
    }

    /// Adds a phrase, with `base` instead of [`BASE`].
    fn push(&mut self, phrase: &[u8], base: &[u8]) {
        let mut rest = phrase;
        while let Some((first, others)) = rest.split_first() {
            if *first < BASE {
                self.parts.push(Part::Number(*first));
                rest = others;
                continue;
            }
            let start = self.text.len();
            let text = rest.iter().position(|byte| *byte < BASE).unwrap_or(rest.len());
            let (text, others) = rest.split_at(text);
            for (nth, piece) in text.split(|byte| *byte == BASE).enumerate() {
                if nth > 0 {
                    self.text.extend_from_slice(base);
                }
                self.text.extend_from_slice(piece);
            }
            self.parts.push(Part::Text(start..self.text.len()));
            rest = others;
        }
        self.ends.push(self.parts.len());
    }

    /// Appends the phrase `nth`, if it exists.
    fn append(&self, body: &mut Vec<u8>, nth: usize, number: impl Fn(u8) -> u32) {
        let Some(end) = self.ends.get(nth) else { return };
        let start = nth.checked_sub(1).map_or(0, |before| self.ends[before]);
        for part in &self.parts[start..*end] {
            match part {
                Part::Text(text) => body.extend_from_slice(&self.text[text.clone()]),
                // A number can always be written to a vector.
                Part::Number(nth) => drop(serde_json::to_writer(&mut *body, &number(*nth))),
            }
        }
    }
}
