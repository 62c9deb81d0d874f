//! Raster pictures: the files derived from a PNG.
//!
//! Most memory is used by the encoder of AVIF: a program that processes artwork of 475 pixels has a peak of 24 MiB, with artwork of 1,024
//! pixels 26 MiB, and with the largest accepted picture 48 MiB.

mod encode;
mod picture;
mod png;

use domain::assets::Format;

use crate::file::File;
use crate::rejected::Rejected;

use encode::WebP;
use picture::{Picture, Scaling};

/// The longest side of a sprite in a list, in pixels.
const SPRITE: u16 = 96;

/// The longest sides of artwork in lists and in details, in pixels.
const ARTWORK: [u16; 3] = [96, 192, 475];

/// Returns the PNG without metadata, and a lossless WebP of at most 96 pixels. The AVIF of pixel art is several times as large as its
/// WebP, so it is not made.
pub fn sprite(bytes: &[u8]) -> Result<Vec<File>, Rejected> {
    let picture = png::decode(bytes)?;
    let small = picture.fit(SPRITE, Scaling::Nearest)?;
    Ok(vec![
        File {
            format: Format::Png,
            size: None,
            dimensions: Some(picture.dimensions()),
            bytes: png::strip(bytes)?,
        },
        derived(Format::WebP, &small, encode::webp(&small, WebP::Lossless)?),
    ])
}

/// Returns the derived sizes as WebP, and as AVIF where it is smaller.
pub fn artwork(bytes: &[u8]) -> Result<Vec<File>, Rejected> {
    let picture = png::decode(bytes)?;
    let mut files = Vec::new();
    for size in sizes(picture.longest()) {
        let fitted = picture.fit(size, Scaling::Smooth)?;
        let (webp, avif) = (encode::webp(&fitted, WebP::Lossy)?, encode::avif(&fitted)?);
        let is_smaller = avif.len() < webp.len();
        files.push(derived(Format::WebP, &fitted, webp));
        if is_smaller {
            files.push(derived(Format::Avif, &fitted, avif));
        }
    }
    Ok(files)
}

fn derived(format: Format, picture: &Picture, bytes: Vec<u8>) -> File {
    let dimensions = Some(picture.dimensions());
    File { format, size: Some(picture.longest()), dimensions, bytes }
}

/// The sizes of artwork that are smaller than the source. The source's own size replaces the first of the others.
fn sizes(longest: u16) -> Vec<u16> {
    let mut sizes: Vec<u16> = ARTWORK.into_iter().filter(|size| *size < longest).collect();
    if sizes.len() < ARTWORK.len() {
        sizes.push(longest);
    }
    sizes
}

#[cfg(test)]
mod tests;
