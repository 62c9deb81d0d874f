//! Checks, sanitizes and resizes the pictures and sounds that the sync mirrors.
//!
//! [`process`] takes the bytes of one source file and returns the files to store:
//!
//! | form | source | files |
//! |---|---|---|
//! | [`Form::Sprite`] | PNG | PNG of the same pixels; lossless WebP of at most 96 pixels |
//! | [`Form::Artwork`] | PNG | WebP, and AVIF where it is smaller, of 96, 192 and 475 pixels |
//! | [`Form::Vector`] | SVG | SVG without scripts, metadata and references to other files |
//! | [`Form::Sound`] | Ogg Vorbis or Opus | Ogg without comments |
//!
//! * `media_type`: the check of a declared content type against the bytes.
//! * `raster`: PNG files, their pixels, and the encoders of derived pictures.
//! * `svg` and `ogg`: the sanitizers of the other formats.
//!
//! Nothing here uses a network, a clock, a thread or randomness: the same bytes give the same files.

mod file;
mod media_type;
mod ogg;
mod raster;
mod rejected;
mod svg;

use domain::assets::Format;
pub use file::{File, Form};
pub use rejected::Rejected;

/// Checks `bytes` against the limits of `form` and against `declared`, the value of a `Content-Type` header, and returns the files to
/// store: a file of the source's own size first, then the derived sizes in ascending order.
///
/// # Errors
/// [`Rejected`], if the bytes are not a complete file of the expected format within the limits.
pub fn process(form: Form, declared: Option<&str>, bytes: &[u8]) -> Result<Vec<File>, Rejected> {
    let limit = form.byte_limit();
    if bytes.len() > limit {
        return Err(Rejected::TooManyBytes { bytes: bytes.len(), limit });
    }
    media_type::check(form.source(), declared, bytes)?;
    match form {
        Form::Sprite => raster::sprite(bytes),
        Form::Artwork => raster::artwork(bytes),
        Form::Vector => Ok(vec![File::whole(Format::Svg, svg::sanitize(bytes)?)]),
        Form::Sound => Ok(vec![File::whole(Format::Ogg, ogg::sanitize(bytes)?)]),
    }
}

#[cfg(any(test, feature = "fixtures"))]
pub mod fixtures;
#[cfg(test)]
mod tests;
