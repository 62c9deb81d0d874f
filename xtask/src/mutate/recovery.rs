//! The changes of backups, of the second region, and of their guides.

use super::changes::{Change, replace};

const DATA: &str = "infra/data.yaml";
const BACKUP: &str = "infra/backup.yaml";
const SECOND: &str = "infra/dr.yaml";
const STACKS: &str = "deploy/stacks.toml";
const DRILL: &str = ".github/workflows/drill.yml";
const DEPLOYER: &str = "infra/deployer.yaml";

const NIGHTLY: &str = "house::recovery::accounts_and_trail_are_backed_up_each_night_for_30_days_and_copied_to_the_second_region";
const REPLICAS: &str = "house::recovery::a_second_region_has_replicas_of_everything_that_does_not_expire";
const BOUNDARY: &str = "house::account::the_boundary_allows_exactly_the_actions_of_the_roles";
const NARROW: &str = "house::account::no_right_is_wider_than_the_environment";
const COMMANDS: &str = "house::workflows::workflows_call_only_commands_that_exist";
const FIRES: &str = "house::alarms::every_alarm_fires_when_it_must_and_only_then";
const NAMED: &str = "house::alarms::the_runbook_of_an_alarm_names_it_and_says_when_it_is_over";
const FILES: &str = "house::recovery::an_operator_reads_no_file_with_accounts";
const SCHEDULES: &str =
    "house::schedules::every_schedule_has_a_queue_for_its_failures_and_a_role_of_this_account";
const CLEANED: &str = "house::edge::every_bucket_is_private_encrypted_and_cleaned_up";
const LISTED: &str = "house::stacks::every_template_belongs_to_a_stack";

pub const OF_RECOVERY: &[Change] = &[
    replace(BACKUP, "cron(0 3 * * ? *)", "cron(0 3 1 * ? *)", NIGHTLY),
    replace(
        BACKUP,
        "            Lifecycle: {DeleteAfterDays: 30}\n",
        "            Lifecycle: {DeleteAfterDays: 3}\n",
        NIGHTLY,
    ),
    replace(BACKUP, "[!Ref AppTableArn, !Ref AuditTableArn]", "[!Ref AppTableArn]", NIGHTLY),
    replace(
        BACKUP,
        "            Effect: Deny\n            Principal: \"*\"\n            Action: [backup",
        "            Effect: Allow\n            Principal: \"*\"\n            Action: [backup",
        NIGHTLY,
    ),
    replace(BACKUP, "MinRetentionDays: 30", "MinRetentionDays: 3", NIGHTLY),
    replace(BACKUP, "GroupName: !Ref ExportGroup", "GroupName: !Sub pokedex-${Environment}", NIGHTLY),
    replace(BACKUP, "\"S3SseAlgorithm\": \"AES256\"", "\"S3SseAlgorithm\": \"none\"", NIGHTLY),
    replace(SECOND, "backup:DeleteRecoveryPoint, ", "", NIGHTLY),
    replace(SECOND, "MinRetentionDays: 30", "MinRetentionDays: 3", NIGHTLY),
    replace(SECOND, "!Equals [!Ref VaultLock, \"true\"]", "!Equals [!Ref VaultLock, \"locked\"]", NIGHTLY),
    replace(DATA, "          - Region: !Ref ReplicaRegion\n", "          - Region: us-west-2\n", REPLICAS),
    replace(DATA, "StreamViewType: NEW_AND_OLD_IMAGES", "StreamViewType: KEYS_ONLY", REPLICAS),
    replace(DATA, "ReplicaRegions: !If [HasReplica, ", "ReplicaRegions: !If [IsStable, ", REPLICAS),
    replace(SECOND, "        Enabled: true\n", "        Enabled: false\n", REPLICAS),
    replace(SECOND, "  ExportsBucketName:\n", "  ExportBucketName:\n", REPLICAS),
    replace(STACKS, "region = \"eu-west-1\"", "region = \"eu-west-2\"", REPLICAS),
    replace(STACKS, "template = \"infra/backup.yaml\"", "template = \"infra/release.yaml\"", LISTED),
    replace(BACKUP, "dynamodb:StartAwsBackupJob, ", "", BOUNDARY),
    replace(
        DEPLOYER,
        "backup-vault:pokedex-${Environment}\n          # The id of a plan",
        "backup-vault:*\n          # The id of a plan",
        NARROW,
    ),
    replace(BACKUP, "RestrictPublicBuckets: true", "RestrictPublicBuckets: false", CLEANED),
    replace("infra/account.yaml", "pokedex-*-backups-*/*", "pokedex-*-copies-*/*", FILES),
    replace(DRILL, "cargo xtask drill", "cargo xtask exercise", COMMANDS),
    replace("infra/watch.yaml", "FILL(failed,0)+FILL(expired,0)+FILL(copies,0)", "FILL(failed,0)", FIRES),
    replace(BACKUP, "        DeadLetterConfig: {Arn: !GetAtt ExportFailures.Arn}\n", "", SCHEDULES),
    replace("infra/watch.yaml", "+FILL(exports,0)", "", FIRES),
    replace("docs/runbooks/recovery.md", "Alarm: `backups-fail`.", "Alarm: `backups`.", NAMED),
];
