//! The alarms of an environment after a deployment: each exists, does something, and is silent.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, ensure};
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, MetricAlarm, StateValue};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::{
    apply,
    cloud::{Cloud, aws},
    progress::Progress,
    settings::Settings,
    stacks::Stack,
};

/// CloudFormation's types of alarms.
const KINDS: [&str; 2] = ["AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"];
/// The most names in one request.
const MOST_NAMES: usize = 100;
/// The end of the name of the topic that wakes people.
const PAGING: &str = "-critical";
/// The words of CloudWatch for periods without data.
const MISSING: &str = "missing datapoint";
/// The time after which an alarm for which silence is a fault has data for all its periods, and the pause between two looks.
const SETTLES: Duration = Duration::from_secs(6 * 60);
const POLL: Duration = Duration::from_secs(20);
/// The dimensions of the alarms that deployments read instead of people.
const OF_DEPLOYMENTS: [&str; 2] = ["ExecutedVersion", "release"];

/// An alarm as CloudWatch describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    state: StateValue,
    /// The topics that it publishes to; none if its actions are switched off.
    actions: Vec<String>,
    /// Whether deployments read it.
    is_of_deployments: bool,
    /// Whether it fires because data are missing, which is a fault for it.
    is_silent: bool,
}

/// The result of a check. Every list has names of alarms, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The number of alarms that exist.
    pub checked: usize,
    /// Alarms of the stacks that were deleted by hand.
    pub missing: Vec<String>,
    /// Alarms that tell nobody.
    pub mute: Vec<String>,
    pub firing: Vec<String>,
    /// Those of `firing` that wake people.
    pub paging: Vec<String>,
    /// Those of `firing` whose data are missing.
    pub silent: Vec<String>,
    /// Topics that nobody receives.
    pub unread: Vec<String>,
}

impl Report {
    fn of(expected: &[String], found: &BTreeMap<String, Found>) -> Self {
        let mut report = Self { checked: found.len(), ..Self::default() };
        for name in expected {
            let Some(alarm) = found.get(name) else {
                report.missing.push(name.clone());
                continue;
            };
            if alarm.actions.is_empty() && !alarm.is_of_deployments {
                report.mute.push(name.clone());
            }
            if alarm.state == StateValue::Alarm {
                report.firing.push(name.clone());
                if alarm.actions.iter().any(|action| action.ends_with(PAGING)) {
                    report.paging.push(name.clone());
                }
                if alarm.is_silent {
                    report.silent.push(name.clone());
                }
            }
        }
        report
    }

    /// Whether every alarm exists, tells somebody, and is silent.
    fn is_good(&self) -> bool {
        [&self.missing, &self.mute, &self.firing, &self.unread].iter().all(|names| names.is_empty())
    }

    /// The alarms that speak against a release, if those of `paging` woke people before it.
    fn against(&self, paging: &[String]) -> Vec<String> {
        let new = self.paging.iter().filter(|name| !paging.contains(name));
        self.missing.iter().chain(&self.mute).chain(new).cloned().collect()
    }

    /// Whether alarms that wake people speak against a release because of missing data alone, which may still arrive.
    fn may_settle(&self, paging: &[String]) -> bool {
        let is_silent = |name: &String| self.paging.contains(name) || self.silent.contains(name);
        let is_new = self.paging.iter().any(|name| !paging.contains(name));
        let are_all_there = self.missing.is_empty() && self.mute.is_empty();
        are_all_there && is_new && !self.silent.is_empty() && self.firing.iter().all(is_silent)
    }

    /// Prints the report, also as JSON.
    ///
    /// # Errors
    /// If an alarm is not in order.
    pub fn show(&self, json: bool, progress: Progress) -> Result<()> {
        match json {
            true => println!("{}", serde_json::to_string_pretty(self)?),
            false => self.say(progress),
        }
        ensure!(self.is_good(), "the alarms are not in order");
        Ok(())
    }

    fn say(&self, progress: Progress) {
        progress.say(&format!("{} alarms", self.checked));
        for (names, what) in [
            (&self.missing, "does not exist: deploy the stack again"),
            (&self.mute, "tells nobody"),
            (&self.firing, "is firing"),
            (&self.unread, "has no confirmed subscription"),
        ] {
            for name in names {
                progress.say(&format!("  {name} {what}"));
            }
        }
    }
}

/// Checks the alarms of all stacks of an environment.
///
/// # Errors
/// If AWS does not answer.
pub async fn check(cloud: &Cloud, settings: &Settings, stacks: &[Stack]) -> Result<Report> {
    let mut expected = Vec::new();
    for stack in stacks.iter().filter(|stack| stack.region.is_none()) {
        expected.extend(apply::resources(cloud, &stack.name_in(settings), &KINDS).await?);
    }
    expected.sort();
    let found = describe(cloud, &expected).await?;
    let mut report = Report::of(&expected, &found);
    let mut topics: Vec<&String> = found.values().flat_map(|alarm| &alarm.actions).collect();
    topics.sort();
    topics.dedup();
    for topic in topics {
        if !is_read(cloud, topic).await? {
            report.unread.push(topic.clone());
        }
    }
    Ok(report)
}

