//! An event of API Gateway: a request, as a function receives it.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize};

/// The fields that we read of an API Gateway HTTP API event, payload format 2.0. A missing field is empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    #[serde(deserialize_with = "lenient")]
    pub version: String,
    #[serde(deserialize_with = "lenient")]
    pub route_key: String,
    #[serde(deserialize_with = "lenient")]
    pub raw_path: String,
    #[serde(deserialize_with = "lenient")]
    pub raw_query_string: String,
    #[serde(deserialize_with = "lenient")]
    pub headers: HashMap<String, String>,
    #[serde(deserialize_with = "lenient")]
    pub path_parameters: HashMap<String, String>,
    #[serde(deserialize_with = "lenient")]
    pub request_context: Context,
    #[serde(deserialize_with = "lenient")]
    pub body: String,
    #[serde(deserialize_with = "lenient")]
    pub is_base64_encoded: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Context {
    #[serde(deserialize_with = "lenient")]
    pub request_id: String,
    #[serde(deserialize_with = "lenient")]
    pub http: HttpContext,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpContext {
    #[serde(deserialize_with = "lenient")]
    pub method: String,
    #[serde(deserialize_with = "lenient")]
    pub source_ip: String,
}

/// Treats null as absent: the gateway omits empty fields, while sample events write null.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Event {
    /// Converts header names to lower case. The gateway sends them so, but some emulators do not, and no token may be overlooked.
    pub(crate) fn lower_names(&mut self) {
        if self.headers.keys().any(|name| name.bytes().any(|byte| byte.is_ascii_uppercase())) {
            let headers = self.headers.drain();
            self.headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        }
    }

    /// Returns the client's request id if it is well-formed (8 to 64 letters, digits, `-` and `_`), otherwise the gateway's,
    /// otherwise a generated one.
    pub(crate) fn request_id(&self) -> String {
        let well_formed = |id: &&String| {
            (8..=64).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        // The gateway's own ids (`JKJaXmPLvHcESHA=`) end with an `=`.
        let plain = |id: &String| id.trim_end_matches('=').to_owned();
        let valid = self.headers.get("x-request-id").filter(well_formed).cloned();
        valid
            .or_else(|| Some(plain(&self.request_context.request_id)).filter(|id| well_formed(&id)))
            .unwrap_or_else(|| format!("{:032x}", fastrand::u128(..)))
    }
}
