//! What is changed, and which test must see it.

use std::fmt;

pub struct Change {
    pub file: &'static str,
    pub what: What,
    /// The test that must fail.
    pub test: &'static str,
}

pub enum What {
    Delete,
    /// The first of these becomes that.
    Replace(&'static str, &'static str),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first_line = |text: &'static str| text.trim().lines().next().unwrap_or("nothing");
        match self.what {
            What::Delete => write!(f, "{} deleted", self.file),
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
const EVENT_FOR_EACH: &str = "house::events::each_function_has_an_event";
const EVENTS: &str = "house::events::each_event_is_one_that_the_http_api_would_send_to_that_route";
const ANSWERED: &str = "house::events::each_event_is_answered_well_by_the_seeded_house";
const ROUTE_ACCESS: &str = "house::access::a_route_may_read_what_it_reads_and_nothing_else";
const SYNC_ACCESS: &str = "house::access::the_sync_may_do_what_it_does_and_nothing_else";
const IN_TEMPLATE: &str = "house::templates::each_function_is_in_the_template_once_and_nothing_else_is";
const PATHS: &str = "house::templates::each_route_has_its_path_and_method";
const OWN: &str = "house::templates::each_function_has_its_own_name_code_role_and_log";
const GLOBALS: &str = "house::templates::what_all_functions_share_stands_in_globals";
const VARIABLES: &str = "house::templates::functions_are_given_the_variables_that_they_read_and_no_other";
const SCHEDULE: &str = "house::templates::the_sync_is_scheduled_and_runs_once_at_a_time";
const CORS: &str = "house::templates::cors_belongs_to_the_functions";
const STACKS: &str = "house::stacks::each_environment_has_a_stack_of_state_and_one_of_functions";
const TABLES: &str = "house::stacks::tables_are_global_tables_on_demand_with_one_replica";
const INTRINSICS: &str = "house::stacks::keys_indexes_and_ttl_hold_no_intrinsics";
const ADRS: &str = "house::documents::every_decision_is_listed_and_every_one_listed_is_there";
const OPENAPI: &str = "openapi::the_committed_description_is_the_generated_one";

pub const CHANGES: &[Change] = &[
    delete("functions/src/bin/get-move.rs", BINARIES),
    replace("functions/src/bin/get-type.rs", "GET_TYPE", "GET_MOVE", BINARIES),
    replace("functions/src/bin/sync-pokeapi.rs", "serve_sync()", "serve(&api::routes::GET_HEALTH)", BINARIES),
    replace(MANIFEST, "name = \"get-move\"\ntest = false", "name = \"get-move\"", DECLARED),
    replace(MANIFEST, "\"/api/v1/moves/{name}\"", "\"/api/v1/moves/{id}\"", ROUTER),
    replace(MANIFEST, "function = \"list-types\"", "function = \"get-type\"", ROUTER),
    delete("events/get-ability.json", EVENT_FOR_EACH),
    replace("events/get-ability.json", "GET /api/v1/abilities/{name}", "GET /api/v1/abilities", EVENTS),
    replace("events/get-pokemon.json", "\"id\": \"pikachu\"", "\"name\": \"pikachu\"", EVENTS),
    replace("events/list-pokemon.json", "\"version\": \"2.0\"", "\"version\": \"1.0\"", EVENTS),
    replace("events/list-pokemon.json", "type=water", "type=wet", ANSWERED),
    replace("events/get-type.json", "\"name\": \"fire\"", "\"name\": \"fir\"", ANSWERED),
    replace(
        TEMPLATE,
        "  GetMoveFunction:\n    Type: AWS::Serverless::Function",
        "  GetMoveFunction:\n    Type: AWS::Lambda::Function",
        IN_TEMPLATE,
    ),
    replace(TEMPLATE, "Path: \"/api/v1/moves/{name}\"", "Path: \"/api/v1/move/{name}\"", PATHS),
    replace(
        TEMPLATE,
        "Method: GET, Path: \"/api/v1/pokemon/types\"",
        "Method: POST, Path: \"/api/v1/pokemon/types\"",
        PATHS,
    ),
    replace(TEMPLATE, "Description: Get a move", "Description: Get moves", PATHS),
    replace(TEMPLATE, "Role: !GetAtt GetMoveRole.Arn", "Role: !GetAtt GetTypeRole.Arn", OWN),
    replace(TEMPLATE, "pokedex-${Environment}-get-move", "pokedex-get-move", OWN),
    replace(TEMPLATE, "RetentionInDays: 30", "RetentionInDays: 3653", OWN),
    replace(TEMPLATE, "Resource: !GetAtt GetTypeLogs.Arn", "Resource: \"*\"", OWN),
    replace(TEMPLATE, "AutoPublishAlias: live", "AutoPublishAlias: latest", GLOBALS),
    replace(TEMPLATE, "Default: arm64", "Default: x86_64", GLOBALS),
    replace(
        TEMPLATE,
        "AllowedValues: [dev, staging, prod]",
        "AllowedValues: [dev, staging, production]",
        GLOBALS,
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
    replace(TEMPLATE, "OmitName: true", "OmitName: false", SCHEDULE),
    replace(TEMPLATE, "rate(15 minutes)", "rate(1 minute)", SCHEDULE),
    replace(
        TEMPLATE,
        "      FailOnWarnings: true\n",
        "      FailOnWarnings: true\n      CorsConfiguration: true\n",
        CORS,
    ),
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
