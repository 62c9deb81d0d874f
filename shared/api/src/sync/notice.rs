//! Notices about runs of the sync: each event once, however often the schedule meets it again.

use adapters::{
    notices::{Notice, Severity},
    sync::{Finished, Held, Outcome, State, SyncError},
};

/// Returns the notice about a run that began with the state `before` and ended with `after`, if it has something new to report.
pub(super) fn of(before: &State, after: &State, result: &Result<Outcome, SyncError>) -> Option<Notice> {
    match result {
        // A state that cannot be written cannot tell whether the error is new: the metric of failed runs reports it.
        Err(SyncError::Busy(_) | SyncError::LostLease | SyncError::Store(_)) => None,
        Err(error) => {
            let reason = error.to_string();
            // The state has the beginning of a long reason.
            let is_known = before.error.as_ref().is_some_and(|known| reason.starts_with(&known.reason));
            (!is_known).then(|| notice(Severity::Failure, "the sync failed", reason))
        }
        Ok(Outcome::Paused { .. } | Outcome::Superseded) => None,
        Ok(Outcome::Finished { finished, published }) => {
            if let Some(held) = &after.held {
                let is_known =
                    before.held.as_ref().is_some_and(|known| known.publication == held.publication);
                return (!is_known).then(|| held_notice(held));
            }
            if !finished.is_good() {
                let was_good = before.last.as_ref().is_none_or(Finished::is_good);
                return was_good
                    .then(|| notice(Severity::Warning, "the sync skipped resources", skipped(finished)));
            }
            let changes = published.written + published.removed;
            (changes > 0).then(|| {
                let (written, removed) = (published.written, published.removed);
                let text = format!(
                    "{written} items written, {removed} removed, {} resources changed; the index is {}",
                    finished.tally.changed, published.index
                );
                notice(Severity::Info, "the catalogue has changed", text)
            })
        }
    }
}

fn notice(severity: Severity, subject: &str, text: String) -> Notice {
    Notice { severity, subject: format!("pokedex: {subject}"), text }
}

fn held_notice(held: &Held) -> Notice {
    let reasons: Vec<String> = held.reasons().take(20).collect();
    let text = format!(
        "Nothing was published, because changes at PokeAPI are improbable:\n{}\n\nAn administrator can approve them: POST \
         /api/v1/admin/sync/approve with the publication {} (docs/runbooks/sync.md).",
        reasons.join("\n"),
        held.publication
    );
    notice(Severity::Warning, "a publication waits for an approval", text)
}

fn skipped(finished: &Finished) -> String {
    let lines = finished.failures.iter().take(20);
    let lines: Vec<_> = lines
        .map(|failure| format!("{}/{} {}", failure.kind.endpoint(), failure.id, failure.reason))
        .collect();
    let doubts = finished.doubts.join("\n");
    format!(
        "{} of {} resources were skipped.\n{}\n{doubts}",
        finished.tally.failed,
        finished.total,
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use adapters::publish::Published;
    use domain::Timestamp;
    use serde_json::json;

    use super::*;

    fn state(fields: serde_json::Value) -> State {
        serde_json::from_value(fields).unwrap()
    }

    fn finished(failed: usize, written: usize) -> Result<Outcome, SyncError> {
        let at = Timestamp::from_unix(0);
        let finished = json!({
            "started_at": at, "finished_at": at, "failures": [], "total": 100, "incomplete": 0,
            "tally": {"fetched": 100, "unchanged": 0, "changed": 3, "failed": failed},
        });
        let finished = Box::new(serde_json::from_value(finished).unwrap());
        let published = Published { written, index: "3-ab".to_owned(), ..Published::default() };
        Ok(Outcome::Finished { finished, published })
    }

    fn error() -> Result<Outcome, SyncError> {
        Err(SyncError::List("move", adapters::pokeapi::FetchError::TooLarge(1)))
    }

    #[test]
    fn a_change_is_an_information_and_a_run_without_one_is_not_reported() {
        let none = State::default();
        let notice = of(&none, &none, &finished(0, 4)).unwrap();
        assert_eq!(
            (notice.severity, notice.subject.as_str()),
            (Severity::Info, "pokedex: the catalogue has changed")
        );
        assert_eq!(notice.text, "4 items written, 0 removed, 3 resources changed; the index is 3-ab");
        assert_eq!(of(&none, &none, &finished(0, 0)), None);
    }

    #[test]
    fn each_failure_is_reported_once() {
        let none = State::default();
        let first = of(&none, &none, &error()).unwrap();
        assert_eq!(
            (first.severity, first.text.as_str()),
            (Severity::Failure, "PokeAPI's list of move is larger than 1 bytes")
        );
        let known = state(json!({"error": {"at": Timestamp::from_unix(0), "reason": first.text}}));
        assert_eq!(of(&known, &known, &error()), None);
        assert_eq!(of(&none, &none, &Err(SyncError::LostLease)), None);
    }

    #[test]
    fn many_skipped_resources_are_a_warning_when_the_run_before_was_good() {
        let none = State::default();
        assert_eq!(of(&none, &none, &finished(6, 4)).unwrap().severity, Severity::Warning);
        let Ok(Outcome::Finished { finished: bad, .. }) = finished(6, 4) else { panic!("it finished") };
        let before = State { last: Some(*bad), ..State::default() };
        assert_eq!(of(&before, &none, &finished(6, 4)), None);
    }

    #[test]
    fn a_held_publication_is_reported_once_with_its_reasons() {
        let held = json!({"held": {
            "publication": "abc", "since": Timestamp::from_unix(0), "removals": [],
            "changes": [{"kind": "pokemon", "id": 25, "hash": "1", "reason": "types: is empty"}],
        }});
        let after = state(held);
        let notice = of(&State::default(), &after, &finished(0, 0)).unwrap();
        assert_eq!(notice.severity, Severity::Warning);
        assert!(notice.text.contains("pokemon/25 is improbable: types: is empty"), "{}", notice.text);
        assert_eq!(of(&after, &after, &finished(0, 0)), None);
    }
}
