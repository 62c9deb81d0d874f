//! The texts that clients show to users.

use http::Method;
use serde_json::{Value, json};
use tests::{ASH, House, PASSWORD, SampleUsers};

/// Status, code and text of the response to a request.
async fn response(
    house: &House,
    method: Method,
    path: &str,
    token: &str,
    body: &Value,
) -> (u16, Value, Value) {
    let token = Some(token).filter(|token| !token.is_empty());
    let answer = house.call(method, &format!("/api/v1{path}"), token, Some(body)).await;
    let mut body = answer.json();
    (answer.status.as_u16(), body["code"].take(), body["message"].take())
}

#[tokio::test]
async fn messages_have_the_wording_that_clients_expect() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let (token, admin) = (users.token(), users.admin_token());
    let someone =
        |username: &str, email: &str| json!({"username": username, "email": email, "password": PASSWORD});
    let favorites = format!("/users/{ASH}/favorites");
    let elsewhere = format!("/users/{}/favorites", users.oak);
    let elsewhere = elsewhere.as_str();
    let nobody = "/users/01890a5d-ac96-774b-bcce-b302099a8099";
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    for (method, path, token, body, status, code, text) in [
        (
            &post,
            "/auth/register",
            "",
            someone("ASH_ketchum", "a@example.com"),
            409,
            "username_taken",
            "Username already exists",
        ),
        (
            &post,
            "/auth/register",
            "",
            someone("red", "ASH_ketchum@example.com"),
            409,
            "email_taken",
            "Email already exists",
        ),
        (&post, "/auth/register", "", someone("red", "red@example.com"), 201, "", "Registration successful"),
        (
            &post,
            "/auth/login",
            "",
            json!({"username": "red", "password": "wrong"}),
            401,
            "invalid_credentials",
            "Invalid username or password",
        ),
        (
            &post,
            "/auth/login",
            "",
            json!({"username": "red", "password": PASSWORD}),
            200,
            "",
            "Login successful",
        ),
        (&get, "/auth/profile", "", json!({}), 401, "unauthenticated", "Authentication required"),
        (&get, "/users", &token, json!({}), 403, "forbidden", "Administrator access required"),
        (&get, nobody, &admin, json!({}), 404, "not_found", "User not found"),
        (&get, elsewhere, &token, json!({}), 403, "forbidden", "Access denied"),
        (&post, elsewhere, &token, json!({"pokemon_id": 1}), 403, "forbidden", "Access denied"),
        (
            &post,
            &favorites,
            &token,
            json!({"pokemon_id": 25}),
            409,
            "already_favorite",
            "Pokémon 25 already in favorites",
        ),
        (
            &post,
            &favorites,
            &token,
            json!({"pokemon_id": 99_999}),
            404,
            "not_found",
            "Pokémon 99999 not found",
        ),
        (&delete, &favorites, &token, json!({"pokemon_id": 25}), 200, "", "Removed from favorites"),
        (
            &delete,
            &favorites,
            &token,
            json!({"pokemon_id": 25}),
            404,
            "not_favorite",
            "Pokémon 25 is not in favorites",
        ),
        (&get, "/pokemon/99999", "", json!({}), 404, "not_found", "Pokémon 99999 not found"),
        (&get, "/pokemon/missingno", "", json!({}), 404, "not_found", "Pokémon missingno not found"),
        (&get, "/types/plasma", "", json!({}), 404, "not_found", "Type plasma not found"),
        (&get, "/abilities/plasma", "", json!({}), 404, "not_found", "Ability plasma not found"),
        (&get, "/moves/plasma", "", json!({}), 404, "not_found", "Move plasma not found"),
        (&get, "/missingno", "", json!({}), 404, "not_found", "Path /api/v1/missingno not found"),
        (&delete, "/auth/sessions/x", &token, json!({}), 404, "not_found", "Session not found"),
        (&post, "/auth/logout", &token, json!({}), 200, "", "Logout successful"),
    ] {
        let code = if code.is_empty() { Value::Null } else { json!(code) };
        let expected = (status, code, json!(text));
        assert_eq!(response(&house, method.clone(), path, token, &body).await, expected, "{method} {path}");
    }
    let path = format!("/users/{ASH}/favorites/7");
    let (session, path) = (users.token_of(users.ash, users.elsewhere), path.as_str());
    let expected = (404, json!("not_favorite"), json!("Pokémon 7 is not in favorites"));
    assert_eq!(response(&house, delete, path, &session, &json!({})).await, expected);
}
