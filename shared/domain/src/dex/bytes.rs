//! The stored index as bytes: a mark, the format, and sections, each preceded by its length (four
//! bytes, little-endian).

use std::ops::{BitOrAssign, Shl};

use super::error::BadIndex;

/// The first bytes of every stored index.
const SIGNATURE: [u8; 4] = *b"dex\0";

/// Appends sections.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new(format: u32) -> Self {
        Self([SIGNATURE, format.to_le_bytes()].concat())
    }

    pub(super) fn bytes(&mut self, section: &[u8]) {
        self.0.extend((section.len() as u32).to_le_bytes());
        self.0.extend(section);
    }

    pub(super) fn u16s(&mut self, numbers: &[u16]) {
        self.numbers(numbers.iter().map(|number| number.to_le_bytes()));
    }

    pub(super) fn u32s(&mut self, numbers: &[u32]) {
        self.numbers(numbers.iter().map(|number| number.to_le_bytes()));
    }

    pub(super) fn u64s(&mut self, numbers: &[u64]) {
        self.numbers(numbers.iter().map(|number| number.to_le_bytes()));
    }

    /// Appends the first byte of every number, then the second of every number, and so on: most of the higher bytes are zero, and a run of
    /// zeros is decompressed in one step.
    fn numbers<const WIDTH: usize>(&mut self, numbers: impl Iterator<Item = [u8; WIDTH]> + Clone) {
        let planes = (0..WIDTH).flat_map(|nth| numbers.clone().map(move |number| number[nth]));
        self.bytes(&planes.collect::<Vec<u8>>());
    }

    /// Appends a list: the lengths of its entries, and the entries, one after the other.
    pub(super) fn list<T: AsRef<[u8]>>(&mut self, entries: &[T]) {
        self.u32s(&entries.iter().map(|entry| entry.as_ref().len() as u32).collect::<Vec<_>>());
        self.bytes(&entries.iter().flat_map(AsRef::as_ref).copied().collect::<Vec<_>>());
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads the sections in the order in which they were written.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// # Errors
    /// [`BadIndex`] if the bytes do not begin as an index of `format`.
    pub(super) fn new(bytes: &'a [u8], format: u32) -> Result<Self, BadIndex> {
        let rest =
            bytes.strip_prefix(&SIGNATURE).ok_or(BadIndex::Malformed("it does not begin as an index"))?;
        let (found, rest) = rest.split_first_chunk().ok_or(ENDS_EARLY)?;
        match u32::from_le_bytes(*found) {
            found if found == format => Ok(Self(rest)),
            found => Err(BadIndex::Format { found, expected: format }),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], BadIndex> {
        let (length, rest) = self.0.split_first_chunk().ok_or(ENDS_EARLY)?;
        let (section, rest) =
            rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(section)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, BadIndex> {
        std::str::from_utf8(self.bytes()?).map_err(|_| NOT_UTF_8)
    }

    pub(super) fn u16s(&mut self) -> Result<Vec<u16>, BadIndex> {
        self.numbers::<2, _>()
    }

    pub(super) fn u32s(&mut self) -> Result<Vec<u32>, BadIndex> {
        self.numbers::<4, _>()
    }

    pub(super) fn u64s(&mut self) -> Result<Vec<u64>, BadIndex> {
        self.numbers::<8, _>()
    }

    /// Reads numbers as [`Writer::numbers`] writes them. The loops compile to vector instructions.
    fn numbers<const WIDTH: usize, N>(&mut self) -> Result<Vec<N>, BadIndex>
    where
        N: Copy + From<u8> + BitOrAssign + Shl<usize, Output = N>,
    {
        let section = self.bytes()?;
        let count = section.len() / WIDTH;
        if count * WIDTH != section.len() {
            return Err(BadIndex::Malformed("a column ends within a number"));
        }
        let mut numbers = vec![N::from(0); count];
        for (nth, plane) in section.chunks_exact(count.max(1)).enumerate() {
            for (number, byte) in numbers.iter_mut().zip(plane) {
                *number |= N::from(*byte) << (8 * nth);
            }
        }
        Ok(numbers)
    }

    pub(super) fn list(&mut self) -> Result<List, BadIndex> {
        let mut ends = self.u32s()?;
        let text = self.text()?.as_bytes().to_vec();
        let mut end = 0_u64;
        for length in &mut ends {
            end += u64::from(*length);
            // The check after the loop rejects an end that does not fit.
            *length = end as u32;
        }
        if end != text.len() as u64 {
            return Err(BadIndex::Malformed("the lengths of a list do not add up"));
        }
        Ok(List { text, ends })
    }

    /// # Errors
    /// [`BadIndex`] if there is another section.
    pub(super) fn finish(self) -> Result<(), BadIndex> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(BadIndex::Malformed("it has more sections than expected"))
        }
    }
}

const ENDS_EARLY: BadIndex = BadIndex::Malformed("it ends early");
const NOT_UTF_8: BadIndex = BadIndex::Malformed("a text is not UTF-8");

/// A list of texts, one after the other.
#[derive(Debug)]
pub(super) struct List {
    /// Checked as a whole: a single entry of a corrupt index may end within a character.
    pub text: Vec<u8>,
    /// The end of each entry.
    pub ends: Vec<u32>,
}

impl List {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The entry at `place`; empty if it does not exist.
    pub(super) fn get(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let entry = start
            .zip(self.ends.get(place))
            .and_then(|(start, end)| self.text.get(start as usize..*end as usize));
        entry.unwrap_or_default()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|place| self.get(place))
    }
}
