//! The table of alarms of a stable environment. Canaries have alarms of their own (`canary`).
//!
//! Errors are counted at the API, which also sees functions that do not start. Latency is counted in the functions, because the API's
//! contains cold starts, which no deployment can avoid; a dashboard shows both.

use api::metrics::{
    ASSETS_FAILED, PROBE_FAILED, REFRESH_REPLAYS, SYNC_AGE, SYNC_ERRORS, SYNC_FAILED, SYNC_FETCHED,
};
use door::telemetry::{
    job::JOB_ERRORS,
    request::{DEPENDENCY_DOWN, LATENCY, PANICS, RATE_LIMITED, REQUESTS},
};

use super::{
    alarm::{
        Alarm, Missing, Of, Place, Series,
        Signal::{Math, One},
        Source, sum,
    },
    global,
};

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;

const API: &[(&str, Of)] = &[("ApiId", Of::Parameter("HttpApiId"))];
const API_REQUESTS: Series = Series { source: Source::Aws("AWS/ApiGateway", "Count", API), statistic: "Sum" };
const API_ERRORS: Series = Series { source: Source::Aws("AWS/ApiGateway", "5xx", API), statistic: "Sum" };
const P95: Series = Series { source: Source::Own(LATENCY), statistic: "p95" };
const AGE: Series = Series { source: Source::Own(SYNC_AGE), statistic: "Minimum" };

/// A metric of all functions of the account in the region: Lambda publishes it without a dimension. One alarm replaces one for each
/// function.
const fn lambda(metric: &'static str, statistic: &'static str) -> Series {
    Series { source: Source::Aws("AWS/Lambda", metric, &[]), statistic }
}

/// Errors of DynamoDB itself at the table of accounts. There is no metric for all operations together.
const fn system_errors(operation: &'static [(&'static str, Of)]) -> Series {
    Series { source: Source::Aws("AWS/DynamoDB", "SystemErrors", operation), statistic: "Sum" }
}

const fn of_app(operation: &'static str) -> [(&'static str, Of); 2] {
    [("TableName", Of::Parameter("AppTableName")), ("Operation", Of::Text(operation))]
}

/// A number of the vault of backups.
const fn backups(metric: &'static str) -> Series {
    const VAULT: &[(&str, Of)] = &[("BackupVaultName", Of::Parameter("BackupVaultName"))];
    Series { source: Source::Aws("AWS/Backup", metric, VAULT), statistic: "Sum" }
}

/// The events in a queue of schedules that could not start their target.
const fn failures(queue: &'static [(&'static str, Of)]) -> Series {
    const VISIBLE: &str = "ApproximateNumberOfMessagesVisible";
    Series { source: Source::Aws("AWS/SQS", VISIBLE, queue), statistic: "Maximum" }
}

const OF_JOBS: &[(&str, Of)] = &[("QueueName", Of::Sub("pokedex-${Environment}-schedule-failures"))];
const OF_EXPORTS: &[(&str, Of)] =
    &[("QueueName", Of::Sub("pokedex-${Environment}-backups-schedule-failures"))];

const GET: &[(&str, Of)] = &of_app("GetItem");
const QUERY: &[(&str, Of)] = &of_app("Query");
const TRANSACT: &[(&str, Of)] = &of_app("TransactWriteItems");

const ALARM: Alarm = Alarm {
    id: "",
    symptom: "",
    runbook: "",
    place: Place::Home,
    signal: One(API_ERRORS),
    period: 5 * MINUTE,
    of: (1, 1),
    above: 0,
    missing: Missing::Good,
    condition: None,
};

/// An alarm of the edge. The requests of the check from outside are 60 to 160 in five minutes, and the edge stores none of its responses:
/// the floors of requests are above that.
const OF_EDGE: Alarm = Alarm { place: Place::Global, runbook: "edge", ..ALARM };

