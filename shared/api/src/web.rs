//! The paths and headers of the web app, which the CDN and the server of one machine treat alike.

/// The start of paths that never lead to a page. A file below them that does not exist is 404.
pub const OWNED: [&str; 4] = ["/api", "/.well-known", "/app", "/assets"];

/// The extensions of files. A page may have a dot in its path, as `/pokemon/mr.-mime` has.
pub const FILES: [&str; 24] = [
    "avif",
    "css",
    "gif",
    "htm",
    "html",
    "ico",
    "jpeg",
    "jpg",
    "js",
    "json",
    "map",
    "mjs",
    "mp3",
    "ogg",
    "pdf",
    "png",
    "svg",
    "txt",
    "wasm",
    "webmanifest",
    "webp",
    "woff",
    "woff2",
    "xml",
];

/// The policy for everything that a page may load. `trusted-types` names the policy of the app's service worker.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
    connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types pokedex-sw";

/// The headers of every page and file.
pub const HEADERS: [(&str, &str); 6] = [
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("content-security-policy", CONTENT_SECURITY_POLICY),
];

/// Returns whether `path` leads to a page of the app, and not to a file or another part of the product. The path is decoded. A client that
/// misspells the start of an owned path receives a 404, not a page.
#[must_use]
pub fn is_page(path: &str) -> bool {
    let path = format!("/{}", path.trim_start_matches('/').to_ascii_lowercase());
    let is_owned =
        |owner: &&str| path.strip_prefix(*owner).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    !OWNED.iter().any(is_owned) && !extension.is_some_and(|extension| FILES.contains(&extension))
}

/// The folder of mirrored files at the address of the API.
pub const ASSETS: &str = "/assets/";

/// Returns `/config.json`: the version of the API, the path of the assets if they are mirrored, and the build that serves.
#[must_use]
pub fn config(build: &str, assets: Option<&str>) -> String {
    format!("{}\n", serde_json::json!({"api_version": "v1", "assets": assets, "build": build}))
}

/// Returns the media type of a file by its extension.
#[must_use]
pub fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}
