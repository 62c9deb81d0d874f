//! The check of a declared content type against the bytes.

use crate::rejected::Rejected;
use domain::assets::Format;

/// The media type of bytes without a known signature.
const UNKNOWN: &str = "of an unknown format";

/// The number of bytes in which the root element of an SVG begins.
const PROLOGUE: usize = 4096;

/// Checks that `bytes` have the signature of `expected`, and that `declared`, the value of a `Content-Type` header, names it.
pub fn check(expected: Format, declared: Option<&str>, bytes: &[u8]) -> Result<(), Rejected> {
    let found = sniff(bytes);
    if let Some(declared) = declared {
        let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !names(&essence, found) {
            // The error is logged, so a long header is shortened.
            return Err(Rejected::ContentType { declared: essence.chars().take(100).collect(), found });
        }
    }
    if found == expected.media_type() {
        Ok(())
    } else {
        Err(Rejected::Format { expected: expected.media_type(), found })
    }
}

/// Whether the media type `declared` names the format `found`.
fn names(declared: &str, found: &str) -> bool {
    // `application/ogg` is the older name. Servers of repositories have no type for sounds, and some send an SVG as plain text.
    let is_ogg = found == Format::Ogg.media_type();
    let is_svg = found == Format::Svg.media_type();
    declared == found
        || is_ogg && matches!(declared, "application/ogg" | "application/octet-stream")
        || is_svg && declared == "text/plain"
}

/// Returns the media type of the signature with which `bytes` begin.
fn sniff(bytes: &[u8]) -> &'static str {
    const SIGNATURES: [(&[u8], &str); 5] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF8", "image/gif"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"RIFF", "image/webp"),
        (b"OggS", "audio/ogg"),
    ];
    let known = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature));
    match known {
        Some((_, media_type)) => media_type,
        None if is_svg(bytes) => Format::Svg.media_type(),
        None => UNKNOWN,
    }
}

/// Whether `bytes` begin like XML and contain the start tag of an SVG. The sanitizer checks the rest.
fn is_svg(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let prologue = &text[..text.len().min(PROLOGUE)];
    text.starts_with(b"<") && prologue.windows(4).any(|window| window == b"<svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n...";
    const SVG: &[u8] = b"\xef\xbb\xbf <?xml version='1.0'?><!-- a comment --><svg/>";
    const OGG: &[u8] = b"OggS...";

    #[test]
    fn a_content_type_that_names_the_bytes_is_accepted() {
        for (format, declared, bytes) in [
            (Format::Png, "image/png", PNG),
            (Format::Png, " IMAGE/PNG ; charset=binary", PNG),
            (Format::Svg, "image/svg+xml; charset=utf-8", SVG),
            (Format::Svg, "text/plain; charset=utf-8", SVG),
            (Format::Ogg, "audio/ogg", OGG),
            (Format::Ogg, "application/ogg; codecs=vorbis", OGG),
            (Format::Ogg, "application/octet-stream", OGG),
        ] {
            assert_eq!(check(format, Some(declared), bytes), Ok(()), "{declared}");
            assert_eq!(check(format, None, bytes), Ok(()), "{format:?} without a declared type");
        }
    }

    #[test]
    fn a_content_type_that_differs_from_the_bytes_is_rejected() {
        for (declared, bytes, found) in [
            ("image/jpeg", PNG, "image/png"),
            ("text/html", PNG, "image/png"),
            ("application/octet-stream", PNG, "image/png"),
            ("image/png", b"GIF89a", "image/gif"),
            ("image/png", b"\xff\xd8\xff\xe0", "image/jpeg"),
            ("image/png", b"RIFF....WEBP", "image/webp"),
            ("image/png", b"", UNKNOWN),
            ("image/svg+xml", b"<html><p>Not found</p></html>", UNKNOWN),
            ("text/html", SVG, "image/svg+xml"),
            ("audio/ogg", b"ID3", UNKNOWN),
            ("", PNG, "image/png"),
        ] {
            let error = Rejected::ContentType { declared: declared.to_owned(), found };
            assert_eq!(check(Format::Png, Some(declared), bytes), Err(error), "{declared}");
        }
    }

    #[test]
    fn a_long_content_type_is_shortened_in_the_error() {
        let Err(Rejected::ContentType { declared, .. }) = check(Format::Png, Some(&"é".repeat(500)), PNG)
        else {
            panic!("an error");
        };
        assert_eq!(declared.chars().count(), 100);
    }

    #[test]
    fn bytes_of_another_format_are_rejected_although_their_content_type_is_correct() {
        let error = Rejected::Format { expected: "image/png", found: "image/gif" };
        assert_eq!(check(Format::Png, Some("image/gif"), b"GIF89a"), Err(error.clone()));
        assert_eq!(check(Format::Png, None, b"GIF89a"), Err(error));
        let error = Rejected::Format { expected: "image/svg+xml", found: "image/png" };
        assert_eq!(check(Format::Svg, Some("image/png"), PNG), Err(error));
        let html = b"<!DOCTYPE html><html></html>";
        assert!(matches!(check(Format::Svg, None, html), Err(Rejected::Format { found: UNKNOWN, .. })));
    }
}
