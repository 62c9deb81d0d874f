//! The plan of a load: its requests and their shares, and the limits of each class of routes. `bench/load.json` contains them;
//! `infra/traffic.json`, which the cost model also reads, contains the shares of the routes.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

const PLAN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/load.json"));
const TRAFFIC: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/traffic.json"));

/// A request that a visitor can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Reads a page that is the same for every visitor.
    Read,
    /// Sends a request that must be refused with a reason.
    Refused,
    Profile,
    Favorites,
    Refresh,
    AddFavorite,
    DeleteFavorite,
    SignIn,
    Register,
    Export,
}

impl Act {
    /// The act of a name in the files of shares: a route, or `refused`.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "list-pokemon" | "get-pokemon" | "get-evolutions" | "get-type" | "get-ability" | "get-move"
            | "list-types" | "list-generations" | "get-version" => Self::Read,
            "refused" => Self::Refused,
            "get-profile" => Self::Profile,
            "list-favorites" => Self::Favorites,
            "refresh-session" => Self::Refresh,
            "add-favorite" => Self::AddFavorite,
            "delete-favorite" => Self::DeleteFavorite,
            "login-user" => Self::SignIn,
            "register-user" => Self::Register,
            "export-account" => Self::Export,
            _ => return None,
        })
    }
}

/// The requests of one route.
#[derive(Clone, Debug)]
pub struct Kind {
    pub name: String,
    /// The share of all requests; the shares need not add up to 100.
    pub share: f64,
    /// The position of its class in [`Plan::classes`].
    pub class: usize,
    pub act: Act,
}

/// Routes of similar cost, with their limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    #[serde(skip)]
    pub name: String,
    routes: Vec<String>,
    /// The number of requests that are sent one after the other before the load, for comparison.
    pub unloaded: usize,
    /// The largest ratio of the 95th percentile under load to that of the requests without load.
    pub times_unloaded: f64,
    /// The largest 95th percentile under load, in milliseconds.
    pub p95_ms: f64,
    /// The largest share of requests that are answered 503 with a reason.
    pub unavailable_percent: f64,
    /// Whether its requests write to the data folder.
    pub writes: bool,
}

/// The largest growth during a load.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// The ratio of the memory in the last third to that in the first.
    pub memory: f64,
    /// The bytes by which the data folder may grow, and for each change in addition.
    pub bytes: u64,
    pub bytes_per_change: u64,
}

#[derive(Debug)]
pub struct Plan {
    pub seed: u64,
    /// Requests per second.
    pub rate: u32,
    /// The number of accounts.
    pub trainers: usize,
    /// The largest number of requests in flight.
    pub in_flight: usize,
    /// The number of loads of which one must keep the ratios.
    pub attempts: u32,
    pub kinds: Vec<Kind>,
    pub classes: Vec<Class>,
    pub load: Growth,
    pub soak: Growth,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    seed: u64,
    rate: u32,
    trainers: usize,
    in_flight: usize,
    attempts: u32,
    extra_shares: BTreeMap<String, f64>,
    classes: BTreeMap<String, Class>,
    growth: Growths,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Growths {
    load: Growth,
    soak: Growth,
}

/// The part of the traffic that matters here.
#[derive(Deserialize)]
struct Traffic {
    shares: BTreeMap<String, f64>,
}

impl Plan {
    /// # Errors
    /// If a file is not well-formed, a route has no act, or a route is not in exactly one class.
    pub fn read() -> Result<Self> {
        Self::of(PLAN, TRAFFIC)
    }

