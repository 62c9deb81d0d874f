//! The deployment of a release: every stack in its order, proven at the end, and moved back if it fails.

use std::{collections::BTreeMap, path::Path};

use adapters::store::Schema;
use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    address::{self, Address},
    alarms,
    aliases::{self, Versions},
    apply::{self, Applied},
    bundle::Bundle,
    cloud::Cloud,
    compose::Composer,
    deployer::{self, Deployer},
    first, invalidation,
    live::{self, APP_TABLE},
    manifest::{self, Manifest, State},
    migration::{self, Serves},
    notices,
    origin::{self, Values},
    preflight,
    progress::Progress,
    protection, rollback,
    settings::Settings,
    smoke,
    stacks::{self, Stack, Standby},
    template, web,
};

/// The options of a deployment.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The stacks to deploy; all if empty.
    pub only: Vec<String>,
    pub dry_run: bool,
    /// The reason for a deployment outside of the window.
    pub reason: Option<String>,
    /// Verified versions receive all traffic at once, as for an urgent repair.
    pub all_at_once: bool,
    /// Resources that may be replaced or removed although they hold data.
    pub expendable: Vec<String>,
    /// Whether the catalogue may be older than the environment demands, as while PokeAPI is down.
    pub accept_old_catalogue: bool,
    /// Whether the deployment is a step of a rotation.
    pub rotation: bool,
}

/// The result of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The release serves all traffic.
    Live(String),
    /// The release was live already.
    Unchanged(String),
    /// Nothing was changed, as requested.
    Shown,
}

/// The manifests among which a deployment searches its own release.
const RECENT: usize = 20;
/// The function that CodeDeploy asks about each new version.
const VERIFICATION: &str = "verify-release";

/// A deployment in progress.
struct Deployment<'a> {
    cloud: &'a Cloud,
    root: &'a Path,
    settings: Settings,
    bundle: Bundle,
    options: &'a Options,
    progress: Progress,
    /// The rights with which CloudFormation makes the changes; the caller's if absent.
    deployer: Option<Deployer>,
    /// The outputs of the stacks so far.
    outputs: BTreeMap<String, String>,
    /// The alarms that existed before the deployment and did not fire.
    quiet: Vec<String>,
}

/// Deploys `bundle`, whose program is in the bucket of artifacts.
///
/// # Errors
/// If the deployment is refused, or fails; the aliases and pages that it had moved were then moved back, and the error says so.
pub async fn deploy(
    cloud: &Cloud,
    root: &Path,
    mut settings: Settings,
    bundle: Bundle,
    options: &Options,
    progress: Progress,
) -> Result<Outcome> {
    let overridden =
        preflight::window(&settings, options.reason.as_deref(), time::OffsetDateTime::now_utc())?;
    preflight::limits(cloud, &mut settings, progress).await?;
    live::adopt(cloud, &mut settings).await?;
    if options.all_at_once {
        let shift = "CodeDeployDefault.LambdaAllAtOnce".to_owned();
        settings.parameters.insert("TrafficShift".to_owned(), shift);
    }
    let stacks = stacks::of(&bundle.stacks, &settings);
    let names: Vec<_> = stacks.iter().map(|stack| stack.name.as_str()).collect();
    for name in &options.only {
        ensure!(
            names.contains(&name.as_str()),
            "there is no stack {name:?}; the stacks of {} are {}",
            settings.environment,
            names.join(", ")
        );
    }
    let deployer = deployer::of(cloud, &settings.environment).await?;
    let outputs = BTreeMap::new();
    let quiet = Vec::new();
    let mut deployment =
        Deployment { cloud, root, settings, bundle, options, progress, deployer, outputs, quiet };
    deployment.run(overridden).await
}

