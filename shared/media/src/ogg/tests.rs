//! Tests of the sanitizer of sounds.

use super::testing::{Packet, opus_packets, vorbis_packets, write};
use super::*;

/// The error for the packets of a Vorbis file after `change`.
fn error(change: impl FnOnce(&mut Vec<Packet>)) -> &'static str {
    let mut packets = vorbis_packets();
    change(&mut packets);
    rewrite(&write(&packets)).expect_err("an error")
}

fn bodies<'a>(pages: &[Page<'a>]) -> Vec<&'a [u8]> {
    pages.iter().map(|page| page.body).collect()
}

#[test]
fn comments_are_removed_and_audio_is_kept() {
    for (mut packets, comments) in [
        (vorbis_packets(), b"\x03vorbis\0\0\0\0\0\0\0\0\x01".to_vec()),
        (opus_packets(), b"OpusTags\0\0\0\0\0\0\0\0".to_vec()),
    ] {
        let source = write(&packets);
        assert!(source.windows(6).any(|window| window == b"secret"));
        packets[1].0 = comments;
        let output = sanitize(&source).unwrap();
        let (expected, found) = (write(&packets), pages(&output).unwrap());
        assert!(bodies(&found).concat() == bodies(&pages(&expected).unwrap()).concat());
        let audio: Vec<_> = packets.iter().filter(|packet| packet.2 > 0).collect();
        for (page, packet) in found.iter().rev().zip(audio.into_iter().rev()) {
            assert_eq!((page.body, page.flags, page.position), (packet.0.as_slice(), packet.1, packet.2));
        }
    }
}

#[test]
fn comments_and_setup_over_several_pages_become_one_page() {
    let mut packets = vorbis_packets();
    let long = [b"\x03vorbis".as_slice(), &[65; 70_000]].concat();
    let (lacing, body) = page::lace(&[long, packets[2].0.clone()]);
    let mut source = write(&packets[..1]);
    let pages = page::layout(7, &lacing, &body);
    assert_eq!(pages.len(), 2);
    assert_eq!((pages[0].position, pages[1].flags), (u64::MAX, page::CONTINUED));
    let (audio_lacing, audio) = page::lace(&[vec![1; 500]]);
    let last =
        Page { flags: page::LAST, position: 9, serial: 7, sequence: 0, lacing: &audio_lacing, body: &audio };
    for (sequence, page) in (1..).zip(pages.iter().chain([&last])) {
        page.write(sequence, &mut source);
    }

    let output = sanitize(&source).unwrap();
    let pages = super::pages(&output).unwrap();
    packets[1].0 = b"\x03vorbis\0\0\0\0\0\0\0\0\x01".to_vec();
    assert_eq!(pages.len(), 3);
    assert_eq!(pages[1].body, [packets[1].0.as_slice(), &packets[2].0].concat());
    assert_eq!((pages[1].position, pages[2].sequence, pages[2].body), (0, 2, audio.as_slice()));
    assert_eq!((pages[2].position, pages[2].flags), (9, page::LAST));
    assert_eq!(sanitize(&output), Ok(output.clone()), "a second pass");
}

#[test]
fn a_packet_over_two_pages_of_audio_is_kept() {
    let mut source = write(&vorbis_packets()[..3]);
    let (lacing, body) = page::lace(&[vec![5; 80_000]]);
    let mut pages = page::layout(7, &lacing, &body);
    pages[1].flags |= page::LAST;
    for (sequence, page) in (3..).zip(&pages) {
        page.write(sequence, &mut source);
    }
    let output = sanitize(&source).unwrap();
    assert!(bodies(&super::pages(&output).unwrap())[2..] == bodies(&pages));

    let cut = &source[..source.len() - pages[1].body.len() - pages[1].lacing.len() - 27];
    assert_eq!(rewrite(cut), Err("the stream does not end"));
}

