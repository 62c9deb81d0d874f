//! The environment of a deployment, and the name of what is deployed there.

use std::{fmt, str::FromStr, sync::Arc};

/// The environment of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Environment {
    /// One machine.
    Local,
    Dev,
    Staging,
    Prod,
    /// The environment of a branch, with its whole name: `f-` and 1 to 16 lowercase letters, digits and hyphens.
    Feature(Arc<str>),
}

/// The length of the longest name of a branch's environment, without `f-`: names of resources contain it, and are limited.
const LONGEST_FEATURE: usize = 16;

impl Environment {
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Local => "local",
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Prod => "prod",
            Self::Feature(name) => name,
        }
    }

    /// Whether the environment outlives every branch, mirrors production, and accepts requests from the CDN alone.
    #[must_use]
    pub const fn is_stable(&self) -> bool {
        matches!(self, Self::Staging | Self::Prod)
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is {0:?}, not local, dev, staging, prod, or f- and 1 to 16 lowercase letters, digits and hyphens")]
pub struct UnknownEnvironment(pub String);

impl FromStr for Environment {
    type Err = UnknownEnvironment;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_feature = |slug: &str| {
            (1..=LONGEST_FEATURE).contains(&slug.len())
                && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        match name {
            "local" => Ok(Self::Local),
            "dev" => Ok(Self::Dev),
            "staging" => Ok(Self::Staging),
            "prod" => Ok(Self::Prod),
            name if name.strip_prefix("f-").is_some_and(is_feature) => Ok(Self::Feature(name.into())),
            other => Err(UnknownEnvironment(other.to_owned())),
        }
    }
}

/// A deployment: the environment, the release, and the observation of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub environment: Environment,
    /// `RELEASE`: the name of the release, which follows from its content; `development` if absent.
    pub release: Arc<str>,
    /// `METRICS`: whether counted lines are also metrics; `off` disables them, as on one machine.
    pub metrics: bool,
}

impl Deployment {
    /// Returns the deployment on one machine.
    #[must_use]
    pub fn local() -> Self {
        Self { environment: Environment::Local, release: "development".into(), metrics: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_environments_are_accepted() {
        for name in ["local", "dev", "staging", "prod", "f-a", "f-new-index", "f-0123456789abcdef"] {
            assert_eq!(name.parse::<Environment>().as_ref().map(Environment::name), Ok(name));
        }
        for name in ["", "f-", "f-0123456789abcdefg", "f-Trade", "f-a_b", "feature", "production", "f-ä"] {
            assert_eq!(name.parse::<Environment>(), Err(UnknownEnvironment(name.to_owned())));
        }
    }
}