impl Deployment<'_> {
    async fn run(&mut self, overridden: Option<String>) -> Result<Outcome> {
        let (cloud, progress) = (self.cloud, self.progress);
        let environment = self.settings.environment.name().to_owned();
        let recent = manifest::of(cloud, &environment, RECENT).await?;
        // The release to return to is the last that was proven, whatever failed or interrupted deployments have moved since.
        let proven = recent.iter().find(|manifest| manifest.state == State::Live);
        let is_first = proven.is_none();
        let (schema, serves) = self.admitted(proven).await?;
        let stacks = stacks::of(&self.bundle.stacks, &self.settings);
        let (before_api, api): (Vec<_>, Vec<_>) = stacks.iter().partition(|stack| stack.protected);
        // The functions need what the stacks of data hold, so their parameters, and the name of the release, follow from it.
        for stack in before_api {
            self.stack(stack, "").await?;
        }
        self.read_origin_verify().await?;
        let release = self.bundle.release(&self.settings)?;
        let serving = self.versions(&stacks).await?;
        refuse_repetition(&recent, &release, &environment)?;
        if let Some(last) = recent.first()
            && last.state == State::Live
            && last.release == release
            && last.versions == serving
            && last.only.is_empty()
            && self.options.only.is_empty()
        {
            progress.say(&format!("nothing to deploy: {environment} runs the release {release} already"));
            return Ok(Outcome::Unchanged(release));
        }
        progress.say(&format!("release {release} of commit {} to {environment}", self.bundle.commit));
        if self.options.dry_run {
            self.move_traffic(&api, &release, is_first).await?;
            return Ok(Outcome::Shown);
        }
        if self.is_watched(&stacks) {
            self.quiet = alarms::check(cloud, &self.settings, &stacks).await?.quiet;
        }
        let mut manifest = Manifest {
            environment,
            release: release.clone(),
            state: State::Started,
            started: manifest::timestamp(),
            overridden,
            only: self.options.only.clone(),
            rotation: self.options.rotation,
            commit: self.bundle.commit.clone(),
            bundle: self.bundle.put(cloud).await?,
            assets: web::assets(&self.settings.parameters),
            stacks: stacks.clone(),
            serves,
            before: proven.map(|proven| proven.versions.clone()).unwrap_or_default(),
            versions: serving,
            accounts: self.settings.parameters.get(APP_TABLE).cloned(),
            notes: Vec::new(),
        };
        manifest.put(cloud).await?;
        notices::report(cloud, &self.settings, &manifest, progress).await;
        match self.move_traffic(&api, &release, is_first).await {
            Ok(()) => {
                manifest.versions = self.versions(&stacks).await?;
                manifest.state = State::Live;
                manifest.put(cloud).await?;
                notices::report(cloud, &self.settings, &manifest, progress).await;
                progress.say(&format!("live: {release}"));
                if let Some(schema) = schema.filter(|schema| schema.version < serves.1) {
                    progress.say(&format!(
                        "the stored accounts have version {} of {}: once you will not roll this release back, run \
                         `cargo xtask migrate {}`",
                        schema.version, serves.1, manifest.environment
                    ));
                }
                Ok(Outcome::Live(release))
            }
            Err(error) => Err(self.undo(manifest, error, proven).await),
        }
    }

    /// Checks that the release can serve with the stored accounts, before anything is changed. Returns their version, and the versions with
    /// which all functions can serve after the deployment.
    async fn admitted(&self, proven: Option<&Manifest>) -> Result<(Option<Schema>, Serves)> {
        // The accounts of a first deployment that has failed are brought to the highest version by the next one.
        let Some(proven) = proven else { return Ok((None, self.bundle.serves)) };
        let schema = migration::schema(self.cloud, &self.settings).await?;
        if let Some(schema) = &schema {
            self.bundle.serves.admit(schema, proven.serves, self.settings.environment.name())?;
        }
        let is_whole = self.options.only.is_empty();
        let serves = if is_whole { self.bundle.serves } else { self.bundle.serves.common(proven.serves)? };
        Ok((schema, serves))
    }

    /// Deploys the stacks of functions, and proves that the API works.
    async fn move_traffic(&mut self, stacks: &[&Stack], release: &str, is_first: bool) -> Result<()> {
        for stack in stacks {
            self.stack(stack, release).await?;
            if stack.name == stacks::RELEASE && !self.options.dry_run {
                // Without it, every deployment of a function would wait an hour for its report.
                first::check(self.cloud, &self.settings, VERIFICATION).await?;
            }
        }
        if self.options.dry_run {
            return Ok(());
        }
        // The replicas of a second region have all that.
        if is_first && self.settings.standby == Standby::Never {
            first::seed(self.cloud, &self.settings, self.progress).await?;
            migration::bring(self.cloud, &self.settings, self.bundle.serves.1, self.progress).await?;
            first::create_keys(self.cloud, &self.settings, self.progress).await?;
        }
        let address = Address::of(&self.outputs)?;
        let target = smoke::Target {
            expects_sync: !is_first && !self.options.accept_old_catalogue,
            // The version is served by a function of this stack.
            release: self.is_wanted(stacks::MAIN).then(|| release.to_owned()),
            ..address.target(self.cloud, &self.settings).await?
        };
        first::alive(&target).await?;
        // While the aliases moved, CloudFront may have stored responses of both releases.
        invalidation::invalidate(self.cloud, &self.outputs, &manifest::timestamp(), self.progress).await?;
        address::prove(&address, target, self.progress).await?;
        let stacks: Vec<Stack> = stacks.iter().map(|stack| (*stack).clone()).collect();
        if !self.is_watched(&stacks) {
            return Ok(());
        }
        alarms::prove(self.cloud, &self.settings, &stacks, &self.quiet, self.progress).await
    }

    /// Whether the deployment includes a stack of alarms, which some environments have.
    fn is_watched(&self, stacks: &[Stack]) -> bool {
        stacks.iter().any(|stack| stack.watches() && self.is_wanted(&stack.name))
    }

    fn is_wanted(&self, stack: &str) -> bool {
        self.options.only.is_empty() || self.options.only.iter().any(|name| name == stack)
    }

    /// Deploys one stack, and keeps its outputs.
    async fn stack(&mut self, stack: &Stack, release: &str) -> Result<()> {
        let (here, settings) = (self.cloud, &self.settings);
        let (cloud, name) = (&here.of(stack), stack.name_in(settings));
        let is_wanted = self.is_wanted(&stack.name);
        if is_wanted {
            let deployer = self.deployer.as_ref();
            let composer = Composer { root: self.root, settings, bundle: &self.bundle, deployer };
            let template = composer.template(here, stack, release).await?;
            let parameters = template::parameters(&template, &settings.parameters, &self.outputs);
            let parameters = match parameters {
                // The outputs of a stack exist only once it is deployed.
                Err(error) if self.options.dry_run => {
                    self.progress.say(&format!("{name}: not shown, because {error}"));
                    return Ok(());
                }
                parameters => parameters.with_context(|| stack.template.clone())?,
            };
            let mut wanted = composer.wanted(here, stack, &template, parameters).await?;
            wanted.expendable.clone_from(&self.options.expendable);
            match apply::apply(cloud, &wanted, self.options.dry_run, self.progress).await? {
                Applied::Shown => {}
                Applied::Changed => self.progress.say(&format!("{name}: done")),
                // An earlier deployment of this release changed the stack, was verified, and was then moved back for another reason.
                Applied::Unchanged => {
                    let versions = aliases::in_template(cloud, &name).await?;
                    aliases::move_to(cloud, &versions, self.progress).await?;
                }
            }
        }
        let Some(deployed) = apply::find(cloud, &name).await? else {
            ensure!(
                self.options.dry_run,
                "the stack {name} does not exist: deploy it first, or deploy without --only"
            );
            return Ok(());
        };
        self.outputs.extend(apply::outputs(&deployed));
        if stack.name == stacks::EDGE && is_wanted && !self.options.dry_run {
            let assets = web::assets(&settings.parameters);
            web::publish(here, &self.outputs, &self.bundle.web, release, assets.as_deref()).await?;
        }
        if stack.protected && is_wanted && !self.options.dry_run && settings.environment.is_stable() {
            protection::protect(cloud, &name).await?;
        }
        Ok(())
    }

    /// Environments with an edge refuse requests that bypass it, so the functions need the hash of its secret value.
    async fn read_origin_verify(&mut self) -> Result<()> {
        if !self.bundle.has_edge(&self.settings) {
            return Ok(());
        }
        let values = match origin::read(self.cloud, &self.settings).await? {
            Some(values) => values,
            None if self.options.dry_run => Values::default(),
            None => bail!("the secret {} has no value", origin::secret(&self.settings)),
        };
        let parameters = &mut self.settings.parameters;
        parameters.entry(origin::HASHES.to_owned()).or_insert_with(|| values.hashes());
        parameters.entry(origin::VERSION.to_owned()).or_insert(values.current.version);
        Ok(())
    }

    async fn versions(&self, stacks: &[Stack]) -> Result<Versions> {
        let mut versions = Versions::new();
        for stack in stacks.iter().filter(|stack| stack.has_functions()) {
            versions.extend(aliases::of_stack(self.cloud, &stack.name_in(&self.settings)).await?);
        }
        Ok(versions)
    }

    /// Moves the aliases and the pages back; returns the number of aliases.
    async fn move_back(&self, manifest: &Manifest, proven: &Manifest) -> Result<usize> {
        let moved = rollback::restore(self.cloud, &self.settings, &manifest.before, self.progress).await?;
        rollback::restore_edge(self.cloud, &self.outputs, proven, self.progress).await?;
        Ok(moved)
    }

    /// Moves back what the deployment has moved; returns the error with a sentence about that.
    async fn undo(
        &self,
        mut manifest: Manifest,
        error: anyhow::Error,
        proven: Option<&Manifest>,
    ) -> anyhow::Error {
        self.progress.say(&format!("failed: {error:#}"));
        manifest.notes.push(format!("{error:#}"));
        manifest.state = State::Failed;
        let what = match proven {
            None => "there is no earlier release to return to".to_owned(),
            Some(proven) => match self.move_back(&manifest, proven).await {
                Ok(0) => "no alias had to be moved back".to_owned(),
                Ok(moved) => format!("{moved} aliases were moved back to the versions that served before"),
                Err(second) => format!("not everything could be moved back: {second:#}"),
            },
        };
        manifest.notes.push(what.clone());
        if let Err(second) = manifest.put(self.cloud).await {
            self.progress.say(&format!("the manifest could not be stored: {second:#}"));
        }
        notices::report(self.cloud, &self.settings, &manifest, self.progress).await;
        error.context(format!("the release {} was not deployed; {what}", manifest.release))
    }
}

/// After a rollback, the aliases differ from the stacks, in which CloudFormation would find no change to make.
fn refuse_repetition(recent: &[Manifest], release: &str, environment: &str) -> Result<()> {
    let latest = recent.iter().find(|manifest| manifest.release == release);
    ensure!(
        latest.is_none_or(|latest| latest.state != State::RolledBack),
        "the release {release} was rolled back in {environment}: deploy another commit, or return to it with \
         `cargo xtask rollback {environment} --to {release}`"
    );
    Ok(())
}
