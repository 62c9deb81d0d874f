//! The header packets of Vorbis and Opus.

/// The codec of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Vorbis,
    Opus,
}

impl Codec {
    /// Identifies the codec by the first packet, and checks that packet.
    pub fn identify(packet: &[u8]) -> Result<Self, &'static str> {
        if let Some(fields) = packet.strip_prefix(b"\x01vorbis") {
            // The version, the channels, the sample rate, three bit rates, the block sizes, and a bit that is set.
            let &[0, 0, 0, 0, channels, a, b, c, d, .., framing] = fields else {
                return Err("the version of Vorbis is unknown");
            };
            let is_valid = fields.len() == 23 && channels > 0 && [a, b, c, d] != [0; 4] && framing & 1 == 1;
            return if is_valid { Ok(Self::Vorbis) } else { Err("the Vorbis header is not valid") };
        }
        if let Some(fields) = packet.strip_prefix(b"OpusHead") {
            // The version, the channels, the samples to skip, the sample rate, the gain and the mapping of channels.
            let is_valid = fields.len() >= 11 && fields[0] < 16 && fields[1] > 0;
            return if is_valid { Ok(Self::Opus) } else { Err("the Opus header is not valid") };
        }
        Err("the stream is not Vorbis or Opus")
    }

    /// The number of headers after the first packet.
    pub const fn further_headers(self) -> usize {
        match self {
            Self::Vorbis => 2,
            Self::Opus => 1,
        }
    }

    /// Replaces the comments among the further headers with empty ones: no name of an encoder and no tags.
    pub fn without_comments(self, mut headers: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, &'static str> {
        let (signature, end): (&[u8], &[u8]) = match self {
            Self::Vorbis => (b"\x03vorbis", &[1]),
            Self::Opus => (b"OpusTags", &[]),
        };
        let is_setup = |packet: &Vec<u8>| packet.starts_with(b"\x05vorbis");
        match headers.split_first_mut() {
            Some((comments, setup)) if comments.starts_with(signature) && setup.iter().all(is_setup) => {
                *comments = [signature, &[0; 8], end].concat();
                Ok(headers)
            }
            _ => Err("a header has the wrong type"),
        }
    }
}
