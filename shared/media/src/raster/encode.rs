//! The encoders of derived pictures.

use webp::{Encoder, WebPConfig};

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

/// The effort of the WebP encoder, of 6.
const WEBP_EFFORT: i32 = 6;

/// Encodes a WebP.
pub fn webp(picture: &Picture, kind: WebP) -> Result<Vec<u8>, Rejected> {
    let mut config = WebPConfig::new().map_err(|()| Rejected::Encoding("no configuration".to_owned()))?;
    config.method = WEBP_EFFORT;
    match kind {
        WebP::Lossless => {
            config.lossless = 1;
            config.quality = 100.0;
        }
        WebP::Lossy => config.quality = WEBP_QUALITY,
    }
    let (width, height) = picture.dimensions();
    let encoder = Encoder::from_rgba(picture.rgba(), width.into(), height.into());
    let encoded = encoder.encode_advanced(&config);
    encoded.map(|bytes| bytes.to_vec()).map_err(|error| Rejected::Encoding(format!("WebP: {error:?}")))
}
