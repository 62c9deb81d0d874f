//! The OpenAPI operations of the routes for administrators, with their examples.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::{ApprovalRequest, AuditPage, SyncStatus, UserList, UserPagination};
use crate::{
    openapi::vocabulary::{Answer, MOMENT, Operation, answer, body, query},
    users::docs::{USER, example_user},
};

pub(crate) fn users(generator: &mut SchemaGenerator) -> Operation {
    let description = "In the order of registration. A page past the end is empty. `total` counts every account, from its \
        registration to the end of its deletion. `next` is for `cursor`, which continues from there at the same cost however \
        long the list is; a page costs as much as all pages up to it. `page` and `cursor` exclude each other.";
    let pagination = UserPagination::new(Some(1), 50, 1, None);
    let example = json!({"users": [example_user()], "pagination": pagination});
    Operation::new("administration", description, answer::<UserList>(generator, example).fresh())
        .parameters(vec![per_page(), page(), cursor()])
}

pub(crate) fn audit(generator: &mut SchemaGenerator) -> Operation {
    let description = "The latest first, by actor or by day; without either, today's events.";
    let example = json!({"events": [{
        "id": "01890a5d-ac96-774b-bcce-b302099a8058", "at": MOMENT, "actor": USER, "action": "add_favorite",
        "target": "pokemon:25", "outcome": "done", "request_id": "0b7e3f0c9d5a4e6f8a1b2c3d4e5f6071",
    }], "pagination": {"per_page": 50, "has_next": false, "next": null}});
    let actor = query("actor", "Id of a user", &json!({"type": "string"}), &json!(USER));
    let day = query("day", "A date in UTC", &json!({"type": "string"}), &json!("2026-11-23"));
    Operation::new("administration", description, answer::<AuditPage>(generator, example).fresh())
        .parameters(vec![actor, day, per_page(), cursor()])
}

pub(crate) fn sync(generator: &mut SchemaGenerator) -> Operation {
    let description = "The run that has begun, what it skipped, improbable changes that wait for an approval, and the last runs.";
    Operation::new("administration", description, example_status(generator))
}

pub(crate) fn start_sync(generator: &mut SchemaGenerator) -> Operation {
    let description = "Requests a run over everything, however recent the last one is. 409 `catalogue_busy` while a run or a change of an \
        administrator is being written, 409 `sync_waiting` while another request waits.";
    requested(generator, description)
}

pub(crate) fn retry_sync(generator: &mut SchemaGenerator) -> Operation {
    let description = "Requests a run over the resources that the last run skipped. 409 `nothing_skipped` if it skipped nothing, otherwise as \
        for a start, and 409 `sync_waiting` while a run over everything has begun and not ended.";
    requested(generator, description)
}

pub(crate) fn approve_sync(generator: &mut SchemaGenerator) -> Operation {
    let description = "Approves exactly the changes of the held publication, and requests a run over them, which publishes the catalogue. \
        If PokeAPI has changed them again, they are held again. 409 `nothing_held`, or `publication_superseded` if other changes are held \
        now; otherwise as for another attempt.";
    requested(generator, description)
        .body(body::<ApprovalRequest>(&["publication"], json!({"publication": PUBLICATION})))
}

const PUBLICATION: &str = "5f4dcc3b5aa765d61d8327deb882cf99";

fn requested(generator: &mut SchemaGenerator, description: &'static str) -> Operation {
    let accepted =
        Answer { status: 202, description: "Requested; the writer begins.", ..example_status(generator) };
    Operation::new("administration", description, accepted).refusals(&[409])
}

fn example_status(generator: &mut SchemaGenerator) -> Answer {
    let tally = json!({"fetched": 12, "unchanged": 5_856, "changed": 2, "skipped": 1});
    let mut run = json!({
        "scope": "everything", "started_at": MOMENT, "finished_at": MOMENT, "written": 0, "removed": 0, "index": null,
    });
    if let (Some(run), Some(tally)) = (run.as_object_mut(), tally.as_object()) {
        run.extend(tally.clone());
    }
    let example = json!({
        "status": "idle",
        "catalog": {"index": "3-0f343b0931126a20", "indexed_at": MOMENT},
        "run": null,
        "request": null,
        "held": {
            "publication": PUBLICATION, "since": MOMENT, "removals": [],
            "changes": [{"resource": "pokemon/25", "reason": "stats: attack 9999 is not between 1 and 255"}],
        },
        "waits_until": null,
        "last_good_at": MOMENT,
        "error": null,
        "skipped": [{"resource": "pokemon/10001", "reason": "answered 404 Not Found", "is_temporary": false}],
        "recent": [run],
        "assets": {
            "is_running": false, "assets": 12_738, "files": 17_761, "bytes": 148_000_000, "rejected": 1, "gone": 0,
            "waits_until": null,
            "last": {
                "started_at": MOMENT, "ended_at": MOMENT, "is_complete": true, "stored": 2, "unchanged": 1_412,
                "rejected": 1, "gone": 0, "failed": 0, "files": 4, "bytes": 21_400,
            },
            "error": null,
            "skipped": [{"kind": "dream_world", "path": "1.svg", "reason": "it is not a picture"}],
        },
    });
    answer::<SyncStatus>(generator, example).fresh()
}

fn per_page() -> Value {
    let schema = json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50});
    query("per_page", "Items per page", &schema, &json!(50))
}

fn page() -> Value {
    let schema = json!({"type": "integer", "minimum": 1, "maximum": u32::MAX, "default": 1});
    query("page", "The page, from 1", &schema, &json!(1))
}

fn cursor() -> Value {
    query("cursor", "The `next` of the previous page", &json!({"type": "string"}), &json!(USER))
}
