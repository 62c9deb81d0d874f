//! The comparison after a load: every acknowledged change is there, and was made once.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow};

use crate::{
    client::{Ask, Checked, Http, wrong},
    trainers::{Changes, Trainer},
};
use http::StatusCode;

/// The result of the comparison.
#[derive(Debug, Default)]
pub struct Verified {
    /// The acknowledged changes that were looked for.
    pub changes: usize,
    pub accounts: usize,
    /// Each lost change, and each that was made more often than it was requested.
    pub wrong: Vec<String>,
}

/// Compares every account with the server at `http`. The first account must be an administrator there.
///
/// # Errors
/// If the administrator's session is lost, so that nothing can be compared.
pub async fn verify(http: &Http, mut trainers: Vec<Trainer>) -> Result<Verified> {
    let mut verified = Verified { accounts: trainers.len(), ..Verified::default() };
    let admin = trainers.first_mut().context("an account")?;
    admin.refresh(http).await.map_err(|fault| anyhow!("the administrator's session: {fault}"))?;
    let admin = admin.access().to_owned();
    for mut trainer in trainers {
        verified.changes += trainer.added.acknowledged + trainer.removed.acknowledged + 1;
        if let Err(fault) = compare(http, &admin, &mut trainer).await {
            verified.wrong.push(format!("{}: {fault}", trainer.name));
        }
    }
    Ok(verified)
}

/// Compares one account: its session, its profile, its favorites, and the trail of its changes.
async fn compare(http: &Http, admin: &str, trainer: &mut Trainer) -> Checked<()> {
    trainer.refresh(http).await?;
    trainer.profile(http).await?;
    trainer.favorites(http).await?;
    let trail = trail(http, admin, &trainer.id).await?;
    let count = |action: &str| trail.get(action).copied().unwrap_or_default();
    for (action, changes) in [("add_favorite", trainer.added), ("remove_favorite", trainer.removed)] {
        if let Some(why) = miscounted(changes, count(action)) {
            return wrong(format!("{action}: {why}"));
        }
    }
    match count("register") {
        1 => Ok(()),
        number => wrong(format!("{number} registrations")),
    }
}

/// Returns the reason why the trail cannot have `recorded` changes.
fn miscounted(Changes { acknowledged, uncertain }: Changes, recorded: usize) -> Option<String> {
    let possible = acknowledged..=acknowledged + uncertain;
    (!possible.contains(&recorded))
        .then(|| format!("{recorded} changes in the trail, and {possible:?} are right"))
}

/// The number of completed actions of each name in the trail of an account.
async fn trail(http: &Http, admin: &str, id: &str) -> Checked<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let ask = Ask::get(format!("/api/v1/admin/audit?actor={id}&per_page=100{cursor}")).by(admin);
        let page = http.send(ask).await?.expect(StatusCode::OK)?.json()?;
        for event in page["events"].as_array().into_iter().flatten() {
            if let (Some(action), Some("done")) = (event["action"].as_str(), event["outcome"].as_str()) {
                *counts.entry(action.to_owned()).or_default() += 1;
            }
        }
        match page["pagination"]["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(counts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_was_lost_or_made_twice_is_miscounted() {
        let changes = Changes { acknowledged: 3, uncertain: 1 };
        for (recorded, is_right) in [(2, false), (3, true), (4, true), (5, false)] {
            assert_eq!(miscounted(changes, recorded).is_none(), is_right, "{recorded}");
        }
    }
}
