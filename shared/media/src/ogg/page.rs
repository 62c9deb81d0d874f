//! The pages of an Ogg file (RFC 3533).

/// A bit of [`Page::flags`]: the first packet began on an earlier page.
pub const CONTINUED: u8 = 1;
/// A bit of [`Page::flags`]: the page is the first of its stream.
pub const FIRST: u8 = 2;
/// A bit of [`Page::flags`]: the page is the last of its stream.
pub const LAST: u8 = 4;

/// The signature and the version.
const SIGNATURE: &[u8; 5] = b"OggS\0";

/// The bytes before the lacing.
const HEADER: usize = 27;

/// The length of a segment that does not end its packet.
const FULL: u8 = 255;

/// The greatest number of segments of a page.
const SEGMENTS: usize = 255;

/// The position of a page on which no packet ends.
const NO_POSITION: u64 = u64::MAX;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    pub flags: u8,
    /// The time at which the last packet that ends on the page ends, in samples.
    pub position: u64,
    /// The number of the stream.
    pub serial: u32,
    /// The number of the page in its stream.
    pub sequence: u32,
    /// The lengths of the segments.
    pub lacing: &'a [u8],
    /// The segments.
    pub body: &'a [u8],
}

impl<'a> Page<'a> {
    /// Reads the page at the beginning of `bytes`, checks it, and returns it with the bytes after it.
    pub fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), &'static str> {
        const CUT: &str = "a page is cut off";
        let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(CUT)?;
        if !header.starts_with(SIGNATURE) {
            return Err("a page has the wrong signature or version");
        }
        let &[_, _, _, _, _, flags, p0, p1, p2, p3, p4, p5, p6, p7, serial @ .., c0, c1, c2, c3, segments] =
            header;
        let [s0, s1, s2, s3, n0, n1, n2, n3] = serial;
        let (lacing, rest) = rest.split_at_checked(segments.into()).ok_or(CUT)?;
        let (body, rest) = rest.split_at_checked(length(lacing)).ok_or(CUT)?;
        let page = Self {
            flags,
            position: u64::from_le_bytes([p0, p1, p2, p3, p4, p5, p6, p7]),
            serial: u32::from_le_bytes([s0, s1, s2, s3]),
            sequence: u32::from_le_bytes([n0, n1, n2, n3]),
            lacing,
            body,
        };
        if page.checksum(&page.header(page.sequence)) == u32::from_le_bytes([c0, c1, c2, c3]) {
            Ok((page, rest))
        } else {
            Err("a page has the wrong checksum")
        }
    }

    /// Appends the page with the number `sequence`.
    pub fn write(&self, sequence: u32, output: &mut Vec<u8>) {
        let mut header = self.header(sequence);
        let checksum = self.checksum(&header);
        header[22..26].copy_from_slice(&checksum.to_le_bytes());
        output.extend_from_slice(&header);
        output.extend_from_slice(self.lacing);
        output.extend_from_slice(self.body);
    }

    pub const fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether the last packet continues on the next page.
    pub fn is_open(&self) -> bool {
        // A page without segments inside a packet leaves the packet open.
        self.lacing.last().map_or(self.is(CONTINUED), |length| *length == FULL)
    }

    /// Checks that the page follows `previous` in the same stream.
    pub fn check_successor(&self, previous: &Page<'_>) -> Result<(), &'static str> {
        if self.serial != previous.serial || self.is(FIRST) || previous.is(LAST) {
            return Err("the file has more than one stream");
        }
        if self.sequence != previous.sequence.wrapping_add(1) {
            return Err("a page is missing");
        }
        if self.is(CONTINUED) != previous.is_open() {
            return Err("a packet is not complete");
        }
        Ok(())
    }

    /// Returns the segments, each with whether it ends its packet.
    pub fn segments(&self) -> impl Iterator<Item = (&'a [u8], bool)> {
        let mut rest = self.body;
        self.lacing.iter().map(move |length| {
            let (segment, next) = rest.split_at((*length).into());
            rest = next;
            (segment, *length < FULL)
        })
    }

    /// The bytes before the lacing, with zeros for the checksum.
    fn header(&self, sequence: u32) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[..5].copy_from_slice(SIGNATURE);
        header[5] = self.flags;
        header[6..14].copy_from_slice(&self.position.to_le_bytes());
        header[14..18].copy_from_slice(&self.serial.to_le_bytes());
        header[18..22].copy_from_slice(&sequence.to_le_bytes());
        // A page has at most 255 segments.
        header[26] = self.lacing.len() as u8;
        header
    }

    fn checksum(&self, header: &[u8; HEADER]) -> u32 {
        [header, self.lacing, self.body].into_iter().fold(0, crc)
    }
}

/// Returns the lengths of the segments of `packets`, and the segments.
pub fn lace(packets: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
    let mut lacing = Vec::new();
    for packet in packets {
        let full = usize::from(FULL);
        lacing.resize(lacing.len() + packet.len() / full, FULL);
        lacing.push((packet.len() % full) as u8);
    }
    (lacing, packets.concat())
}

/// Distributes header packets over pages. The pages do not have numbers yet.
pub fn layout<'a>(serial: u32, lacing: &'a [u8], mut body: &'a [u8]) -> Vec<Page<'a>> {
    let mut pages: Vec<Page<'a>> = Vec::new();
    for lacing in lacing.chunks(SEGMENTS) {
        let flags = if pages.last().is_some_and(Page::is_open) { CONTINUED } else { 0 };
        let position = if lacing.iter().all(|length| *length == FULL) { NO_POSITION } else { 0 };
        let (segments, rest) = body.split_at(length(lacing));
        pages.push(Page { flags, position, serial, sequence: 0, lacing, body: segments });
        body = rest;
    }
    pages
}

/// The length of the segments.
fn length(lacing: &[u8]) -> usize {
    lacing.iter().map(|length| usize::from(*length)).sum()
}

/// Continues the checksum `crc` of a page: polynomial 0x04c11db7, most significant bit first.
pub fn crc(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| crc << 8 ^ TABLE[usize::from((crc >> 24) as u8 ^ byte)])
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};
