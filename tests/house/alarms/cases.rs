//! The series of periods for each alarm.

/// The values of the metrics in each period, the latest last.
pub(super) type Series<'a> = &'a [&'a [(&'a str, f64)]];

/// The composite alarms, each with the alarms that page through it.
pub(super) const MEMBERS: &[(&str, &[&str])] = &[
    ("Outage", &["ErrorShare", "DependencyDown", "DatabaseErrors", "LatencyLasts", "ProbeFails"]),
    ("EdgeOutage", &["Unreachable", "EdgeErrors"]),
];

/// For each alarm, series of periods in which it fires, and in which it does not.
pub(super) const CASES: &[(&str, &[Series<'_>], &[Series<'_>])] = &[
    (
        "ErrorShare",
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
    ("ServerErrors", &[&[&[("value", 31.0)]]], &[&[&[("value", 30.0)]], &[&[]]]),
    ("DependencyDown", &[&[&[("value", 5.0)]]], &[&[&[("value", 4.0)]], &[&[]]]),
    (
        "DatabaseErrors",
        &[&[&[("reads", 5.0)]], &[&[("reads", 2.0), ("queries", 2.0), ("writes", 1.0)], &[]]],
        &[&[&[("reads", 2.0), ("writes", 2.0)]], &[&[]]],
    ),
    (
        "Latency",
        &[&[&[("requests", 21.0), ("latency", 501.0)]]],
        &[
            &[&[("requests", 20.0), ("latency", 9000.0)]],
            &[&[("requests", 1000.0), ("latency", 500.0)]],
            &[&[]],
        ],
    ),
    (
        "LatencyLasts",
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
    ("Crashes", &[&[&[("value", 1.0)]]], &[&[&[("value", 0.0)]], &[&[]]]),
    ("Panics", &[&[&[("value", 1.0)]]], &[&[&[("value", 0.0)]], &[&[]]]),
    ("Throttles", &[&[&[("value", 1.0)]]], &[&[&[("value", 0.0)]], &[&[]]]),
    ("Concurrency", &[&[&[("claimed", 701.0)]]], &[&[&[("claimed", 700.0)]], &[&[]]]),
    ("SyncFails", &[&[&[("value", 3.0)]]], &[&[&[("value", 2.0)]], &[&[]]]),
    (
        "SyncSkips",
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
        &[&[&[("value", 1.0)], &[("value", 1.0)]]],
        &[&[&[("value", 3.0)]], &[&[("value", 1.0)], &[("value", 0.0)]], &[&[]]],
    ),
    (
        "SchedulesFail",
        &[&[&[("jobs", 1.0)]], &[&[("exports", 1.0)]], &[&[("jobs", 0.0), ("exports", 1.0)], &[], &[]]],
        &[&[&[("jobs", 0.0), ("exports", 0.0)]], &[&[]]],
    ),
    ("EdgeIsStale", &[&[&[("value", 2.0)]]], &[&[&[("value", 1.0)]], &[&[]]]),
    ("AssetsFail", &[&[&[("value", 21.0)]]], &[&[&[("value", 20.0)]], &[&[]]]),
    ("TokensReplayed", &[&[&[("value", 6.0)]]], &[&[&[("value", 5.0)]], &[&[]]]),
    ("ClientsLimited", &[&[&[("value", 1_001.0)]]], &[&[&[("value", 1_000.0)]], &[&[]]]),
    (
        "BackupsFail",
        &[&[&[("failed", 1.0)]], &[&[("copies", 1.0)], &[], &[]], &[&[("expired", 1.0)]]],
        &[&[&[("failed", 0.0), ("copies", 0.0)]], &[&[]]],
    ),
    (
        "ReplicationLag",
        &[&[&[("value", 10_001.0)], &[("value", 12_000.0)], &[("value", 11_000.0)]]],
        &[&[&[("value", 20_000.0)], &[("value", 9_000.0)], &[("value", 20_000.0)]], &[&[]]],
    ),
    (
        "Unreachable",
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
    ("FirewallBlocks", &[&[&[("value", 1_001.0)]]], &[&[&[("value", 1_000.0)]], &[&[]]]),
    (
        "FirewallRules",
        &[&[&[("all", 101.0)]], &[&[("all", 5_000.0), ("signins", 899.0), ("limit", 4_000.0)]]],
        &[&[&[("all", 100.0)]], &[&[("all", 5_000.0), ("signins", 1_000.0), ("limit", 4_000.0)]], &[&[]]],
    ),
];
