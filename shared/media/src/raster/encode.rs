//! The encoders of derived pictures.

use ravif::{Img, RGBA8};
use webp::WebPConfig;

use crate::rejected::Rejected;

use super::picture::Picture;

/// The two ways to encode a WebP.
#[derive(Clone, Copy, Debug)]
pub enum WebP {
    /// Every visible pixel stays the same.
    Lossless,
    /// The colours are approximate; alpha stays the same.
    Lossy,
}

/// The quality of a lossy WebP, of 100.
const WEBP_QUALITY: f32 = 80.0;

/// The effort of the WebP encoder, of 6. A higher effort takes twenty times as long, mostly for alpha, and saves three percent.
const WEBP_EFFORT: i32 = 4;

/// The quality of an AVIF, of 100. Its colours are as close to the source as those of the WebP.
const AVIF_QUALITY: f32 = 60.0;

/// The quality of the alpha of an AVIF, of 100.
const AVIF_ALPHA_QUALITY: f32 = 80.0;

/// The speed of the AVIF encoder, of 10. Speed 6 takes 1.4 times as long and saves a tenth; the files of speed 10 are larger than WebP.
const AVIF_SPEED: u8 = 8;

/// Encodes a WebP.
pub fn webp(picture: &Picture, kind: WebP) -> Result<Vec<u8>, Rejected> {
    let mut config = WebPConfig::new().map_err(|()| Rejected::Encoding("no configuration".to_owned()))?;
    config.method = WEBP_EFFORT;
    match kind {
        WebP::Lossless => config.lossless = 1,
        WebP::Lossy => {
            config.quality = WEBP_QUALITY;
            // Keeps the colours of thin lines at five percent more bytes.
            config.use_sharp_yuv = 1;
        }
    }
    let (width, height) = picture.dimensions();
    let encoder = webp::Encoder::from_rgba(picture.rgba(), width.into(), height.into());
    let encoded = encoder.encode_advanced(&config);
    encoded.map(|bytes| bytes.to_vec()).map_err(|error| Rejected::Encoding(format!("WebP: {error:?}")))
}

/// Encodes an AVIF on the caller's thread.
pub fn avif(picture: &Picture) -> Result<Vec<u8>, Rejected> {
    let (width, height) = picture.dimensions();
    let pixels = picture.rgba().as_chunks::<4>().0;
    let pixels: Vec<RGBA8> = pixels.iter().map(|&[r, g, b, a]| RGBA8 { r, g, b, a }).collect();
    let encoder = ravif::Encoder::new()
        .with_quality(AVIF_QUALITY)
        .with_alpha_quality(AVIF_ALPHA_QUALITY)
        .with_speed(AVIF_SPEED)
        .with_num_threads(Some(1));
    let encoded = encoder.encode_rgba(Img::new(&pixels, width.into(), height.into()));
    encoded.map(|image| image.avif_file).map_err(|error| Rejected::Encoding(format!("AVIF: {error}")))
}
