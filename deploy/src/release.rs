//! The deployment of a release: every stack in its order, proven at the end, and moved back if it fails.

use std::{collections::BTreeMap, path::Path};

use adapters::store::Schema;
use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    aliases::{self, Versions},
    apply::{self, Applied, Wanted},
    bundle::Bundle,
    cloud::{Cloud, aws},
    deployer::{self, Deployer},
    first,
    manifest::{self, Manifest, State},
    migration::{self, Serves},
    notices, preflight,
    program::hash,
    progress::Progress,
    protection, rollback,
    settings::Settings,
    smoke,
    stacks::{self, Stack},
    template,
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
/// The output of the stack with the HTTP API that holds its address.
pub const API_URL: &str = "ApiUrl";
/// The function that CodeDeploy asks about each new version.
const VERIFICATION: &str = "verify-release";
const ORIGIN_VERIFY: &str = "OriginVerifySha256";

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
}

/// Deploys `bundle`, whose program is in the bucket of artifacts.
///
/// # Errors
/// If the deployment is refused, or fails; everything that it had moved was then moved back, and the error says so.
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
    if options.all_at_once {
        let shift = "CodeDeployDefault.LambdaAllAtOnce".to_owned();
        settings.parameters.insert("TrafficShift".to_owned(), shift);
    }
    let names: Vec<_> = bundle.stacks.iter().map(|stack| stack.name.clone()).collect();
    for name in &options.only {
        ensure!(names.contains(name), "there is no stack {name:?}; the stacks are {}", names.join(", "));
    }
    let deployer = deployer::of(cloud, &settings.environment).await?;
    let outputs = BTreeMap::new();
    let mut deployment = Deployment { cloud, root, settings, bundle, options, progress, deployer, outputs };
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
        let stacks = self.bundle.stacks.clone();
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
        let mut manifest = Manifest {
            environment,
            release: release.clone(),
            state: State::Started,
            started: manifest::timestamp(),
            overridden,
            only: self.options.only.clone(),
            commit: self.bundle.commit.clone(),
            bundle: self.bundle.put(cloud).await?,
            stacks: stacks.clone(),
            serves,
            before: proven.map(|proven| proven.versions.clone()).unwrap_or_default(),
            versions: serving,
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
            Err(error) => Err(self.undo(manifest, error, is_first).await),
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
        if is_first {
            first::seed(self.cloud, &self.settings, self.progress).await?;
            migration::bring(self.cloud, &self.settings, self.bundle.serves.1, self.progress).await?;
            first::create_keys(self.cloud, &self.settings, self.progress).await?;
        }
        let url = self.outputs.get(API_URL).with_context(|| format!("no stack has the output {API_URL}"))?;
        let target = smoke::Target {
            url: url.clone(),
            origin_verify: self.origin_verify().await?,
            expects_sync: !is_first && !self.options.accept_old_catalogue,
            // The version is served by a function of this stack.
            release: self.is_wanted(stacks::MAIN).then(|| release.to_owned()),
        };
        first::alive(url, &target.headers()?).await?;
        let report = smoke::run(&target, false).await?;
        self.progress.say(&report.summary());
        if report.failed() > 0 {
            bail!("the smoke test failed: {}", report.failures().join("; "));
        }
        Ok(())
    }

    fn is_wanted(&self, stack: &str) -> bool {
        self.options.only.is_empty() || self.options.only.iter().any(|name| name == stack)
    }

    /// Deploys one stack, and keeps its outputs.
    async fn stack(&mut self, stack: &Stack, release: &str) -> Result<()> {
        let (cloud, settings) = (self.cloud, &self.settings);
        let name = stack.name_in(settings);
        let is_wanted = self.is_wanted(&stack.name);
        if is_wanted {
            let text = self.bundle.templates.get(&stack.template);
            let text = text.with_context(|| format!("the release has no template {}", stack.template))?;
            let text = template::released(text, release, &cloud.artifacts(), &self.bundle.program);
            let mut template =
                template::expand(self.root, &settings.region, &text, &settings.parameters).await?;
            let parameters = template::parameters(&template, &settings.parameters, &self.outputs);
            let parameters = match parameters {
                // The outputs of a stack exist only once it is deployed.
                Err(error) if self.options.dry_run => {
                    self.progress.say(&format!("{name}: not shown, because {error}"));
                    return Ok(());
                }
                parameters => parameters.with_context(|| stack.template.clone())?,
            };
            if !settings.environment.is_stable() {
                template::disposable(&mut template);
            }
            if let Some(deployer) = &self.deployer {
                deployer.bound(&mut template);
            }
            let url = preflight::store_template(cloud, &serde_json::to_string(&template)?).await?;
            let wanted = Wanted {
                name: name.clone(),
                environment: settings.environment.name().to_owned(),
                template_url: url,
                parameters,
                tags: settings.tags.clone(),
                expendable: self.options.expendable.clone(),
                service_role: self.deployer.as_ref().map(|deployer| deployer.service_role.clone()),
            };
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
        if stack.protected && is_wanted && !self.options.dry_run && settings.environment.is_stable() {
            protection::protect(cloud, &name).await?;
        }
        Ok(())
    }

    /// Stable environments refuse requests without the secret value of the edge, so the functions need its hash.
    async fn read_origin_verify(&mut self) -> Result<()> {
        if self.settings.parameters.contains_key(ORIGIN_VERIFY) || !self.settings.environment.is_stable() {
            return Ok(());
        }
        match self.origin_verify().await? {
            Some(value) => {
                self.settings.parameters.insert(ORIGIN_VERIFY.to_owned(), hash(value.as_bytes()));
            }
            None if self.options.dry_run => {
                self.settings.parameters.insert(ORIGIN_VERIFY.to_owned(), "0".repeat(64));
            }
            None => bail!("the secret {} has no value", self.secret()),
        }
        Ok(())
    }

    fn secret(&self) -> String {
        self.settings.parameters.get("OriginVerifyName").cloned().unwrap_or_default()
    }

    /// Returns the value of `X-Origin-Verify`; `None` where requests need none.
    async fn origin_verify(&self) -> Result<Option<String>> {
        origin_verify(self.cloud, &self.settings).await
    }

    async fn versions(&self, stacks: &[Stack]) -> Result<Versions> {
        let mut versions = Versions::new();
        for stack in stacks.iter().filter(|stack| !stack.protected) {
            versions.extend(aliases::of_stack(self.cloud, &stack.name_in(&self.settings)).await?);
        }
        Ok(versions)
    }

    /// Moves back what the deployment has moved; returns the error with a sentence about that.
    async fn undo(&self, mut manifest: Manifest, error: anyhow::Error, is_first: bool) -> anyhow::Error {
        self.progress.say(&format!("failed: {error:#}"));
        manifest.notes.push(format!("{error:#}"));
        manifest.state = State::Failed;
        let what = if is_first {
            "there is no earlier release to return to".to_owned()
        } else {
            match rollback::restore(self.cloud, &self.settings, &manifest.before, self.progress).await {
                Ok(0) => "no alias had to be moved back".to_owned(),
                Ok(moved) => format!("{moved} aliases were moved back to the versions that served before"),
                Err(second) => format!("the aliases could not be moved back: {second:#}"),
            }
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

/// Returns the value of `X-Origin-Verify` that the edge of the environment sends; `None` in an environment that requires none.
///
/// # Errors
/// If the secret cannot be read.
pub async fn origin_verify(cloud: &Cloud, settings: &Settings) -> Result<Option<String>> {
    if !settings.environment.is_stable() {
        return Ok(None);
    }
    let name = settings.parameters.get("OriginVerifyName").cloned().unwrap_or_default();
    match cloud.secrets.get_secret_value().secret_id(&name).send().await {
        Ok(secret) => Ok(secret.secret_string),
        Err(error)
            if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            Ok(None)
        }
        Err(error) => Err(aws(error)).with_context(|| format!("the secret {name} cannot be read")),
    }
}

/// Returns the address of the environment's API.
///
/// # Errors
/// If the environment is not deployed.
pub async fn api_url(cloud: &Cloud, settings: &Settings) -> Result<String> {
    let name = settings.prefix();
    let stack =
        apply::find(cloud, &name).await?.with_context(|| format!("the stack {name} does not exist"))?;
    apply::outputs(&stack)
        .remove(API_URL)
        .with_context(|| format!("the stack {name} has no output {API_URL}"))
}
