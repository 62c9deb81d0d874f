// Answers each path that belongs to a page of the web app with the app (CloudFront Functions, runtime 2.0).

// The paths that never lead to a page, and the extensions of files. Generated: `cargo xtask generate`.
const OWNED = ['/api', '/.well-known', '/app', '/assets'];
const FILES = ['avif', 'css', 'gif', 'htm', 'html', 'ico', 'jpeg', 'jpg', 'js', 'json', 'map', 'mjs', 'mp3', 'ogg', 'pdf', 'png', 'svg', 'txt', 'wasm', 'webmanifest', 'webp', 'woff', 'woff2', 'xml'];

// Returns the path as the list of owned paths spells it.
function spelled(uri) {
    try {
        return decodeURIComponent(uri).replace(/^\/+/, '/').toLowerCase();
    } catch (error) {
        return uri;
    }
}

function isPage(uri) {
    const path = spelled(uri);
    const owned = OWNED.some(function (owner) { return path === owner || path.startsWith(owner + '/'); });
    const name = path.slice(path.lastIndexOf('/') + 1);
    const dot = name.lastIndexOf('.');
    return !owned && !(dot >= 0 && FILES.indexOf(name.slice(dot + 1)) >= 0);
}

function handler(event) {
    const request = event.request;
    if (isPage(request.uri)) {
        request.uri = '/index.html';
    }
    return request;
}
