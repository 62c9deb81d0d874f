//! Ids: UUIDs of version 7 (RFC 9562), one type for each kind of thing.

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $wrong:ident, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(uuid::Uuid);

        #[doc = concat!("Why a text is not ", $what, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("is not {} (a UUID of version 7, with hyphens)", $what)]
        pub struct $wrong;

        impl $name {
            /// Creates the id of an object that was created `milliseconds` after 1970-01-01T00:00:00Z; `chance` distinguishes it from
            /// others of the same moment.
            #[must_use]
            pub fn new(milliseconds: u64, chance: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(milliseconds, &chance).into_uuid())
            }

            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// # Errors
            #[doc = concat!("[`", stringify!($wrong), "`] for a UUID of another version.")]
            pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, $wrong> {
                let id = uuid::Uuid::from_bytes(bytes);
                let is_ours = id.get_version() == Some(uuid::Version::SortRand)
                    && id.get_variant() == uuid::Variant::RFC4122;
                if is_ours { Ok(Self(id)) } else { Err($wrong) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $wrong;

            /// Accepts letters of either case (RFC 9562, 4). The id is always written in lower case, so it has one key.
            fn from_str(text: &str) -> Result<Self, $wrong> {
                let id = uuid::Uuid::try_parse(text).map_err(|_| $wrong)?;
                let id = Self::from_bytes(id.into_bytes())?;
                if id.to_string().eq_ignore_ascii_case(text) { Ok(id) } else { Err($wrong) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string", "format": "uuid", "description": "A UUID of version 7",
                    "examples": ["01890a5d-ac96-774b-bcce-b302099a8057"]
                })
            }
        }
    };
}

pub(crate) use id;
