//! The changes of what watches an environment, of its runbooks, and of the cost model.

use super::changes::{Change, replace};

const WATCH: &str = "infra/watch.yaml";
const OF_EDGE: &str = "infra/watch-global.yaml";
const EDGE: &str = "infra/edge.yaml";
const DEPLOYER: &str = "infra/deployer.yaml";

const FIRES: &str = "house::alarms::every_alarm_fires_when_it_must_and_only_then";
const SILENT: &str = "house::alarms::an_alarm_without_any_data_fires_only_where_data_must_arrive";
const OWN: &str = "house::alarms::every_own_metric_of_an_alarm_is_one_that_the_functions_publish";
const TELLS: &str = "house::alarms::every_alarm_tells_its_topic_also_when_it_is_over";
const PAGED: &str = "house::alarms::every_page_fires_exactly_with_one_of_its_alarms";
const TOPICS: &str = "house::alarms::each_topic_accepts_the_alarms_and_refuses_plain_connections";
const SHOWN: &str = "house::alarms::every_own_metric_is_in_the_dashboard_of_operation";
const NAMED: &str = "house::alarms::the_runbook_of_an_alarm_names_it_and_says_when_it_is_over";
const QUERIES: &str = "house::alarms::runbooks_name_queries_that_exist_and_every_query_is_named";
const RUNBOOKS: &str = "house::guides::every_alarm_names_a_runbook_that_exists";
const CURRENT: &str = "house::functions::every_generated_file_is_current";
const CREATES: &str = "house::account::cloudformation_may_create_every_type_of_the_stacks";
const ACCOUNT: &str = "infra/account.yaml";
const TRAIL: &str = "house::account::the_trail_records_every_region_and_cannot_be_altered";
const BUDGET: &str = "house::account::a_budget_notifies_at_80_percent_and_when_the_forecast_reaches_it";
const FACTOR: &str = "house::account::an_operator_needs_a_second_factor_and_reads_no_data";
const PLACED: &str = "house::outside::an_alarm_is_in_the_region_of_its_metrics";
const CHECKED: &str = "house::outside::the_check_from_outside_requests_the_public_address";
const ADDITIONAL: &str = "house::outside::a_distribution_has_the_metrics_that_alarms_read";
const BLOCKED: &str = "house::outside::blocked_requests_are_counted_under_the_names_of_the_firewall";
const GRAPHS: &str = "house::outside::the_dashboard_shows_the_edge_from_outside";
const PASSED_ON: &str =
    "house::outside::every_parameter_of_a_stack_is_a_setting_or_an_output_of_an_earlier_stack";
const MILLION: &str = "house::costs::a_million_requests_cost_at_most_four_dollars";
const IDLE: &str = "house::costs::an_idle_environment_below_staging_costs_at_most_two_dollars";
const DEARER: &str = "house::costs::the_container_design_is_dearer_up_to_many_requests";

