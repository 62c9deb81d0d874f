//! The task of an event that invokes a scheduled function.

use serde_json::Value;

/// The reason that an event is rejected. Nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    #[error("the event must be a JSON object")]
    NotAnObject,
    #[error("the event's task {0} is unknown; the known tasks are {1}")]
    UnknownTask(Value, String),
    #[error("the event is not one of a deployment: {0}")]
    NotOfDeployment(String),
    #[error("the event's field {0:?} is unknown")]
    UnknownField(String),
    #[error("the event's field {0:?} must be true or false")]
    NotABoolean(&'static str),
    #[error("the event's field {0:?} must be one of {1}")]
    NotOneOf(&'static str, String),
    #[error("the event's field {0:?} is missing")]
    NoField(&'static str),
    #[error("the event must name a task: {0:?} or \"check\"")]
    NoTask(&'static str),
}

/// A task that an event names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task<'a> {
    /// No task: the schedule's event.
    Scheduled,
    /// Reports whether the function could work, and changes nothing. Deployments probe a release with it.
    Check,
    /// One of the function's own tasks.
    Own(&'a str),
}

/// The name of the task that every scheduled function supports.
const CHECK: &str = "check";

/// Returns the task of `event`, which must be one of the function's `own` tasks or one that every function supports.
pub fn task<'a>(event: &'a Value, tasks: &[&str]) -> Result<Task<'a>, BadEvent> {
    let fields = match event {
        // `lambda invoke` without a payload sends null.
        Value::Null => return Ok(Task::Scheduled),
        Value::Object(fields) => fields,
        _ => return Err(BadEvent::NotAnObject),
    };
    let Some(task) = fields.get("task") else { return Ok(Task::Scheduled) };
    match task.as_str() {
        Some(CHECK) => match fields.keys().find(|name| *name != "task") {
            Some(other) => Err(BadEvent::UnknownField(other.clone())),
            None => Ok(Task::Check),
        },
        Some(name) if tasks.contains(&name) => Ok(Task::Own(name)),
        _ => {
            let known: Vec<_> = tasks.iter().chain([&CHECK]).map(|name| format!("{name:?}")).collect();
            Err(BadEvent::UnknownTask(task.clone(), known.join(", ")))
        }
    }
}

/// Returns the event's field `name`; false if it is absent.
pub fn flag(event: &Value, name: &'static str) -> Result<bool, BadEvent> {
    match event.get(name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(BadEvent::NotABoolean(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_without_a_task_is_a_scheduled_run() {
        let of_eventbridge = json!({"version": "0", "detail-type": "Scheduled Event", "detail": {}});
        for event in [json!({}), Value::Null, of_eventbridge, json!({"emergency": true})] {
            assert_eq!(task(&event, &[]), Ok(Task::Scheduled), "{event}");
        }
    }

    #[test]
    fn an_unknown_task_is_refused_by_name() {
        let publish = json!({"task": "publish"});
        assert_eq!(task(&publish, &["publish", "fetch"]), Ok(Task::Own("publish")));
        let refused = task(&publish, &[]).unwrap_err().to_string();
        assert_eq!(refused, r#"the event's task "publish" is unknown; the known tasks are "check""#);
        for bad in
            [json!({"task": "Check"}), json!({"task": 1}), json!({"task": null}), json!({"task": ["check"]})]
        {
            assert_eq!(
                task(&bad, &["fetch"]),
                Err(BadEvent::UnknownTask(bad["task"].clone(), r#""fetch", "check""#.to_owned()))
            );
        }
        assert_eq!(task(&json!(["check"]), &[]), Err(BadEvent::NotAnObject));
    }

    #[test]
    fn a_check_has_no_other_field() {
        assert_eq!(task(&json!({"task": "check"}), &["fetch"]), Ok(Task::Check));
        let more = json!({"task": "check", "emergency": true});
        assert_eq!(task(&more, &[]), Err(BadEvent::UnknownField("emergency".to_owned())));
    }

    #[test]
    fn a_flag_is_a_boolean_or_absent() {
        assert_eq!(flag(&json!({}), "emergency"), Ok(false));
        assert_eq!(flag(&json!({"emergency": true}), "emergency"), Ok(true));
        assert_eq!(flag(&json!({"emergency": "true"}), "emergency"), Err(BadEvent::NotABoolean("emergency")));
    }
}
