//! Notices to the people who operate an environment: messages to a topic of SNS.

use aws_sdk_sns::types::MessageAttributeValue;

use crate::{aws, store::chain};

/// The severity of a notice, by which a subscription can filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Info,
    /// Somebody should look at it within a day.
    Warning,
    /// Somebody should look at it now.
    Failure,
}

impl Severity {
    /// The value of the attribute `severity`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub severity: Severity,
    /// At most 100 characters of ASCII, as SNS demands.
    pub subject: String,
    pub text: String,
}

/// SNS did not accept a notice.
#[derive(Debug, thiserror::Error)]
#[error("SNS Publish: {0}")]
pub struct NoticeError(String);

/// Sends `notice` to `topic`, an ARN.
///
/// # Errors
/// [`NoticeError`] if SNS does not accept it.
pub async fn send(topic: &str, notice: &Notice) -> Result<(), NoticeError> {
    let severity = MessageAttributeValue::builder().data_type("String").string_value(notice.severity.name());
    let severity = severity.build().map_err(|error| NoticeError(error.to_string()))?;
    let publish = aws::sns_from_environment().publish().topic_arn(topic);
    let publish = publish.subject(&notice.subject).message(&notice.text);
    let sent = publish.message_attributes("severity", severity).send().await;
    sent.map(drop).map_err(|error| NoticeError(chain(&error)))
}
