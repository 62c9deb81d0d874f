//! The line of a rotation of the signing keys.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    line::Level,
    metrics::{Directive, Effort, described, directive},
};

/// One rotation of the signing keys.
#[derive(Debug)]
pub struct RotationSeen {
    /// None where it failed.
    pub outcome: Option<&'static str>,
    pub effort: Effort,
}

impl RotationSeen {
    pub(super) const fn level(&self) -> Level {
        if self.outcome.is_some() { Level::Info } else { Level::Error }
    }

    pub(super) fn fields(&self) -> impl Serialize {
        RotationFields {
            route: "rotate-signing-key",
            outcome: self.outcome.unwrap_or("error"),
            effort: self.effort,
            error_code: self.outcome.is_none().then_some("failed"),
            key_rotation_errors: self.outcome.is_none().into(),
            directive: directive(&METRICS),
        }
    }
}

#[derive(Serialize)]
struct RotationFields {
    route: &'static str,
    outcome: &'static str,
    #[serde(flatten)]
    effort: Effort,
    error_code: Option<&'static str>,
    #[serde(rename = "KeyRotationErrors")]
    key_rotation_errors: u8,
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    directive: Option<Directive>,
}

static METRICS: LazyLock<Box<RawValue>> = LazyLock::new(|| described(&[("KeyRotationErrors", "Count")]));