/// Every alarm, in the order in which documents list them.
pub static ALARMS: &[Alarm] = &[
    Alarm {
        id: "ErrorShare",
        symptom: "More than 5 % of the requests fail for two minutes",
        runbook: "errors",
        // A floor of requests: a single failed request at night is not an outage.
        signal: Math(
            "IF(requests>20,100*FILL(errors,0)/requests,0)",
            &[("requests", API_REQUESTS), ("errors", API_ERRORS)],
        ),
        period: MINUTE,
        of: (2, 3),
        above: 5,
        ..ALARM
    },
    Alarm {
        id: "ServerErrors",
        symptom: "More than 30 requests failed within five minutes",
        runbook: "errors",
        signal: One(API_ERRORS),
        above: 30,
        ..ALARM
    },
    Alarm {
        id: "DependencyDown",
        symptom: "DynamoDB or a secret does not answer the functions for a minute",
        runbook: "database",
        signal: One(sum(DEPENDENCY_DOWN)),
        period: MINUTE,
        above: 4,
        ..ALARM
    },
    Alarm {
        id: "DatabaseErrors",
        symptom: "DynamoDB reports errors of its own at the table of accounts",
        runbook: "database",
        signal: Math(
            "FILL(reads,0)+FILL(queries,0)+FILL(writes,0)",
            &[
                ("reads", system_errors(GET)),
                ("queries", system_errors(QUERY)),
                ("writes", system_errors(TRANSACT)),
            ],
        ),
        period: MINUTE,
        // A metric may arrive a minute late, and the latest period then has the values of FILL.
        of: (1, 3),
        above: 4,
        ..ALARM
    },
    Alarm {
        id: "Latency",
        symptom: "The slowest twentieth of the requests takes more than 500 ms for five minutes",
        runbook: "latency",
        signal: Math("IF(requests>20,latency,0)", &[("requests", sum(REQUESTS)), ("latency", P95)]),
        above: 500,
        ..ALARM
    },
    Alarm {
        id: "LatencyLasts",
        symptom: "The slowest twentieth of the requests takes more than 500 ms for a quarter of an hour",
        runbook: "latency",
        signal: Math("IF(requests>20,latency,0)", &[("requests", sum(REQUESTS)), ("latency", P95)]),
        of: (3, 3),
        above: 500,
        ..ALARM
    },
    Alarm {
        id: "ProbeFails",
        symptom: "The journeys of the probe have failed, or were not played, in three of five minutes",
        runbook: "probe",
        signal: One(sum(PROBE_FAILED)),
        period: MINUTE,
        of: (3, 5),
        missing: Missing::BadIf("HasProbe"),
        ..ALARM
    },
    Alarm {
        id: "Crashes",
        symptom: "Within the hour a function crashed, ran out of memory or timed out, or a job failed",
        runbook: "crashes",
        signal: One(lambda("Errors", "Sum")),
        period: HOUR,
        ..ALARM
    },
    Alarm {
        id: "Panics",
        symptom: "A handler panicked; its request was answered with 500",
        runbook: "crashes",
        signal: One(sum(PANICS)),
        ..ALARM
    },
    Alarm {
        id: "Throttles",
        symptom: "Lambda refuses invocations because too many run at once",
        runbook: "capacity",
        signal: One(lambda("Throttles", "Sum")),
        ..ALARM
    },
    Alarm {
        id: "Concurrency",
        symptom: "More than 70 % of the account's concurrent executions are in use",
        runbook: "capacity",
        signal: Math(
            "100*claimed/${AccountConcurrency}",
            &[("claimed", lambda("ClaimedAccountConcurrency", "Maximum"))],
        ),
        above: 70,
        ..ALARM
    },
    Alarm {
        id: "SyncFails",
        symptom: "The sync has failed three times within the hour",
        runbook: "sync",
        signal: One(sum(SYNC_ERRORS)),
        period: HOUR,
        above: 2,
        ..ALARM
    },
    Alarm {
        id: "SyncSkips",
        symptom: "The sync could not fetch or use more than 10 % of its documents",
        runbook: "sync",
        signal: Math(
            "IF(fetched+failed>50,100*failed/(fetched+failed),0)",
            &[("fetched", sum(SYNC_FETCHED)), ("failed", sum(SYNC_FAILED))],
        ),
        period: HOUR,
        above: 10,
        ..ALARM
    },
    Alarm {
        id: "SyncIsOld",
        symptom: "No sync has been complete for 36 hours, or its schedule does not report",
        runbook: "sync",
        signal: One(AGE),
        period: HOUR,
        of: (4, 4),
        above: 36 * HOUR,
        missing: Missing::Bad,
        ..ALARM
    },
    Alarm {
        id: "JobsFail",
        symptom: "Scheduled jobs have failed in two consecutive hours",
        runbook: "schedules",
        signal: One(sum(JOB_ERRORS)),
        period: HOUR,
        of: (2, 2),
        ..ALARM
    },
    Alarm {
        id: "SchedulesFail",
        symptom: "A schedule could not invoke its function",
        runbook: "schedules",
        signal: Math(
            "FILL(jobs,0)+FILL(exports,0)",
            &[("jobs", failures(OF_JOBS)), ("exports", failures(OF_EXPORTS))],
        ),
        // A metric may arrive late, and the latest period then has the values of FILL.
        of: (1, 3),
        ..ALARM
    },
    Alarm {
        id: "EdgeIsStale",
        symptom: "The edge was told several times within five minutes to forget a changed catalogue, in vain",
        runbook: "sync",
        signal: One(Series {
            source: Source::Aws(
                "AWS/Lambda",
                "Errors",
                &[("FunctionName", Of::Sub("pokedex-${Environment}-invalidate-edge"))],
            ),
            statistic: "Sum",
        }),
        above: 1,
        ..ALARM
    },
    Alarm {
        id: "AssetsFail",
        symptom: "The mirror could not fetch or accept more than 20 files within the hour",
        runbook: "pictures",
        signal: One(sum(ASSETS_FAILED)),
        period: HOUR,
        // Ten failures in a row end a run, and an hour has four.
        above: 20,
        ..ALARM
    },
    Alarm {
        id: "TokensReplayed",
        symptom: "More than 5 sessions ended within five minutes because an old refresh token was used",
        runbook: "abuse",
        signal: One(sum(REFRESH_REPLAYS)),
        above: 5,
        ..ALARM
    },
    Alarm {
        id: "ClientsLimited",
        symptom: "More than 1,000 requests were refused by rate limits within five minutes",
        runbook: "abuse",
        signal: One(sum(RATE_LIMITED)),
        above: 1_000,
        ..ALARM
    },
    Alarm {
        id: "BackupsFail",
        symptom: "A backup of a night, or its copy in the second region, failed",
        runbook: "recovery",
        signal: Math(
            "FILL(failed,0)+FILL(expired,0)+FILL(copies,0)",
            &[
                ("failed", backups("NumberOfBackupJobsFailed")),
                ("expired", backups("NumberOfBackupJobsExpired")),
                ("copies", backups("NumberOfCopyJobsFailed")),
            ],
        ),
        period: HOUR,
        // A metric may arrive late, and the latest period then has the values of FILL.
        of: (1, 3),
        ..ALARM
    },
    Alarm {
        id: "ReplicationLag",
        symptom: "The replica is more than ten seconds behind",
        runbook: "database",
        signal: One(Series {
            source: Source::Aws(
                "AWS/DynamoDB",
                "ReplicationLatency",
                &[
                    ("TableName", Of::Parameter("AppTableName")),
                    ("ReceivingRegion", Of::Parameter("ReplicaRegion")),
                ],
            ),
            statistic: "Average",
        }),
        period: MINUTE,
        of: (3, 3),
        above: 10_000,
        condition: Some("HasReplica"),
        ..ALARM
    },
    Alarm {
        id: "Unreachable",
        symptom: "The address of the environment does not answer from outside for two minutes",
        signal: Math("1-status", &[("status", global::STATUS)]),
        period: MINUTE,
        of: (2, 2),
        missing: Missing::Bad,
        ..OF_EDGE
    },
    Alarm {
        id: "EdgeErrors",
        symptom: "More than 5 % of the requests at the edge fail for five minutes",
        signal: Math(
            "IF(requests>200,errors,0)",
            &[("requests", global::REQUESTS), ("errors", global::ERRORS)],
        ),
        above: 5,
        ..OF_EDGE
    },
    Alarm {
        id: "OriginSlow",
        symptom: "A twentieth of the requests that the edge cannot answer takes more than a second for a quarter of an hour",
        runbook: "latency",
        signal: Math(
            "IF(requests>200,latency,0)",
            &[("requests", global::REQUESTS), ("latency", global::ORIGIN)],
        ),
        of: (3, 3),
        above: 1_000,
        ..OF_EDGE
    },
    Alarm {
        id: "EdgeMisses",
        symptom: "The edge answers less than a fifth of the requests from its store for three hours",
        signal: Math(
            "IF(requests>10000,100-hits,0)",
            &[("requests", global::REQUESTS), ("hits", global::HITS)],
        ),
        period: HOUR,
        of: (3, 3),
        above: 80,
        ..OF_EDGE
    },
    Alarm {
        id: "FirewallBlocks",
        symptom: "The firewall blocked more than 1,000 requests within five minutes",
        runbook: "abuse",
        signal: One(global::BLOCKED),
        above: 1_000,
        ..OF_EDGE
    },
    Alarm {
        id: "FirewallRules",
        symptom: "The rules of AWS blocked more than 100 requests within five minutes, which may be valid",
        // Those that no limit of ours blocked.
        signal: Math(
            "FILL(all,0)-FILL(signins,0)-FILL(limit,0)",
            &[
                ("all", global::BLOCKED),
                ("signins", global::BLOCKED_SIGN_INS),
                ("limit", global::BLOCKED_BY_LIMIT),
            ],
        ),
        above: 100,
        ..OF_EDGE
    },
];
