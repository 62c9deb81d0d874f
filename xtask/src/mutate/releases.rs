//! The changes of workflows, of the rights of deployments, and of the guides for people who operate the product.

use super::changes::{Change, replace};

const DEPLOYER: &str = "infra/deployer.yaml";
const ARTIFACTS: &str = "infra/artifacts.yaml";
const ROLES: &str = "infra/workflows.yaml";
const DEPLOY: &str = ".github/workflows/deploy.yml";
const AUDIT: &str = ".github/workflows/audit.yml";
const COSTS: &str = ".github/workflows/costs.yml";
const PREVIEW: &str = ".github/workflows/preview.yml";
const DEMANDS: &str = "docs/demands.md";
const CHECKLISTS: &str = "docs/checklists/release.md";

const SCHEDULES: &str =
    "house::schedules::every_schedule_has_a_queue_for_its_failures_and_a_role_of_this_account";
const SYNCED: &str = "house::stacks::only_dev_and_the_stable_environments_sync";
const PROBED: &str = "house::stacks::only_stable_environments_are_probed";
const CANARIES: &str = "house::stacks::every_canary_has_a_hook_and_two_alarms";
const HELD: &str = "house::stacks::a_resource_that_holds_data_keeps_its_name_type_and_keys";
const PRIVATE: &str = "house::stacks::artifacts_are_private_and_versioned_and_only_old_versions_expire";
const SIGN_IN: &str = "house::account::a_workflow_signs_in_from_one_repository_and_environment";
const NARROW: &str = "house::account::no_right_is_wider_than_the_environment";
const PASSED: &str = "house::account::a_role_is_passed_only_to_the_services_that_use_it";
const GUARDED: &str = "house::account::a_role_without_the_boundary_cannot_be_created_or_changed";
const OWN_NAMES: &str = "house::account::the_rights_of_deployments_have_names_that_no_environment_has";
const BOUNDARY: &str = "house::account::the_boundary_allows_exactly_the_actions_of_the_roles";
const CREATES: &str = "house::account::cloudformation_may_create_every_type_of_the_stacks";
const KEPT: &str = "house::account::no_workflow_deletes_data_of_a_stable_environment";
const TAGGED: &str = "house::account::the_rights_of_deployments_have_all_tags";
const IDENTITY: &str = "house::workflows::every_job_with_an_identity_has_an_environment";
const NO_BUILD: &str = "house::workflows::a_job_with_an_identity_builds_nothing_of_the_product";
const FORKS: &str = "house::workflows::a_fork_never_runs_with_credentials";
const ORDER: &str = "house::workflows::a_release_is_tested_and_built_once_and_reaches_prod_through_staging";
const COMMANDS: &str = "house::workflows::workflows_call_only_commands_that_exist";
const SIGNED: &str = "house::workflows::a_job_that_signs_or_stores_findings_runs_only_actions_of_github";
const ATTESTED: &str = "house::workflows::the_program_of_a_release_is_attested_and_prod_verifies_it";
const ASKED: &str = "house::workflows::advisories_are_asked_for_weekly_and_before_a_dependency_changes";
const REAPED: &str = "house::workflows::environments_of_branches_that_have_expired_are_deleted_each_day";
const BILLED: &str = "house::workflows::the_bill_is_compared_with_the_model_each_month";
const PINNED: &str = "house::workflows::every_action_is_pinned_by_its_commit_and_of_github";
const COUNTED: &str = "house::demands::every_demand_occurs_once_and_its_state_is_counted";
const PROVEN: &str = "house::demands::every_proof_of_a_demand_exists";
const REASONS: &str = "house::demands::a_demand_is_open_or_on_aws_for_a_listed_reason";
const STATED: &str = "house::demands::numbers_are_those_of_the_templates";
const ITEMS: &str = "house::guides::the_checklists_have_8_and_12_items_with_commands";
const RUNBOOKS: &str = "house::guides::every_alarm_names_a_runbook_that_exists";

