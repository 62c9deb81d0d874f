//! Tests of raster pictures.

use ::png::chunk::IDAT;
use ::png::{BitDepth, ColorType, Encoder};

use super::*;
use crate::fixtures;

/// Chunks of metadata, with contents that the decoder reads.
const METADATA: [(&[u8; 4], &[u8]); 5] = [
    (b"gAMA", &45455_u32.to_be_bytes()),
    (b"iCCP", b"profile\0\0\x78\x9c\x03\x00\x00\x00\x00\x01"),
    (b"tEXt", b"Author\0a secret name"),
    (b"eXIf", b"MM\0*\0\0\0\x08\0\0\0\0\0\0"),
    (b"tIME", &[7, 230, 1, 2, 3, 4, 5]),
];

/// The names of the chunks of a PNG.
fn chunks(bytes: &[u8]) -> Vec<String> {
    let (mut rest, mut names) = (&bytes[8..], Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        names.push(String::from_utf8(after[..4].to_vec()).unwrap());
        rest = &after[4 + u32::from_be_bytes(*length) as usize + 4..];
    }
    names
}

/// The names of the chunks of a WebP.
fn webp_chunks(bytes: &[u8]) -> Vec<String> {
    let (mut rest, mut names) = (&bytes[12..], Vec::new());
    while let Some((header, after)) = rest.split_first_chunk::<8>() {
        names.push(String::from_utf8(header[..4].to_vec()).unwrap());
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        rest = &after[length.next_multiple_of(2)..];
    }
    names
}

/// The names of the boxes of an AVIF, and the types of its items.
fn avif_boxes(bytes: &[u8]) -> Vec<String> {
    let (mut rest, mut names) = (bytes, Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        names.push(String::from_utf8(after[..4].to_vec()).unwrap());
        rest = &rest[u32::from_be_bytes(*length) as usize..];
    }
    // The version and the flags, the number and the protection of the item, and then its type.
    let items = bytes.windows(16).filter(|window| window.starts_with(b"infe"));
    names.extend(items.map(|item| String::from_utf8(item[12..].to_vec()).unwrap()));
    names
}

/// A PNG of `color` and `depth` with few bytes of pixels.
fn tiny(color: ColorType, depth: BitDepth, (width, height): (u32, u32), data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(IDAT, data).unwrap();
    drop(writer);
    bytes
}

fn decoded(bytes: &[u8]) -> Vec<u8> {
    webp::Decoder::new(bytes).decode().unwrap().to_vec()
}

#[test]
fn metadata_is_in_none_of_the_files() {
    let pixels = fixtures::gradient(200, 100);
    let source = fixtures::png(ColorType::Rgba, (200, 100), &pixels, &METADATA);
    assert_eq!(chunks(&source), ["IHDR", "gAMA", "iCCP", "tEXt", "eXIf", "tIME", "IDAT", "IEND"]);
    for file in [sprite(&source).unwrap(), artwork(&source).unwrap()].concat() {
        let names = match file.format {
            Format::Png => chunks(&file.bytes),
            Format::WebP => webp_chunks(&file.bytes),
            _ => avif_boxes(&file.bytes),
        };
        let allowed =
            ["IHDR", "IDAT", "IEND", "VP8X", "ALPH", "VP8 ", "VP8L", "ftyp", "meta", "mdat", "av01"];
        assert!(names.iter().all(|name| allowed.contains(&name.as_str())), "{:?}: {names:?}", file.format);
        assert!(!file.bytes.windows(6).any(|window| window == b"secret"), "{:?}", file.format);
    }
}

