//! The edge: which responses CloudFront stores, what it sends to the origins, and what it refuses.

use std::collections::BTreeSet;

use api::{routes::SPECS, web};
use deploy::stacks;
use domain::dex::ListQuery;
use door::route::{Caching, DEFAULT};
use http::Method;
use serde_json::{Value, json};
use tests::{read, root, template};

const EDGE: &str = "infra/edge.yaml";

fn distribution() -> Value {
    template(EDGE)["Resources"]["Distribution"]["Properties"]["DistributionConfig"].clone()
}

fn behaviours() -> Vec<Value> {
    distribution()["CacheBehaviors"].as_array().expect("behaviours").clone()
}

/// Whether a pattern of CloudFront matches: `*` stands for any number of any characters.
fn matches(pattern: &str, path: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == path };
    let Some(mut left) = path.strip_prefix(start) else { return false };
    loop {
        if matches(rest, left) {
            return true;
        }
        let Some(next) = left.chars().next() else { return false };
        left = &left[next.len_utf8()..];
    }
}

fn is_stored(behaviour: &Value) -> bool {
    behaviour["CachePolicyId"] == json!({"Ref": "CataloguePolicy"})
}

/// Both branches of a value that depends on the second origin: without it, and with it.
fn branches(value: &Value) -> [&Value; 2] {
    match value["Fn::If"].as_array() {
        Some(branches) => {
            assert_eq!(branches[0], "HasFailover");
            [&branches[2], &branches[1]]
        }
        None => [value, value],
    }
}

#[test]
fn a_response_is_stored_exactly_if_its_route_says_so() {
    let behaviours = behaviours();
    for spec in SPECS.iter().filter(|spec| spec.path != DEFAULT) {
        let parts = spec.path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let first = behaviours
            .iter()
            .find(|behaviour| matches(behaviour["PathPattern"].as_str().expect("a pattern"), &path));
        let first = first.unwrap_or_else(|| panic!("{} ends in the web app", spec.name));
        if spec.method == Method::GET {
            assert_eq!(is_stored(first), spec.caching == Caching::Shared, "{}", spec.name);
        }
        let [methods, _] = branches(&first["AllowedMethods"]);
        let allowed =
            methods.as_array().expect("methods").iter().any(|method| *method == spec.method.as_str());
        assert!(allowed, "{} {}", spec.method, spec.path);
        let [origin, _] = branches(&first["TargetOriginId"]);
        assert_eq!(origin, "api", "{}", spec.name);
    }
}

/// CloudFront accepts an origin group only where no request changes anything.
#[test]
fn a_second_origin_serves_only_unwritten_paths() {
    let mut found = 0;
    for behaviour in behaviours() {
        let [_, origin] = branches(&behaviour["TargetOriginId"]);
        let [_, methods] = branches(&behaviour["AllowedMethods"]);
        if origin == "api-with-failover" {
            assert_eq!(*methods, json!(["GET", "HEAD", "OPTIONS"]), "{}", behaviour["PathPattern"]);
            found += 1;
        }
    }
    let written = |path: &str| SPECS.iter().any(|spec| spec.method != Method::GET && spec.path == path);
    let unwritten =
        SPECS.iter().filter(|spec| spec.caching == Caching::Shared && !written(spec.path)).count();
    assert_eq!(found, unwritten);
}

#[test]
fn the_key_of_a_stored_response_is_what_it_depends_on() {
    let policy = &template(EDGE)["Resources"]["CataloguePolicy"]["Properties"]["CachePolicyConfig"];
    assert_eq!((&policy["MinTTL"], &policy["DefaultTTL"]), (&json!(0), &json!(0)), "the response decides");
    let key = &policy["ParametersInCacheKeyAndForwardedToOrigin"];
    let headers = json!({"HeaderBehavior": "whitelist", "Headers": ["Authorization", "Origin"]});
    assert_eq!(key["HeadersConfig"], headers);
    assert_eq!(key["CookiesConfig"], json!({"CookieBehavior": "none"}));
    assert_eq!(
        key["QueryStringsConfig"],
        json!({"QueryStringBehavior": "all"}),
        "those that the function keeps"
    );
    assert_eq!(key["EnableAcceptEncodingGzip"], true);
    assert_eq!(key["EnableAcceptEncodingBrotli"], true);
    let script = read("infra/edge/requests.js");
    let keys = script.lines().find_map(|line| line.strip_prefix("const KEYS = ")).expect("keys");
    for known in ListQuery::KEYS.into_iter().chain(["include"]) {
        assert!(keys.contains(&format!("'{known}'")), "the edge removes the query key {known}");
    }
}

