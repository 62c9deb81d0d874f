//! The sanitizer of SVG files.
//!
//! `svg-hush` removes scripts, event handlers, foreign elements, metadata, comments and document types, and turns addresses into addresses
//! of the same site. A second pass removes those addresses too, so that a file refers only to its own elements, and the white space
//! between elements.

mod selfcontained;
mod sink;

use svg_hush::Filter;
use xml::reader::{ParserConfig, XmlEvent};

use crate::file::Form;
use crate::rejected::Rejected;

use sink::Sink;

/// The greatest depth of nested elements. The time of the parser grows with the square of the depth.
const DEPTH: usize = 64;

/// Returns the file without anything that runs, loads or identifies. Sanitizing the result again returns the same bytes.
pub fn sanitize(bytes: &[u8]) -> Result<Vec<u8>, Rejected> {
    check_depth(bytes)?;
    let sanitized = pass(bytes)?;
    let limit = Form::Vector.byte_limit();
    if sanitized.len() > limit {
        return Err(Rejected::TooManyBytes { bytes: sanitized.len(), limit });
    }
    if pass(&sanitized)? == sanitized {
        Ok(sanitized)
    } else {
        Err(Rejected::Svg("a second pass changes the result".to_owned()))
    }
}

fn pass(bytes: &[u8]) -> Result<Vec<u8>, Rejected> {
    // The filter indents elements, which makes the file longer.
    let mut hushed = Sink::new(4 * Form::Vector.byte_limit());
    Filter::new().filter(bytes, &mut hushed).map_err(describe)?;
    selfcontained::rewrite(&hushed.into_bytes()).map_err(Rejected::Svg)
}

/// Parses the file up to the first element that is nested too deep.
fn check_depth(bytes: &[u8]) -> Result<(), Rejected> {
    let mut depth = 0_usize;
    for event in ParserConfig::new().max_entity_expansion_depth(3).create_reader(bytes) {
        match event.map_err(|error| Rejected::Svg(error.to_string()))? {
            XmlEvent::StartElement { .. } => depth += 1,
            XmlEvent::EndElement { .. } => depth -= 1,
            _ => {}
        }
        if depth > DEPTH {
            return Err(Rejected::Svg(format!("elements are nested deeper than {DEPTH} levels")));
        }
    }
    Ok(())
}

/// The message of an error with that of its source, which names the place.
fn describe(error: svg_hush::FError) -> Rejected {
    let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
    Rejected::Svg(format!("{error}{}", source.unwrap_or_default()))
}

#[cfg(test)]
mod tests;
