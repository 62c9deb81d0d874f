//! Sounds for tests.

use super::page::{self, Page};

/// A packet, the flags of its page, and its position.
pub type Packet = (Vec<u8>, u8, u64);

/// Writes each packet on a page of its own.
pub fn write(packets: &[Packet]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (sequence, (packet, flags, position)) in (0..).zip(packets) {
        let (lacing, body) = page::lace(std::slice::from_ref(packet));
        let page =
            Page { flags: *flags, position: *position, serial: 7, sequence, lacing: &lacing, body: &body };
        page.write(sequence, &mut bytes);
    }
    bytes
}

pub fn vorbis_packets() -> Vec<Packet> {
    let identification = b"\x01vorbis\0\0\0\0\x02\x44\xac\0\0\0\0\0\0\0\xee\x02\0\0\0\0\0\xb8\x01".to_vec();
    let comments = b"\x03vorbis\x06\0\0\0secret\x01\0\0\0\x08\0\0\0A=secret\x01".to_vec();
    let setup = [b"\x05vorbis".as_slice(), &[9; 300]].concat();
    vec![
        (identification, page::FIRST, 0),
        (comments, 0, 0),
        (setup, 0, 0),
        (vec![1; 200], 0, 1000),
        (vec![2; 255], page::LAST, 2000),
    ]
}

/// A sound with the headers of Vorbis, and with packets instead of audio.
pub fn vorbis() -> Vec<u8> {
    write(&vorbis_packets())
}

pub fn opus_packets() -> Vec<Packet> {
    let identification = b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0".to_vec();
    let comments = b"OpusTags\x06\0\0\0secret\x01\0\0\0\x08\0\0\0A=secret".to_vec();
    vec![(identification, page::FIRST, 0), (comments, 0, 0), (vec![3; 90], page::LAST, 960)]
}

/// A sound with the headers of Opus, and with a packet instead of audio.
pub fn opus() -> Vec<u8> {
    write(&opus_packets())
}
