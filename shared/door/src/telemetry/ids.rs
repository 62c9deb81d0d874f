//! The ids that relate log lines to a request.

use serde::Serialize;

tokio::task_local! {
    /// The ids of the request that the current task works for.
    pub(super) static REQUEST: Ids;
}

/// The ids that relate a line to its request.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Ids {
    pub request_id: String,
    /// X-Ray's trace id, from Lambda's context; on one machine, the client's.
    pub trace_id: Option<String>,
}

impl Ids {
    /// Returns the ids of the current task.
    #[must_use]
    pub fn current() -> Option<Self> {
        REQUEST.try_with(Clone::clone).ok()
    }

    /// Runs `work`. Every line that it writes has these ids.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        REQUEST.scope(self, work).await
    }
}

/// Returns the root of an `X-Amzn-Trace-Id` (`Root=1-5759e988-bd862e3fe1be46a994272793;…`); `None` if it is not well-formed,
/// because a client may send any value.
#[must_use]
pub fn trace_root(header: &str) -> Option<String> {
    let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
    let well_formed = root.len() == 35
        && root.split('-').map(str::len).eq([1, 8, 24])
        && root.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    well_formed.then(|| root.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_root_is_a_trace_id() {
        let root = "1-5759e988-bd862e3fe1be46a994272793";
        for header in
            [format!("Root={root}"), format!("Self=1-x;Root={root};Parent=53995c3f42cd8ad8;Sampled=1")]
        {
            assert_eq!(trace_root(&header).as_deref(), Some(root), "{header}");
        }
        for header in ["", "Root=", "Root=1-5759e988", root, "Root=1-5759e988-bd862e3fe1be46a99427279\n"] {
            assert_eq!(trace_root(header), None, "{header:?}");
        }
    }
}
