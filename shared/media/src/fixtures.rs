//! Files for tests, made from code.

use png::{BitDepth, ColorType, Encoder, chunk::ChunkType};

pub use crate::ogg::testing::{opus, vorbis};

/// A PNG of eight bits per channel. `chunks` come between the header and the pixels.
pub fn png(
    color: ColorType,
    (width, height): (u32, u32),
    pixels: &[u8],
    chunks: &[(&[u8; 4], &[u8])],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    if color == ColorType::Indexed {
        encoder.set_palette([[0, 0, 0], [250, 10, 10], [10, 250, 10], [10, 10, 250]].concat());
        encoder.set_trns([0, 255, 255, 128].as_slice());
    }
    let mut writer = encoder.write_header().expect("an encoder in memory");
    for (name, data) in chunks {
        writer.write_chunk(ChunkType(**name), data).expect("an encoder in memory");
    }
    writer.write_image_data(pixels).expect("an encoder in memory");
    writer.finish().expect("an encoder in memory");
    bytes
}

/// Pixels of smooth colours whose alpha falls from the centre to the border.
pub fn gradient(width: u32, height: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        let border = x.min(width - 1 - x).min(y).min(height - 1 - y);
        let scale = |value: u32, of: u32| (value * 255 / of) as u8;
        [scale(x, width), scale(y, height), scale(x + y, width + height), (border * 12).min(255) as u8]
    };
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
}

/// The indexes, of four, of blocks of one colour each.
pub fn pixel_art(width: u32, height: u32) -> Vec<u8> {
    (0..height).flat_map(|y| (0..width).map(move |x| ((x / 5 + y / 7) % 4) as u8)).collect()
}

/// A picture with smooth colours and transparent borders.
pub fn artwork(width: u32, height: u32) -> Vec<u8> {
    png(ColorType::Rgba, (width, height), &gradient(width, height), &[])
}

/// Pixel art with a palette.
pub fn sprite(width: u32, height: u32) -> Vec<u8> {
    png(ColorType::Indexed, (width, height), &pixel_art(width, height), &[])
}

/// An SVG with the elements of the art that PokeAPI serves.
pub const SVG: &str = r##"<?xml version="1.0" encoding="utf-8"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10px" viewBox="0 0 10 10">
  <defs><linearGradient id="a"><stop offset="0" stop-color="#f00"/></linearGradient><mask id="m"><path d="M0 0"/></mask></defs>
  <g mask="url(#m)"><path fill="url(#a)" d="M0 0 L10 10 Z"/><use xlink:href="#a"/></g>
</svg>"##;

/// A file of each form.
pub fn all() -> [(crate::Form, Vec<u8>); 5] {
    [
        (crate::Form::Sprite, sprite(40, 30)),
        (crate::Form::Artwork, artwork(110, 70)),
        (crate::Form::Vector, SVG.as_bytes().to_vec()),
        (crate::Form::Sound, vorbis()),
        (crate::Form::Sound, opus()),
    ]
}