#[test]
fn a_file_that_is_not_one_whole_stream_is_rejected() {
    assert_eq!(error(|packets| packets[0].1 = 0), "the first page does not begin a stream");
    assert_eq!(error(|packets| packets[0].1 |= page::CONTINUED), "the first page continues a packet");
    assert_eq!(error(|packets| packets[3].1 = page::FIRST), "the file has more than one stream");
    assert_eq!(error(|packets| packets[3].1 = page::LAST), "the file has more than one stream");
    assert_eq!(error(|packets| packets[3].1 = page::CONTINUED), "a packet is not complete");
    assert_eq!(error(|packets| packets[4].1 = 0), "the stream does not end");
    assert_eq!(error(|packets| packets.truncate(3)), "the stream does not end");
    let mut two = write(&vorbis_packets());
    two.extend(write(&vorbis_packets()));
    assert_eq!(rewrite(&two), Err("the file has more than one stream"));
    assert_eq!(rewrite(b""), Err("the stream does not end"));
}

#[test]
fn a_lost_page_is_noticed() {
    let packets = vorbis_packets();
    let (whole, before) = (write(&packets), write(&packets[..3]));
    let lost = [before.as_slice(), &whole[write(&packets[..4]).len()..]].concat();
    assert_eq!(rewrite(&lost), Err("a page is missing"));
}

#[test]
fn a_damaged_page_is_noticed() {
    let source = write(&vorbis_packets());
    for place in 0..source.len() {
        let mut damaged = source.clone();
        damaged[place] ^= 0x10;
        assert!(rewrite(&damaged).is_err(), "byte {place}");
    }
    let mut junk = source;
    junk.extend_from_slice(b"more");
    assert_eq!(rewrite(&junk), Err("a page is cut off"));
    junk.extend_from_slice(&[0; 40]);
    assert_eq!(rewrite(&junk), Err("a page has the wrong signature or version"));
}

#[test]
fn wrong_headers_are_rejected() {
    assert_eq!(error(|packets| packets[0].0[0] = 3), "the stream is not Vorbis or Opus");
    assert_eq!(error(|packets| packets[0].0 = b"\x7fFLAC".to_vec()), "the stream is not Vorbis or Opus");
    assert_eq!(error(|packets| packets[0].0[7] = 1), "the version of Vorbis is unknown");
    assert_eq!(error(|packets| packets[0].0[11] = 0), "the Vorbis header is not valid");
    assert_eq!(error(|packets| packets[0].0.push(1)), "the Vorbis header is not valid");
    assert_eq!(
        error(|packets| packets[0].0.extend([0; 300])),
        "the first page has more than the identification header"
    );
    assert_eq!(error(|packets| packets[1].0[0] = 5), "a header has the wrong type");
    assert_eq!(error(|packets| packets[2].0[0] = 3), "a header has the wrong type");
    let short = |packets: &mut Vec<Packet>| {
        packets.truncate(3);
        packets[2].1 = page::LAST;
    };
    assert_eq!(error(short), "the file has no audio");
    let shorter = |packets: &mut Vec<Packet>| {
        packets.truncate(2);
        packets[1].1 = page::LAST;
    };
    assert_eq!(error(shorter), "the headers are not complete");
    let mut opus = opus_packets();
    opus[0].0[9] = 0;
    assert_eq!(rewrite(&write(&opus)), Err("the Opus header is not valid"));
}

#[test]
fn headers_and_audio_on_one_page_are_rejected() {
    let packets = opus_packets();
    let mut source = write(&packets[..1]);
    let (lacing, body) = page::lace(&[packets[1].0.clone(), packets[2].0.clone()]);
    let page =
        Page { flags: page::LAST, position: 960, serial: 7, sequence: 1, lacing: &lacing, body: &body };
    page.write(1, &mut source);
    assert_eq!(rewrite(&source), Err("a page has headers and audio"));
}

#[test]
fn the_checksum_is_that_of_rfc_3533() {
    // The check value of CRC-32/CKSUM, whose only difference is that it inverts the result.
    assert_eq!(!page::crc(0, b"123456789"), 0x765e_7680);
}
