//! The changes, each with the test that must detect it.

use std::fmt;

pub struct Change {
    pub file: &'static str,
    pub what: What,
    /// The test that must fail.
    pub test: &'static str,
}

pub enum What {
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
            What::Delete => write!(f, "{} deleted", self.file),
            What::Fill(_, text, times) => write!(f, "{}: {times} times {}", self.file, first_line(text)),
            What::Replace(old, new) => write!(f, "{}: {} -> {}", self.file, first_line(old), first_line(new)),
        }
    }
}

const fn delete(file: &'static str, test: &'static str) -> Change {
    Change { file, what: What::Delete, test }
}

const fn replace(file: &'static str, old: &'static str, new: &'static str, test: &'static str) -> Change {
    Change { file, what: What::Replace(old, new), test }
}

const TEMPLATE: &str = "template.yaml";
const DATA: &str = "infra/data.yaml";
const SAMCONFIG: &str = "samconfig.toml";
const MANIFEST: &str = "functions/Cargo.toml";

const BINARIES: &str = "house::functions::each_route_has_a_binary_that_opens_it_and_nothing_else";
const DECLARED: &str = "house::functions::each_binary_is_declared_and_holds_no_tests";
const ROUTER: &str = "house::functions::the_router_of_cargo_lambda_watch_is_the_table";
const RELEASES: &str = "house::functions::releases_unwind_and_leave_nothing_to_cargo_lambda";
const EVENT_FOR_EACH: &str = "house::events::each_function_has_an_event";
const EVENTS: &str = "house::events::each_event_is_one_that_the_http_api_would_send_to_that_route";
const LETS_IN: &str = "house::access::each_route_lets_in_whom_the_table_says";
const ROUTE_ACCESS: &str = "house::access::a_route_may_do_what_it_does_and_nothing_else";
const SYNC_ACCESS: &str = "house::access::the_sync_may_do_what_it_does_and_nothing_else";
const FUNCTION: &str = "house::templates::each_function_is_what_its_route_makes_of_it";
const ROLE_AND_LOG: &str = "house::templates::each_function_has_a_role_and_a_log_of_its_own";
const NOTHING_ELSE: &str = "house::templates::there_is_nothing_else";
const PARAMETERS: &str = "house::templates::parameters_take_what_is_meant_and_nothing_else";
const GLOBALS: &str = "house::templates::what_all_functions_share_stands_in_globals";
const VARIABLES: &str = "house::templates::functions_are_given_the_variables_that_they_read_and_no_other";
const API: &str = "house::templates::the_api_is_one_with_its_log_and_cors_belongs_to_the_functions";
const DOMAIN: &str = "house::domain::the_domain_depends_on_nothing_that_touches_a_machine";
const STACKS: &str = "house::stacks::each_environment_has_a_stack_of_state_and_one_of_functions";
const TABLES: &str = "house::stacks::tables_are_global_tables_on_demand_with_one_replica";
const INTRINSICS: &str = "house::stacks::keys_indexes_and_ttl_hold_no_intrinsics";
const QUIETER: &str = "house::stacks::the_nearer_to_users_the_quieter_is_the_log";
const STATE: &str = "house::stacks::the_state_has_the_parameters_of_its_tables_and_their_names";
const PRECIOUS: &str = "house::stacks::what_is_precious_is_protected";
const EXPORTS: &str = "house::stacks::exports_are_closed_and_gone_after_a_day";
const LIMITS: &str = "house::stacks::no_stack_comes_near_to_what_cloudformation_takes";
const GENERIC_INDEXES: &str = "house::stacks::app_has_four_generic_indexes_from_the_start";
const INDEX_MAXIMA: &str = "house::stacks::every_index_has_the_maxima_of_its_table";
const CHECK_EVENTS: &str = "house::events::each_job_has_an_event_that_only_checks";
const CHECK_ACCESS: &str = "house::access::a_check_of_a_job_reads_only_what_the_job_may_read";
const LINKS: &str = "house::documents::every_file_that_a_document_links_to_is_there";
const BOUNDS: &str = "house::documents::the_page_of_limits_states_the_values_of_the_code";
const ADRS: &str = "house::documents::every_decision_is_listed_and_every_one_listed_is_there";
const OPENAPI: &str = "openapi::the_committed_description_is_the_generated_one";

/// Drift tests of code, not of files: a change to a file has no effect on a test program that is already built.
pub const COMPILED: [&str; 1] =
    ["house::variables::every_variable_that_is_read_stands_in_the_table_and_no_other"];

