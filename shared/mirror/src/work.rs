//! The assets that a run asks for.

use std::collections::{BTreeMap, BTreeSet};

use adapters::store::AssetLedger;
use domain::{
    Timestamp,
    assets::{Asset, AssetFile, AssetId},
    facts::{AssetKind, Facts},
};

/// The version of the processing. A higher one makes the next runs fetch and process every asset again.
pub const VERSION: u32 = 1;

/// The time after which the source is asked again for a known asset, in seconds: seven to thirteen days, so that not all are due at once.
const WEEK: i64 = 7 * 86_400;
/// The time for which an asset stays that the source no longer has, in seconds.
const KEPT: i64 = 30 * 86_400;

/// The assets that `facts` name and that are due, in the order of the manifest's items. The kinds of `failed` come last, so that a
/// folder of the source that is down does not keep runs from the others.
pub(crate) fn due(
    facts: &Facts,
    ledger: &AssetLedger,
    failed: &BTreeSet<AssetKind>,
    now: Timestamp,
) -> Vec<AssetId> {
    let named: BTreeSet<AssetId> = AssetId::of(facts).collect();
    let is_due = |id: &AssetId| ledger.manifest().get(id).is_none_or(|asset| is_outdated(id, asset, now));
    let mut due: Vec<AssetId> = named.into_iter().filter(is_due).collect();
    due.sort_by_key(|id| (failed.contains(&id.kind), id.kind, id.number()));
    due
}

fn is_outdated(id: &AssetId, asset: &Asset, now: Timestamp) -> bool {
    let age = WEEK + i64::from(id.number() % 7) * 86_400;
    // A time in this clock's future says nothing about the asset's age.
    asset.version != VERSION || now.elapsed_since(asset.checked_at).is_none_or(|elapsed| elapsed >= age)
}

/// Marks the assets that `facts` no longer name as gone, and removes those that have been gone for long.
pub(crate) fn forget(facts: &Facts, ledger: &mut AssetLedger, now: Timestamp) {
    let named: BTreeSet<AssetId> = AssetId::of(facts).collect();
    let unnamed: Vec<(AssetId, Asset)> = known(ledger).filter(|(id, _)| !named.contains(id)).collect();
    for (id, asset) in unnamed {
        match asset.gone_since {
            Some(since) if is_over(since, now) => ledger.remove(&id),
            Some(since) if now.elapsed_since(since).is_some() => {}
            // Not marked yet, or by a clock that ran ahead.
            _ => ledger.record(id, Asset { gone_since: Some(now), ..asset }),
        }
    }
}

/// Whether an asset that is gone `since` that time has no files any more.
pub(crate) fn is_over(since: Timestamp, now: Timestamp) -> bool {
    now.elapsed_since(since).is_some_and(|elapsed| elapsed >= KEPT)
}

/// Makes the assets due whose files are not all among `stored`.
pub(crate) fn refill(stored: &BTreeMap<String, Timestamp>, ledger: &mut AssetLedger) {
    let is_stored = |id: &AssetId, file: &AssetFile| stored.contains_key(&file.key(id));
    let incomplete: Vec<(AssetId, Asset)> =
        known(ledger).filter(|(id, asset)| !asset.files.iter().all(|file| is_stored(id, file))).collect();
    for (id, mut asset) in incomplete {
        asset.files.retain(|file| is_stored(&id, file));
        ledger.record(id, Asset { etag: None, version: 0, ..asset });
    }
}

fn known(ledger: &AssetLedger) -> impl Iterator<Item = (AssetId, Asset)> + '_ {
    ledger.manifest().iter().map(|(id, asset)| (id.clone(), asset.clone()))
}

#[cfg(test)]
mod tests {
    use domain::facts::FormFacts;

    use super::*;

    const DAY: i64 = 86_400;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_unix(days * DAY)
    }

    fn id(number: u32) -> AssetId {
        AssetId { kind: AssetKind::FrontDefault, path: format!("pokemon/{number}.png") }
    }

    fn facts(numbers: &[u32]) -> Facts {
        let mut facts = Facts::default();
        for number in numbers {
            let form = serde_json::json!({
                "id": number, "name": format!("form-{number}"), "pokemon": "one", "version_group": 1, "types": [],
                "sprites": {"front_default": id(*number).path},
            });
            let form: FormFacts = serde_json::from_value(form).expect("facts");
            facts.forms.insert(*number, form);
        }
        facts
    }

    fn ledger(checked: &[(u32, Timestamp)]) -> AssetLedger {
        let mut ledger = AssetLedger::default();
        for (number, checked_at) in checked {
            let asset = Asset {
                etag: None,
                checked_at: *checked_at,
                version: VERSION,
                files: Vec::new(),
                rejected: None,
                gone_since: None,
            };
            ledger.record(id(*number), asset);
        }
        ledger
    }

    #[test]
    fn an_asset_is_due_if_it_is_new_or_old_or_of_another_version() {
        let mut ledger = ledger(&[(7, at(0)), (8, at(0)), (9, at(0)), (10, at(500))]);
        let old = Asset { version: VERSION - 1, ..ledger.manifest()[&id(9)].clone() };
        ledger.record(id(9), old);
        let facts = facts(&[10, 9, 8, 7, 6]);
        let none = BTreeSet::new();
        let due =
            |days| due(&facts, &ledger, &none, at(days)).iter().map(AssetId::number).collect::<Vec<_>>();
        assert_eq!(due(1), [6, 9, 10], "a time of a clock that ran ahead counts as old");
        assert_eq!(due(7), [6, 7, 9, 10]);
        assert_eq!(due(8), [6, 7, 8, 9, 10], "the others are due within a week");
    }

    #[test]
    fn kinds_that_failed_come_last() {
        let mut facts = facts(&[1, 2]);
        facts
            .forms
            .values_mut()
            .for_each(|form| form.sprites.back_default = Some("pokemon/back/1.png".to_owned()));
        let kinds = |failed: &[AssetKind]| -> Vec<AssetKind> {
            let failed = failed.iter().copied().collect();
            due(&facts, &AssetLedger::default(), &failed, at(0)).iter().map(|id| id.kind).collect()
        };
        let [front, back] = [AssetKind::FrontDefault, AssetKind::BackDefault];
        assert_eq!(kinds(&[]), [front, front, back]);
        assert_eq!(kinds(&[front]), [back, front, front]);
    }

    #[test]
    fn an_asset_that_is_gone_stays_for_thirty_days() {
        let mut ledger = ledger(&[(1, at(0)), (2, at(0))]);
        forget(&facts(&[1]), &mut ledger, at(10));
        assert_eq!(ledger.manifest()[&id(2)].gone_since, Some(at(10)));
        forget(&facts(&[1]), &mut ledger, at(39));
        assert!(ledger.manifest().contains_key(&id(2)));
        forget(&facts(&[1]), &mut ledger, at(40));
        assert_eq!(ledger.manifest().keys().collect::<Vec<_>>(), [&id(1)]);
    }
}
