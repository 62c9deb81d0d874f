//! An alarm: its place in the table, and its resource.

use door::telemetry::{Metric, NAMESPACE};
use serde_json::{Value, json};

use crate::tags::tags;

/// The topics of alarms. Deployments and held publications are information; they have the topic of `infra/data.yaml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// Wakes a person: users are affected now.
    Critical,
    /// Somebody looks at it within a working day.
    Warnings,
}

impl Topic {
    pub(super) const ALL: [Self; 2] = [Self::Critical, Self::Warnings];

    /// The logical id. The name is that in kebab case, after the environment.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Critical => "Critical",
            Self::Warnings => "Warnings",
        }
    }

    /// The properties that tell the topic when an alarm fires, and when it is over.
    pub(super) fn actions(self) -> Value {
        json!({"AlarmActions": [{"Ref": self.id()}], "OKActions": [{"Ref": self.id()}]})
    }
}

/// The region of an alarm. An alarm reads metrics of its own region, and tells topics of its own region, alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The region of the environment.
    Home,
    /// us-east-1, where CloudFront, its firewall and Route 53 publish their metrics.
    Global,
}

impl Place {
    pub const ALL: [Self; 2] = [Self::Home, Self::Global];
}

/// The state for a period without data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Silence is good: nothing was counted.
    Good,
    /// Silence is the fault: something that reports regularly has stopped.
    Bad,
    /// The same under a condition of the template, and good otherwise: nothing reports there.
    BadIf(&'static str),
}

impl Missing {
    /// Returns CloudWatch's word for it.
    fn treatment(self) -> Value {
        match self {
            Self::Good => json!("notBreaching"),
            Self::Bad => json!("breaching"),
            Self::BadIf(condition) => json!({"Fn::If": [condition, "breaching", "notBreaching"]}),
        }
    }
}

/// A line of the table of alarms. It fires when its signal is above `above` in `of.0` of the last `of.1` periods.
#[derive(Clone, Copy, Debug)]
pub struct Alarm {
    /// The logical id. The name is that in kebab case, after the environment.
    pub id: &'static str,
    /// The symptom, as a sentence without its full stop.
    pub symptom: &'static str,
    /// The file in `docs/runbooks`, without its extension.
    pub runbook: &'static str,
    pub place: Place,
    pub signal: Signal,
    /// The length of a period, in seconds.
    pub period: u32,
    pub of: (u32, u32),
    pub above: u32,
    pub missing: Missing,
    /// The condition of the template under which the alarm exists.
    pub condition: Option<&'static str>,
}

/// The number that an alarm compares.
#[derive(Clone, Copy, Debug)]
pub enum Signal {
    One(Series),
    /// An expression of CloudWatch's metric math over named series.
    Math(&'static str, &'static [(&'static str, Series)]),
}

/// The statistic of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    pub source: Source,
    pub statistic: &'static str,
}

/// A metric with its dimensions.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// One of ours.
    Own(Metric),
    /// One of a service of AWS: its namespace, name and dimensions.
    Aws(&'static str, &'static str, &'static [(&'static str, Of)]),
}

/// The value of a dimension.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    Text(&'static str),
    /// That of a parameter, or the id of a resource.
    Parameter(&'static str),
    /// A text with `${…}`.
    Sub(&'static str),
}

impl Of {
    /// A text, which may refer to parameters.
    fn text(text: &'static str) -> Self {
        if text.contains("${") { Self::Sub(text) } else { Self::Text(text) }
    }

    pub(super) fn value(self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Parameter(name) => json!({"Ref": name}),
            Self::Sub(text) => json!({"Fn::Sub": text}),
        }
    }

    /// Returns the value as a part of a text in which CloudFormation replaces references.
    pub(super) fn in_text(self) -> String {
        match self {
            Self::Text(text) | Self::Sub(text) => text.to_owned(),
            Self::Parameter(name) => format!("${{{name}}}"),
        }
    }
}

/// The sum of one of our metrics.
pub(super) const fn sum(metric: Metric) -> Series {
    Series { source: Source::Own(metric), statistic: "Sum" }
}

impl Source {
    /// Returns the namespace, the name and the dimensions.
    pub(super) fn parts(self) -> (&'static str, &'static str, Vec<(&'static str, Of)>) {
        match self {
            Self::Own(metric) => (NAMESPACE, metric.name, vec![("env", Of::Parameter("Environment"))]),
            Self::Aws(namespace, name, dimensions) => (namespace, name, dimensions.to_vec()),
        }
    }

    /// Returns the fields with which CloudFormation names a metric.
    fn fields(self) -> Value {
        let (namespace, name, dimensions) = self.parts();
        let dimensions: Vec<_> = dimensions
            .into_iter()
            .map(|(name, value)| json!({"Name": name, "Value": value.value()}))
            .collect();
        json!({"Namespace": namespace, "MetricName": name, "Dimensions": dimensions})
    }
}

impl Alarm {
    /// The name after `pokedex-ENV-`.
    #[must_use]
    pub fn name(&self) -> String {
        kebab(self.id)
    }

    pub(super) fn resource(&self) -> Value {
        let (needed, periods) = self.of;
        let mut properties = json!({
            "AlarmName": {"Fn::Sub": format!("pokedex-${{Environment}}-{}", self.name())},
            "AlarmDescription": format!("{}: docs/runbooks/{}.md", self.symptom, self.runbook),
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": self.above,
            "EvaluationPeriods": periods,
            "DatapointsToAlarm": needed,
            "TreatMissingData": self.missing.treatment(),
            "Tags": tags(),
        });
        merge(&mut properties, Topic::Warnings.actions());
        match self.signal {
            Signal::One(series) => {
                merge(&mut properties, series.source.fields());
                merge(&mut properties, json!({"Period": self.period}));
                let key = if series.statistic.starts_with('p') { "ExtendedStatistic" } else { "Statistic" };
                properties[key] = json!(series.statistic);
            }
            Signal::Math(expression, series) => {
                let expression = Of::text(expression).value();
                let mut metrics = vec![json!({"Id": "signal", "Expression": expression, "ReturnData": true})];
                for (id, series) in series {
                    let metric = series.source.fields();
                    metrics.push(json!({
                        "Id": id,
                        "ReturnData": false,
                        "MetricStat": {"Metric": metric, "Period": self.period, "Stat": series.statistic},
                    }));
                }
                properties["Metrics"] = json!(metrics);
            }
        }
        let mut resource = json!({"Type": "AWS::CloudWatch::Alarm", "Properties": properties});
        if let Some(condition) = self.condition {
            resource["Condition"] = json!(condition);
        }
        resource
    }
}

pub(super) fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}

pub(super) fn kebab(id: &str) -> String {
    let mut name = String::new();
    for c in id.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}