pub const CHANGES: &[Change] = &[
    replace(DATA, "    DeletionPolicy: Retain", "    DeletionPolicy: Delete", PRECIOUS),
    replace(DATA, "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false", PRECIOUS),
    replace(DATA, "          DeletionProtectionEnabled: true\n", "", PRECIOUS),
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
    replace(
        TEMPLATE,
        "Action: [dynamodb:GetItem, dynamodb:PutItem]",
        "Action: dynamodb:PutItem",
        CHECK_ACCESS,
    ),
    replace(DATA, "ExpirationInDays: 1", "ExpirationInDays: 365", EXPORTS),
    replace(DATA, "BlockPublicPolicy: true", "BlockPublicPolicy: false", EXPORTS),
    replace(DATA, "Effect: Deny", "Effect: Allow", EXPORTS),
    replace(TEMPLATE, "Action: lambda:InvokeFunction", "Action: lambda:*", ROLE_AND_LOG),
    replace(TEMPLATE, "Action: s3:DeleteObject", "Action: [s3:DeleteObject, s3:GetObject]", ROLE_AND_LOG),
    replace(TEMPLATE, "      Timeout: 30 #", "      Timeout: 3 #", FUNCTION),
    replace(TEMPLATE, "LeadingKeys: [OVERRIDES]", "LeadingKeys: [OVERRIDES, JWKS]", ROUTE_ACCESS),
    replace(DATA, "  AuditTable:\n", "  TrailTable:\n", STATE),
    replace(SAMCONFIG, "AppTableName=pokedex-dev-app", "AppTableName=pokedex-prod-app", STACKS),
    delete("functions/src/bin/rotate-signing-key.rs", BINARIES),
    replace("functions/src/bin/finish-deletions.rs", "serve_deletions", "serve_rotation", BINARIES),
    replace("events/list-users.json", "ADMIN_TOKEN", "ACCESS_TOKEN", EVENTS),
    replace(TEMPLATE, "Action: secretsmanager:GetSecretValue", "Action: secretsmanager:*", ROLE_AND_LOG),
    replace(
        TEMPLATE,
        "Action: dynamodb:PutItem\n",
        "Action: [dynamodb:PutItem, dynamodb:DeleteItem]\n",
        ROUTE_ACCESS,
    ),
    replace(TEMPLATE, "LeadingKeys: [\"EMAIL#*\", ", "LeadingKeys: [\"*\", ", ROUTE_ACCESS),
    replace(
        TEMPLATE,
        "table/${AuditTableName}/index/by-day",
        "table/${AuditTableName}/index/*",
        ROLE_AND_LOG,
    ),
    replace(TEMPLATE, "        RATE_LIMITS: !Ref RateLimits\n", "        RATE_LIMITS: \"off\"\n", GLOBALS),
    delete("functions/src/bin/get-move.rs", BINARIES),
    replace("functions/src/bin/get-type.rs", "GET_TYPE", "GET_MOVE", BINARIES),
    replace(
        "functions/src/bin/sync-pokeapi.rs",
        "api::sync::serve()",
        "api::jobs::serve_deletions()",
        BINARIES,
    ),
    replace(MANIFEST, "name = \"get-move\"\ntest = false", "name = \"get-move\"", DECLARED),
    replace(MANIFEST, "\"/api/v1/moves/{name}\"", "\"/api/v1/moves/{id}\"", ROUTER),
    replace(MANIFEST, "function = \"list-types\"", "function = \"get-type\"", ROUTER),
    replace(
        MANIFEST,
        "{ method = \"HEAD\", function = \"list-types\" }",
        "{ method = \"HEAD\", function = \"answer-unknown\" }",
        ROUTER,
    ),
    replace("Cargo.toml", "panic = \"unwind\"\n", "", RELEASES),
    delete("events/get-ability.json", EVENT_FOR_EACH),
    replace("events/get-ability.json", "GET /api/v1/abilities/{name}", "GET /api/v1/abilities", EVENTS),
    replace("events/get-pokemon.json", "\"id\": \"pikachu\"", "\"name\": \"pikachu\"", EVENTS),
    replace("events/list-pokemon.json", "\"version\": \"2.0\"", "\"version\": \"1.0\"", EVENTS),
    replace("events/list-pokemon.json", "type=water", "type=wet", LETS_IN),
    replace("events/get-type.json", "\"name\": \"fire\"", "\"name\": \"fir\"", LETS_IN),
    replace(
        TEMPLATE,
        "  GetMoveFunction:\n    Type: AWS::Serverless::Function",
        "  GetMoveFunction:\n    Type: AWS::Lambda::Function",
        FUNCTION,
    ),
    replace(TEMPLATE, "Path: \"/api/v1/moves/{name}\"", "Path: \"/api/v1/move/{name}\"", FUNCTION),
    replace(
        TEMPLATE,
        "Method: GET, Path: \"/api/v1/pokemon/types\"",
        "Method: POST, Path: \"/api/v1/pokemon/types\"",
        FUNCTION,
    ),
    replace(
        TEMPLATE,
        "Method: HEAD, Path: \"/api/v1/pokemon/types\"",
        "Method: GET, Path: \"/api/v1/pokemon/types\"",
        FUNCTION,
    ),
    replace(TEMPLATE, "Description: Get a move", "Description: Get moves", FUNCTION),
    replace(TEMPLATE, "Role: !GetAtt GetMoveRole.Arn", "Role: !GetAtt GetTypeRole.Arn", FUNCTION),
    replace(TEMPLATE, "pokedex-${Environment}-get-move", "pokedex-get-move", FUNCTION),
    replace(TEMPLATE, "RetentionInDays: 30", "RetentionInDays: 3653", API),
    replace(TEMPLATE, "Resource: !GetAtt GetTypeLogs.Arn", "Resource: \"*\"", ROLE_AND_LOG),
    replace(TEMPLATE, "AutoPublishAlias: live", "AutoPublishAlias: latest", GLOBALS),
    replace(TEMPLATE, "Default: arm64", "Default: x86_64", PARAMETERS),
    replace(
        TEMPLATE,
        "AllowedValues: [dev, staging, prod]",
        "AllowedValues: [dev, staging, production]",
        PARAMETERS,
    ),
    replace(TEMPLATE, "        SYNC_MAX_AGE_HOURS: !Ref SyncMaxAgeHours\n", "", VARIABLES),
    replace(
        TEMPLATE,
        "        CATALOG_TABLE: !Ref CatalogTableName\n",
        "        CATALOG_TABLE: !Ref CatalogTableName\n        DEBUG: \"1\"\n",
        VARIABLES,
    ),
    replace(TEMPLATE, "          SYNC_CONTACT: !Ref SyncContact\n", "", VARIABLES),
    replace(TEMPLATE, "[\"POKEMON#*\", \"CHAIN#*\"]", "[\"POKEMON#*\"]", ROUTE_ACCESS),
    replace(TEMPLATE, "[\"TYPE#*\"]", "[\"TYPE#*\", \"MOVE#*\"]", ROUTE_ACCESS),
    replace(TEMPLATE, "Action: dynamodb:GetItem", "Action: [dynamodb:GetItem, dynamodb:Query]", ROUTE_ACCESS),
    replace(TEMPLATE, "dynamodb:PutItem, dynamodb:BatchWriteItem", "dynamodb:PutItem", SYNC_ACCESS),
    replace(TEMPLATE, "LeadingKeys: [FACTS]", "LeadingKeys: [FACTS, SYNC]", SYNC_ACCESS),
    replace(TEMPLATE, "OmitName: true", "OmitName: false", FUNCTION),
    replace(TEMPLATE, "rate(15 minutes)", "rate(1 minute)", FUNCTION),
    replace(
        TEMPLATE,
        "      FailOnWarnings: true\n",
        "      FailOnWarnings: true\n      CorsConfiguration: true\n",
        API,
    ),
    replace(TEMPLATE, "Principal: {Service: lambda.amazonaws.com}", "Principal: \"*\"", ROLE_AND_LOG),
    replace(
        TEMPLATE,
        "xray:PutTelemetryRecords]",
        "xray:PutTelemetryRecords, dynamodb:DeleteTable]",
        GLOBALS,
    ),
    replace(TEMPLATE, "Timeout: 10 #", "Timeout: 900 #", GLOBALS),
    replace(
        TEMPLATE,
        "      AutoPublishAliasAllProperties: true\n",
        "      AutoPublishAliasAllProperties: true\n      FunctionUrlConfig: {AuthType: NONE}\n",
        FUNCTION,
    ),
    replace(
        TEMPLATE,
        "\nOutputs:\n",
        "  Backdoor:\n    Type: AWS::Lambda::Url\n    Properties: {AuthType: NONE, TargetFunctionArn: !Ref GetMoveFunction}\n\nOutputs:\n",
        NOTHING_ELSE,
    ),
    replace(
        TEMPLATE,
        "                Condition:\n                  ForAllValues:StringLike: {dynamodb:LeadingKeys: [\"MOVE#*\"]}\n                  \"Null\": {dynamodb:LeadingKeys: \"false\"}\n",
        "",
        ROUTE_ACCESS,
    ),
    replace(
        TEMPLATE,
        "                Resource: !GetAtt GetHealthLogs.Arn\n",
        "                Resource: !GetAtt GetHealthLogs.Arn\n              - Effect: Allow\n                Action: \"*\"\n                Resource: \"*\"\n",
        ROLE_AND_LOG,
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
    replace(SAMCONFIG, "capabilities = \"CAPABILITY_IAM\"\n", "", STACKS),
    Change {
        file: TEMPLATE,
        what: What::Fill("\nOutputs:\n", "  Topic{n}:\n    Type: AWS::SNS::Topic\n", 300),
        test: LIMITS,
    },
    replace(DATA, "AllowedValues: [dev, staging, prod]", "AllowedValues: [anything]", STATE),
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
    replace("README.md", "(ARCHITECTURE.md)", "(HOUSE.md)", LINKS),
    replace(SAMCONFIG, "pokedex-staging-catalog", "pokedex-dev-catalog", STACKS),
    replace(SAMCONFIG, "stack_name = \"pokedex-prod\"", "stack_name = \"pokedex\"", STACKS),
    replace(DATA, "AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table", TABLES),
    replace(
        DATA,
        "AttributeName: pk\n          KeyType: HASH",
        "AttributeName: !Ref Key\n          KeyType: HASH",
        INTRINSICS,
    ),
    replace("docs/adr/README.md", "(0002-our-own-door.md)", "(0002-a-door.md)", ADRS),
    replace(
        "shared/api/openapi.json",
        "\"operationId\": \"get-move\"",
        "\"operationId\": \"get-moves\"",
        OPENAPI,
    ),
];
