//! The OpenAPI operations of users and favorites, with their examples.

use domain::accounts::User;
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::{BulkAnswer, BulkRequest, FavoriteRequest, FavoriteRow, Favorites, UserUpdate};
use crate::{
    auth::Confirmation,
    openapi::vocabulary::{Body, MOMENT, Operation, answer, body, done, if_match, path, value},
    pokemon::docs::example_row,
};

pub(crate) fn favorites(generator: &mut SchemaGenerator) -> Operation {
    let description = "Each with its full Pokémon; Pokémon that the catalogue no longer has are omitted.";
    let example = json!({"user_id": USER, "favorites": [example_favorite()]});
    Operation::new("favorites", description, answer::<Favorites<'static>>(generator, example).fresh())
        .parameters(vec![id()])
}

pub(crate) fn add_favorite(generator: &mut SchemaGenerator) -> Operation {
    let answer = answer::<FavoriteRow<'static>>(generator, example_favorite()).created();
    Operation::new("favorites", "409 if the Pokémon is already a favorite.", answer)
        .parameters(vec![id()])
        .body(body::<FavoriteRequest>(&["pokemon_id"], json!({"pokemon_id": 25})))
        .refusals(&[404, 409])
}

pub(crate) fn remove_favorite(generator: &mut SchemaGenerator) -> Operation {
    let description = "The body names the Pokémon. 404 with the code `not_favorite` if it is not a favorite.";
    Operation::new("favorites", description, done(generator, "Removed from favorites"))
        .parameters(vec![id()])
        .body(body::<FavoriteRequest>(&["pokemon_id"], json!({"pokemon_id": 25})))
        .refusals(&[404, 409])
}

pub(crate) fn delete_favorite(generator: &mut SchemaGenerator) -> Operation {
    let description = "The same as DELETE with a body, for clients that cannot send one.";
    let schema = json!({"type": "integer", "minimum": 1});
    let pokemon_id = path("pokemon_id", "Id of the Pokémon", &schema, &json!(25));
    Operation::new("favorites", description, done(generator, "Removed from favorites"))
        .parameters(vec![id(), pokemon_id])
        .refusals(&[404, 409])
}

pub(crate) fn add_favorites(generator: &mut SchemaGenerator) -> Operation {
    let description =
        "Existing favorites stay; ids that are not Pokémon are reported. The request can safely be repeated.";
    Operation::new("favorites", description, answer::<BulkAnswer>(generator, example_bulk()).fresh())
        .parameters(vec![id()])
        .body(body::<BulkRequest>(&["pokemon_ids"], json!({"pokemon_ids": [1, 4, 99999]})))
        .refusals(&[409])
}

pub(crate) fn remove_favorites(generator: &mut SchemaGenerator) -> Operation {
    let description = "Ids that are not favorites are ignored. The request can safely be repeated.";
    Operation::new("favorites", description, answer::<BulkAnswer>(generator, example_bulk()).fresh())
        .parameters(vec![id()])
        .body(body::<BulkRequest>(&["pokemon_ids"], json!({"pokemon_ids": [1, 4]})))
        .refusals(&[409])
}

pub(crate) fn delete_profile(generator: &mut SchemaGenerator) -> Operation {
    let description =
        "Deletes all data of the caller; only the audit trail keeps the id. Requires the password.";
    Operation::new("accounts", description, done(generator, "Account deleted"))
        .body(confirmation())
        .refusals(&[404, 409])
}

pub(crate) fn get(generator: &mut SchemaGenerator) -> Operation {
    let answer = answer::<User>(generator, example_user()).fresh();
    Operation::new("administration", "The caller's own user; for administrators, any user.", answer)
        .parameters(vec![id()])
        .refusals(&[404])
}

pub(crate) fn update(generator: &mut SchemaGenerator) -> Operation {
    let description = "The caller's own user, as in the profile; for administrators, `is_admin` and `is_frozen` of any user. The last \
        administrator cannot be demoted.";
    Operation::new("administration", description, answer::<User>(generator, example_user()).fresh())
        .parameters(vec![id(), if_match()])
        .body(body::<UserUpdate>(&[], json!({"is_frozen": true})))
        .refusals(&[404, 409, 412])
}

pub(crate) fn delete_user(generator: &mut SchemaGenerator) -> Operation {
    let description =
        "The caller's own account, with the password; for administrators, any account, without a body.";
    Operation::new("administration", description, done(generator, "Account deleted"))
        .parameters(vec![id()])
        .body(confirmation().optional())
        .refusals(&[404, 409])
}

/// Returns the path parameter that names a user.
fn id() -> Value {
    path("id", "Id of the user", &json!({"type": "string", "format": "uuid"}), &json!(USER))
}

/// The id of the example user.
pub(crate) const USER: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

pub(crate) fn example_user() -> Value {
    json!({
        "id": USER, "username": "ash_ketchum", "email": "ash@example.com", "is_admin": false,
        "created_at": MOMENT, "updated_at": MOMENT,
    })
}

/// Returns the body of a request that the caller confirms with the password.
pub(crate) fn confirmation() -> Body {
    body::<Confirmation>(&["password"], json!({"password": "pallet town, route 1"}))
}

fn example_favorite() -> Value {
    json!({
        "id": format!("{USER}-25"), "user_id": USER, "pokemon_id": 25, "created_at": MOMENT,
        "pokemon": value(example_row()),
    })
}

fn example_bulk() -> Value {
    json!({"message": "Favorites added", "results": [
        {"pokemon_id": 1, "is_favorite": true}, {"pokemon_id": 4, "is_favorite": true},
        {"pokemon_id": 99999, "is_favorite": false, "error": "not_found"},
    ]})
}