pub const OF_RELEASES: &[Change] = &[
    replace(ROLES, ":environment:${Environment}\n", ":*\n", SIGN_IN),
    replace(ROLES, "              StringEquals:\n", "              StringLike:\n", SIGN_IN),
    replace(ROLES, "lambda:GetFunction*, ", "lambda:*, ", NARROW),
    replace(DEPLOYER, "- Sid: WithoutResource", "- Sid: Everything", NARROW),
    replace(
        DEPLOYER,
        "iam:PassedToService: [lambda",
        "iam:PassedToService: [ec2.amazonaws.com, lambda",
        PASSED,
    ),
    replace(
        DEPLOYER,
        "                Condition:\n                  StringEquals: {iam:PermissionsBoundary: !Ref Boundary}\n              - Sid: Policies",
        "              - Sid: Policies",
        GUARDED,
    ),
    replace(
        DEPLOYER,
        "pokedex-cloudformation-${Environment}",
        "pokedex-${Environment}-cloudformation",
        OWN_NAMES,
    ),
    replace(DEPLOYER, "dynamodb:GetItem, ", "dynamodb:GetItem, dynamodb:DeleteTable, ", BOUNDARY),
    replace("infra/jobs.yaml", "Action: sqs:SendMessage", "Action: sqs:ReceiveMessage", BOUNDARY),
    replace(DEPLOYER, "sqs:CreateQueue, ", "", CREATES),
    replace(
        "infra/jobs.yaml",
        "        DeadLetterConfig:\n          Arn: !GetAtt ScheduleFailures.Arn\n",
        "",
        SCHEDULES,
    ),
    replace("samconfig.toml", "SyncSchedule=DISABLED", "SyncSchedule=ENABLED", SYNCED),
    replace(
        "samconfig.toml",
        "\"Canaries=false\"]",
        "\"Canaries=false\", \"ProbeSchedule=ENABLED\"]",
        PROBED,
    ),
    replace("infra/edge.yaml", "    Default: DISABLED\n", "    Default: ENABLED\n", PROBED),
    replace(
        "template.yaml",
        "          PreTraffic: !Ref VerifyReleaseArn\n",
        "          PreTraffic: !Ref Nothing\n",
        CANARIES,
    ),
    replace("template.yaml", "  ApiDomainName:\n", "  ApiDomain:\n", CANARIES),
    replace(
        "infra/data.yaml",
        "        - AttributeName: sk\n          KeyType: RANGE",
        "        - AttributeName: rk\n          KeyType: RANGE",
        HELD,
    ),
    replace(ARTIFACTS, "Effect: Deny", "Effect: Allow", PRIVATE),
    replace(
        ARTIFACTS,
        "Status: Enabled\n      LifecycleConfiguration",
        "Status: Suspended\n      LifecycleConfiguration",
        PRIVATE,
    ),
    replace(
        ARTIFACTS,
        "            NoncurrentVersionExpiration:\n",
        "            ExpirationInDays: 365\n            NoncurrentVersionExpiration:\n",
        PRIVATE,
    ),
    replace(".github/workflows/migrate.yml", "cargo xtask migrate", "cargo xtask move", COMMANDS),
    replace(DEPLOYER, "dynamodb:CreateTable, ", "dynamodb:CreateTable, dynamodb:DeleteTable, ", KEPT),
    replace(ROLES, "Effect: Deny", "Effect: Allow", KEPT),
    replace(DEPLOYER, "        - {Key: cost-center, Value: pokedex}\n", "", TAGGED),
    replace(DEPLOY, "    environment: staging\n", "", IDENTITY),
    replace(DEPLOY, "contents: read # check out the settings", "contents: write", IDENTITY),
    replace(
        DEPLOY,
        "cargo xtask deploy staging |",
        "cargo xtask build && cargo xtask deploy staging |",
        NO_BUILD,
    ),
    replace(PREVIEW, "  pull_request:\n", "  pull_request_target:\n", FORKS),
    replace(PREVIEW, "head.repo.full_name == github.repository", "head.repo.fork == false", FORKS),
    replace(DEPLOY, "needs: [test, build]", "needs: [build]", ORDER),
    replace(DEPLOY, "    needs: [staging, attest]\n", "    needs: staging\n", ORDER),
    replace(DEPLOY, "      attestations: write # store the signed statements\n", "", IDENTITY),
    replace(
        DEPLOY,
        "      - name: Attest the build\n",
        "      - name: Build again\n        run: cargo xtask build\n\n      - name: Attest the build\n",
        SIGNED,
    ),
    replace(DEPLOY, "          sbom-path: target/sbom/functions.cdx.json\n", "", ATTESTED),
    replace(DEPLOY, " --attested \"$GITHUB_REPOSITORY\"", "", ATTESTED),
    replace(AUDIT, "**/package-lock.json", "**/yarn.lock", ASKED),
    replace(".github/workflows/prune.yml", "cron: \"23 7 * * *\"", "cron: \"23 7 * * 1\"", REAPED),
    replace(AUDIT, "cron: \"37 4 * * 2\"", "cron: \"37 4 2 * *\"", ASKED),
    replace(AUDIT, "github/codeql-action/upload-sarif@", "somebody/upload-sarif@", PINNED),
    replace(COSTS, "    environment: prod-operations\n", "    environment: staging-operations\n", BILLED),
    replace(
        DEPLOY,
        "cancel-in-progress: false\n    permissions",
        "cancel-in-progress: true\n    permissions",
        ORDER,
    ),
    replace(".github/workflows/drift.yml", "cargo xtask drift", "cargo xtask wander", COMMANDS),
    replace(".github/workflows/ci.yml", "      actions: read #", "      actions: write #", IDENTITY),
    replace(".github/workflows/ci.yml", "cargo xtask scorecard", "cargo xtask score", COMMANDS),
    replace(
        DEPLOY,
        "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
        "actions/checkout@v7",
        PINNED,
    ),
    replace(DEMANDS, "| 2 |", "| 3 |", COUNTED),
    replace(DEMANDS, "; open: web, which is built and tested first", "", COUNTED),
    replace(DEMANDS, "open: trading,", "open: web,", REASONS),
    replace(DEMANDS, "| only on AWS; stand-in: `house::account", "| `house::account", REASONS),
    replace(DEMANDS, "`iam-simulate`", "`iam-dream`", PROVEN),
    replace(DEMANDS, "`infra/artifacts.yaml`", "`infra/artefacts.yaml`", PROVEN),
    replace("tests/rehearsal/rehearse.py", "\"migrated\", ", "", PROVEN),
    replace(DEMANDS, "30 days of backups", "31 days of backups", STATED),
    replace(
        "infra/data.yaml",
        "RecoveryPeriodInDays: !If [IsStable, 35,",
        "RecoveryPeriodInDays: !If [IsStable, 7,",
        STATED,
    ),
    replace("docs/costs.json", "\"break_even_millions\": 4", "\"break_even_millions\": 5", STATED),
    replace(CHECKLISTS, "| 3 |", "| 4 |", ITEMS),
    replace(CHECKLISTS, "`cargo xtask drift staging`", "`cargo xtask wander staging`", ITEMS),
    replace("template.yaml", "(docs/runbooks/release.md)", "(docs/runbooks/canary.md)", RUNBOOKS),
];
