//! Notices about deployments to the people of a stable environment.

use std::fmt::Write as _;

use crate::{
    cloud::{Cloud, aws},
    manifest::{Manifest, State},
    progress::Progress,
    settings::Settings,
};

/// SNS accepts no longer subject.
const LONGEST_SUBJECT: usize = 100;

/// Reports the state of a release. Does nothing in an environment that has no topic.
///
/// A deployment does not fail because nobody can be told: a notice that cannot be sent is reported to the caller's terminal only.
pub async fn report(cloud: &Cloud, settings: &Settings, manifest: &Manifest, progress: Progress) {
    let (subject, text) = of(manifest);
    send(cloud, settings, &subject, &text, progress).await;
}

/// Sends a notice, as [`report`] does.
pub async fn send(cloud: &Cloud, settings: &Settings, subject: &str, text: &str, progress: Progress) {
    if !settings.environment.is_stable() {
        return;
    }
    let topic = format!("arn:aws:sns:{}:{}:{}-notices", cloud.region, cloud.account, settings.prefix());
    let subject: String = subject.chars().filter(char::is_ascii).take(LONGEST_SUBJECT).collect();
    let sent = cloud.notices.publish().topic_arn(&topic).subject(subject).message(text).send().await;
    if let Err(error) = sent {
        progress.say(&format!("no notice was sent: {:#}", aws(error)));
    }
}

/// Returns the subject and the text of a notice about a release.
fn of(manifest: &Manifest) -> (String, String) {
    let Manifest { environment, release, commit, .. } = manifest;
    let state = match manifest.state {
        State::Started => "deployment started",
        State::Live => "live",
        State::Failed => "DEPLOYMENT FAILED",
        State::RolledBack => "ROLLED BACK",
    };
    let mut text = format!("environment: {environment}\nrelease: {release}\ncommit: {commit}\n");
    let mut line = |name: &str, value: &str| {
        // Writing to a String never fails.
        let _ = writeln!(text, "{name}: {value}");
    };
    line("started", &manifest.started);
    if !manifest.only.is_empty() {
        line("only the stacks", &manifest.only.join(", "));
    }
    if let Some(reason) = &manifest.overridden {
        line("outside of the window, because", reason);
    }
    for note in &manifest.notes {
        line("note", note);
    }
    (format!("pokedex {environment}: {state}, {release}"), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::samples::manifest;

    #[test]
    fn a_notice_names_the_release_and_the_reason_of_an_override() {
        let manifest = Manifest {
            overridden: Some("a leak".to_owned()),
            only: vec!["jobs".to_owned()],
            notes: vec!["7 aliases were moved back".to_owned()],
            ..manifest("0123456789abcdef", State::Failed)
        };
        let (subject, text) = of(&manifest);
        assert_eq!(subject, "pokedex prod: DEPLOYMENT FAILED, 0123456789abcdef");
        let expected = [
            "environment: prod",
            "release: 0123456789abcdef",
            "commit: commit",
            "started: 2026-11-26T08:00:00Z",
            "only the stacks: jobs",
            "outside of the window, because: a leak",
            "note: 7 aliases were moved back",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