#[test]
fn a_stripped_png_has_the_same_pixels_in_the_same_colour_type() {
    let size = (30, 20);
    let (rgba, indexes) = (fixtures::gradient(30, 20), fixtures::pixel_art(30, 20));
    let rgb: Vec<u8> = rgba.chunks(4).flat_map(|pixel| &pixel[..3]).copied().collect();
    for (color, pixels, names) in [
        (ColorType::Rgba, &rgba, ["IHDR", "IDAT", "IEND"].as_slice()),
        (ColorType::Rgb, &rgb, &["IHDR", "IDAT", "IEND"]),
        (ColorType::Grayscale, &indexes, &["IHDR", "IDAT", "IEND"]),
        (ColorType::GrayscaleAlpha, &rgba[..1200].to_vec(), &["IHDR", "IDAT", "IEND"]),
        (ColorType::Indexed, &indexes, &["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]),
    ] {
        let source = fixtures::png(color, size, pixels, &METADATA);
        let stripped = png::strip(&source).unwrap();
        assert_eq!(chunks(&stripped), names, "{color:?}");
        assert_eq!(png::decode(&stripped), png::decode(&source), "{color:?}");
        assert!(stripped.len() < source.len(), "{color:?}: {} bytes", stripped.len());
    }
}

#[test]
fn pixels_of_every_colour_type_are_decoded() {
    let rgba = |color, pixels: &[u8]| {
        png::decode(&fixtures::png(color, (2, 1), pixels, &[])).unwrap().rgba().to_vec()
    };
    assert_eq!(rgba(ColorType::Rgba, &[1, 2, 3, 4, 5, 6, 7, 8]), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(rgba(ColorType::Rgb, &[1, 2, 3, 5, 6, 7]), [1, 2, 3, 255, 5, 6, 7, 255]);
    assert_eq!(rgba(ColorType::Grayscale, &[1, 2]), [1, 1, 1, 255, 2, 2, 2, 255]);
    assert_eq!(rgba(ColorType::GrayscaleAlpha, &[1, 2, 3, 4]), [1, 1, 1, 2, 3, 3, 3, 4]);
    assert_eq!(rgba(ColorType::Indexed, &[1, 3]), [250, 10, 10, 255, 10, 10, 250, 128]);
}

#[test]
fn pixels_of_sixteen_bits_are_kept_in_the_png_and_reduced_in_the_derived_files() {
    let mut deep = Vec::new();
    let mut encoder = Encoder::new(&mut deep, 1, 1);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Sixteen);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc]).unwrap();
    writer.finish().unwrap();
    assert_eq!(png::decode(&deep).unwrap().rgba(), [0x12, 0x56, 0x9a, 255]);
    let stripped = png::strip(&deep).unwrap();
    assert_eq!(stripped[..33], deep[..33], "the header is the same");
}

#[test]
fn a_picture_of_too_many_pixels_is_rejected_before_it_is_decoded() {
    for (width, height) in [(30_000, 30_000), (2049, 1), (1, 2049), (70_000, 1), (u32::MAX >> 1, 1)] {
        let bytes = tiny(ColorType::Rgba, BitDepth::Sixteen, (width, height), &[0x78, 0x9c, 3, 0]);
        assert!(bytes.len() < 100);
        let error = Rejected::TooManyPixels { width, height, limit: 2048 };
        assert_eq!(artwork(&bytes), Err(error.clone()), "{width} x {height}");
        assert_eq!(sprite(&bytes), Err(error), "{width} x {height}");
    }
    let pixels = vec![0; 2048 * 2048];
    assert!(artwork(&fixtures::png(ColorType::Grayscale, (2048, 2048), &pixels, &[])).is_ok());
}

#[test]
fn a_picture_with_fewer_pixels_than_declared_is_rejected() {
    let bytes = tiny(ColorType::Rgba, BitDepth::Eight, (2048, 2048), &[0x78, 0x9c, 3, 0, 0, 0, 0, 1]);
    assert!(matches!(artwork(&bytes), Err(Rejected::Png(_))));
}

#[test]
fn more_pixels_than_declared_are_ignored() {
    // The data of 2,048 x 2,048 pixels in a picture of one pixel.
    let large = fixtures::png(ColorType::Grayscale, (2048, 2048), &vec![0; 2048 * 2048], &[]);
    let start = large.windows(4).position(|window| window == b"IDAT").unwrap() + 4;
    let excess = tiny(ColorType::Grayscale, BitDepth::Eight, (1, 1), &large[start..large.len() - 16]);
    let one = fixtures::png(ColorType::Grayscale, (1, 1), &[0], &[]);
    assert_eq!(artwork(&excess), artwork(&one));
}

#[test]
fn an_animated_picture_is_rejected() {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 1, 1);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0]).unwrap();
    writer.write_image_data(&[255]).unwrap();
    writer.finish().unwrap();
    assert_eq!(artwork(&bytes), Err(Rejected::Animated));
    assert_eq!(sprite(&bytes), Err(Rejected::Animated));
}

#[test]
fn artwork_has_the_sizes_up_to_its_own() {
    for (longest, expected) in [
        (1024, [96, 192, 475].as_slice()),
        (475, &[96, 192, 475]),
        (476, &[96, 192, 475]),
        (474, &[96, 192, 474]),
        (193, &[96, 192, 193]),
        (192, &[96, 192]),
        (96, &[96]),
        (40, &[40]),
        (1, &[1]),
    ] {
        assert_eq!(sizes(longest), expected, "{longest}");
    }
}

