//! The vocabulary of the description: the parts of an operation. The `docs` module of each noun uses it, and it knows no noun.

use domain::Timestamp;
use door::body::Done;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Value, json};

/// The request and the responses of a route.
pub(crate) struct Operation {
    pub tag: &'static str,
    pub description: &'static str,
    pub parameters: Vec<Value>,
    pub body: Option<Body>,
    /// The successful responses, each with its own status.
    pub answers: Vec<Answer>,
    /// Statuses of errors besides those that any route may return.
    pub refusals: &'static [u16],
}

impl Operation {
    /// Describes a route that has neither parameters nor a body, and one successful response.
    pub fn new(tag: &'static str, description: &'static str, answer: Answer) -> Self {
        Self { tag, description, parameters: Vec::new(), body: None, answers: vec![answer], refusals: &[] }
    }

    pub fn parameters(self, parameters: Vec<Value>) -> Self {
        Self { parameters, ..self }
    }

    pub fn body(self, body: Body) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Adds a successful response.
    pub fn or(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    pub fn refusals(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }
}

/// A request body.
pub(crate) struct Body {
    pub schema: Value,
    pub example: Value,
    pub required: bool,
}

impl Body {
    pub fn optional(self) -> Self {
        Self { required: false, ..self }
    }
}

/// Returns a required body of type `T` whose `required` fields must be present.
pub(crate) fn body<T: JsonSchema>(required: &[&str], example: Value) -> Body {
    let mut settings = SchemaSettings::draft2020_12().for_deserialize();
    (settings.meta_schema, settings.inline_subschemas) = (None, true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    schema["required"] = json!(required);
    // An omitted field stays unchanged or is reported as missing, so no property has a default.
    for property in
        schema["properties"].as_object_mut().into_iter().flat_map(|properties| properties.values_mut())
    {
        property.as_object_mut().map(|property| property.remove("default"));
    }
    Body { schema, example, required: true }
}

/// A successful response.
pub(crate) struct Answer {
    pub status: u16,
    pub description: &'static str,
    /// The schema and the example of each media type.
    pub content: Value,
    /// Headers besides those of every response. They replace headers of the same name.
    pub headers: Vec<(&'static str, Value)>,
    /// Whether the response has an ETag and may be 304.
    pub cached: bool,
}

impl Answer {
    /// Describes a cached response of JSON.
    pub fn json(schema: &Value, example: &Value) -> Self {
        let content = json!({"application/json": {"schema": schema, "example": example}});
        Self { status: 200, description: "OK", content, headers: Vec::new(), cached: true }
    }

    /// Removes the ETag, and with it 304.
    pub fn fresh(self) -> Self {
        Self { cached: false, ..self }
    }

    /// Changes the status to 201, for a response without an ETag.
    pub fn created(self) -> Self {
        Self { status: 201, description: "Created", ..self.fresh() }
    }

    pub fn header(mut self, name: &'static str, header: Value) -> Self {
        self.headers.push((name, header));
        self
    }

    /// Adds the `Content-Location` of a response whose request does not use the canonical path.
    pub fn located(self) -> Self {
        self.header(
            "Content-Location",
            json!({
                "description": "The canonical path, if the request has a different one",
                "required": false,
                "schema": {"type": "string"},
            }),
        )
    }
}

/// Returns a cached response of JSON whose schema is that of `T`.
pub(crate) fn answer<T: JsonSchema>(generator: &mut SchemaGenerator, example: Value) -> Answer {
    Answer::json(&generator.subschema_for::<T>().to_value(), &example)
}

/// Returns the response of a request whose only result is a message.
pub(crate) fn done(generator: &mut SchemaGenerator, message: &str) -> Answer {
    answer::<Done>(generator, json!({"message": message})).fresh()
}

/// Returns a parameter in `place`: `path`, `query` or `header`.
pub(crate) fn parameter(
    place: &str,
    name: &str,
    description: &str,
    schema: &Value,
    example: &Value,
) -> Value {
    let mut parameter = json!({
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
        "example": example,
    });
    if place == "query" {
        // An empty value is ignored.
        parameter["allowEmptyValue"] = json!(true);
    }
    parameter
}

pub(crate) fn path(name: &str, description: &str, schema: &Value, example: &Value) -> Value {
    parameter("path", name, description, schema, example)
}

pub(crate) fn query(name: &str, description: &str, schema: &Value, example: &Value) -> Value {
    parameter("query", name, description, schema, example)
}

/// Returns a path parameter that accepts any spelling of a name. `what` lists the kinds of names.
pub(crate) fn any_name(name: &str, what: &str, example: &str) -> Value {
    let description = format!("{what}. Leading zeros, case, accents, punctuation and spaces do not matter");
    path(name, &description, &json!({"type": "string", "minLength": 1, "maxLength": 100}), &json!(example))
}

/// Returns the path parameter of a resource that has an id, a slug and a display name.
pub(crate) fn named(what: &str, example: &str) -> Value {
    any_name("name", &format!("Id, slug or display name of the {what}"), example)
}

pub(crate) fn if_match() -> Value {
    let schema = json!({"type": "string"});
    let description =
        "ETags of the versions that may be changed, separated by commas, or `*`; a weak one matches nothing";
    parameter("header", "If-Match", description, &schema, &json!("*"))
}

pub(crate) fn idempotency_key() -> Value {
    let schema = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"});
    let description = "Identifies the change: repeated requests with the same key have one effect and the same response. 422 with another body.";
    parameter(
        "header",
        "Idempotency-Key",
        description,
        &schema,
        &json!("0b7e3f0c-9d5a-4e6f-8a1b-2c3d4e5f6071"),
    )
}

/// The time in all examples.
pub(crate) const MOMENT: Timestamp = Timestamp::from_unix(1_785_542_400);

/// Returns an example as JSON.
pub(crate) fn value(example: impl Serialize) -> Value {
    serde_json::to_value(example).unwrap_or_default()
}

pub(crate) fn text(text: &str) -> String {
    text.to_owned()
}