pub const OF_WATCH: &[Change] = &[
    replace(
        WATCH,
        "IF(requests>20,100*FILL(errors,0)/requests,0)",
        "IF(requests>20,FILL(errors,0)/requests,0)",
        FIRES,
    ),
    replace(WATCH, "IF(requests>20,latency,0)", "latency", FIRES),
    replace(WATCH, "      Threshold: 30\n", "      Threshold: 300\n", FIRES),
    replace(WATCH, "      Threshold: 129600\n", "      Threshold: 1296000\n", FIRES),
    replace(
        WATCH,
        "      EvaluationPeriods: 3\n      DatapointsToAlarm: 3\n",
        "      EvaluationPeriods: 3\n      DatapointsToAlarm: 2\n",
        FIRES,
    ),
    replace(WATCH, "TreatMissingData: breaching", "TreatMissingData: notBreaching", FIRES),
    replace(
        WATCH,
        "      EvaluationPeriods: 5\n      DatapointsToAlarm: 3\n",
        "      EvaluationPeriods: 5\n      DatapointsToAlarm: 5\n",
        FIRES,
    ),
    replace(WATCH, "      - HasProbe\n      - breaching\n", "      - HasProbe\n      - ignore\n", FIRES),
    replace(
        WATCH,
        "      - HasProbe\n      - breaching\n      - notBreaching\n",
        "      - HasProbe\n      - breaching\n      - breaching\n",
        SILENT,
    ),
    replace(WATCH, "TreatMissingData: notBreaching", "TreatMissingData: missing", SILENT),
    replace(OF_EDGE, "TreatMissingData: notBreaching", "TreatMissingData: ignore", SILENT),
    replace(WATCH, "FILL(queries,0)", "queries", FIRES),
    replace(OF_EDGE, "Expression: 1-status", "Expression: status-1", FIRES),
    replace(OF_EDGE, "TreatMissingData: breaching", "TreatMissingData: notBreaching", FIRES),
    replace(OF_EDGE, "IF(requests>200,errors,0)", "errors", FIRES),
    replace(OF_EDGE, "-FILL(limit,0)", "", FIRES),
    replace(WATCH, "MetricName: DependencyDown", "MetricName: DependenciesDown", OWN),
    replace(WATCH, "      OKActions:\n      - !Ref Warnings\n", "", TELLS),
    replace(
        WATCH,
        "      AlarmActions:\n      - !Ref Critical\n",
        "      AlarmActions:\n      - !Ref Warnings\n",
        TELLS,
    ),
    replace(WATCH, "ALARM(\"${DependencyDown}\") OR ", "", TELLS),
    replace(OF_EDGE, "ALARM(\"${Unreachable}\") OR ", "", TELLS),
    replace(WATCH, "ALARM(\"${DatabaseErrors}\") OR ", "", PAGED),
    replace(WATCH, "ALARM(\"${LatencyLasts}\") OR ", "ALARM(\"${LatencyLasts}\") AND ", PAGED),
    replace(WATCH, " OR ALARM(\"${ProbeFails}\")", " OR NOT OK(\"${ProbeFails}\")", PAGED),
    replace(OF_EDGE, "ALARM(\"${Unreachable}\") OR ", "ALARM(\"${Unreachable}\") AND ", PAGED),
    replace(OF_EDGE, "pokedex-${Environment}-global-critical", "pokedex-${Environment}-critical", TOPICS),
    replace(
        WATCH,
        "      TopicName: !Sub pokedex-${Environment}-critical\n",
        "      TopicName: !Sub pokedex-${Environment}-critical\n      KmsMasterKeyId: alias/aws/sns\n",
        TOPICS,
    ),
    replace(
        WATCH,
        "          Effect: Deny\n          Principal: '*'\n          Action: sns:Publish\n          Resource: !Ref Critical\n",
        "          Effect: Allow\n          Principal: '*'\n          Action: sns:Publish\n          Resource: !Ref Critical\n",
        TOPICS,
    ),
    replace(WATCH, "\"TokensIssued\"", "\"TokensMade\"", SHOWN),
    replace(OF_EDGE, "Namespace: AWS/Route53", "Namespace: AWS/EC2", PLACED),
    replace(
        "deploy/stacks.toml",
        "template = \"infra/watch-global.yaml\"\nregion = \"us-east-1\"\n",
        "template = \"infra/watch-global.yaml\"\n",
        PLACED,
    ),
    replace(OF_EDGE, "ResourcePath: /api/v1/health", "ResourcePath: /api/v1/openapi.json", CHECKED),
    replace(OF_EDGE, "EnableSNI: true", "EnableSNI: false", CHECKED),
    replace(OF_EDGE, "        - ap-southeast-1\n", "", CHECKED),
    replace(EDGE, "!If [HasDomain, !Ref DomainName, ", "!If [HasFailover, !Ref DomainName, ", CHECKED),
    replace(
        EDGE,
        "RealtimeMetricsSubscriptionStatus: Enabled",
        "RealtimeMetricsSubscriptionStatus: Disabled",
        ADDITIONAL,
    ),
    replace(
        EDGE,
        "    Condition: IsStable\n    Properties:\n      DistributionId",
        "    Properties:\n      DistributionId",
        ADDITIONAL,
    ),
    replace("infra/edge-global.yaml", "MetricName: sign-in-limit", "MetricName: sign-ins", BLOCKED),
    replace(OF_EDGE, "pokedex-${Environment}-edge\n", "pokedex-${Environment}-firewall\n", BLOCKED),
    replace(WATCH, "\"CacheHitRate\"", "\"CacheHits\"", GRAPHS),
    replace(WATCH, "\"Rule\",\"common\"", "\"Rule\",\"limit\"", GRAPHS),
    replace(EDGE, "  EdgeHost:\n", "  EdgeName:\n", PASSED_ON),
    replace(WATCH, "docs/runbooks/latency.md", "docs/runbooks/slowness.md", RUNBOOKS),
    replace("docs/runbooks/latency.md", "## It is over", "## Over", NAMED),
    replace("docs/runbooks/sync.md", "`sync-skips`, ", "", NAMED),
    replace("docs/runbooks/edge.md", "`unreachable`, ", "", NAMED),
    replace(
        "docs/runbooks/errors.md",
        "`pokedex-ENV/errors-by-cause`",
        "`pokedex-ENV/errors-by-reason`",
        QUERIES,
    ),
    replace("docs/operations.md", "| `TokensIssued` |", "| `TokensMade` |", CURRENT),
    replace(
        "infra/prices.json",
        "\"cloudfront_million_requests\": 1.00",
        "\"cloudfront_million_requests\": 2.00",
        CURRENT,
    ),
    replace("infra/traffic.json", "\"edge_hits_percent\": 60", "\"edge_hits_percent\": 90", CURRENT),
    replace("docs/costs.json", "\"million\": 3", "\"million\": 4", MILLION),
    replace("docs/costs.json", "\"dev\": 1", "\"dev\": 3", IDLE),
    replace("docs/costs.json", "\"break_even_millions\": 4", "\"break_even_millions\": 1", DEARER),
    replace(DEPLOYER, "logs:PutQueryDefinition,", "", CREATES),
    replace(DEPLOYER, "[cloudwatch:PutCompositeAlarm, ", "[", CREATES),
    replace(DEPLOYER, ", route53:CreateHealthCheck]", "]", CREATES),
    replace(DEPLOYER, "[cloudfront:CreateMonitoringSubscription, ", "[", CREATES),
    replace(ACCOUNT, "IsMultiRegionTrail: true", "IsMultiRegionTrail: false", TRAIL),
    replace(ACCOUNT, "EnableLogFileValidation: true", "EnableLogFileValidation: false", TRAIL),
    replace(ACCOUNT, "Threshold: 80", "Threshold: 180", BUDGET),
    replace(ACCOUNT, "aws:MultiFactorAuthPresent: \"true\"", "aws:MultiFactorAuthPresent: \"false\"", FACTOR),
    replace(ACCOUNT, "dynamodb:Scan, ", "", FACTOR),
];
