//! The changes, each with the test that must detect it.

use std::fmt;

pub struct Change {
    pub file: &'static str,
    pub what: What,
    /// The test that must fail.
    pub test: &'static str,
}

pub enum What {
    /// Creates a file with this text.
    Create(&'static str),
    Delete,
    /// Replaces the first occurrence of the first text with the second.
    Replace(&'static str, &'static str),
    /// Inserts the second text this many times before the first occurrence of the first, with `{n}` replaced by a
    /// number.
    Fill(&'static str, &'static str, usize),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first_line = |text: &'static str| text.trim().lines().next().unwrap_or("nothing");
        match self.what {
            What::Create(_) => write!(f, "{} created", self.file),
            What::Delete => write!(f, "{} deleted", self.file),
            What::Fill(_, text, times) => write!(f, "{}: {times} times {}", self.file, first_line(text)),
            What::Replace(old, new) => write!(f, "{}: {} -> {}", self.file, first_line(old), first_line(new)),
        }
    }
}

const fn delete(file: &'static str, test: &'static str) -> Change {
    Change { file, what: What::Delete, test }
}

pub const fn replace(file: &'static str, old: &'static str, new: &'static str, test: &'static str) -> Change {
    Change { file, what: What::Replace(old, new), test }
}

const TEMPLATE: &str = "template.yaml";
const DATA: &str = "infra/data.yaml";
const SAMCONFIG: &str = "samconfig.toml";
const ACCESSES: &str = "infra/accesses.json";

const GENERATED: &str = "house::functions::every_generated_file_is_current";
const STRAYS: &str = "house::functions::every_event_belongs_to_a_function";
const CYCLES: &str = "house::modules::no_crate_has_a_cycle_of_modules";
const STORE_KERNEL: &str = "house::modules::the_kernel_of_the_store_depends_on_no_wing";
const NO_NOUN: &str = "house::modules::the_door_names_no_route_and_nothing_that_a_route_serves";
const LENGTHS: &str = "house::modules::no_source_file_is_longer_than_400_lines";
const SYNC_CHECK: &str = "house::access::jobs::a_check_of_the_sync_reads_only_what_the_sync_may_read";
const JOB_ACCESS: &str = "house::access::jobs::a_job_has_exactly_the_rights_that_it_uses";
const RELEASES: &str = "house::functions::releases_unwind_and_leave_nothing_to_cargo_lambda";
const EVENTS: &str = "house::events::each_event_is_one_that_the_http_api_would_send_to_that_route";
const LETS_IN: &str = "house::authorization::each_route_admits_the_callers_in_the_table";
const MIGRATION: &str = "house::access::jobs::the_migration_has_exactly_the_rights_that_it_uses";
const VERIFICATION: &str = "house::access::jobs::the_verification_has_exactly_the_rights_that_it_uses";
const INVALIDATION: &str = "house::access::jobs::the_invalidation_has_exactly_the_rights_that_it_uses";
const PROBE_ACCESS: &str = "house::access::jobs::the_probe_has_exactly_the_rights_that_it_uses";
const MIRROR_ACCESS: &str = "house::access::jobs::a_job_of_the_mirror_has_exactly_the_rights_that_it_uses";
const ROUTE_ACCESS: &str = "house::access::a_route_has_exactly_the_rights_that_it_uses";
const SYNC_ACCESS: &str = "house::access::jobs::the_sync_has_exactly_the_rights_that_it_uses";
const NOTHING_ELSE: &str = "house::templates::the_template_has_no_other_resources";
const PARAMETERS: &str = "house::templates::parameters_accept_only_valid_values";
const GLOBALS: &str = "house::templates::settings_of_all_functions_are_in_globals";
const VARIABLES: &str = "house::templates::every_function_has_exactly_the_variables_that_all_routes_read";
const API: &str = "house::templates::the_api_is_one_with_its_log_and_cors_belongs_to_the_functions";
const DOMAIN: &str = "house::domain::the_domain_depends_on_nothing_that_touches_a_machine";
const NAMES: &str = "house::stacks::every_environment_has_names_and_tags_of_its_own";
const DIFFERENCES: &str = "house::stacks::staging_differs_from_prod_only_where_it_may";
const STACKS: &str = "house::stacks::every_template_belongs_to_a_stack";
const ORIGIN: &str = "house::templates::stable_environments_require_the_hash_of_the_origin";
const TABLES: &str = "house::stacks::tables_are_global_tables_on_demand";
const KEYS: &str = "house::stacks::data_of_users_is_encrypted_with_a_key_that_aws_rotates";
const INTRINSICS: &str = "house::stacks::keys_indexes_and_ttl_hold_no_intrinsics";
const QUIETER: &str = "house::stacks::log_levels_rise_from_dev_to_prod";
const STATE: &str = "house::stacks::the_state_has_the_parameters_of_its_tables_and_their_names";
const PRECIOUS: &str = "house::recovery::irreplaceable_data_is_protected";
const EXPORTS: &str = "house::stacks::exports_are_private_and_expire_after_a_day";
const GENERIC_INDEXES: &str = "house::stacks::app_has_four_generic_indexes_from_the_start";
const INDEX_MAXIMA: &str = "house::stacks::every_index_has_the_maxima_of_its_table";
const CHECK_EVENTS: &str = "house::events::each_job_has_an_event_that_only_checks";
const LINKS: &str = "house::documents::every_file_that_a_document_links_to_exists";
const BOUNDS: &str = "house::documents::the_page_of_limits_states_the_values_of_the_code";
const FLOODS: &str = "house::documents::the_page_of_limits_states_the_bounds_of_a_flood";
const ADRS: &str = "house::documents::every_decision_is_listed_and_every_listed_decision_exists";
const PROSE: &str = "house::prose::the_texts_use_plain_english";
const TEST_NAMES: &str = "house::prose::test_names_have_a_subject";

