//! The promotion of a release: what was proven in one environment is deployed to another, with the program that was built for it.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::{
    bundle::Bundle,
    cloud::Cloud,
    manifest::{self, Manifest, State},
    program,
    progress::Progress,
    provenance, store,
};

/// The release to promote.
#[derive(Clone, Debug)]
pub struct Source {
    /// The environment in which it is live.
    pub environment: String,
    /// Its name; the live one if absent.
    pub release: Option<String>,
    /// The repository at GitHub, as `OWNER/NAME`, whose workflow must have built its program; not verified if absent.
    pub attested: Option<String>,
}

impl Source {
    /// Returns the bundle of the release, after its program was verified.
    ///
    /// # Errors
    /// If no such release was live, or its program is not the one that its name says, or is not attested.
    pub async fn bundle(&self, cloud: &Cloud, root: &Path, progress: Progress) -> Result<Bundle> {
        let from = &self.environment;
        let manifests = manifest::of(cloud, from, 20).await?;
        let proven = manifests.into_iter().find(|manifest| self.is_wanted(manifest));
        let proven = proven.with_context(|| match &self.release {
            Some(release) => {
                format!("the release {release} was not live in {from}, or was rolled back there")
            }
            None => format!("no release is live in {from}"),
        })?;
        progress.say(&format!(
            "{} of commit {}, live in {from} since {}",
            proven.release, proven.commit, proven.started
        ));
        let bundle = Bundle::get(cloud, &proven.bundle).await?;
        let archive = store::get(cloud, &bundle.program).await?;
        let archive = archive.with_context(|| format!("{} does not exist", bundle.program))?;
        let program = program::unpack(&bundle.program, &archive)?;
        if let Some(repository) = &self.attested {
            provenance::verify(root, &program, repository).await?;
            progress.say(&format!("the program was built by the workflow of {repository}"));
        }
        Ok(bundle)
    }

    /// A deployment of some stacks is not a release that was proven as a whole.
    fn is_wanted(&self, manifest: &Manifest) -> bool {
        manifest.state == State::Live
            && manifest.only.is_empty()
            && self.release.as_ref().is_none_or(|release| manifest.release == *release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::samples::manifest;

    #[test]
    fn only_a_release_that_is_live_as_a_whole_is_promoted() {
        let source = |release: Option<&str>| Source {
            environment: "staging".to_owned(),
            release: release.map(str::to_owned),
            attested: None,
        };
        let live = manifest("one", State::Live);
        assert!(source(None).is_wanted(&live) && source(Some("one")).is_wanted(&live));
        assert!(!source(Some("two")).is_wanted(&live), "another release");
        assert!(!source(None).is_wanted(&manifest("one", State::RolledBack)));
        let in_part = Manifest { only: vec!["jobs".to_owned()], ..live };
        assert!(!source(None).is_wanted(&in_part), "a deployment of one stack");
    }
}
