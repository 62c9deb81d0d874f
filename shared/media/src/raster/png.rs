//! PNG files: the limits, the pixels, and the file without metadata.

use std::io::Cursor;

use png::{
    BitDepth, ColorType, Compression, Decoder, DecodingError, Encoder, EncodingError, Filter, Info, Limits,
    Reader, Transformations,
};

use crate::rejected::Rejected;

use super::picture::Picture;

/// The greatest width and height, in pixels.
pub const PIXELS: u16 = 2048;

/// The memory that the decoder may allocate besides the pixels, in bytes: chunks, which are not longer than the file, and a few rows.
const MEMORY: usize = 8 << 20;

type Source<'a> = Reader<Cursor<&'a [u8]>>;

/// Decodes the picture to eight bits per channel.
pub fn decode(bytes: &[u8]) -> Result<Picture, Rejected> {
    let transformations = Transformations::normalize_to_color8() | Transformations::ALPHA;
    let (mut reader, (width, height)) = open(bytes, transformations)?;
    let pixels = read(&mut reader)?;
    let rgba = match reader.output_color_type() {
        (ColorType::Rgba, BitDepth::Eight) => pixels,
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => {
            pixels.as_chunks().0.iter().flat_map(|&[gray, alpha]| [gray, gray, gray, alpha]).collect()
        }
        other => return Err(Rejected::Png(format!("pixels of the type {other:?}"))),
    };
    Ok(Picture::new(width, height, rgba))
}

/// Encodes the same pixels again in the same colour type, without any other chunk: no texts, no EXIF, no colour profile, no gamma.
pub fn strip(bytes: &[u8]) -> Result<Vec<u8>, Rejected> {
    let (mut reader, _) = open(bytes, Transformations::IDENTITY)?;
    let pixels = read(&mut reader)?;
    // Filters help drawings, and harm pixel art with a palette.
    let unfiltered = encode(reader.info(), &pixels, Filter::NoFilter)?;
    let filtered = encode(reader.info(), &pixels, Filter::Adaptive)?;
    Ok(if filtered.len() < unfiltered.len() { filtered } else { unfiltered })
}

/// Reads the chunks before the pixels. Checks the size in the header before it allocates memory for pixels.
fn open(bytes: &[u8], transformations: Transformations) -> Result<(Source<'_>, (u16, u16)), Rejected> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MEMORY });
    decoder.set_transformations(transformations);
    // Compressed texts and profiles could expand to much more memory.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let (width, height) = decoder.read_header_info().map_err(unreadable)?.size();
    let side = |pixels| u16::try_from(pixels).ok().filter(|pixels| *pixels <= PIXELS);
    let (Some(columns), Some(rows)) = (side(width), side(height)) else {
        return Err(Rejected::TooManyPixels { width, height, limit: PIXELS.into() });
    };
    let reader = decoder.read_info().map_err(unreadable)?;
    if reader.info().is_animated() {
        return Err(Rejected::Animated);
    }
    Ok((reader, (columns, rows)))
}

/// Reads the pixels, and the chunks after them up to the end of the file.
fn read(reader: &mut Source<'_>) -> Result<Vec<u8>, Rejected> {
    let size = reader.output_buffer_size().ok_or_else(|| unreadable(DecodingError::LimitsExceeded))?;
    let mut pixels = vec![0; size];
    reader.next_frame(&mut pixels).map_err(unreadable)?;
    reader.finish().map_err(unreadable)?;
    Ok(pixels)
}

fn encode(info: &Info<'_>, pixels: &[u8], filter: Filter) -> Result<Vec<u8>, Rejected> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, info.width, info.height);
    encoder.set_color(info.color_type);
    encoder.set_depth(info.bit_depth);
    encoder.set_compression(Compression::High);
    encoder.set_filter(filter);
    if let Some(palette) = info.palette.as_deref() {
        encoder.set_palette(palette);
    }
    if let Some(transparency) = info.trns.as_deref() {
        encoder.set_trns(transparency);
    }
    let mut writer = encoder.write_header().map_err(unwritable)?;
    writer.write_image_data(pixels).map_err(unwritable)?;
    writer.finish().map_err(unwritable)?;
    Ok(bytes)
}

fn unreadable(error: DecodingError) -> Rejected {
    Rejected::Png(error.to_string())
}

fn unwritable(error: EncodingError) -> Rejected {
    Rejected::Encoding(error.to_string())
}
