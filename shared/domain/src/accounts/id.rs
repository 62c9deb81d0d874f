//! A user's id.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::{Builder, Uuid, Variant, Version};

/// A UUID of version 7 (RFC 9562): ids sort by when they were made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Uuid);

/// Why a text is no user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a user id (a UUID of version 7, in lower case, with hyphens)")]
pub struct NotAUserId;

impl UserId {
    /// The id of a user made `milliseconds` after 1970-01-01T00:00:00Z; `chance` tells it from others of that moment.
    #[must_use]
    pub fn new(milliseconds: u64, chance: [u8; 10]) -> Self {
        Self(Builder::from_unix_timestamp_millis(milliseconds, &chance).into_uuid())
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// # Errors
    /// [`NotAUserId`] for a UUID of another version.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, NotAUserId> {
        let id = Uuid::from_bytes(bytes);
        let is_ours = id.get_version() == Some(Version::SortRand) && id.get_variant() == Variant::RFC4122;
        if is_ours { Ok(Self(id)) } else { Err(NotAUserId) }
    }
}

impl FromStr for UserId {
    type Err = NotAUserId;

    /// One spelling only: two would be two keys.
    fn from_str(text: &str) -> Result<Self, NotAUserId> {
        let id = Uuid::try_parse(text).map_err(|_| NotAUserId)?;
        let id = Self::from_bytes(id.into_bytes())?;
        if id.to_string() == text { Ok(id) } else { Err(NotAUserId) }
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for UserId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for UserId {
    fn schema_name() -> Cow<'static, str> {
        "UserId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "uuid", "description": "A UUID of version 7",
            "examples": ["01890a5d-ac96-774b-bcce-b302099a8057"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_when_they_were_made() {
        let early = UserId::new(1_785_542_400_000, [255; 10]);
        let late = UserId::new(1_785_542_400_001, [0; 10]);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(UserId::from_bytes(*early.as_bytes()), Ok(early));
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(id.parse::<UserId>().unwrap().to_string(), id);
        for other in [
            "",
            "25",
            "01890A5D-AC96-774B-BCCE-B302099A8057",
            &id.replace('-', ""),
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
            "01890a5d-ac96-474b-bcce-b302099a8057",
            "01890a5d-ac96-774b-fcce-b302099a8057",
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(other.parse::<UserId>(), Err(NotAUserId), "{other}");
        }
    }
}
