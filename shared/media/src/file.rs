//! The forms of source files and the files derived from them.

use domain::assets::Format;

/// The form of a source file, which decides its format, its limits and the files derived from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A picture of pixel art, whose pixels must stay sharp: a sprite or an icon.
    Sprite,
    /// A drawn or rendered picture: official artwork or a HOME render.
    Artwork,
    /// A vector picture.
    Vector,
    /// A cry.
    Sound,
}

impl Form {
    /// The format of the source.
    #[must_use]
    pub const fn source(self) -> Format {
        match self {
            Self::Sprite | Self::Artwork => Format::Png,
            Self::Vector => Format::Svg,
            Self::Sound => Format::Ogg,
        }
    }

    /// The greatest size of the source, in bytes.
    #[must_use]
    pub const fn byte_limit(self) -> usize {
        match self {
            Self::Sprite | Self::Artwork => 4 << 20,
            Self::Vector => 512 << 10,
            Self::Sound => 1 << 20,
        }
    }
}

/// A file to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub format: Format,
    /// The longest side of a derived picture, in pixels; `None` for a file of the source's own size and for a sound.
    pub size: Option<u16>,
    /// The width and the height of a raster picture, in pixels.
    pub dimensions: Option<(u16, u16)>,
    pub bytes: Vec<u8>,
}

impl File {
    /// A file that replaces its source and does not have pixels.
    pub(crate) const fn whole(format: Format, bytes: Vec<u8>) -> Self {
        Self { format, size: None, dimensions: None, bytes }
    }
}
