//! Requests and responses of the account routes.

use domain::{accounts::User, catalog::Edits};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{
    examples,
    operations::{Answer, Body, Operation, answer, fresh, id_or_slug, parameter, path},
};
use crate::{
    admin::{AuditPage, UserList},
    auth::{
        Confirmation, Credentials, ExportAnswer, ProfileUpdate, RefreshAnswer, RefreshRequest, Registration,
        Sessions, SignedIn,
    },
    pokemon::{FetchRequest, PokemonAnswer},
    users::{BulkAnswer, BulkRequest, FavoriteRequest, FavoriteRow, Favorites, UserUpdate},
};
use door::body::Done;

/// Returns the description of a body of `T` whose `required` fields must be present.
fn body<T: JsonSchema>(required: &[&str], example: Value) -> Option<Body> {
    let mut settings = SchemaSettings::draft2020_12().for_deserialize();
    (settings.meta_schema, settings.inline_subschemas) = (None, true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    schema["required"] = json!(required);
    // An omitted field stays unchanged or is reported as missing, so no property has a default.
    for property in
        schema["properties"].as_object_mut().into_iter().flat_map(|properties| properties.values_mut())
    {
        property.as_object_mut().map(|property| property.remove("default"));
    }
    Some(Body { schema, example, required: true })
}

fn made(answer: Answer) -> Answer {
    Answer { status: 201, ..fresh(answer) }
}

/// Returns the description of the account route `name`.
///
/// # Panics
/// For a route that is in the table but not described here; generating the description detects it.
pub(super) fn of(name: &str, generator: &mut SchemaGenerator) -> Operation {
    match name {
        "register-user" => Operation {
            tag: "accounts",
            description: "Creates an account and signs in. 409 names the fields whose values belong to another account, or are reserved \
                for one. Some user names (`admin`, `root`, `null`, …) are reserved for no account: 422.",
            parameters: Vec::new(),
            body: body::<Registration>(&["username", "email", "password"], examples::registration()),
            answer: made(answer::<SignedIn>(generator, examples::signed_in("Registration successful"))),
            refusals: &[409, 422],
        },
        "login-user" => Operation {
            tag: "accounts",
            description: "401 does not reveal whether the account exists. Failed and successful sign-ins have limits of \
                their own. While too many passwords wait to be checked, the answer is 503 `server_busy` with Retry-After, and counts \
                as no attempt.",
            parameters: Vec::new(),
            body: body::<Credentials>(&["username", "password"], examples::credentials()),
            answer: fresh(answer::<SignedIn>(generator, examples::signed_in("Login successful"))),
            refusals: &[401, 409, 422],
        },
        "refresh-session" => Operation {
            tag: "accounts",
            description: "The refresh token is in the body or in the `Authorization` header, as Bearer. It is valid once. Simultaneous \
                requests, and a repetition within 40 seconds, get the same successor while that is unused. Any later use of an old \
                token ends the session: 401.",
            parameters: Vec::new(),
            body: body::<RefreshRequest>(&["refresh_token"], examples::refresh_request())
                .map(|body| Body { required: false, ..body }),
            answer: fresh(answer::<RefreshAnswer>(generator, examples::refreshed())),
            refusals: &[],
        },
        "logout-user" => Operation {
            tag: "accounts",
            description: "Ends the session that the access token was issued in; 200 too if it has ended already, or the account is frozen.",
            parameters: Vec::new(),
            body: None,
            answer: fresh(answer::<Done>(generator, json!({"message": "Logout successful"}))),
            refusals: &[409],
        },
        "list-sessions" => Operation {
            tag: "accounts",
            description: "The active sessions of the caller, the latest first.",
            parameters: Vec::new(),
            body: None,
            answer: fresh(answer::<Sessions>(generator, examples::sessions())),
            refusals: &[],
        },
        "end-session" => Operation {
            tag: "accounts",
            description: "Ends one of the caller's sessions.",
            parameters: vec![path(
                "id",
                "Id of a session",
                &json!({"type": "string"}),
                &json!(examples::SESSION),
            )],
            body: None,
            answer: fresh(answer::<Done>(generator, json!({"message": "Session ended"}))),
            refusals: &[404, 409],
        },
        "get-profile" => Operation {
            tag: "accounts",
            description: "The caller's own user. The ETag is for `If-Match`.",
            parameters: Vec::new(),
            body: None,
            answer: fresh(answer::<User>(generator, examples::user())),
            refusals: &[],
        },
        "update-profile" => Operation {
            tag: "accounts",
            description: "Absent fields stay unchanged. A new password requires `current_password` and ends every other \
                session. A new user name or e-mail address requires `current_password`, or a password entered in this session \
                within the last ten minutes: otherwise 403 `reauthentication_required`. The old name and address stay reserved for \
                the same user for 30 days. Changes of either count like registrations; after 20 within 30 days: 429 \
                `too_many_changes`.",
            parameters: Vec::new(),
            body: body::<ProfileUpdate>(&[], json!({"username": "ash_ketchum"})),
            answer: fresh(answer::<User>(generator, examples::user())),
            refusals: &[409, 412],
        },
        "list-favorites" => Operation {
            tag: "favorites",
            description: "Each with its full Pokémon; Pokémon that the catalogue no longer has are omitted.",
            parameters: vec![user_id()],
            body: None,
            answer: fresh(answer::<Favorites<'static>>(generator, examples::favorites())),
            refusals: &[],
        },
        "add-favorite" => Operation {
            tag: "favorites",
            description: "409 if the Pokémon is already a favorite.",
            parameters: vec![user_id()],
            body: body::<FavoriteRequest>(&["pokemon_id"], json!({"pokemon_id": 25})),
            answer: made(answer::<FavoriteRow<'static>>(generator, examples::favorite())),
            refusals: &[404, 409],
        },
        "remove-favorite" => Operation {
            tag: "favorites",
            description: "The body names the Pokémon. 404 with the code `not_favorite` if it is not a favorite.",
            parameters: vec![user_id()],
            body: body::<FavoriteRequest>(&["pokemon_id"], json!({"pokemon_id": 25})),
            answer: fresh(answer::<Done>(generator, json!({"message": "Removed from favorites"}))),
            refusals: &[404, 409],
        },
        "delete-favorite" => Operation {
            tag: "favorites",
            description: "The same as DELETE with a body, for clients that cannot send one.",
            parameters: vec![
                user_id(),
                path(
                    "pokemon_id",
                    "Id of the Pokémon",
                    &json!({"type": "integer", "minimum": 1}),
                    &json!(25),
                ),
            ],
            body: None,
            answer: fresh(answer::<Done>(generator, json!({"message": "Removed from favorites"}))),
            refusals: &[404, 409],
        },
        "get-jwks" => Operation {
            tag: "accounts",
            description: "A JSON Web Key Set (RFC 7517): the previous, the current and the next signing key.",
            parameters: Vec::new(),
            body: None,
            answer: Answer {
                status: 200,
                schema: json!({
                    "type": "object",
                    "required": ["keys"],
                    "properties": {"keys": {"type": "array", "items": {"type": "object", "required": ["kty", "kid"]}}},
                }),
                example: json!({"keys": []}),
                cached: false,
            },
            refusals: &[],
        },
        "add-favorites" => Operation {
            tag: "favorites",
            description: "Existing favorites stay; ids that are not Pokémon are reported. The request can safely be repeated.",
            parameters: vec![user_id()],
            body: body::<BulkRequest>(&["pokemon_ids"], json!({"pokemon_ids": [1, 4, 99999]})),
            answer: fresh(answer::<BulkAnswer>(generator, examples::bulk())),
            refusals: &[409],
        },
        "remove-favorites" => Operation {
            tag: "favorites",
            description: "Ids that are not favorites are ignored. The request can safely be repeated.",
            parameters: vec![user_id()],
            body: body::<BulkRequest>(&["pokemon_ids"], json!({"pokemon_ids": [1, 4]})),
            answer: fresh(answer::<BulkAnswer>(generator, examples::bulk())),
            refusals: &[409],
        },
        "delete-profile" => Operation {
            tag: "accounts",
            description: "Deletes all data of the caller; only the audit trail keeps the id. Requires the password.",
            parameters: Vec::new(),
            body: body::<Confirmation>(&["password"], json!({"password": "pallet town, route 1"})),
            answer: fresh(answer::<Done>(generator, json!({"message": "Account deleted"}))),
            refusals: &[404, 409],
        },
        "export-account" => Operation {
            tag: "accounts",
            description: "A zip file with all data of the caller as JSON and CSV. If the service stores exports, the response is a link \
                that is valid for ten minutes; otherwise it is the file. Requires the password.",
            parameters: Vec::new(),
            body: body::<Confirmation>(&["password"], json!({"password": "pallet town, route 1"})),
            answer: Answer { status: 202, ..fresh(answer::<ExportAnswer>(generator, examples::export())) },
            refusals: &[409],
        },
        "fetch-pokemon" => Operation {
            tag: "administration",
            description: "Fetches a Pokémon from PokeAPI; a hidden one becomes visible again. 200 if it existed before; 404 if \
                PokeAPI does not have it; 502 `pokeapi_invalid_document` names the field of PokeAPI's document that cannot be used, 503 \
                `pokeapi_unavailable` says that PokeAPI is down; 409 with Retry-After while the catalogue is being refreshed, and nothing is changed.",
            parameters: Vec::new(),
            body: body::<FetchRequest>(&["pokemon_id"], json!({"pokemon_id": 1})),
            answer: made(answer::<PokemonAnswer<'static>>(generator, examples::pokemon())),
            refusals: &[404, 409, 502],
        },
        "update-pokemon" => Operation {
            tag: "administration",
            description: "Replaces values of PokeAPI; absent fields keep PokeAPI's values. Without any field, the Pokémon is fetched \
                again, with 502 and 503 as for a fetch. Lists, searches, types, abilities and evolutions follow.",
            parameters: vec![id_or_slug()],
            body: body::<Edits>(&[], json!({"display_name": "Bulbasaur", "types": ["grass"]}))
                .map(|body| Body { required: false, ..body }),
            answer: fresh(answer::<PokemonAnswer<'static>>(generator, examples::pokemon())),
            refusals: &[404, 409, 502],
        },
        "hide-pokemon" => Operation {
            tag: "administration",
            description: "Removes the Pokémon from all responses until it is fetched again.",
            parameters: vec![id_or_slug()],
            body: None,
            answer: fresh(answer::<Done>(generator, json!({"message": "Pokémon hidden"}))),
            refusals: &[404, 409],
        },
        "list-users" => Operation {
            tag: "administration",
            description: "In the order of registration. A page past the end is empty. `total` counts every account, from its \
                registration to the end of its deletion. `next` is for `cursor`, which continues from there at the same cost however \
                long the list is; a page costs as much as all pages up to it. `page` and `cursor` exclude each other.",
            parameters: vec![per_page(), page(), cursor()],
            body: None,
            answer: fresh(answer::<UserList>(generator, examples::users())),
            refusals: &[],
        },
        "get-user" => Operation {
            tag: "administration",
            description: "The caller's own user; for administrators, any user.",
            parameters: vec![user_id()],
            body: None,
            answer: fresh(answer::<User>(generator, examples::user())),
            refusals: &[404],
        },
        "update-user" => Operation {
            tag: "administration",
            description: "The caller's own user, as in the profile; for administrators, `is_admin` and `is_frozen` of any user. The last \
                administrator cannot be demoted.",
            parameters: vec![user_id()],
            body: body::<UserUpdate>(&[], json!({"is_frozen": true})),
            answer: fresh(answer::<User>(generator, examples::user())),
            refusals: &[404, 409, 412],
        },
        "delete-user" => Operation {
            tag: "administration",
            description: "The caller's own account, with the password; for administrators, any account, without a body.",
            parameters: vec![user_id()],
            body: body::<Confirmation>(&["password"], json!({"password": "pallet town, route 1"}))
                .map(|body| Body { required: false, ..body }),
            answer: fresh(answer::<Done>(generator, json!({"message": "Account deleted"}))),
            refusals: &[404, 409],
        },
        "list-audit" => Operation {
            tag: "administration",
            description: "The latest first, by actor or by day; without either, today's events.",
            parameters: vec![
                parameter(
                    "query",
                    "actor",
                    "Id of a user",
                    &json!({"type": "string"}),
                    &json!(examples::USER),
                ),
                parameter("query", "day", "A date in UTC", &json!({"type": "string"}), &json!("2026-11-23")),
                per_page(),
                cursor(),
            ],
            body: None,
            answer: fresh(answer::<AuditPage>(generator, examples::audit())),
            refusals: &[],
        },
        other => panic!("openapi/ does not describe the route {other}"),
    }
}

/// Returns the successful responses besides the one in [`of`], by status: description, media type, schema and example.
pub(super) fn others(name: &str, generator: &mut SchemaGenerator) -> Vec<(u16, &'static str, Value)> {
    let json =
        |Answer { schema, example, .. }| json!({"application/json": {"schema": schema, "example": example}});
    let stored =
        json!({"message": "Stored; the change becomes visible when the catalogue has been published"});
    let later = |generator: &mut SchemaGenerator| {
        (202, "Stored; the catalogue is still being published.", json(answer::<Done>(generator, stored)))
    };
    match name {
        "fetch-pokemon" => {
            let there = answer::<PokemonAnswer<'static>>(generator, examples::pokemon());
            vec![(200, "The Pokémon existed before.", json(there)), later(generator)]
        }
        "update-pokemon" | "hide-pokemon" => vec![later(generator)],
        "export-account" => vec![(200, "The exported file.", json!({"application/zip": {"schema": {}}}))],
        _ => Vec::new(),
    }
}

fn user_id() -> Value {
    path("id", "Id of the user", &json!({"type": "string", "format": "uuid"}), &json!(examples::USER))
}

pub(super) fn if_match() -> Value {
    let schema = json!({"type": "string"});
    let description =
        "ETags of the versions that may be changed, separated by commas, or `*`; a weak one matches nothing";
    parameter("header", "If-Match", description, &schema, &json!("*"))
}

pub(super) fn idempotency_key() -> Value {
    let schema = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"});
    let description = "Identifies the change: repeated requests with the same key have one effect and the same response. 422 with another body.";
    parameter(
        "header",
        "Idempotency-Key",
        description,
        &schema,
        &json!("0b7e3f0c-9d5a-4e6f-8a1b-2c3d4e5f6071"),
    )
}

fn per_page() -> Value {
    let schema = json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50});
    parameter("query", "per_page", "Items per page", &schema, &json!(50))
}

fn page() -> Value {
    let schema = json!({"type": "integer", "minimum": 1, "maximum": u32::MAX, "default": 1});
    parameter("query", "page", "The page, from 1", &schema, &json!(1))
}

fn cursor() -> Value {
    let schema = json!({"type": "string"});
    parameter("query", "cursor", "The `next` of the previous page", &schema, &json!(examples::USER))
}
