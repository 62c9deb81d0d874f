//! The JSON of a row, split where rows differ.

use std::io;

use serde::Serialize;
use serde_json::{
    Serializer,
    ser::{CompactFormatter, Formatter},
};

use super::{columns::KEYS, row::is_address};

/// The byte for the value of the first column, the row's id. The following bytes represent the values of the other [`KEYS`]. JSON does not
/// contain control characters, so these bytes are unambiguous.
const ID: u8 = 0;
/// The byte for the base address of all pictures.
pub(super) const BASE: u8 = KEYS.len() as u8;
/// The byte between a value and the text around it.
const SEPARATOR: u8 = BASE + 1;

/// Returns the JSON of `row` in pieces: values, and the text between them. Where the JSON has a value that is a column, or repeats `id`,
/// the pieces contain the byte that represents it. Columns are recognised by their keys at any depth, so no nested object may have one of
/// [`KEYS`]. The sprites are addresses, or paths below [`BASE`].
///
/// # Errors
/// Never in practice: a row contains nothing that JSON cannot represent.
pub(super) fn pieces(row: &impl Serialize, id: u32) -> serde_json::Result<Vec<Vec<u8>>> {
    let mut json = Vec::with_capacity(1000);
    let formatter =
        Marking { id: id.to_string(), is_key: false, key: String::new(), is_sprites: false, has_text: false };
    row.serialize(&mut Serializer::with_formatter(&mut json, formatter))?;
    let pieces = json.split(|byte| *byte == SEPARATOR).filter(|piece| !piece.is_empty());
    Ok(pieces.map(<[u8]>::to_vec).collect())
}

/// Formats compact JSON, with a mark before and after each value.
struct Marking {
    id: String,
    /// Whether the current string is a key.
    is_key: bool,
    /// The last key.
    key: String,
    /// Whether the current object holds the sprites.
    is_sprites: bool,
    /// Whether a part of the current string was written.
    has_text: bool,
}

impl Marking {
    fn number<W: ?Sized + io::Write>(&self, writer: &mut W, number: u32) -> io::Result<()> {
        match (0..).zip(KEYS).find(|(_, key)| *key == self.key) {
            Some((byte, _)) => writer.write_all(&[byte]),
            None => self.value(writer, &number.to_string()),
        }
    }

    fn value<W: ?Sized + io::Write>(&self, writer: &mut W, text: &str) -> io::Result<()> {
        if text == self.id {
            return writer.write_all(&[ID]);
        }
        writer.write_all(&[SEPARATOR])?;
        writer.write_all(text.as_bytes())?;
        writer.write_all(&[SEPARATOR])
    }

    /// Writes a path or an address as a folder, a name, the hash of a mirrored file, and an ending: most pictures are named after the id.
    fn picture<W: ?Sized + io::Write>(&self, writer: &mut W, path: &str) -> io::Result<()> {
        let (folder, file) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
        let (name, ending) = file.split_at(file.find('.').unwrap_or(file.len()));
        writer.write_all(folder.as_bytes())?;
        match name.rsplit_once('-').filter(|_| is_address(path)) {
            Some((name, hash)) => {
                self.value(writer, name)?;
                writer.write_all(b"-")?;
                self.value(writer, hash)?;
            }
            None => self.value(writer, name)?,
        }
        writer.write_all(ending.as_bytes())
    }
}

impl Formatter for Marking {
    fn write_u16<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: u16) -> io::Result<()> {
        self.number(writer, value.into())
    }

    fn write_u32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: u32) -> io::Result<()> {
        self.number(writer, value)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.is_sprites = self.key == "sprites";
        CompactFormatter.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.is_sprites = false;
        CompactFormatter.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.is_key = true;
        self.key.clear();
        CompactFormatter.begin_object_key(writer, first)
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.is_key = false;
        Ok(())
    }

    fn begin_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.has_text = false;
        CompactFormatter.begin_string(writer)
    }

    fn end_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_sprites && !self.is_key && !self.has_text {
            writer.write_all(&[BASE])?;
        }
        CompactFormatter.end_string(writer)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        if self.is_key {
            self.key.push_str(text);
            writer.write_all(text.as_bytes())
        } else if self.is_sprites || self.key == "url" {
            if !self.has_text && !is_address(text) {
                writer.write_all(&[BASE])?;
            }
            self.has_text = true;
            self.picture(writer, text)
        } else {
            self.value(writer, text)
        }
    }
}