#[test]
fn a_derived_picture_keeps_the_proportions_and_is_not_larger_than_its_source() {
    for ((width, height), fitted) in [
        ((475, 475), (96, 96)),
        ((1024, 512), (96, 48)),
        ((300, 301), (96, 96)),
        ((2048, 1), (96, 1)),
        ((1, 2048), (1, 96)),
        ((96, 20), (96, 20)),
        ((7, 9), (7, 9)),
    ] {
        let picture = Picture::new(width, height, fixtures::gradient(width.into(), height.into()));
        for scaling in [Scaling::Nearest, Scaling::Smooth] {
            let small = picture.fit(96, scaling).unwrap();
            assert_eq!(small.dimensions(), fitted, "{width} x {height}, {scaling:?}");
            assert_eq!(small.rgba().len(), 4 * usize::from(fitted.0) * usize::from(fitted.1));
        }
    }
}

#[test]
fn artwork_has_an_avif_of_each_size_where_it_is_smaller() {
    let mut random = fastrand::Rng::with_seed(25);
    let mut pixels = fixtures::gradient(200, 160);
    for value in &mut pixels {
        *value = value.saturating_sub(random.u8(..16));
    }
    let files = artwork(&fixtures::png(ColorType::Rgba, (200, 160), &pixels, &[])).unwrap();
    let avif: Vec<_> = files.windows(2).filter(|pair| pair[1].format == Format::Avif).collect();
    assert_eq!(avif.len(), 3);
    for pair in avif {
        assert_eq!(pair[0].format, Format::WebP);
        assert_eq!((pair[0].size, pair[0].dimensions), (pair[1].size, pair[1].dimensions));
        assert!(pair[1].bytes.len() < pair[0].bytes.len());
        assert_eq!(&pair[1].bytes[4..12], b"ftypavif");
    }
    // The container of an AVIF is longer than a whole WebP of one pixel.
    let formats: Vec<_> = artwork(&fixtures::artwork(1, 1)).unwrap().iter().map(|file| file.format).collect();
    assert_eq!(formats, [Format::WebP]);
}

/// A white square on transparent pixels that are black.
fn white_square(side: u16) -> Picture {
    let is_inside = |x: u16| (side / 5..side - side / 5).contains(&x);
    let pixel = |x, y| if is_inside(x) && is_inside(y) { [255; 4] } else { [0; 4] };
    let rgba = (0..side).flat_map(|y| (0..side).flat_map(move |x| pixel(x, y))).collect();
    Picture::new(side, side, rgba)
}

#[test]
fn the_edge_of_a_shape_on_transparent_pixels_does_not_turn_dark() {
    let small = white_square(331).fit(96, Scaling::Smooth).unwrap();
    let edge: Vec<_> =
        small.rgba().as_chunks::<4>().0.iter().filter(|pixel| (20..235).contains(&pixel[3])).collect();
    assert!(edge.len() > 100, "{} pixels are half transparent", edge.len());
    assert!(edge.iter().all(|pixel| pixel[..3].iter().all(|value| *value >= 250)), "{edge:?}");
}

#[test]
fn a_lossy_webp_keeps_alpha_and_the_colours_of_an_edge() {
    let small = white_square(331).fit(96, Scaling::Smooth).unwrap();
    let lossy = decoded(&encode::webp(&small, WebP::Lossy).unwrap());
    for (before, after) in small.rgba().as_chunks::<4>().0.iter().zip(lossy.as_chunks::<4>().0) {
        assert_eq!(before[3], after[3], "alpha");
        let is_visible = before[3] > 20;
        assert!(!is_visible || after[..3].iter().all(|value| *value > 225), "{before:?}, {after:?}");
    }
}

#[test]
fn a_small_sprite_has_only_colours_of_its_source() {
    let source = fixtures::sprite(150, 120);
    let files = sprite(&source).unwrap();
    assert_eq!((files[1].size, files[1].dimensions), (Some(96), Some((96, 77))));
    let colors = [[0, 0, 0, 0], [250, 10, 10, 255], [10, 250, 10, 255], [10, 10, 250, 128]];
    let pixels = decoded(&files[1].bytes);
    let used = |color: &[u8; 4]| pixels.as_chunks::<4>().0.contains(color);
    assert!(colors[1..].iter().all(used));
    assert!(pixels.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 0 || colors.contains(pixel)));
}

#[test]
fn a_lossless_webp_has_the_visible_pixels_of_its_source() {
    let picture = Picture::new(60, 50, fixtures::gradient(60, 50));
    let pixels = decoded(&encode::webp(&picture, WebP::Lossless).unwrap());
    for (before, after) in picture.rgba().as_chunks::<4>().0.iter().zip(pixels.as_chunks::<4>().0) {
        assert!(before == after || before[3] == 0 && after[3] == 0, "{before:?}, {after:?}");
    }
}