/// A page would replace the problem of the API, and CloudFront stores an error for ten seconds by default.
#[test]
fn no_error_is_stored_or_replaced() {
    let errors = distribution()["CustomErrorResponses"].clone();
    let errors = errors.as_array().expect("errors");
    let codes: Vec<_> = errors.iter().filter_map(|error| error["ErrorCode"].as_u64()).collect();
    assert_eq!(codes, [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504], "all that CloudFront knows");
    for error in errors {
        let names: Vec<_> = error.as_object().expect("fields").keys().map(String::as_str).collect();
        assert_eq!(names, ["ErrorCode", "ErrorCachingMinTTL"], "no page: {error}");
        assert_eq!(error["ErrorCachingMinTTL"], 0);
    }
}

#[test]
fn the_origins_accept_the_distribution_alone() {
    let distribution = distribution();
    let origins = distribution["Origins"].as_array().expect("origins");
    let mut apis = 0;
    for origin in origins {
        let [_, origin] = branches(origin);
        if origin["CustomOriginConfig"].is_object() {
            apis += 1;
            let custom = &origin["CustomOriginConfig"];
            assert_eq!(custom["OriginProtocolPolicy"], "https-only");
            assert_eq!(custom["OriginSSLProtocols"], json!(["TLSv1.2"]));
            assert!(custom["OriginReadTimeout"].as_u64() > Some(30), "the gateway answers first");
            let header = &origin["OriginCustomHeaders"][0];
            assert_eq!(header["HeaderName"], "X-Origin-Verify");
            let value = header["HeaderValue"]["Fn::Sub"].as_str().expect("a reference");
            assert!(
                value.contains("${OriginVerifyVersion}"),
                "CloudFormation reads a secret only if the reference changes"
            );
        } else {
            assert_eq!(origin["OriginAccessControlId"], json!({"Ref": "Buckets"}), "{}", origin["Id"]);
            assert_eq!(origin["S3OriginConfig"], json!({"OriginAccessIdentity": ""}), "{}", origin["Id"]);
        }
    }
    assert_eq!((apis, origins.len()), (2, 4), "the API and its second region, the web app, the assets");
    let control = &template(EDGE)["Resources"]["Buckets"]["Properties"]["OriginAccessControlConfig"];
    assert_eq!(control["SigningBehavior"], "always");
}

