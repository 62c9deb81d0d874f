//! What the routes of accounts take and answer.

use domain::{accounts::User, catalog::Edits};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{
    examples,
    operations::{Answer, Body, Operation, answer, fresh, id, parameter, path},
};
use crate::{
    admin::{AuditPage, UserList},
    auth::{
        Confirmation, Credentials, ExportAnswer, ProfileUpdate, RefreshAnswer, RefreshRequest, Registration,
        Sessions, SignedIn,
    },
    body::Done,
    pokemon::{FetchRequest, PokemonAnswer},
    users::{BulkAnswer, BulkRequest, FavoriteRequest, FavoriteRow, Favorites, UserUpdate},
};

/// A body of `T`, in which the fields of `required` must be.
fn body<T: JsonSchema>(required: &[&str], example: Value) -> Option<Body> {
    let mut settings = SchemaSettings::draft2020_12().for_deserialize();
    (settings.meta_schema, settings.inline_subschemas) = (None, true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    schema["required"] = json!(required);
    // What is left out stays as it is, or is told as missing: no default is ever taken.
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

/// # Panics
/// For a name that the table has and this does not: caught whenever the description is generated.
pub(super) fn of(name: &str, generator: &mut SchemaGenerator) -> Operation {
    match name {
        "register-user" => Operation {
            tag: "accounts",
            description: "Makes an account and signs in. 409 names what is somebody else's.",
            parameters: Vec::new(),
            body: body::<Registration>(&["username", "email", "password"], examples::registration()),
            answer: made(answer::<SignedIn>(generator, examples::signed_in("Welcome."))),
            refusals: &[409, 422],
        },
        "login-user" => Operation {
            tag: "accounts",
            description: "401 says the same whether there is such an account or not.",
            parameters: Vec::new(),
            body: body::<Credentials>(&["username", "password"], examples::credentials()),
            answer: fresh(answer::<SignedIn>(generator, examples::signed_in("Welcome back."))),
            refusals: &[401, 409, 422],
        },
        "refresh-session" => Operation {
            tag: "accounts",
            description: "The refresh token is in the body, or shown as Bearer. It is good once: 409 with Retry-After while another \
                request uses it; within ten seconds it is answered as before; later use ends the session.",
            parameters: Vec::new(),
            body: body::<RefreshRequest>(&["refresh_token"], examples::refresh_request())
                .map(|body| Body { required: false, ..body }),
            answer: fresh(answer::<RefreshAnswer>(generator, examples::refreshed())),
            refusals: &[409],
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
            description: "Where one is signed in, the latest first.",
            parameters: Vec::new(),
            body: None,
            answer: fresh(answer::<Sessions>(generator, examples::sessions())),
            refusals: &[],
        },
        "end-session" => Operation {
            tag: "accounts",
            description: "Signs out elsewhere.",
            parameters: vec![path(
                "id",
                "Id of a session",
                &json!({"type": "string"}),
                &json!(examples::SESSION),
            )],
            body: None,
            answer: fresh(answer::<Done>(generator, json!({"message": "The session has ended."}))),
            refusals: &[404, 409],
        },
        "get-profile" => Operation {
            tag: "accounts",
            description: "Who asks, as a user. The ETag is for `If-Match`.",
            parameters: Vec::new(),
            body: None,
            answer: fresh(answer::<User>(generator, examples::user())),
            refusals: &[],
        },
        "update-profile" => Operation {
            tag: "accounts",
            description: "What is left out stays. A new password needs `current_password`, and ends every other session.",
            parameters: Vec::new(),
            body: body::<ProfileUpdate>(&[], json!({"username": "ash_ketchum"})),
            answer: fresh(answer::<User>(generator, examples::user())),
            refusals: &[409, 412],
        },
        "list-favorites" => Operation {
            tag: "favorites",
            description: "Each with its whole Pokémon; one that the catalogue no longer has is left out.",
            parameters: vec![user_id()],
            body: None,
            answer: fresh(answer::<Favorites<'static>>(generator, examples::favorites())),
            refusals: &[],
        },
        "add-favorite" => Operation {
            tag: "favorites",
            description: "409 for one that is a favorite already.",
            parameters: vec![user_id()],
            body: body::<FavoriteRequest>(&["pokemon_id"], json!({"pokemon_id": 25})),
            answer: made(answer::<FavoriteRow<'static>>(generator, examples::favorite())),
            refusals: &[404, 409],
        },
        "remove-favorite" => Operation {
            tag: "favorites",
            description: "The body names it.",
            parameters: vec![user_id()],
            body: body::<FavoriteRequest>(&["pokemon_id"], json!({"pokemon_id": 25})),
            answer: fresh(answer::<Done>(generator, json!({"message": "Removed from the favorites."}))),
            refusals: &[404, 409],
        },
        "delete-favorite" => Operation {
            tag: "favorites",
            description: "The same for clients whose DELETE has no body.",
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
            answer: fresh(answer::<Done>(generator, json!({"message": "Removed from the favorites."}))),
            refusals: &[404, 409],
        },
        "get-jwks" => Operation {
            tag: "accounts",
            description: "A JSON Web Key Set (RFC 7517): the key that signed last, the one that signs, and the one that will.",
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
            description: "What is a favorite already stays one; what is no Pokémon is told. Whoever was cut off may ask again.",
            parameters: vec![user_id()],
            body: body::<BulkRequest>(&["pokemon_ids"], json!({"pokemon_ids": [1, 4, 99999]})),
            answer: fresh(answer::<BulkAnswer>(generator, examples::bulk())),
            refusals: &[409],
        },
        "remove-favorites" => Operation {
            tag: "favorites",
            description: "What is no favorite stays none.",
            parameters: vec![user_id()],
            body: body::<BulkRequest>(&["pokemon_ids"], json!({"pokemon_ids": [1, 4]})),
            answer: fresh(answer::<BulkAnswer>(generator, examples::bulk())),
            refusals: &[409],
        },
        "delete-profile" => Operation {
            tag: "accounts",
            description: "Takes away everything that is one's own; the trail keeps the id. Needs the password.",
            parameters: Vec::new(),
            body: body::<Confirmation>(&["password"], json!({"password": "pallet town, route 1"})),
            answer: fresh(answer::<Done>(generator, json!({"message": "The account is deleted."}))),
            refusals: &[404, 409],
        },
        "export-account" => Operation {
            tag: "accounts",
            description: "A zip with everything as JSON and as CSV. Where the service has a place for it, the answer is a link that is \
                good for ten minutes; else it is the file. Needs the password.",
            parameters: Vec::new(),
            body: body::<Confirmation>(&["password"], json!({"password": "pallet town, route 1"})),
            answer: Answer { status: 202, ..fresh(answer::<ExportAnswer>(generator, examples::export())) },
            refusals: &[409],
        },
        "fetch-pokemon" => Operation {
            tag: "administration",
            description: "Asks PokeAPI for it, and shows it again where it was hidden. 200 where it was there before; 404 for one that \
                PokeAPI does not have; 409 with Retry-After while the catalogue is being refreshed, and nothing is changed.",
            parameters: Vec::new(),
            body: body::<FetchRequest>(&["pokemon_id"], json!({"pokemon_id": 1})),
            answer: made(answer::<PokemonAnswer<'static>>(generator, examples::pokemon())),
            refusals: &[404, 409],
        },
        "update-pokemon" => Operation {
            tag: "administration",
            description: "What it is to be instead of what PokeAPI says; what is left out is PokeAPI's. Without any, PokeAPI is asked for \
                it anew. Lists, searches, types, abilities and evolutions follow.",
            parameters: vec![id()],
            body: body::<Edits>(&[], json!({"display_name": "Bulbasaur", "types": ["grass"]}))
                .map(|body| Body { required: false, ..body }),
            answer: fresh(answer::<PokemonAnswer<'static>>(generator, examples::pokemon())),
            refusals: &[404, 409],
        },
        "hide-pokemon" => Operation {
            tag: "administration",
            description: "It is as if PokeAPI did not have it, until it is fetched.",
            parameters: vec![id()],
            body: None,
            answer: fresh(answer::<Done>(generator, json!({"message": "The Pokémon is hidden."}))),
            refusals: &[404, 409],
        },
        "list-users" => Operation {
            tag: "administration",
            description: "By when they came. A page past the end is empty.",
            parameters: vec![per_page(), page()],
            body: None,
            answer: fresh(answer::<UserList>(generator, examples::users())),
            refusals: &[],
        },
        "get-user" => Operation {
            tag: "administration",
            description: "Oneself; for administrators, anybody.",
            parameters: vec![user_id()],
            body: None,
            answer: fresh(answer::<User>(generator, examples::user())),
            refusals: &[404],
        },
        "update-user" => Operation {
            tag: "administration",
            description: "Oneself, as in the profile; for administrators `is_admin` and `is_frozen` of anybody. One administrator is \
                always left.",
            parameters: vec![user_id()],
            body: body::<UserUpdate>(&[], json!({"is_frozen": true})),
            answer: fresh(answer::<User>(generator, examples::user())),
            refusals: &[404, 409, 412],
        },
        "delete-user" => Operation {
            tag: "administration",
            description: "Oneself, with the password; for administrators anybody, without a body.",
            parameters: vec![user_id()],
            body: body::<Confirmation>(&["password"], json!({"password": "pallet town, route 1"}))
                .map(|body| Body { required: false, ..body }),
            answer: fresh(answer::<Done>(generator, json!({"message": "The account is deleted."}))),
            refusals: &[404, 409],
        },
        "list-audit" => Operation {
            tag: "administration",
            description: "The latest first, by actor or by day; today where neither is named.",
            parameters: vec![
                parameter(
                    "query",
                    "actor",
                    "Id of a user",
                    &json!({"type": "string"}),
                    &json!(examples::USER),
                ),
                parameter("query", "day", "A day in UTC", &json!({"type": "string"}), &json!("2026-11-23")),
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

/// The answers of success besides the one in [`of`], by status: description, media type, schema and example.
pub(super) fn others(name: &str, generator: &mut SchemaGenerator) -> Vec<(u16, &'static str, Value)> {
    let json =
        |Answer { schema, example, .. }| json!({"application/json": {"schema": schema, "example": example}});
    let stored = json!({"message": "It is stored, and will be seen once the catalogue has been published."});
    let later = |generator: &mut SchemaGenerator| {
        (202, "Stored; the catalogue is still being published.", json(answer::<Done>(generator, stored)))
    };
    match name {
        "fetch-pokemon" => {
            let there = answer::<PokemonAnswer<'static>>(generator, examples::pokemon());
            vec![(200, "It was there before.", json(there)), later(generator)]
        }
        "update-pokemon" | "hide-pokemon" => vec![later(generator)],
        "export-account" => vec![(200, "The file itself.", json!({"application/zip": {"schema": {}}}))],
        _ => Vec::new(),
    }
}

fn user_id() -> Value {
    path("id", "One's own id", &json!({"type": "string", "format": "uuid"}), &json!(examples::USER))
}

pub(super) fn if_match() -> Value {
    let schema = json!({"type": "string"});
    parameter("header", "If-Match", "The ETag of the profile that is changed", &schema, &json!("*"))
}

pub(super) fn idempotency_key() -> Value {
    let schema = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"});
    let description = "Stands for this change: asked again with it, it is done once and answered alike. 422 with another body.";
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
    parameter("query", "per_page", "How many a page", &schema, &json!(50))
}

fn page() -> Value {
    let schema = json!({"type": "integer", "minimum": 1, "maximum": u32::MAX, "default": 1});
    parameter("query", "page", "From 1", &schema, &json!(1))
}

fn cursor() -> Value {
    let schema = json!({"type": "string"});
    parameter("query", "cursor", "Where the page before ended: its `next`", &schema, &json!(examples::USER))
}
