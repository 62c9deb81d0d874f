//! The pixels of a picture.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::rejected::Rejected;

/// The pixels of a picture: red, green, blue and alpha, one byte each, not premultiplied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: u16,
    height: u16,
    rgba: Vec<u8>,
}

/// The way in which a picture becomes smaller.
#[derive(Clone, Copy, Debug)]
pub enum Scaling {
    /// Each pixel is a pixel of the source: no new colours and no blurred edges.
    Nearest,
    /// Each pixel is the weighted mean of an area of the source; the weight of a colour includes its alpha.
    Smooth,
}

impl Picture {
    /// The caller guarantees four bytes per pixel.
    pub const fn new(width: u16, height: u16, rgba: Vec<u8>) -> Self {
        Self { width, height, rgba }
    }

    /// The width and the height, in pixels.
    pub const fn dimensions(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// The longest side, in pixels.
    pub fn longest(&self) -> u16 {
        self.width.max(self.height)
    }

    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// Returns the picture with a longest side of at most `longest` pixels and the same proportions.
    pub fn fit(&self, longest: u16, scaling: Scaling) -> Result<Self, Rejected> {
        if self.longest() <= longest {
            return Ok(self.clone());
        }
        let (width, height) = (self.scaled(self.width, longest), self.scaled(self.height, longest));
        let algorithm = match scaling {
            Scaling::Nearest => ResizeAlg::Nearest,
            Scaling::Smooth => ResizeAlg::Convolution(FilterType::Lanczos3),
        };
        // The option multiplies the colours by alpha before, and divides them after: otherwise the colour of transparent pixels, often
        // black, would darken the edge.
        let options = ResizeOptions::new().resize_alg(algorithm).use_alpha(true);
        let source = ImageRef::new(self.width.into(), self.height.into(), &self.rgba, PixelType::U8x4);
        let mut target = Image::new(width.into(), height.into(), PixelType::U8x4);
        let source = source.map_err(encoding)?;
        Resizer::new().resize(&source, &mut target, &options).map_err(encoding)?;
        Ok(Self { width, height, rgba: target.into_vec() })
    }

    /// Scales the length of a side, rounded to a whole pixel.
    fn scaled(&self, side: u16, longest: u16) -> u16 {
        let (side, longest, from) = (u32::from(side), u32::from(longest), u32::from(self.longest()));
        // The quotient is at most `longest`, because `side` is at most `from`.
        u16::try_from((side * longest + from / 2) / from).map_or(u16::MAX, |side| side.max(1))
    }
}

fn encoding(error: impl std::fmt::Display) -> Rejected {
    Rejected::Encoding(error.to_string())
}
