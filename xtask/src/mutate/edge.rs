//! The changes of the edge.

use super::changes::{Change, What, replace};

const EDGE: &str = "infra/edge.yaml";
const GLOBAL: &str = "infra/edge-global.yaml";
const DATA: &str = "infra/data.yaml";

const STORED: &str = "house::edge::a_response_is_stored_exactly_if_its_route_says_so";
const SECOND: &str = "house::edge::a_second_origin_serves_only_unwritten_paths";
const KEY: &str = "house::edge::the_key_of_a_stored_response_is_what_it_depends_on";
const ERRORS: &str = "house::edge::no_error_is_stored_or_replaced";
const ORIGINS: &str = "house::edge::the_origins_accept_the_distribution_alone";
const BUCKETS: &str = "house::edge::the_buckets_of_the_edge_are_read_by_their_distribution_alone";
const ENCRYPTED: &str = "house::edge::every_connection_to_the_edge_is_encrypted";
const HEADERS: &str = "house::edge::pages_and_files_have_the_same_headers_everywhere";
const FIREWALL: &str = "house::edge::the_firewall_lets_valid_requests_pass";
const REGION: &str = "house::edge::resources_for_cloudfront_are_in_us_east_1";
const LANGUAGE: &str = "house::edge::functions_of_the_edge_use_the_language_of_their_runtime";
const SMALL: &str = "house::account::the_policies_of_deployments_are_small_enough_and_not_empty";
const CLEANED: &str = "house::edge::every_bucket_is_private_encrypted_and_cleaned_up";

const SCHEDULES: &str =
    "house::schedules::every_schedule_has_a_queue_for_its_failures_and_a_role_of_this_account";

pub const OF_THE_EDGE: &[Change] = &[
    replace(
        EDGE,
        "\"distribution\": \"${Distribution}\"",
        "\"distribution\": \"${WebBucketName}\"",
        SCHEDULES,
    ),
    replace(
        EDGE,
        "MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60",
        "MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60",
        SCHEDULES,
    ),
    replace(EDGE, "https://${Distribution.DomainName}\"}'", "https://${DomainName}\"}'", SCHEDULES),
    replace(EDGE, "PathPattern: /api/v1/moves/*", "PathPattern: /api/v1/move/*", STORED),
    replace(EDGE, "PathPattern: /api/v1/types/*", "PathPattern: /api/v1/*", STORED),
    replace(
        EDGE,
        "TargetOriginId: api\n",
        "TargetOriginId: !If [HasFailover, api-with-failover, api]\n",
        SECOND,
    ),
    replace(EDGE, "Headers: [Authorization, Origin]", "Headers: [Origin]", KEY),
    replace(EDGE, "QueryStringBehavior: all", "QueryStringBehavior: none", KEY),
    replace(EDGE, "DefaultTTL: 0", "DefaultTTL: 60", KEY),
    replace("infra/edge/requests.js", "'include', ", "", KEY),
    replace(EDGE, "          - {ErrorCode: 404, ErrorCachingMinTTL: 0}\n", "", ERRORS),
    replace(
        EDGE,
        "{ErrorCode: 404, ErrorCachingMinTTL: 0}",
        "{ErrorCode: 404, ErrorCachingMinTTL: 0, ResponseCode: 200, ResponsePagePath: /index.html}",
        ERRORS,
    ),
    replace(EDGE, "OriginReadTimeout: 35", "OriginReadTimeout: 30", ORIGINS),
    replace(EDGE, "OriginProtocolPolicy: https-only", "OriginProtocolPolicy: match-viewer", ORIGINS),
    replace(EDGE, ":SecretString:::${OriginVerifyVersion}}}", ":SecretString}}", ORIGINS),
    replace(EDGE, "            OriginAccessControlId: !Ref Buckets\n", "", ORIGINS),
    replace(EDGE, "${AssetsBucketName}/assets/*", "${AssetsBucketName}/*", BUCKETS),
    replace(EDGE, "Action: [s3:GetObject, s3:ListBucket]", "Action: [s3:GetObject]", BUCKETS),
    replace(EDGE, "distribution/${Distribution}\"}", "distribution/*\"}", BUCKETS),
    replace(EDGE, "MinimumProtocolVersion: TLSv1.2_2021", "MinimumProtocolVersion: TLSv1.1_2016", ENCRYPTED),
    replace(EDGE, "ViewerProtocolPolicy: redirect-to-https", "ViewerProtocolPolicy: allow-all", ENCRYPTED),
    replace(EDGE, "default-src 'none'; script-src 'self'", "default-src 'self'; script-src 'self'", HEADERS),
    replace(EDGE, "FrameOption: DENY", "FrameOption: SAMEORIGIN", HEADERS),
    replace(
        EDGE,
        "            ResponseHeadersPolicyId: !Ref PagesPolicy\n",
        "            OriginRequestPolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac\n",
        HEADERS,
    ),
    replace(
        GLOBAL,
        "{Name: SizeRestrictions_BODY, ActionToUse: {Count: {}}}",
        "{Name: SizeRestrictions_BODY, ActionToUse: {Block: {}}}",
        FIREWALL,
    ),
    replace(GLOBAL, "Scope: CLOUDFRONT", "Scope: REGIONAL", FIREWALL),
    replace(GLOBAL, "\"code\":\"edge\"", "\"code\":\"waf\"", FIREWALL),
    replace("deploy/stacks.toml", "region = \"us-east-1\"\n", "", REGION),
    replace(GLOBAL, "^(staging|prod)$", "^(dev|staging|prod)$", REGION),
    replace(
        "infra/edge/pages.js",
        "    const request = event.request;\n",
        "    let { request } = event;\n",
        LANGUAGE,
    ),
    replace(DATA, "              NoncurrentDays: 30\n", "              NoncurrentDays: 365\n", CLEANED),
    Change {
        file: "infra/deployer.yaml",
        what: What::Fill(
            "          - Sid: EdgePolicies\n",
            "          - {Sid: More{n}, Effect: Allow, Action: cloudfront:GetFunction, Resource: pokedex-more}\n",
            40,
        ),
        test: SMALL,
    },
    replace(DATA, "-assets-${AWS::AccountId}-${AWS::Region}", "-assets", CLEANED),
];
