//! The OpenAPI operations of the lists for administrators, with their examples.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::{AuditPage, UserList, UserPagination};
use crate::{
    openapi::vocabulary::{MOMENT, Operation, answer, query},
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
