// Prepares each request to the API before CloudFront looks for a stored response (CloudFront Functions, runtime 2.0).

// The paths whose responses CloudFront stores, and the query keys of their routes. Generated: `cargo xtask generate`.
const CACHED = [/^\/api\/v1\/pokemon\/generations$/, /^\/api\/v1\/pokemon\/types$/, /^\/api\/v1\/openapi\.json$/, /^\/api\/v1\/pokemon$/, /^\/api\/v1\/pokemon\/.*\/evolutions$/, /^\/api\/v1\/abilities\/.*$/, /^\/api\/v1\/moves\/.*$/, /^\/api\/v1\/pokemon\/.*$/, /^\/api\/v1\/types\/.*$/];
const KEYS = ['ability', 'forms', 'generation', 'ids', 'include', 'order', 'page', 'per_page', 'search', 'sort', 'type'];

// Returns one spelling for all that the API decodes to the same text. A text that cannot be decoded stays as it is.
function spelled(text) {
    try {
        return encodeURIComponent(decodeURIComponent(text.replace(/\+/g, ' ')));
    } catch (error) {
        return text;
    }
}

// Returns the known keys in their order, each with all its values: requests that differ in other keys share a stored response.
function known(querystring) {
    const pairs = {};
    Object.keys(querystring).forEach(function (key) {
        const name = spelled(key);
        if (KEYS.indexOf(name) >= 0) {
            const values = querystring[key].multiValue || [querystring[key]];
            pairs[name] = (pairs[name] || []).concat(values.map(function (one) { return name + '=' + spelled(one.value); }));
        }
    });
    return Object.keys(pairs).sort().map(function (name) { return pairs[name].join('&'); }).join('&');
}

function handler(event) {
    const request = event.request;
    // The functions see the name of the API as the host; this is that of the client.
    request.headers['x-viewer-host'] = { value: request.headers.host.value };
    // A client must not choose whether a request is traced, nor send a header that only CloudFront sends.
    delete request.headers['x-amzn-trace-id'];
    delete request.headers['x-origin-verify'];
    if (!request.uri.startsWith('/api/v1/auth/')) {
        request.cookies = {};
    }
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead && CACHED.some(function (path) { return path.test(request.uri); })) {
        // A stored response has the id of one request: a client must not choose it for all others.
        delete request.headers['x-request-id'];
        request.querystring = known(request.querystring);
    }
    return request;
}
