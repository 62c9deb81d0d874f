//! Response bodies that the server sends, broken ones included.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::state::InFlight;

const FILLER: &[u8] = &[b'a'; 64 * 1024];

pub(super) struct Outgoing {
    content: Content,
    /// Counts the request as in flight until its last byte is on the way.
    in_flight: Option<InFlight>,
}

enum Content {
    Whole(Bytes),
    /// Sends half of a response, yields once so that the half is sent, and then fails, which ends the connection.
    Cut {
        half: Bytes,
        waited: bool,
    },
    Huge {
        opened: bool,
        filler: usize,
        closed: bool,
    },
}

impl Outgoing {
    pub(super) fn whole(body: impl Into<Bytes>) -> Self {
        Self::new(Content::Whole(body.into()))
    }

    pub(super) fn cut(mut whole: Bytes) -> Self {
        whole.truncate(whole.len() / 2);
        Self::new(Content::Cut { half: whole, waited: false })
    }

    pub(super) fn huge(bytes: usize) -> Self {
        Self::new(Content::Huge { opened: false, filler: bytes.saturating_sub(2), closed: false })
    }

    pub(super) fn counting(self, in_flight: InFlight) -> Self {
        Self { in_flight: Some(in_flight), ..self }
    }

    fn new(content: Content) -> Self {
        Self { content, in_flight: None }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        let next = match &mut this.content {
            Content::Whole(rest) | Content::Cut { half: rest, .. } if !rest.is_empty() => {
                std::mem::take(rest)
            }
            Content::Whole(_) | Content::Huge { closed: true, .. } => return Poll::Ready(None),
            Content::Cut { waited: true, .. } => {
                // The count goes down before the client can see the end and send another request.
                this.in_flight = None;
                return Poll::Ready(Some(Err(io::Error::other("the body is cut, as scripted"))));
            }
            Content::Cut { waited, .. } => {
                *waited = true;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Content::Huge { opened: opened @ false, .. } => {
                *opened = true;
                Bytes::from_static(b"\"")
            }
            Content::Huge { filler: 0, closed, .. } => {
                *closed = true;
                Bytes::from_static(b"\"")
            }
            Content::Huge { filler, .. } => {
                let size = FILLER.len().min(*filler);
                *filler -= size;
                Bytes::from_static(&FILLER[..size])
            }
        };
        Poll::Ready(Some(Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(rest) => rest.is_empty(),
            Content::Cut { .. } => false,
            Content::Huge { closed, .. } => *closed,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(rest) => SizeHint::with_exact(rest.len() as u64),
            Content::Cut { .. } | Content::Huge { .. } => SizeHint::default(),
        }
    }
}
