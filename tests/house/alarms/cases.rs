//! The series of periods for each alarm.

/// The values of the metrics in each period, the latest last.
pub(super) type Series<'a> = &'a [&'a [(&'a str, f64)]];

pub(super) type Several<'a> = &'a [Series<'a>];

/// The value of `TreatMissingData`.
#[derive(Clone, Copy)]
pub(super) enum Missing {
    Always(&'static str),
    /// One value if the condition holds, another if it does not.
    If(&'static str, &'static str, &'static str),
}

const BREACHING: Missing = Missing::Always("breaching");
const NOT_BREACHING: Missing = Missing::Always("notBreaching");
/// Without a schedule, nothing measures.
const IF_PROBE: Missing = Missing::If("HasProbe", "breaching", "notBreaching");

/// The composite alarms, each with the alarms that page through it.
pub(super) const MEMBERS: &[(&str, &[&str])] = &[
    ("Outage", &["ErrorShare", "DependencyDown", "DatabaseErrors", "LatencyLasts", "ProbeFails"]),
    ("EdgeOutage", &["Unreachable", "EdgeErrors"]),
];

/// For each alarm, its treatment of a period without data, and series of periods in which it fires, and in which it does not.
pub(super) const CASES: &[(&str, Missing, Several<'_>, Several<'_>)] = &[
    (
        "ErrorShare",
        NOT_BREACHING,
        &[
            &[&[("requests", 100.0), ("errors", 6.0)], &[("requests", 21.0), ("errors", 2.0)]],
            // The latest period has no data yet.
            &[&[("requests", 100.0), ("errors", 6.0)], &[("requests", 100.0), ("errors", 6.0)], &[]],
        ],
        &[
            &[&[("requests", 100.0), ("errors", 100.0)]],
            &[&[("requests", 100.0), ("errors", 5.0)], &[("requests", 100.0), ("errors", 6.0)]],
            &[&[("requests", 20.0), ("errors", 20.0)], &[("requests", 20.0), ("errors", 20.0)]],
            &[&[("requests", 100.0)], &[("requests", 100.0)]],
        ],
    ),
    ("ServerErrors", NOT_BREACHING, &[&[&[("value", 31.0)]]], &[&[&[("value", 30.0)]], &[&[]]]),
    ("DependencyDown", NOT_BREACHING, &[&[&[("value", 5.0)]]], &[&[&[("value", 4.0)]], &[&[]]]),
    (
        "DatabaseErrors",
        NOT_BREACHING,
        &[&[&[("reads", 5.0)]], &[&[("reads", 2.0), ("queries", 2.0), ("writes", 1.0)], &[]]],
        &[&[&[("reads", 2.0), ("writes", 2.0)]], &[&[]]],
    ),
    (
        "Latency",
        NOT_BREACHING,
        &[&[&[("requests", 21.0), ("latency", 501.0)]]],
        &[
            &[&[("requests", 20.0), ("latency", 9000.0)]],
            &[&[("requests", 1000.0), ("latency", 500.0)]],
            &[&[]],
        ],
    ),
    (
        "LatencyLasts",
        NOT_BREACHING,
        &[&[
            &[("requests", 50.0), ("latency", 600.0)],
            &[("requests", 50.0), ("latency", 600.0)],
            &[("requests", 50.0), ("latency", 501.0)],
        ]],
        &[
            &[&[("requests", 50.0), ("latency", 600.0)], &[("requests", 50.0), ("latency", 600.0)]],
            &[
                &[("requests", 50.0), ("latency", 600.0)],
                &[("requests", 50.0), ("latency", 40.0)],
                &[("requests", 50.0), ("latency", 600.0)],
            ],
        ],
    ),
    (
        "ProbeFails",
        IF_PROBE,
        &[
            &[],
            &[&[("value", 1.0)], &[("value", 0.0)], &[("value", 1.0)], &[("value", 0.0)], &[("value", 1.0)]],
            // A run that dies reports nothing.
            &[&[("value", 0.0)], &[("value", 0.0)], &[("value", 1.0)], &[], &[]],
        ],
        &[
            &[&[("value", 1.0)], &[("value", 1.0)], &[("value", 0.0)], &[("value", 0.0)], &[("value", 0.0)]],
            &[&[("value", 0.0)], &[("value", 0.0)], &[("value", 0.0)], &[("value", 1.0)], &[]],
        ],
    ),
    ("Crashes", NOT_BREACHING, &[&[&[("value", 1.0)]]], &[&[&[("value", 0.0)]], &[&[]]]),
    ("Panics", NOT_BREACHING, &[&[&[("value", 1.0)]]], &[&[&[("value", 0.0)]], &[&[]]]),
    ("Throttles", NOT_BREACHING, &[&[&[("value", 1.0)]]], &[&[&[("value", 0.0)]], &[&[]]]),
    ("Concurrency", NOT_BREACHING, &[&[&[("claimed", 701.0)]]], &[&[&[("claimed", 700.0)]], &[&[]]]),
    ("SyncFails", NOT_BREACHING, &[&[&[("value", 3.0)]]], &[&[&[("value", 2.0)]], &[&[]]]),
    (
        "SyncSkips",
        NOT_BREACHING,
        &[&[&[("fetched", 80.0), ("failed", 10.0)]]],
        &[
            &[&[("fetched", 90.0), ("failed", 10.0)]],
            &[&[("fetched", 0.0), ("failed", 50.0)]],
            &[&[("fetched", 0.0), ("failed", 0.0)]],
            &[&[]],
        ],
    ),
    (
        "SyncIsOld",
        BREACHING,
        &[
            &[],
            &[
                &[("value", 129_601.0)],
                &[("value", 133_000.0)],
                &[("value", 137_000.0)],
                &[("value", 140_000.0)],
            ],
        ],
        &[
            &[
                &[("value", 129_600.0)],
                &[("value", 140_000.0)],
                &[("value", 140_000.0)],
                &[("value", 140_000.0)],
            ],
            &[&[], &[], &[], &[("value", 60.0)]],
        ],
    ),
    (
        "JobsFail",
        NOT_BREACHING,
        &[&[&[("value", 1.0)], &[("value", 1.0)]]],
        &[&[&[("value", 3.0)]], &[&[("value", 1.0)], &[("value", 0.0)]], &[&[]]],
    ),
    (
        "SchedulesFail",
        NOT_BREACHING,
        &[&[&[("jobs", 1.0)]], &[&[("exports", 1.0)]], &[&[("jobs", 0.0), ("exports", 1.0)], &[], &[]]],
        &[&[&[("jobs", 0.0), ("exports", 0.0)]], &[&[]]],
    ),
    ("EdgeIsStale", NOT_BREACHING, &[&[&[("value", 2.0)]]], &[&[&[("value", 1.0)]], &[&[]]]),
    ("AssetsFail", NOT_BREACHING, &[&[&[("value", 21.0)]]], &[&[&[("value", 20.0)]], &[&[]]]),
    ("TokensReplayed", NOT_BREACHING, &[&[&[("value", 6.0)]]], &[&[&[("value", 5.0)]], &[&[]]]),
    ("ClientsLimited", NOT_BREACHING, &[&[&[("value", 1_001.0)]]], &[&[&[("value", 1_000.0)]], &[&[]]]),
    (
        "BackupsFail",
        NOT_BREACHING,
        &[&[&[("failed", 1.0)]], &[&[("copies", 1.0)], &[], &[]], &[&[("expired", 1.0)]]],
        &[&[&[("failed", 0.0), ("copies", 0.0)]], &[&[]]],
    ),
    (
        "ReplicationLag",
        NOT_BREACHING,
        &[&[&[("value", 10_001.0)], &[("value", 12_000.0)], &[("value", 11_000.0)]]],
        &[&[&[("value", 20_000.0)], &[("value", 9_000.0)], &[("value", 20_000.0)]], &[&[]]],
    ),
    (
        "Unreachable",
        BREACHING,
        &[
            &[&[("status", 0.0)], &[("status", 0.0)]],
            // The check does not report.
            &[],
            &[&[("status", 1.0)], &[], &[]],
        ],
        &[
            &[&[("status", 1.0)], &[("status", 1.0)]],
            &[&[("status", 1.0)], &[("status", 0.0)]],
            &[&[("status", 0.0)], &[("status", 1.0)]],
        ],
    ),
    (
        "EdgeErrors",
        NOT_BREACHING,
        &[&[&[("requests", 201.0), ("errors", 5.1)]]],
        &[
            &[&[("requests", 200.0), ("errors", 100.0)]],
            &[&[("requests", 10_000.0), ("errors", 5.0)]],
            &[&[("requests", 10_000.0)]],
            &[&[]],
        ],
    ),
    (
        "OriginSlow",
        NOT_BREACHING,
        &[&[
            &[("requests", 201.0), ("latency", 1_001.0)],
            &[("requests", 300.0), ("latency", 4_000.0)],
            &[("requests", 300.0), ("latency", 1_500.0)],
        ]],
        &[
            &[
                &[("requests", 300.0), ("latency", 4_000.0)],
                &[("requests", 300.0), ("latency", 1_000.0)],
                &[("requests", 300.0), ("latency", 4_000.0)],
            ],
            // The requests of the check from outside alone.
            &[
                &[("requests", 160.0), ("latency", 4_000.0)],
                &[("requests", 160.0), ("latency", 4_000.0)],
                &[("requests", 160.0), ("latency", 4_000.0)],
            ],
        ],
    ),
    (
        "EdgeMisses",
        NOT_BREACHING,
        &[&[
            &[("requests", 10_001.0), ("hits", 19.0)],
            &[("requests", 20_000.0), ("hits", 0.0)],
            &[("requests", 20_000.0), ("hits", 10.0)],
        ]],
        &[
            &[
                &[("requests", 20_000.0), ("hits", 0.0)],
                &[("requests", 20_000.0), ("hits", 20.0)],
                &[("requests", 20_000.0), ("hits", 0.0)],
            ],
            &[
                &[("requests", 2_000.0), ("hits", 0.0)],
                &[("requests", 2_000.0), ("hits", 0.0)],
                &[("requests", 2_000.0), ("hits", 0.0)],
            ],
            &[&[], &[], &[]],
        ],
    ),
    ("FirewallBlocks", NOT_BREACHING, &[&[&[("value", 1_001.0)]]], &[&[&[("value", 1_000.0)]], &[&[]]]),
    (
        "FirewallRules",
        NOT_BREACHING,
        &[&[&[("all", 101.0)]], &[&[("all", 5_000.0), ("signins", 899.0), ("limit", 4_000.0)]]],
        &[&[&[("all", 100.0)]], &[&[("all", 5_000.0), ("signins", 1_000.0), ("limit", 4_000.0)]], &[&[]]],
    ),
];