/// A missing file is a 404 only if the distribution may list the bucket.
#[test]
fn the_buckets_of_the_edge_are_read_by_their_distribution_alone() {
    let resources = template(EDGE)["Resources"].clone();
    // The list of orphans in the bucket of assets is not for clients.
    for (id, bucket, files) in
        [("WebBucketPolicy", "WebBucketName", "*"), ("AssetsBucketPolicy", "AssetsBucketName", "assets/*")]
    {
        let properties = &resources[id]["Properties"];
        assert_eq!(properties["Bucket"], json!({"Ref": bucket}), "{id}");
        let [allow, deny] =
            properties["PolicyDocument"]["Statement"].as_array().expect("statements").as_slice()
        else {
            panic!("{id} has another statement")
        };
        let distribution = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}";
        assert_eq!(
            allow["Condition"],
            json!({"StringEquals": {"AWS:SourceArn": {"Fn::Sub": distribution}}}),
            "{id}"
        );
        assert_eq!(allow["Principal"], json!({"Service": "cloudfront.amazonaws.com"}), "{id}");
        assert_eq!(allow["Action"], json!(["s3:GetObject", "s3:ListBucket"]), "{id}");
        let arn =
            |path: &str| json!({"Fn::Sub": format!("arn:${{AWS::Partition}}:s3:::${{{bucket}}}{path}")});
        assert_eq!(allow["Resource"], json!([arn(""), arn(&format!("/{files}"))]), "{id}");
        assert_eq!((&deny["Effect"], &deny["Principal"]), (&json!("Deny"), &json!("*")), "{id}");
        assert_eq!(deny["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}), "{id}");
    }
}

#[test]
fn every_connection_to_the_edge_is_encrypted() {
    let distribution = distribution();
    assert_eq!(distribution["HttpVersion"], "http2and3");
    assert_eq!(distribution["IPV6Enabled"], true);
    let certificate = &distribution["ViewerCertificate"]["Fn::If"];
    assert_eq!(certificate[0], "HasDomain");
    assert_eq!(certificate[1]["MinimumProtocolVersion"], "TLSv1.2_2021");
    let default = &distribution["DefaultCacheBehavior"];
    for behaviour in behaviours().iter().chain([default]) {
        assert_eq!(behaviour["ViewerProtocolPolicy"], "redirect-to-https", "{}", behaviour["PathPattern"]);
    }
}

/// The server of one machine sends the same headers as the edge.
#[test]
fn pages_and_files_have_the_same_headers_everywhere() {
    let policy = &template(EDGE)["Resources"]["PagesPolicy"]["Properties"]["ResponseHeadersPolicyConfig"];
    let security = &policy["SecurityHeadersConfig"];
    let age = &security["StrictTransportSecurity"]["AccessControlMaxAgeSec"];
    let headers = [
        ("strict-transport-security", format!("max-age={age}; includeSubDomains")),
        ("x-content-type-options", "nosniff".to_owned()),
        ("x-frame-options", text(&security["FrameOptions"]["FrameOption"])),
        ("referrer-policy", text(&security["ReferrerPolicy"]["ReferrerPolicy"])),
        ("permissions-policy", text(&policy["CustomHeadersConfig"]["Items"][0]["Value"])),
        ("content-security-policy", text(&security["ContentSecurityPolicy"]["ContentSecurityPolicy"])),
    ];
    assert_eq!(headers.each_ref().map(|(name, value)| (*name, value.as_str())), web::HEADERS);
    assert!(security["ContentTypeOptions"].is_object());
    for behaviour in behaviours().iter().chain([&distribution()["DefaultCacheBehavior"]]) {
        let [origin, _] = branches(&behaviour["TargetOriginId"]);
        let expected = if origin == "api" { Value::Null } else { json!({"Ref": "PagesPolicy"}) };
        assert_eq!(behaviour["ResponseHeadersPolicyId"], expected, "{}", behaviour["PathPattern"]);
        // The functions set their own headers, and need what the key does not contain.
        let forwarded =
            if origin == "api" { json!("b689b0a8-53d0-40ab-baf2-68738e2966ac") } else { Value::Null };
        assert_eq!(behaviour["OriginRequestPolicyId"], forwarded, "{}", behaviour["PathPattern"]);
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The rules that would refuse valid requests only count, and each block is JSON with a code.
#[test]
fn the_firewall_lets_valid_requests_pass() {
    let firewall = &template("infra/edge-global.yaml")["Resources"]["Firewall"]["Properties"];
    assert_eq!(firewall["Scope"], "CLOUDFRONT");
    let rules = firewall["Rules"].as_array().expect("rules");
    let names: Vec<_> = rules.iter().filter_map(|rule| rule["Name"].as_str()).collect();
    assert_eq!(names, ["sign-in-limit", "limit", "common", "known-bad-inputs"]);
    let overrides = rules.iter().flat_map(|rule| {
        let group = &rule["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"];
        group.as_array().cloned().unwrap_or_default()
    });
    let (counted, blocked): (Vec<_>, Vec<_>) =
        overrides.partition(|one| one["ActionToUse"]["Count"].is_object());
    let counted: Vec<_> = counted.iter().filter_map(|one| one["Name"].as_str()).collect();
    let may_count = [
        "NoUserAgent_HEADER",
        "SizeRestrictions_BODY",
        "GenericRFI_QUERYARGUMENTS",
        "CrossSiteScripting_BODY",
    ];
    assert_eq!(counted, may_count);
    assert_eq!(blocked.len(), 30);
    let own = rules
        .iter()
        .filter_map(|rule| rule.get("Action"))
        .chain(blocked.iter().map(|one| &one["ActionToUse"]));
    for action in own {
        let answer = &action["Block"]["CustomResponse"];
        let key = answer["CustomResponseBodyKey"].as_str().expect("a body");
        let body = &firewall["CustomResponseBodies"][key];
        assert_eq!(body["ContentType"], "APPLICATION_JSON");
        let problem: Value = serde_json::from_str(body["Content"].as_str().expect("a text")).expect("JSON");
        assert_eq!(problem["status"], answer["ResponseCode"], "{key}");
        assert_eq!(problem["code"], "edge", "{key}");
        assert!(problem["message"].is_string(), "{key}");
    }
}

/// CloudFront takes these from us-east-1 alone.
#[test]
fn resources_for_cloudfront_are_in_us_east_1() {
    let (stacks, _) = stacks::read(&root()).expect("stacks");
    let bound = ["AWS::WAFv2::WebACL", "AWS::CertificateManager::Certificate", "AWS::Logs::DeliverySource"];
    let mut found = BTreeSet::new();
    for stack in stacks {
        let template = template(&stack.template);
        let types: Vec<_> = template["Resources"]
            .as_object()
            .expect("resources")
            .values()
            .map(|one| text(&one["Type"]))
            .collect();
        for kind in bound.iter().filter(|kind| types.iter().any(|one| one == *kind)) {
            assert_eq!(stack.region.as_deref(), Some("us-east-1"), "{}: {kind}", stack.name);
            found.insert(*kind);
        }
        let is_of_edge = stack.name.starts_with(stacks::EDGE);
        let is_of_recovery = ["backup", "dr"].contains(&stack.name.as_str());
        let is_in_some = is_of_edge || is_of_recovery || stack.watches();
        assert_eq!(is_in_some, !stack.environments.is_empty(), "{}", stack.name);
        if is_in_some {
            let pattern = text(&template["Parameters"]["Environment"]["AllowedPattern"]);
            assert_eq!(pattern, format!("^({})$", stack.environments.join("|")), "{}", stack.name);
        }
    }
    assert_eq!(found.len(), bound.len());
}

/// The runtime of CloudFront's functions is older than Node, which tests them: syntax that it may lack is not used.
#[test]
fn functions_of_the_edge_use_the_language_of_their_runtime() {
    for file in ["requests.js", "pages.js"] {
        let script = read(&format!("infra/edge/{file}"));
        let lines = script.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code: Vec<_> = lines.collect();
        let code = code.join("\n");
        for newer in
            ["...", " of ", "class ", "?.", "??", "async ", "import ", "require(", "`", "=> ", "let "]
        {
            assert!(!code.contains(newer), "{file} uses {newer:?}");
        }
        assert!(code.contains("\nfunction handler(event) {"), "{file}");
    }
}

#[test]
fn every_bucket_is_private_encrypted_and_cleaned_up() {
    for (file, id, part, versioned) in [
        ("infra/data.yaml", "AssetsBucket", "assets", true),
        ("infra/data.yaml", "WebBucket", "web", true),
        ("infra/data.yaml", "LogsBucket", "logs", false),
        ("infra/backup.yaml", "ExportBucket", "backups", true),
    ] {
        let resource = &template(file)["Resources"][id];
        let bucket = &resource["Properties"];
        let closed = bucket["PublicAccessBlockConfiguration"].as_object().expect("a block");
        assert!(closed.len() == 4 && closed.values().all(|value| *value == true), "{id}");
        let encryption = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
        assert_eq!(encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256", "{id}");
        assert_eq!(bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced", "{id}");
        assert_eq!(bucket["VersioningConfiguration"]["Status"] == "Enabled", versioned, "{id}");
        let rules = bucket["LifecycleConfiguration"]["Rules"].as_array().expect("rules");
        let rule = |name: &str| rules.iter().find_map(|rule| rule.get(name)).cloned().unwrap_or_default();
        assert_eq!(rule("AbortIncompleteMultipartUpload")["DaysAfterInitiation"], 7, "{id}");
        let gone = if versioned {
            rule("NoncurrentVersionExpiration")["NoncurrentDays"].clone()
        } else {
            rule("ExpirationInDays")
        };
        assert_eq!(gone, 30, "{id}");
        let name = format!("pokedex-${{Environment}}-{part}-${{AWS::AccountId}}-${{AWS::Region}}");
        assert_eq!(bucket["BucketName"], json!({"Fn::Sub": name}), "{id}");
        // Every environment with the stack of backups has exports.
        let condition = if file == "infra/data.yaml" { json!("HasEdge") } else { Value::Null };
        assert_eq!(resource["Condition"], condition, "{id}");
    }
}