    fn of(plan: &str, traffic: &str) -> Result<Self> {
        let file: File = serde_json::from_str(plan).context("bench/load.json")?;
        let traffic: Traffic = serde_json::from_str(traffic).context("infra/traffic.json")?;
        let classes: Vec<_> = file.classes.into_iter().map(|(name, class)| Class { name, ..class }).collect();
        let mut kinds = Vec::new();
        for (name, share) in traffic.shares.into_iter().chain(file.extra_shares) {
            ensure!(share > 0.0, "{name} has no share");
            let act = Act::of(&name).with_context(|| format!("{name} has no act in plan.rs"))?;
            let of_route = |class: &Class| class.routes.contains(&name);
            ensure!(
                classes.iter().filter(|class| of_route(class)).count() == 1,
                "{name} must be in exactly one class of bench/load.json"
            );
            let class = classes.iter().position(of_route).context("a class")?;
            kinds.push(Kind { name, share, class, act });
        }
        for class in &classes {
            let known = |route: &String| kinds.iter().any(|kind| kind.name == *route);
            let unknown: Vec<_> = class.routes.iter().filter(|route| !known(route)).collect();
            ensure!(unknown.is_empty(), "{unknown:?} of the class {} have no share", class.name);
        }
        ensure!(file.trainers > 0 && file.in_flight > 0, "a load needs accounts and requests in flight");
        let Growths { load, soak } = file.growth;
        Ok(Self {
            seed: file.seed,
            rate: file.rate,
            trainers: file.trainers,
            in_flight: file.in_flight,
            attempts: file.attempts,
            kinds,
            classes,
            load,
            soak,
        })
    }

    /// Picks a kind by its share; `random` is from 0 up to 1. With a class, picks among its kinds alone.
    pub fn pick(&self, random: f64, class: Option<usize>) -> usize {
        let is_candidate = |kind: &Kind| class.is_none_or(|class| kind.class == class);
        let total: f64 = self.kinds.iter().filter(|kind| is_candidate(kind)).map(|kind| kind.share).sum();
        let mut left = random * total;
        let mut picked = 0;
        for (place, kind) in self.kinds.iter().enumerate().filter(|(_, kind)| is_candidate(kind)) {
            picked = place;
            left -= kind.share;
            if left < 0.0 {
                break;
            }
        }
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_plan_covers_the_traffic_of_the_cost_model() {
        let plan = Plan::read().unwrap();
        let names: Vec<_> = plan.classes.iter().map(|class| class.name.as_str()).collect();
        assert_eq!(names, ["account", "catalogue", "changes", "passwords"]);
        assert!(plan.kinds.len() >= 17, "{}", plan.kinds.len());
        for class in &plan.classes {
            assert!(class.times_unloaded > 1.0 && class.p95_ms > 0.0 && class.unloaded > 0, "{class:?}");
        }
        assert!(plan.soak.memory <= plan.load.memory && plan.soak.memory > 1.0);
    }

    #[test]
    fn a_route_without_an_act_or_a_class_is_refused() {
        for (traffic, reason) in [
            (r#"{"shares": {"make-coffee": 1.0}}"#, "make-coffee has no act"),
            (r#"{"shares": {"get-pokemon": 0.0}}"#, "get-pokemon has no share"),
            (r#"{"shares": {"get-pokemon": 1.0}}"#, "have no share"),
        ] {
            let error = Plan::of(PLAN, traffic).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        let twice = PLAN.replace("[\"get-profile\", ", "[\"get-profile\", \"get-type\", ");
        assert!(Plan::of(&twice, TRAFFIC).unwrap_err().to_string().contains("exactly one class"));
    }

    #[test]
    fn kinds_are_picked_by_their_shares() {
        let plan = Plan::read().unwrap();
        let mut counts = vec![0_u32; plan.kinds.len()];
        for nth in 0..10_000 {
            counts[plan.pick(f64::from(nth) / 10_000.0, None)] += 1;
        }
        let total: f64 = plan.kinds.iter().map(|kind| kind.share).sum();
        for (kind, count) in plan.kinds.iter().zip(counts) {
            let expected = kind.share / total * 10_000.0;
            assert!((f64::from(count) - expected).abs() <= 1.5, "{}: {count}", kind.name);
        }
        for class in 0..plan.classes.len() {
            for random in [0.0, 0.5, 0.999] {
                assert_eq!(plan.kinds[plan.pick(random, Some(class))].class, class);
            }
        }
    }
}
