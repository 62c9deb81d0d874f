//! Access tokens that this program issued, and many forgeries.

use adapters::tokens::{AUDIENCE, FamilyId, Issuer, Jwks, KeyRing, RefreshToken, TokenError, Verifier};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use domain::{Timestamp, accounts::UserId};
use ring::{hmac, signature::Ed25519KeyPair};
use serde_json::{Value, json};

const ISSUER: &str = "pokedex/test";
const NOW: i64 = 1_785_542_400;

fn at(offset: i64) -> Timestamp {
    Timestamp::from_unix(NOW + offset)
}

fn user() -> UserId {
    UserId::new(1_785_542_000_000, [3; 10])
}

fn verify(keys: &KeyRing, token: &str) -> Result<UserId, TokenError> {
    Verifier::new(ISSUER, &keys.jwks()).verify(token, at(0)).map(|claims| claims.sub)
}

#[test]
fn a_token_identifies_its_user_for_fifteen_minutes() {
    let (keys, family) = (KeyRing::generate(at(0)), FamilyId::random());
    let token = Issuer { issuer: ISSUER, keys: &keys }.issue(user(), family, at(0)).unwrap();
    let verifier = Verifier::new(ISSUER, &keys.jwks());
    let claims = verifier.verify(&token, at(0)).unwrap();
    assert_eq!((claims.sub, claims.sid, claims.exp - claims.iat), (user(), family, 900));
    // Clocks may differ by half a minute, in either direction.
    for (offset, expected) in [
        (-31, Err(TokenError::Forged)),
        (-30, Ok(user())),
        (900, Ok(user())),
        (930, Ok(user())),
        (931, Err(TokenError::Expired)),
        (1_000_000, Err(TokenError::Expired)),
    ] {
        assert_eq!(verifier.verify(&token, at(offset)).map(|claims| claims.sub), expected, "{offset} s");
    }
}

#[test]
fn tokens_outlive_one_promotion_of_keys_and_new_ones_are_known_before() {
    let first = KeyRing::generate(at(0));
    let second = first.promoted(at(3600)).unwrap();
    let issue = |keys| Issuer { issuer: ISSUER, keys }.issue(user(), FamilyId::random(), at(0)).unwrap();
    let (old, new) = (issue(&first), issue(&second));
    assert_eq!(verify(&second, &old), Ok(user()), "signed before the promotion");
    assert_eq!(verify(&first, &new), Ok(user()), "by a verifier that has not heard of it");
    let third = second.promoted(at(7200)).unwrap();
    assert_eq!(verify(&third, &old), Err(TokenError::UnknownKey), "two promotions ago");
}

#[test]
fn keys_of_another_type_in_a_set_are_ignored() {
    let keys = KeyRing::generate(at(0));
    let mut set = serde_json::to_value(keys.jwks()).unwrap();
    let token = Issuer { issuer: ISSUER, keys: &keys }.issue(user(), FamilyId::random(), at(0)).unwrap();
    for (field, other) in [("kty", "oct"), ("crv", "X25519"), ("alg", "HS256"), ("use", "enc"), ("x", "AAAA")]
    {
        let mut modified = set.clone();
        modified["keys"][0][field] = json!(other);
        let modified: Jwks = serde_json::from_value(modified).unwrap();
        let verified = Verifier::new(ISSUER, &modified).verify(&token, at(0));
        assert_eq!(verified, Err(TokenError::UnknownKey), "{field}");
    }
    set["keys"][0]["kid"] = set["keys"][1]["kid"].clone();
    let set: Jwks = serde_json::from_value(set).unwrap();
    assert_eq!(
        Verifier::new(ISSUER, &set).verify(&token, at(0)),
        Err(TokenError::UnknownKey),
        "another's kid"
    );
}

/// Signs any value that it is given, as an attacker who holds the key could.
struct Forger {
    pair: Ed25519KeyPair,
    kid: String,
    /// The public key, as it is published.
    x: String,
}

impl Forger {
    fn with(keys: &KeyRing) -> Self {
        let ring: Value = serde_json::from_str(&keys.to_json().unwrap()).unwrap();
        let text = |name: &str| ring["current"][name].as_str().unwrap().to_owned();
        let pair = Ed25519KeyPair::from_pkcs8(&BASE64.decode(text("pkcs8")).unwrap()).unwrap();
        Self { pair, kid: text("kid"), x: text("x") }
    }

    fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": "EdDSA", "kid": self.kid})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let signature = BASE64.encode(self.pair.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn hs256(&self, secret: &[u8]) -> String {
        let header = json!({"typ": "JWT", "alg": "HS256", "kid": self.kid});
        let message =
            format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims().to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        format!("{message}.{}", BASE64.encode(tag))
    }
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": user(), "sid": FamilyId::random(), "iat": NOW, "exp": NOW + 900})
}

/// `value` with `field` set to an invalid value; null removes the field.
fn modified(mut value: Value, field: &str, other: Value) -> Value {
    match other {
        Value::Null => drop(value.as_object_mut().unwrap().remove(field)),
        other => value[field] = other,
    }
    value
}

/// Every kind of forgery that these tests know, tried against `keys`.
fn forgeries(keys: &KeyRing) -> Vec<(&'static str, String)> {
    let (forger, stranger) = (Forger::with(keys), Forger::with(&KeyRing::generate(at(0))));
    let good = forger.sign(&forger.header(), &claims());
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };

    let with_header =
        |field: &str, other: Value| forger.sign(&modified(forger.header(), field, other), &claims());
    let with_claim =
        |field: &str, other: Value| forger.sign(&forger.header(), &modified(claims(), field, other));
    let none = BASE64.encode(json!({"typ": "JWT", "alg": "none", "kid": forger.kid}).to_string());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": stranger.x, "kid": forger.kid});
    let mut trailing = signature.to_owned();
    let last = trailing.pop().unwrap();
    trailing.push(if last == 'A' { 'B' } else { (last as u8 + 1) as char });
    let doubled =
        claims().to_string().replacen('{', &format!("{{\"sub\":\"{}\",", UserId::new(1, [9; 10])), 1);

    let mut forged = vec![
        ("alg none, no signature", format!("{none}.{payload}.")),
        ("alg none, with a signature", format!("{none}.{payload}.{signature}")),
        ("alg None", with_header("alg", json!("None"))),
        ("HS256 with the public key", forger.hs256(&BASE64.decode(&forger.x).unwrap())),
        ("HS256 with the public key as text", forger.hs256(forger.x.as_bytes())),
        ("HS256 with nothing", forger.hs256(b"")),
        ("another algorithm's name", with_header("alg", json!("ES256"))),
        ("RSA's name", with_header("alg", json!("RS256"))),
        ("no algorithm", with_header("alg", Value::Null)),
        ("our kid, a stranger's key", stranger.sign(&forger.header(), &claims())),
        ("a kid that is a list", with_header("kid", json!([forger.kid]))),
        ("a key in the header", stranger.sign(&modified(forger.header(), "jwk", jwk), &claims())),
        ("a key's address in the header", with_header("jku", json!("https://example.com/jwks.json"))),
        ("a certificate's address", with_header("x5u", json!("https://example.com/cert.pem"))),
        ("a certificate", with_header("x5c", json!(["AAAA"]))),
        ("something critical", with_header("crit", json!(["exp"]))),
        ("another type", with_header("typ", json!("at+jwt"))),
        ("no type", with_header("typ", Value::Null)),
        ("an unknown field in the header", with_header("zap", json!(1))),
        ("another issuer", with_claim("iss", json!("pokedex/prod"))),
        ("issuers", with_claim("iss", json!([ISSUER, "pokedex/prod"]))),
        ("no issuer", with_claim("iss", Value::Null)),
        ("another audience", with_claim("aud", json!("somebody-else"))),
        ("audiences", with_claim("aud", json!([AUDIENCE]))),
        ("no audience", with_claim("aud", Value::Null)),
        ("no end", with_claim("exp", Value::Null)),
        ("an end that is text", with_claim("exp", json!("never"))),
        ("an end a century away", with_claim("exp", json!(NOW + 3_155_760_000_i64))),
        ("an end at the end of numbers", with_claim("exp", json!(i64::MAX))),
        ("an end before the beginning", with_claim("exp", json!(NOW - 1))),
        ("a beginning that is to come", with_claim("iat", json!(NOW + 31))),
        ("a beginning before all numbers", with_claim("iat", json!(i64::MIN))),
        ("no beginning", with_claim("iat", Value::Null)),
        ("not before tomorrow", with_claim("nbf", json!(NOW + 86_400))),
        ("nobody", with_claim("sub", Value::Null)),
        ("no user's id", with_claim("sub", json!("admin"))),
        ("a number for a user", with_claim("sub", json!(1))),
        ("no session", with_claim("sid", Value::Null)),
        ("a claim that we never make", with_claim("is_admin", json!(true))),
        ("two users", forger.sign_text(&forger.header().to_string(), &doubled)),
        ("a payload that is a list", forger.sign_text(&forger.header().to_string(), "[]")),
        ("a payload that is not JSON", forger.sign_text(&forger.header().to_string(), "claims")),
        ("a header that is not JSON", forger.sign_text("header", &claims().to_string())),
        ("another payload under our signature", {
            let other = modified(claims(), "sub", json!(UserId::new(1, [9; 10])));
            format!("{header}.{}.{signature}", BASE64.encode(other.to_string()))
        }),
        ("another token's signature", {
            let other =
                forger.sign(&forger.header(), &modified(claims(), "sub", json!(UserId::new(1, [9; 10]))));
            format!("{header}.{payload}.{}", other.rsplit('.').next().unwrap())
        }),
        ("a signature of zeros", format!("{header}.{payload}.{}", BASE64.encode([0; 64]))),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.{signature}")),
        ("an empty part in front", format!(".{good}")),
        ("bits after the signature's last", format!("{header}.{payload}.{trailing}")),
        ("padding", format!("{good}==")),
        ("white space around", format!(" {good} ")),
        ("a line break within", good.replacen('.', "\n.", 1)),
        ("a scheme twice", format!("Bearer {good}")),
        ("a NUL at the end", format!("{good}\0")),
        ("letters beyond ASCII", good.replacen('e', "é", 1)),
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        ("a lone word", "token".to_owned()),
        ("a refresh token", {
            let token = RefreshToken { user: user(), family: FamilyId::random(), counter: 0 };
            token.seal(keys.refresh())
        }),
        ("a megabyte", "x".repeat(1 << 20)),
        ("a megabyte of payload", with_claim("sid", json!("x".repeat(1 << 20)))),
        ("a good payload with room around it", {
            forger.sign_text(&forger.header().to_string(), &format!("{}{}", claims(), " ".repeat(3000)))
        }),
        ("an end that is not a whole number", with_claim("exp", json!(NOW as f64 + 0.5))),
        ("a deep payload", forger.sign_text(&forger.header().to_string(), &"[".repeat(1_000))),
    ];
    forged.extend([16, good.len() / 2, good.len() - 1].map(|length| ("cut", good[..length].to_owned())));
    forged
}

