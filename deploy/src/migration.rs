//! The version of the stored accounts: which releases can serve with it, and its change by the job of the live release.

use adapters::store::{
    AccountStore, Meter, Schema,
    accounts::{SERVED, SHAPES},
};
use anyhow::{Context as _, Result, bail, ensure};
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    aliases::LIVE,
    backup,
    cloud::{Cloud, aws},
    first,
    manifest::{self, Manifest, State},
    notices,
    progress::Progress,
    settings::Settings,
};

/// The number of manifests among which the live release is searched.
const HISTORY: usize = 50;

/// The lowest and the highest version that a release can serve with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serves(pub u32, pub u32);

impl Serves {
    /// The versions of the release that this program is built from.
    #[must_use]
    pub const fn here() -> Self {
        Self(*SERVED.start(), *SERVED.end())
    }

    /// The versions that two releases have in common, whose functions run side by side.
    ///
    /// # Errors
    /// If they have no version in common.
    pub fn common(self, other: Self) -> Result<Self> {
        let common = Self(self.0.max(other.0), self.1.min(other.1));
        ensure!(
            common.0 <= common.1,
            "the release serves with the versions {self} of stored accounts, and the other stacks have one that serves with {other}: \
             deploy all stacks"
        );
        Ok(common)
    }

    const fn contains(self, version: u32) -> bool {
        self.0 <= version && version <= self.1
    }

    /// Checks that a release can serve with every version that an item may have, in place of one that serves with `live`.
    ///
    /// # Errors
    /// If it cannot: the error names the command that helps.
    pub fn admit(self, schema: &Schema, live: Self, environment: &str) -> Result<()> {
        let (low, high) = schema.versions();
        if self.contains(low) && self.contains(high) {
            return Ok(());
        }
        let wanted = if low < self.0 { self.0 } else { self.1 };
        let help = if live.contains(wanted) {
            format!("run `cargo xtask migrate {environment} --to {wanted}` first")
        } else {
            format!("the live release does not serve with {wanted}: deploy a release between them first")
        };
        let stored = if low == high { low.to_string() } else { format!("{low} to {high}") };
        bail!("the stored accounts have version {stored}, and the release serves with {self}: {help}")
    }
}

impl std::fmt::Display for Serves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.0, self.1)
    }
}

/// Reads the version of the stored accounts; `None` before their table exists. The functions are not asked: they may be what a repair
/// or a rollback replaces.
///
/// # Errors
/// If the table cannot be read.
pub async fn schema(cloud: &Cloud, settings: &Settings) -> Result<Option<Schema>> {
    let tables = first::tables(settings)?;
    match cloud.tables.describe_table().table_name(&tables.app).send().await {
        Ok(_) => {}
        Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
        Err(error) => return Err(aws(error)).with_context(|| format!("{} cannot be read", tables.app)),
    }
    let schema = AccountStore::new(cloud.tables.clone(), tables).schema(&Meter::default()).await;
    schema.map(Some).context("the version of the stored accounts cannot be read")
}

/// Brings the stored accounts to the version `to`, or to the highest one of the live release, after a backup of their table.
///
/// # Errors
/// If the live release cannot serve with that version, a deployment has not ended, or the backup or the job fails: the next run continues.
pub async fn migrate(
    cloud: &Cloud,
    settings: &Settings,
    to: Option<u32>,
    dry_run: bool,
    progress: Progress,
) -> Result<()> {
    let environment = settings.environment.name();
    let manifests = manifest::of(cloud, environment, HISTORY).await?;
    let to = target(&manifests, to, environment)?;
    let schema = schema(cloud, settings).await?;
    let schema = schema.with_context(|| format!("{environment} has no table of accounts"))?;
    let under_way = schema.pass.as_ref().map(|pass| format!(", and a run to {} has not ended", pass.to));
    let under_way = under_way.unwrap_or_default();
    progress.say(&format!("{environment}: the stored accounts have version {}{under_way}", schema.version));
    for shape in SHAPES.iter().filter(|shape| [schema.version, to].contains(&shape.version)) {
        progress.say(&format!("  {}: {}", shape.version, shape.summary));
    }
    if dry_run {
        return Ok(());
    }
    // Other environments can be rebuilt, and a backup stays after its environment is deleted.
    if settings.environment.is_stable() && schema.version != to {
        backup::create(cloud, settings, &format!("version-{}", schema.version), progress).await?;
    }
    bring(cloud, settings, to, progress).await?;
    let subject = format!("pokedex {environment}: the stored accounts have version {to}");
    let text = format!("{subject}\nbefore: {}\n", schema.version);
    notices::send(cloud, settings, &subject, &text, progress).await;
    Ok(())
}