/// Drift tests of code, not of files: a change to a file has no effect on a test program that is already built.
pub const COMPILED: [&str; 8] = [
    "house::demands::a_proof_that_does_not_exist_is_found",
    "house::events::a_missing_event_is_generated_as_the_http_api_would_send_it",
    "house::variables::the_table_contains_exactly_the_variables_that_are_read",
    "house::modules::graph::a_cycle_is_found_and_a_chain_is_not",
    "house::prose::a_comment_beyond_the_margin_is_found",
    "house::prose::a_planted_phrase_is_found_and_a_correct_one_is_not",
    "house::prose::a_planted_question_is_found",
    "house::prose::a_planted_test_name_is_found",
];

pub const CHANGES: &[Change] = &[
    replace(DATA, "    DeletionPolicy: RetainExceptOnCreate", "    DeletionPolicy: Delete", PRECIOUS),
    replace(
        DATA,
        "PointInTimeRecoveryEnabled: !If [IsStable, true, false]",
        "PointInTimeRecoveryEnabled: false",
        PRECIOUS,
    ),
    replace(DATA, "          DeletionProtectionEnabled: !If [IsStable, true, false]\n", "", PRECIOUS),
    replace(DATA, "        AttributeName: expires_at", "        AttributeName: created_at", PRECIOUS),
    replace(
        DATA,
        "      Name: !Ref SigningKeysName\n",
        "      Name: !Ref SigningKeysName\n      SecretString: x\n",
        PRECIOUS,
    ),
    replace(DATA, "IndexName: gsi4\n", "IndexName: by-time\n", GENERIC_INDEXES),
    replace(
        DATA,
        "          WriteOnDemandThroughputSettings:\n            MaxWriteRequestUnits: 2000\n",
        "          WriteOnDemandThroughputSettings:\n            MaxWriteRequestUnits: 1000\n",
        INDEX_MAXIMA,
    ),
    replace("events/check-sync-pokeapi.json", "\"check\"", "\"publish\"", CHECK_EVENTS),
    replace(DATA, "ExpirationInDays: 1", "ExpirationInDays: 365", EXPORTS),
    replace(DATA, "BlockPublicPolicy: true", "BlockPublicPolicy: false", EXPORTS),
    replace(DATA, "Effect: Deny", "Effect: Allow", EXPORTS),
    replace(DATA, "  AuditTable:\n", "  TrailTable:\n", STATE),
    replace(
        SAMCONFIG,
        "[\"LogLevel=debug\",",
        "[\"LogLevel=debug\", \"AppTableName=pokedex-prod-app\",",
        NAMES,
    ),
    replace("events/list-users.json", "ADMIN_TOKEN", "ACCESS_TOKEN", EVENTS),
    replace(TEMPLATE, "        RATE_LIMITS: !Ref RateLimits\n", "        RATE_LIMITS: \"off\"\n", GLOBALS),
    replace("Cargo.toml", "panic = \"unwind\"\n", "", RELEASES),
    replace("events/get-ability.json", "GET /api/v1/abilities/{name}", "GET /api/v1/abilities", EVENTS),
    replace("events/get-pokemon.json", "\"id\": \"pikachu\"", "\"name\": \"pikachu\"", EVENTS),
    replace("events/list-pokemon.json", "\"version\": \"2.0\"", "\"version\": \"1.0\"", EVENTS),
    replace("events/list-pokemon.json", "type=water", "type=wet", LETS_IN),
    replace("events/get-type.json", "\"name\": \"fire\"", "\"name\": \"fir\"", LETS_IN),
    replace(TEMPLATE, "RetentionInDays: 30", "RetentionInDays: 3653", API),
    replace(TEMPLATE, "AutoPublishAlias: live", "AutoPublishAlias: latest", GLOBALS),
    replace(TEMPLATE, "Default: arm64", "Default: x86_64", PARAMETERS),
    replace(TEMPLATE, "AllowedPattern: ^(dev|staging|prod|", "AllowedPattern: ^(dev|prod|", PARAMETERS),
    replace(
        TEMPLATE,
        "    Description: f- and a name for the environment of a branch.\n",
        "    Default: dev\n",
        PARAMETERS,
    ),
    replace(
        TEMPLATE,
        "      - Assert: !Not [!Equals [!Ref OriginVerifySha256, \"\"]]",
        "      - Assert: !Equals [a, a]",
        ORIGIN,
    ),
    replace(TEMPLATE, "        SYNC_MAX_AGE_HOURS: !Ref SyncMaxAgeHours\n", "", VARIABLES),
    replace(
        TEMPLATE,
        "        CATALOG_TABLE: !Ref CatalogTableName\n",
        "        CATALOG_TABLE: !Ref CatalogTableName\n        DEBUG: \"1\"\n",
        VARIABLES,
    ),
    replace(
        TEMPLATE,
        "      ProtocolType: HTTP\n",
        "      ProtocolType: HTTP\n      CorsConfiguration: {AllowOrigins: [\"*\"]}\n",
        API,
    ),
    replace(
        TEMPLATE,
        "xray:PutTelemetryRecords]",
        "xray:PutTelemetryRecords, dynamodb:DeleteTable]",
        GLOBALS,
    ),
    replace(TEMPLATE, "Timeout: 10 #", "Timeout: 900 #", GLOBALS),
    replace(
        TEMPLATE,
        "\nOutputs:\n",
        "  Backdoor:\n    Type: AWS::Lambda::Url\n    Properties: {AuthType: NONE, TargetFunctionArn: !Ref GetMoveFunction}\n\nOutputs:\n",
        NOTHING_ELSE,
    ),
    replace(
        "events/get-move.json",
        "\"headers\": {",
        "\"headers\": {\n    \"authorization\": \"Bearer x\",",
        EVENTS,
    ),
    replace(
        "shared/domain/Cargo.toml",
        "[dependencies]\n",
        "[dependencies]\ntokio.workspace = true\n",
        DOMAIN,
    ),
    replace(SAMCONFIG, "LogLevel=warn", "LogLevel=trace", QUIETER),
    replace(SAMCONFIG, "env=prod", "env=staging", NAMES),
    replace(SAMCONFIG, "\"LogLevel=warn\", ", "\"LogLevel=warn\", \"Tracing=Active\", ", DIFFERENCES),
    replace(SAMCONFIG, "\"LogLevel=info\", \"SyncMaxAgeHours=48\"", "\"LogLevel=info\"", DIFFERENCES),
    replace(DATA, "IsStable: !Or [!Equals [!Ref Environment, staging], ", "IsStable: !Or [", PRECIOUS),
    replace(
        DATA,
        "PointInTimeRecoveryEnabled: false",
        "PointInTimeRecoveryEnabled: !If [IsStable, true, false]",
        PRECIOUS,
    ),
    replace("deploy/prod.toml", "[window]", "[windows]", NAMES),
    replace("deploy/prod.toml", "architecture = \"arm64\"", "architecture = \"x86_64\"", DIFFERENCES),
    replace("deploy/staging.toml", "architecture = \"arm64\"", "architecture = \"arm\"", NAMES),
    replace("deploy/stacks.toml", "name = \"admin\"", "name = \"jobs\"", NAMES),
    replace("deploy/stacks.toml", "infra/admin.yaml", "infra/jobs.yaml", STACKS),
    replace("deploy/stacks.toml", "protected = true\n", "", STACKS),
    replace(DATA, "AllowedPattern: ^(dev|staging|prod|", "AllowedPattern: ^(anything|", STATE),
    replace(DATA, "TableName: !Ref CatalogTableName", "TableName: pokedex", STATE),
    replace(
        DATA,
        "      KeySchema:\n",
        "      TimeToLiveSpecification: {AttributeName: !Ref Environment, Enabled: true}\n      KeySchema:\n",
        INTRINSICS,
    ),
    replace(
        DATA,
        "      KeySchema:\n",
        "      GlobalSecondaryIndexes: [{IndexName: !Sub by-${Environment}}]\n      KeySchema:\n",
        INTRINSICS,
    ),
    replace("docs/LIMITS.md", "| `signin` | an address | 60 |", "| `signin` | an address | 600 |", BOUNDS),
    replace("docs/LIMITS.md", "128 more may wait", "12 more may wait", BOUNDS),
    replace("docs/LIMITS.md", "| 3,000 requests in 300 s", "| 300 requests in 300 s", FLOODS),
    replace("infra/edge-global.yaml", "Limit: 600", "Limit: 6000", FLOODS),
    replace("infra/data.yaml", "MaxReadRequestUnits: 4000", "MaxReadRequestUnits: 40000", FLOODS),
    replace("README.md", "(ARCHITECTURE.md)", "(HOUSE.md)", LINKS),
    replace(SAMCONFIG, "stack_name = \"pokedex-prod\"", "stack_name = \"pokedex\"", NAMES),
    replace(DATA, "AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table", TABLES),
    replace(DATA, "        SSEEnabled: true\n", "        SSEEnabled: false\n", KEYS),
    replace(DATA, "        SSEEnabled: false\n", "        SSEEnabled: true\n        SSEType: KMS\n", KEYS),
    replace(
        DATA,
        "AttributeName: pk\n          KeyType: HASH",
        "AttributeName: !Ref Key\n          KeyType: HASH",
        INTRINSICS,
    ),
    replace("docs/adr/README.md", "(0002-our-own-door.md)", "(0002-a-door.md)", ADRS),
    // The language of texts and test names.
    replace("docs/LIMITS.md", "This page lists", concat!("This page an", "ew lists"), PROSE),
    replace("docs/LIMITS.md", "# Limits", "# What Is Limited", PROSE),
    replace("shared/door/src/edge.rs", "//! ", "//! How ", PROSE),
    replace("shared/domain/src/slug.rs", "fn slugs_of_pokeapi", "fn what_slugs_of_pokeapi", TEST_NAMES),
    // The files that the generator writes.
    replace(TEMPLATE, "Handler: get-move", "Handler: get-type", GENERATED),
    replace(TEMPLATE, "RouteKey: GET /api/v1/moves/{name}", "RouteKey: GET /api/v1/move/{name}", GENERATED),
    replace(TEMPLATE, "Action: lambda:InvokeFunction", "Action: lambda:*", GENERATED),
    replace(TEMPLATE, "LogGroupName: !Sub /aws/lambda", "LogGroupName: !Sub /logs", GENERATED),
    replace(TEMPLATE, "- MOVE#*", "- '*'", GENERATED),
    replace("infra/jobs.yaml", "rate(15 minutes)", "rate(1 minute)", GENERATED),
    replace("infra/jobs.yaml", "Mode: \"OFF\"", "Mode: OFF", GENERATED),
    replace("infra/jobs.yaml", "              aws:SourceAccount: !Ref AWS::AccountId\n", "", GENERATED),
    replace("infra/jobs.yaml", "        DeadLetterConfig:\n", "        DeadLetter:\n", GENERATED),
    replace("infra/admin.yaml", "ApiId: !Ref HttpApiId", "ApiId: !Ref HttpApi", GENERATED),
    replace(
        "infra/admin.yaml",
        "      - !Ref TracingPolicy\n",
        "      - arn:aws:iam::aws:policy/AdministratorAccess\n",
        GENERATED,
    ),
    replace("infra/release.yaml", "Action: cloudwatch:DescribeAlarms", "Action: cloudwatch:*", GENERATED),
    replace("infra/release.yaml", "function:pokedex-${Environment}-*:*", "function:*", GENERATED),
    replace(
        TEMPLATE,
        "AutoPublishAliasAllProperties: true",
        "AutoPublishAliasAllProperties: false",
        GENERATED,
    ),
    replace(TEMPLATE, "          PreTraffic: !Ref VerifyReleaseArn\n", "", GENERATED),
    replace(TEMPLATE, "        - - !Ref ListPokemonAlarm\n", "        - - !Ref ListTypesAlarm\n", GENERATED),
    replace(TEMPLATE, "      - Name: ExecutedVersion", "      - Name: Version", GENERATED),
    replace(TEMPLATE, "ThrottlingRateLimit: 20\n", "ThrottlingRateLimit: 2000\n", GENERATED),
    replace(TEMPLATE, "        RELEASE: development\n", "        RELEASE: \"\"\n", GLOBALS),
    replace(TEMPLATE, "/aws/vendedlogs/apigateway", "/aws/apigateway", API),
    replace("tests/budget.json", "  \"get-move\"", "  \"get-moves\"", GENERATED),
    replace("shared/api/openapi.json", "\"get-move\"", "\"get-moves\"", GENERATED),
    delete("events/get-ability.json", GENERATED),
    Change { file: "events/get-nothing.json", what: What::Create("{}\n"), test: STRAYS },
    // The structure of the crates.
    replace("shared/door/src/limits.rs", "use http", "use crate::problem::Problem;\nuse http", CYCLES),
    replace(
        "shared/adapters/src/store/meter.rs",
        "use ",
        "use super::catalog::CatalogStore;\nuse ",
        STORE_KERNEL,
    ),
    replace("shared/door/src/route.rs", "//! ", "//! get-pokemon. ", NO_NOUN),
    Change { file: "shared/domain/src/slug.rs", what: What::Fill("\nimpl ", "// {n}\n", 400), test: LENGTHS },
    // The accesses that policies follow.
    replace(
        ACCESSES,
        "  \"verify-release\": {\n",
        "  \"verify-release\": {\n    \"AppTableName\": {\"GetItem\":[\"JWKS\"]}",
        VERIFICATION,
    ),
    replace(ACCESSES, "[\"SCHEMA\",\"USER#*\",\"USERS\"]", "[\"SCHEMA\",\"USER#*\"]", MIGRATION),
    replace(ACCESSES, "[\"ASSETS\",\"MIRROR\"]", "[\"ASSETS\"]", MIRROR_ACCESS),
    replace(ACCESSES, "\"PutItem\":[\"EDGE\"]", "\"PutItem\":[\"EDGE\",\"SYNC\"]", INVALIDATION),
    replace(ACCESSES, "\"UpdateItem\":[\"PROBE\"]", "\"UpdateItem\":[\"PROBE\",\"USER#*\"]", PROBE_ACCESS),
    replace(ACCESSES, "\"MOVE#*\"", "\"MOVE#*\",\"TYPE#*\"", ROUTE_ACCESS),
    replace(ACCESSES, "{\"GetItem\":[\"POKEMON#*\"", "{\"GetItem\":[\"CHAIN#*\"", ROUTE_ACCESS),
    replace(ACCESSES, "\"BatchWriteItem\":null", "\"BatchGetItem\":null", SYNC_ACCESS),
    replace(
        ACCESSES,
        "\"DeleteItem\":[\"SYNC\"],\"GetItem\":[\"ABILITY#*\",\"INDEX\",",
        "\"DeleteItem\":[\"SYNC\"],\"GetItem\":[\"ABILITY#*\",",
        SYNC_CHECK,
    ),
    replace(ACCESSES, "[\"NOBODY#*\"]", "[\"NOBODY#*\",\"USER#*\"]", JOB_ACCESS),
];
