//! A PokeAPI document, read field by field. Errors contain the path to the wrong field.

use std::fmt;

use domain::{Slug, facts::Doubt};
use serde_json::{Map, Value};

/// The wrong field of a document, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    field: String,
    reason: String,
}

impl Invalid {
    /// The path to the field: `chain.evolves_to[0].species`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    pub(super) fn new(field: impl Into<String>, reason: impl ToString) -> Self {
        Self { field: field.into(), reason: reason.to_string() }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl std::error::Error for Invalid {}

impl From<Doubt> for Invalid {
    fn from(Doubt { field, reason }: Doubt) -> Self {
        Self::new(field, reason)
    }
}

pub(super) type Checked<T> = Result<T, Invalid>;

/// Parses the id at the end of a resource's address; ignores the rest of the address, which is not trusted.
pub(super) fn id_in(url: &str) -> Checked<u32> {
    let last = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    last.parse()
        .ok()
        .filter(|id| *id > 0)
        .ok_or_else(|| Invalid::new("url", format!("{url:?} ends in no id")))
}

/// A part of a document with its path, so that errors can name the field.
pub(super) struct Doc<'a> {
    at: String,
    value: &'a Value,
}

impl<'a> Doc<'a> {
    pub(super) const fn whole(value: &'a Value) -> Self {
        Self { at: String::new(), value }
    }

    /// The path in the whole document: `chain.evolves_to[0].species`.
    pub(super) fn path(&self) -> &str {
        &self.at
    }

    fn wrong(&self, wanted: &str) -> Invalid {
        let mut found = self.value.to_string();
        if found.len() > 60 {
            found = found.chars().take(60).chain(['…']).collect();
        }
        Invalid::new(
            if self.at.is_empty() { "the document" } else { &self.at },
            format!("{found} is not {wanted}"),
        )
    }

    fn below(&self, field: &str) -> String {
        if self.at.is_empty() { field.to_owned() } else { format!("{}.{field}", self.at) }
    }

    pub(super) fn object(&self) -> Checked<&'a Map<String, Value>> {
        self.value.as_object().ok_or_else(|| self.wrong("an object"))
    }

    pub(super) fn get(&self, field: &str) -> Checked<Doc<'a>> {
        match self.object()?.get(field) {
            Some(value) => Ok(Doc { at: self.below(field), value }),
            None => Err(Invalid::new(self.below(field), "is missing")),
        }
    }

    /// Whether there is a value other than null below these nested keys.
    pub(super) fn has(&self, fields: &[&str]) -> bool {
        let found = fields.iter().try_fold(self.value, |value, field| value.get(field));
        found.is_some_and(|value| !value.is_null())
    }

    /// Returns `None` for null; a missing key is an error.
    pub(super) fn maybe(&self, field: &str) -> Checked<Option<Doc<'a>>> {
        self.get(field).map(|doc| Some(doc).filter(|doc| !doc.value.is_null()))
    }

    pub(super) fn text(&self) -> Checked<&'a str> {
        self.value.as_str().ok_or_else(|| self.wrong("text"))
    }

    pub(super) fn slug(&self, field: &str) -> Checked<String> {
        let doc = self.get(field)?;
        let slug = Slug::parse(doc.text()?).map_err(|error| Invalid::new(&doc.at, error))?;
        // The lower-case form that look-ups use.
        Ok(slug.as_str().to_owned())
    }

    pub(super) fn flag(&self, field: &str) -> Checked<bool> {
        let doc = self.get(field)?;
        doc.value.as_bool().ok_or_else(|| doc.wrong("true or false"))
    }

    pub(super) fn number<T: TryFrom<i64>>(&self, field: &str) -> Checked<T> {
        let doc = self.get(field)?;
        let number = doc.value.as_i64().and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| doc.wrong("a whole number in range"))
    }

    pub(super) fn maybe_number<T: TryFrom<i64>>(&self, field: &str) -> Checked<Option<T>> {
        self.maybe(field)?.map(|_| self.number(field)).transpose()
    }

    pub(super) fn maybe_name(&self, field: &str) -> Checked<Option<String>> {
        self.maybe(field)?.map(|doc| doc.slug("name")).transpose()
    }

    pub(super) fn list(&self, field: &str) -> Checked<Vec<Doc<'a>>> {
        let doc = self.get(field)?;
        let values = doc.value.as_array().ok_or_else(|| doc.wrong("a list"))?;
        let numbered = values.iter().enumerate();
        Ok(numbered.map(|(place, value)| Doc { at: format!("{}[{place}]", doc.at), value }).collect())
    }

    pub(super) fn linked_id(&self) -> Checked<u32> {
        let url = self.get("url")?;
        id_in(url.text()?).map_err(|error| Invalid::new(&url.at, error.reason))
    }

    pub(super) fn english(&self, field: &str) -> Checked<Option<String>> {
        for name in self.list(field)? {
            if name.get("language")?.slug("name")? == "en" {
                let text = name.get("name")?.text()?;
                return Ok((!text.trim().is_empty()).then(|| text.to_owned()));
            }
        }
        Ok(None)
    }
}