#[test]
fn no_forged_or_modified_token_verifies() {
    let keys = KeyRing::generate(at(0));
    let (forger, stranger) = (Forger::with(&keys), Forger::with(&KeyRing::generate(at(0))));
    let good = forger.sign(&forger.header(), &claims());
    assert_eq!(verify(&keys, &good), Ok(user()), "the source of the forgeries");
    let forged = forgeries(&keys);
    assert!(forged.len() >= 25);
    for (what, token) in &forged {
        assert_eq!(verify(&keys, token), Err(TokenError::Forged), "{what}: {token:.200}");
    }
    let with_header =
        |field: &str, other: Value| forger.sign(&modified(forger.header(), field, other), &claims());
    // A key that may have been published since is looked up again.
    for (what, token) in [
        ("a stranger's key", stranger.sign(&stranger.header(), &claims())),
        ("no kid", with_header("kid", json!(""))),
        ("a kid that is a path", with_header("kid", json!("../../etc/passwd"))),
    ] {
        assert_eq!(verify(&keys, &token), Err(TokenError::UnknownKey), "{what}");
    }
}

#[tokio::test]
async fn no_route_accepts_a_forged_token() {
    let users = tests::SampleUsers::new().await;
    let app = users.app(&users.url);
    for (what, token) in forgeries(&tests::ring()) {
        for route in [api::routes::GET_PROFILE, api::routes::ADD_FAVORITE, api::routes::LIST_USERS] {
            let mut event = users.fill(&tests::event(&route));
            event["headers"]["authorization"] = format!("Bearer {token}").into();
            let status = tests::invoke_event(&app, &route, &event).await.status.as_u16();
            assert!([400, 401, 422].contains(&status), "{}: {what}: {status}", route.spec.name);
        }
    }
    assert_eq!(users.trail(users.ash).await, []);
}
