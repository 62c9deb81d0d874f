//! The sanitizer of sounds: Ogg files with one Vorbis or Opus stream.
//!
//! The pages of an Ogg file carry packets: the headers, then the audio. Tags, pictures and the name of the encoder are in the second
//! header, so a file without them has other header pages, and its audio pages differ only in their numbers and checksums. The crate `ogg`
//! does not report lost pages, and would distribute the audio over other pages.

mod codec;
mod page;

use crate::rejected::Rejected;

use codec::Codec;
use page::Page;

/// Checks every page and returns the file without comments.
pub fn sanitize(bytes: &[u8]) -> Result<Vec<u8>, Rejected> {
    rewrite(bytes).map_err(Rejected::Ogg)
}

fn rewrite(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let pages = pages(bytes)?;
    let (first, rest) = pages.split_first().ok_or("the file has no pages")?;
    if first.lacing.len() != 1 {
        return Err("the first page has more than the identification header");
    }
    let codec = Codec::identify(first.body)?;
    let (headers, audio) = headers(rest, codec.further_headers())?;
    let headers = codec.without_comments(headers)?;
    if audio.is_empty() {
        return Err("the file has no audio");
    }
    let (lacing, body) = page::lace(&headers);
    let header_pages = page::layout(first.serial, &lacing, &body);
    let mut output = Vec::with_capacity(bytes.len());
    for (sequence, page) in (0..).zip([first].into_iter().chain(&header_pages).chain(audio)) {
        page.write(sequence, &mut output);
    }
    Ok(output)
}

/// Reads every page. Checks that all pages belong to one stream, which is complete.
fn pages(bytes: &[u8]) -> Result<Vec<Page<'_>>, &'static str> {
    let mut pages: Vec<Page<'_>> = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (page, next) = Page::read(rest)?;
        match pages.last() {
            None if !page.is(page::FIRST) => return Err("the first page does not begin a stream"),
            None if page.is(page::CONTINUED) => return Err("the first page continues a packet"),
            None => {}
            Some(previous) => page.check_successor(previous)?,
        }
        pages.push(page);
        rest = next;
    }
    match pages.last() {
        Some(last) if last.is(page::LAST) && !last.is_open() => Ok(pages),
        _ => Err("the stream does not end"),
    }
}

/// Returns the first `count` packets, and the pages after them.
fn headers<'p, 'b>(
    pages: &'p [Page<'b>],
    count: usize,
) -> Result<(Vec<Vec<u8>>, &'p [Page<'b>]), &'static str> {
    let (mut packets, mut packet) = (Vec::new(), Vec::new());
    for (nth, page) in pages.iter().enumerate() {
        for (segment, ends) in page.segments() {
            packet.extend_from_slice(segment);
            if ends {
                packets.push(std::mem::take(&mut packet));
            }
        }
        if packets.len() >= count {
            let is_whole = packets.len() == count && !page.is_open();
            return if is_whole {
                Ok((packets, &pages[nth + 1..]))
            } else {
                Err("a page has headers and audio")
            };
        }
    }
    Err("the headers are not complete")
}

#[cfg(any(test, feature = "fixtures"))]
pub mod testing;
#[cfg(test)]
mod tests;
