//! The OpenAPI operations of accounts and sessions, with their examples.

use domain::accounts::User;
use schemars::SchemaGenerator;
use serde_json::json;

use super::{
    Credentials, ExportAnswer, ProfileUpdate, RefreshAnswer, RefreshRequest, Registration, Sessions, SignedIn,
};
use crate::{
    openapi::vocabulary::{Answer, MOMENT, Operation, answer, body, done, if_match, path},
    users::docs::{USER, confirmation, example_user},
};

const TAG: &str = "accounts";

pub(crate) fn register(generator: &mut SchemaGenerator) -> Operation {
    let description = "Creates an account and signs in. 409 names the fields whose values belong to another account, or are reserved \
        for one. Some user names (`admin`, `root`, `null`, …) are not available: 422.";
    let example =
        json!({"username": "ash_ketchum", "email": "ash@example.com", "password": "pallet town, route 1"});
    Operation::new(TAG, description, signed_in(generator, "Registration successful").created())
        .body(body::<Registration>(&["username", "email", "password"], example))
        .refusals(&[409, 422])
}

pub(crate) fn login(generator: &mut SchemaGenerator) -> Operation {
    let description = "401 does not reveal whether the account exists. Failed and successful sign-ins have separate \
        limits. While too many passwords wait to be checked, the answer is 503 `server_busy` with Retry-After, and the \
        sign-in does not count as an attempt.";
    let example = json!({"username": "ash_ketchum", "password": "pallet town, route 1"});
    Operation::new(TAG, description, signed_in(generator, "Login successful").fresh())
        .body(body::<Credentials>(&["username", "password"], example))
        .refusals(&[401, 409, 422])
}

pub(crate) fn refresh(generator: &mut SchemaGenerator) -> Operation {
    let description = "The refresh token is in the body or in the `Authorization` header, as Bearer. It is valid once. Simultaneous \
        requests, and a repetition within 40 seconds, get the same successor while that is unused. Any later use of an old \
        token ends the session: 401.";
    let refreshed = json!({
        "access_token": "eyJ…", "refresh_token": "rt_…", "expires_in": 900, "user": example_user(),
    });
    let request = json!({"refresh_token": "rt_…"});
    Operation::new(TAG, description, answer::<RefreshAnswer>(generator, refreshed).fresh())
        .body(body::<RefreshRequest>(&["refresh_token"], request).optional())
}

pub(crate) fn logout(generator: &mut SchemaGenerator) -> Operation {
    let description = "Ends the session in which the access token was issued. Returns 200 even if the session has ended already \
        or the account is frozen.";
    Operation::new(TAG, description, done(generator, "Logout successful")).refusals(&[409])
}

pub(crate) fn sessions(generator: &mut SchemaGenerator) -> Operation {
    let example = json!({"sessions": [{
        "id": SESSION, "created_at": MOMENT, "last_used_at": MOMENT, "expires_at": MOMENT, "is_current": true,
    }]});
    let answer = answer::<Sessions>(generator, example).fresh();
    Operation::new(TAG, "The active sessions of the caller, the latest first.", answer)
}

pub(crate) fn end_session(generator: &mut SchemaGenerator) -> Operation {
    let id = path("id", "Id of a session", &json!({"type": "string"}), &json!(SESSION));
    Operation::new(TAG, "Ends one of the caller's sessions.", done(generator, "Session ended"))
        .parameters(vec![id])
        .refusals(&[404, 409])
}

pub(crate) fn profile(generator: &mut SchemaGenerator) -> Operation {
    let answer = answer::<User>(generator, example_user()).fresh();
    Operation::new(TAG, "The caller's own user. The ETag is for `If-Match`.", answer)
}

pub(crate) fn update_profile(generator: &mut SchemaGenerator) -> Operation {
    let description = "Absent fields stay unchanged. A new password requires `current_password` and ends every other \
        session. A new user name or e-mail address requires `current_password`, or a password entered in this session \
        within the last ten minutes: otherwise 403 `reauthentication_required`. The old name and address stay reserved for \
        the same user for 30 days. Changes of either count like registrations; after 20 within 30 days: 429 \
        `too_many_changes`.";
    Operation::new(TAG, description, answer::<User>(generator, example_user()).fresh())
        .parameters(vec![if_match()])
        .body(body::<ProfileUpdate>(&[], json!({"username": "ash_ketchum"})))
        .refusals(&[409, 412])
}

pub(crate) fn export(generator: &mut SchemaGenerator) -> Operation {
    let description = "A zip file with all data of the caller as JSON and CSV. If the service stores exports, the response is a link \
        that is valid for ten minutes; otherwise it is the file. Requires the password.";
    let example = json!({
        "message": "The export is available at this URL for 10 minutes",
        "url": format!("https://exports.example/{USER}.zip?signed"),
        "expires_at": MOMENT,
    });
    let link = answer::<ExportAnswer>(generator, example).fresh();
    let link = Answer { status: 202, description: "Accepted: the location of the file", ..link };
    let file = Answer {
        status: 200,
        description: "The exported file.",
        content: json!({"application/zip": {"schema": {}}}),
        headers: Vec::new(),
        cached: false,
    };
    Operation::new(TAG, description, link).body(confirmation()).or(file).refusals(&[409])
}

pub(crate) fn jwks(_: &mut SchemaGenerator) -> Operation {
    let schema = json!({
        "type": "object",
        "required": ["keys"],
        "properties": {"keys": {"type": "array", "items": {"type": "object", "required": ["kty", "kid"]}}},
    });
    let description = "A JSON Web Key Set (RFC 7517): the previous, the current and the next signing key.";
    Operation::new(TAG, description, Answer::json(&schema, &json!({"keys": []})).fresh())
}

fn signed_in(generator: &mut SchemaGenerator, message: &str) -> Answer {
    let example = json!({
        "message": message, "user": example_user(), "access_token": "eyJ…", "refresh_token": "rt_…", "expires_in": 900,
    });
    answer::<SignedIn>(generator, example)
}

const SESSION: &str = "kM7nqW2bTf-9xZc1Lr4yVw";