/// Returns the version to which the accounts are brought: `to`, or the highest one with which every function can serve. Functions of a
/// deployment that has failed may still serve, if they could not be moved back.
fn target(manifests: &[Manifest], to: Option<u32>, environment: &str) -> Result<u32> {
    let live = manifests.iter().position(|manifest| manifest.state == State::Live);
    let live = live.with_context(|| format!("no release is live in {environment}"))?;
    let mut serves = manifests[live].serves;
    for later in &manifests[..live] {
        ensure!(
            later.state == State::Failed,
            "the last deployment or rollback of {environment} has not ended: repeat it, or undo a deployment with \
             `cargo xtask rollback {environment} --if-failed`"
        );
        serves = serves.common(later.serves)?;
    }
    let to = to.unwrap_or(serves.1);
    ensure!(
        serves.contains(to),
        "{environment} serves with the versions {serves} of the stored accounts, so {to} would break it: deploy a release that \
         serves with {to} first"
    );
    Ok(to)
}

/// Lets the job of the live release work until every item has the version `to`.
///
/// # Errors
/// If the job fails: the next run continues.
pub async fn bring(cloud: &Cloud, settings: &Settings, to: u32, progress: Progress) -> Result<()> {
    let function = format!("{}-migrate-accounts:{LIVE}", settings.prefix());
    let event = json!({"task": "migrate", "to": to}).to_string();
    loop {
        let answer = first::invoke(cloud, &function, event.as_bytes()).await?;
        match (answer["outcome"].as_str(), &answer["pass"]) {
            (Some("migrated"), _) => {
                progress.say(&format!("the stored accounts have version {to}"));
                return Ok(());
            }
            (Some("continues"), pass) => {
                let number = |name: &str| pass.get(name).and_then(Value::as_u64).unwrap_or_default();
                progress.say(&format!("version {}: {} items read", number("to"), number("seen")));
            }
            _ => bail!("{function} answered {answer}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::samples::manifest;

    fn refused(version: u32, serves: Serves, live: Serves) -> String {
        let schema = Schema { version, pass: None };
        serves.admit(&schema, live, "prod").map_or_else(|error| error.to_string(), |()| "admitted".to_owned())
    }

    #[test]
    fn a_release_serves_only_with_versions_that_it_knows() {
        let (first, second) = (Serves(1, 2), Serves(2, 3));
        for version in [2, 3] {
            assert_eq!(refused(version, second, first), "admitted");
        }
        let expected = "the stored accounts have version 1, and the release serves with 2 to 3: \
                        run `cargo xtask migrate prod --to 2` first";
        assert_eq!(refused(1, second, first), expected);
        assert!(
            refused(3, first, second).ends_with("run `cargo xtask migrate prod --to 2` first"),
            "a rollback"
        );
        let between = refused(1, Serves(3, 4), first);
        assert!(between.ends_with("does not serve with 3: deploy a release between them first"), "{between}");
    }

    #[test]
    fn releases_beside_each_other_serve_with_common_versions() {
        assert_eq!(Serves(1, 2).common(Serves(2, 3)).expect("version 2"), Serves(2, 2));
        assert_eq!(Serves(2, 3).common(Serves(2, 3)).expect("both"), Serves(2, 3));
        let refused = Serves(1, 2).common(Serves(3, 4)).expect_err("none").to_string();
        assert!(refused.contains("1 to 2") && refused.contains("3 to 4"), "{refused}");
    }

    #[test]
    fn accounts_are_migrated_only_to_a_version_with_which_every_function_serves() {
        let live = || Manifest { serves: Serves(2, 3), ..manifest("b", State::Live) };
        let later = |state, serves| Manifest { serves, ..manifest("c", state) };
        let to =
            |manifests: &[Manifest], to| target(manifests, to, "prod").map_err(|error| error.to_string());
        assert_eq!(to(&[live()], None), Ok(3), "the highest");
        assert_eq!(to(&[live()], Some(2)), Ok(2));
        assert!(to(&[live()], Some(1)).is_err_and(|refused| refused.contains("versions 2 to 3")));
        assert!(to(&[], None).is_err_and(|refused| refused.contains("no release is live")));
        for state in [State::Started, State::RolledBack] {
            let refused = to(&[later(state, Serves(2, 3)), live()], None).expect_err("two releases");
            assert!(refused.contains("rollback prod --if-failed"), "{refused}");
        }
        let failed = later(State::Failed, Serves(3, 4));
        assert_eq!(to(&[failed.clone(), live()], None), Ok(3));
        assert!(to(&[failed, live()], Some(2)).is_err(), "its functions may serve");
    }
}
