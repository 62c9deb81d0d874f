//! The keys of items. See the table in [`super`].

use std::fmt;

use domain::{
    dex::DexIndex,
    facts::{AssetKind, Kind},
};

use crate::store::key::Key;

/// The number of copies of each index version. A reader chooses one at random, which avoids a hot partition.
pub const INDEX_COPIES: u8 = 3;

/// The number of ids of a kind that share one item of facts.
const BLOCK: u32 = 64;

/// The kinds of records that are stored under their ids and their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    Pokemon,
    Type,
    Ability,
    Move,
}

impl Named {
    const ALL: [Self; 4] = [Self::Pokemon, Self::Type, Self::Ability, Self::Move];

    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Pokemon => "POKEMON",
            Self::Type => "TYPE",
            Self::Ability => "ABILITY",
            Self::Move => "MOVE",
        }
    }
}

impl Key {
    /// The key of a Pokémon; `key` as in [`Self::named`].
    pub fn pokemon(key: impl fmt::Display) -> Self {
        Self::named(Named::Pokemon, key)
    }

    #[must_use]
    pub fn learnset(id: u32) -> Self {
        Self::new(format!("POKEMON#{id}"), "LEARNSET")
    }

    #[must_use]
    pub fn forms(id: u32) -> Self {
        Self::new(format!("POKEMON#{id}"), "FORMS")
    }

    #[must_use]
    pub fn chain(id: u32) -> Self {
        Self::new(format!("CHAIN#{id}"), "CHAIN")
    }

    /// The key of a record; `key` is an id, a slug or a normalised name.
    pub fn named(kind: Named, key: impl fmt::Display) -> Self {
        Self::new(format!("{}#{key}", kind.prefix()), kind.prefix())
    }

    /// The key of the item that lists the records sharing the normalised name `key`, or names the one whose slug it was.
    pub fn shared(kind: Named, key: impl fmt::Display) -> Self {
        Self::new(format!("{}#{key}", kind.prefix()), Self::SHARED)
    }

    const SHARED: &'static str = "SHARED";

    /// The key of the pointer: one per format, so that functions of two releases can read side by side.
    #[must_use]
    pub fn index_pointer() -> Self {
        Self::new("INDEX", format!("POINTER#{}", DexIndex::FORMAT))
    }

    #[must_use]
    pub fn index_copy(version: &str, copy: u8) -> Self {
        Self::new(format!("INDEX#{version}"), format!("COPY#{copy}"))
    }

    /// The version, if this is the key of a copy of an index.
    #[must_use]
    pub fn index_version(&self) -> Option<&str> {
        self.pk.strip_prefix("INDEX#")
    }

    pub(super) const FACTS: &'static str = "FACTS";

    /// The key of the facts of the ids whose [`block`] is `number`.
    #[must_use]
    pub fn facts_block(kind: Kind, number: u32) -> Self {
        Self::new(Self::FACTS, format!("{}#{number:04}", kind.endpoint()))
    }

    /// The key of the item that holds the facts of `id`.
    #[must_use]
    pub fn facts_of(kind: Kind, id: u32) -> Self {
        Self::facts_block(kind, block(id))
    }

    #[must_use]
    pub fn sync_state() -> Self {
        Self::new("SYNC", "STATE")
    }

    #[must_use]
    pub fn sync_request() -> Self {
        Self::new("SYNC", "REQUEST")
    }

    pub(super) const ASSETS: &'static str = "ASSETS";

    /// The key of the assets of `kind` whose [numbers](domain::assets::AssetId::number) have the [`block`] `number`.
    #[must_use]
    pub fn assets_block(kind: AssetKind, number: u32) -> Self {
        Self::new(Self::ASSETS, format!("{}#{number:04}", kind.name()))
    }

    /// The key of the identity of the manifest's last version.
    #[must_use]
    pub fn mirror_revision() -> Self {
        Self::new("MIRROR", "REVISION")
    }

    #[must_use]
    pub fn mirror_state() -> Self {
        Self::new("MIRROR", "STATE")
    }

    #[must_use]
    pub fn invalidated() -> Self {
        Self::new("EDGE", "INVALIDATED")
    }

    #[must_use]
    pub fn seed() -> Self {
        Self::new("META", "SEED")
    }

    /// Whether publication derives the item from facts, so that it can be deleted once it is no longer derived.
    #[must_use]
    pub fn is_record(&self) -> bool {
        ["POKEMON#", "CHAIN#", "TYPE#", "ABILITY#", "MOVE#"].iter().any(|prefix| self.pk.starts_with(prefix))
    }

    /// The kind and the id or name that the item belongs to; `None` if it is a part of a record.
    #[must_use]
    pub fn name(&self) -> Option<(Named, &str)> {
        let (prefix, text) = self.pk.split_once('#')?;
        let kind = Named::ALL.into_iter().find(|kind| kind.prefix() == prefix)?;
        [prefix, Self::SHARED].contains(&self.sk.as_str()).then_some((kind, text))
    }

    /// The resource that the item is the record of; `None` if it is stored under one of the record's names, or is a part of a record.
    #[must_use]
    pub fn resource(&self) -> Option<(Kind, u32)> {
        let (prefix, id) = self.pk.split_once('#').filter(|(prefix, _)| *prefix == self.sk)?;
        let kind = match prefix {
            "POKEMON" => Kind::Pokemon,
            "TYPE" => Kind::Type,
            "ABILITY" => Kind::Ability,
            "MOVE" => Kind::Move,
            "CHAIN" => Kind::EvolutionChain,
            _ => return None,
        };
        Some((kind, id.parse().ok()?))
    }
}

/// The block of `id` within its kind: equal for ids whose facts share an item.
#[must_use]
pub(super) const fn block(id: u32) -> u32 {
    id / BLOCK
}