/// Checks the alarms at the end of a deployment. Nobody receives some topics of a new environment, and an alarm may fire for another reason
/// than the release: these are reported only. `paging` are the alarms that woke people before the deployment, which may be their cure.
/// Another one has six minutes to end: a new alarm on the probe has no data at first, and silence is its fault.
///
/// # Errors
/// If an alarm does not exist or tells nobody, or another one that wakes people is firing.
pub async fn prove(
    cloud: &Cloud,
    settings: &Settings,
    stacks: &[Stack],
    paging: &[String],
    progress: Progress,
) -> Result<()> {
    let end = Instant::now() + SETTLES;
    let mut report = check(cloud, settings, stacks).await?;
    if report.may_settle(paging) {
        progress.say(&format!("waiting for {}", report.against(paging).join(", ")));
    }
    while report.may_settle(paging) && Instant::now() < end {
        sleep(POLL).await;
        report = check(cloud, settings, stacks).await?;
    }
    report.say(progress);
    let wrong = report.against(paging);
    ensure!(wrong.is_empty(), "the alarms do not prove the release: {}", wrong.join(", "));
    Ok(())
}

async fn describe(cloud: &Cloud, names: &[String]) -> Result<BTreeMap<String, Found>> {
    let mut found = BTreeMap::new();
    for names in names.chunks(MOST_NAMES) {
        let request = cloud.alarms.describe_alarms().set_alarm_names(Some(names.to_vec()));
        let request = request.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        // A page has 50 alarms, also of those that are named.
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(aws)?;
            found.extend(page.metric_alarms.unwrap_or_default().into_iter().filter_map(of_metric));
            found.extend(page.composite_alarms.unwrap_or_default().into_iter().filter_map(of_others));
        }
    }
    Ok(found)
}

fn of_metric(alarm: MetricAlarm) -> Option<(String, Found)> {
    let names = alarm.dimensions().iter().filter_map(|dimension| dimension.name());
    let is_of_deployments = names.into_iter().any(|name| OF_DEPLOYMENTS.contains(&name));
    let is_on = alarm.actions_enabled.unwrap_or(true);
    let actions = if is_on { alarm.alarm_actions.unwrap_or_default() } else { Vec::new() };
    let state = alarm.state_value.unwrap_or(StateValue::InsufficientData);
    let is_silent = alarm.state_reason.is_some_and(|reason| reason.contains(MISSING));
    Some((alarm.alarm_name?, Found { state, actions, is_of_deployments, is_silent }))
}

fn of_others(alarm: CompositeAlarm) -> Option<(String, Found)> {
    let is_on = alarm.actions_enabled.unwrap_or(true);
    let actions = if is_on { alarm.alarm_actions.unwrap_or_default() } else { Vec::new() };
    let state = alarm.state_value.unwrap_or(StateValue::InsufficientData);
    Some((alarm.alarm_name?, Found { state, actions, is_of_deployments: false, is_silent: false }))
}

/// Whether a topic has a subscription that was confirmed.
async fn is_read(cloud: &Cloud, topic: &str) -> Result<bool> {
    let answer = cloud.notices.list_subscriptions_by_topic().topic_arn(topic).send().await.map_err(aws)?;
    let confirmed = |arn: Option<&str>| arn.is_some_and(|arn| arn.starts_with("arn:"));
    Ok(answer.subscriptions().iter().any(|subscription| confirmed(subscription.subscription_arn())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(state: StateValue, actions: &[&str], is_of_deployments: bool) -> Found {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        Found { state, actions, is_of_deployments, is_silent: false }
    }

    #[test]
    fn an_alarm_that_is_missing_mute_or_firing_is_reported() {
        let expected = ["canary", "deleted", "mute", "outage", "quiet", "sync"].map(str::to_owned);
        let (ok, alarm) = (StateValue::Ok, StateValue::Alarm);
        let found = BTreeMap::from([
            ("canary".to_owned(), found(ok.clone(), &[], true)),
            ("mute".to_owned(), found(ok, &[], false)),
            ("outage".to_owned(), found(alarm.clone(), &["arn:aws:sns:x:1:pokedex-prod-critical"], false)),
            (
                "quiet".to_owned(),
                found(StateValue::InsufficientData, &["arn:aws:sns:x:1:pokedex-prod-warnings"], false),
            ),
            ("sync".to_owned(), found(alarm, &["arn:aws:sns:x:1:pokedex-prod-warnings"], false)),
        ]);
        let report = Report::of(&expected, &found);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let wanted = Report {
            checked: 5,
            missing: names(&["deleted"]),
            mute: names(&["mute"]),
            firing: names(&["outage", "sync"]),
            paging: names(&["outage"]),
            silent: Vec::new(),
            unread: Vec::new(),
        };
        assert_eq!(report, wanted);
        assert!(!report.is_good() && Report::default().is_good());
        assert_eq!(report.against(&[]), names(&["deleted", "mute", "outage"]));
        assert_eq!(report.against(&names(&["outage"])), names(&["deleted", "mute"]), "it fired before");
    }

    #[test]
    fn an_alarm_without_data_has_time_and_any_other_one_has_none() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let report = |firing: &[&str], silent: &[&str]| Report {
            firing: names(firing),
            paging: names(&["outage"]),
            silent: names(silent),
            ..Report::default()
        };
        let new = report(&["outage", "probe-fails"], &["probe-fails"]);
        assert!(new.may_settle(&[]) && !new.may_settle(&names(&["outage"])), "it fired before");
        assert!(!report(&["error-share", "outage", "probe-fails"], &["probe-fails"]).may_settle(&[]));
        assert!(!report(&["outage"], &[]).may_settle(&[]));
        assert!(!Report { missing: names(&["latency"]), ..new }.may_settle(&[]), "no wait brings it back");
    }
}
