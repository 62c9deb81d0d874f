//! The stored index.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    Timestamp,
    catalog::{Catalog, Claims, NameTable, StoredPokemon},
    facts::{Sprites, Stats},
    normalise,
};

/// A stored index that this program cannot read.
#[derive(Debug, thiserror::Error)]
pub enum BadIndex {
    #[error("the index is not readable: {0}")]
    Malformed(serde_json::Error),
    #[error("the index has format {0}, this program reads format {format}", format = DexIndex::FORMAT)]
    Format(u32),
    #[error(
        "the index holds {0} Pokémon and {1} types, more than the 65,535 and 64 that this program can number"
    )]
    TooMany(usize, usize),
}

// The text of the variant already contains the cause: with a source, it would appear twice in an error chain.
impl From<serde_json::Error> for BadIndex {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed(error)
    }
}

/// Every Pokémon with each listed or filterable field, and the names that a filter may give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DexIndex {
    pub format: u32,
    /// Every type, by name; rows refer to positions in this list.
    pub types: Vec<String>,
    /// Every ability, by name; rows refer to positions in this list.
    pub abilities: Vec<String>,
    /// The names of types that a filter may use.
    pub type_names: FilterNames,
    /// The names of abilities that a filter may use.
    pub ability_names: FilterNames,
    pub generations: Vec<IndexedGeneration>,
    /// By id.
    pub rows: Vec<IndexRow>,
}

/// The keys that a filter may use (ids and normalised names), ascending, each with the positions of what it means: several if they share a
/// name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FilterNames(pub Vec<(String, Vec<u16>)>);

impl FilterNames {
    /// Builds the keys of `names` (sorted slugs); `claims` are the names of their records.
    fn build(names: &[String], claims: &[Claims]) -> Self {
        let table = NameTable::new(claims);
        let place = |slug: &String| Some(names.binary_search(slug).ok()? as u16);
        let mut keys: BTreeMap<String, Vec<u16>> = BTreeMap::new();
        // A name without a record has only its slug as key.
        for (nth, name) in (0..).zip(names) {
            keys.insert(normalise(name), vec![nth]);
        }
        for claim in claims {
            let Some(nth) = place(&claim.slug) else { continue };
            let own = table.keys.get(&claim.id).into_iter().flatten();
            let own = own.map(|key| normalise(key)).chain([claim.id.to_string()]);
            keys.extend(own.map(|key| (key, vec![nth])));
        }
        keys.extend(
            table.shared.into_iter().map(|(key, slugs)| (key, slugs.iter().filter_map(place).collect())),
        );
        Self(keys.into_iter().collect())
    }

    /// The positions of what `key` means; empty if it is not known.
    pub(super) fn find(&self, key: &str) -> &[u16] {
        let found = self.0.binary_search_by(|(known, _)| known.as_str().cmp(key));
        found.map_or(&[], |nth| self.0[nth].1.as_slice())
    }
}

/// A generation without the additions from our own data file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedGeneration {
    pub id: u32,
    /// "Generation II".
    pub title: String,
    /// Slug.
    pub region: Option<String>,
    /// Served species that it introduced.
    pub species: u32,
    /// Least and greatest id of these species; `None` for a generation without species.
    pub ids: Option<(u32, u32)>,
    /// Its games, by version group.
    pub games: Vec<String>,
}

/// One Pokémon, written as an array to keep the index small.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexRow(
    /// Id.
    pub u32,
    /// Slug.
    pub String,
    /// Display name.
    pub String,
    /// Species id.
    pub u32,
    /// Species slug.
    pub String,
    /// Whether it is the species' default.
    pub u8,
    /// Generation.
    pub u32,
    /// Height, weight.
    pub (Option<u32>, Option<u32>),
    /// Base experience.
    pub Option<u32>,
    /// Positions of its types.
    pub Vec<u16>,
    /// Positions of its abilities.
    pub Vec<u16>,
    /// hp, attack, defense, special attack, special defense, speed.
    pub [u16; 6],
    /// Pictures: a bit for each picture at PokeAPI's usual path, else the four paths.
    pub IndexedSprites,
    /// created_at, updated_at.
    pub (i64, i64),
    /// The keys by which a search finds it, besides slug, display name and species.
    pub Vec<String>,
    /// The keys of its forms' names, for searches among all forms.
    pub Vec<String>,
);

/// See [`IndexRow`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IndexedSprites {
    Usual(u8),
    Paths([Option<String>; 4]),
}

impl IndexedSprites {
    fn pack(id: u32, sprites: &Sprites) -> Self {
        let mut bits = 0;
        for (place, path) in sprites.paths().into_iter().enumerate() {
            match path {
                None => {}
                Some(path) if path == usual_path(place, id) => bits |= 1 << place,
                Some(_) => return Self::Paths(sprites.paths().map(|p| p.map(str::to_owned))),
            }
        }
        Self::Usual(bits)
    }

    fn unpack(&self, id: u32) -> Sprites {
        Sprites::from_paths(match self {
            Self::Usual(bits) => {
                std::array::from_fn(|place| (bits & (1 << place) != 0).then(|| usual_path(place, id)))
            }
            Self::Paths(paths) => paths.clone(),
        })
    }
}

fn usual_path(place: usize, id: u32) -> String {
    format!("{}{id}.png", Sprites::FOLDERS[place])
}

/// A published Pokémon, and when it was first and last written.
#[derive(Clone, Debug)]
pub struct TimedPokemon {
    pub stored: StoredPokemon,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A Pokémon in a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "PokemonRow")]
pub struct PokemonRow<'a> {
    /// PokeAPI's id; for default forms the national dex number.
    pub id: u32,
    /// The same as `id`, for clients of the first contract.
    pub pokemon_id: u32,
    /// Slug.
    pub name: &'a str,
    /// English, with accents and signs.
    pub display_name: &'a str,
    /// Decimetres; null where it is not known yet.
    pub height: Option<u32>,
    /// Hectograms; null where it is not known yet.
    pub weight: Option<u32>,
    pub base_experience: Option<u32>,
    pub types: Vec<&'a str>,
    pub abilities: Vec<&'a str>,
    pub stats: Stats,
    pub sprites: SpriteUrls,
    pub generation: u32,
    pub species_id: u32,
    pub is_default: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Addresses of pictures; a key only where there is a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SpriteUrls {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub front_default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub back_default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub front_shiny: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub back_shiny: Option<String>,
}

impl SpriteUrls {
    /// Builds the addresses. `base` ends with a slash.
    #[must_use]
    pub fn new(base: &str, sprites: &Sprites) -> Self {
        let [front_default, back_default, front_shiny, back_shiny] =
            sprites.paths().map(|path| path.map(|path| format!("{base}{path}")));
        Self { front_default, back_default, front_shiny, back_shiny }
    }
}

impl DexIndex {
    /// The version of the format. It is raised with every change of the index's shape.
    pub const FORMAT: u32 = 2;

    /// Builds the index of `pokemon`, which must be in id order.
    #[must_use]
    pub fn build(catalog: &Catalog<'_>, pokemon: &[TimedPokemon]) -> Self {
        let facts = catalog.facts();
        let mut types: Vec<String> = facts.types.values().map(|t| t.name.clone()).collect();
        let mut abilities: Vec<String> = facts.abilities.values().map(|a| a.name.clone()).collect();
        // A name that only a Pokémon refers to (because its own resource failed to sync) can still be listed and used as a filter.
        for p in pokemon {
            types.extend(p.stored.pokemon.types.iter().cloned());
            abilities.extend(p.stored.pokemon.abilities.iter().cloned());
        }
        for names in [&mut types, &mut abilities] {
            names.sort_unstable();
            names.dedup();
        }
        let place = |names: &[String], name: &String| names.binary_search(name).unwrap_or_default() as u16;
        let rows = pokemon.iter().map(|TimedPokemon { stored, created_at, updated_at }| {
            let p = &stored.pokemon;
            let (names, forms) = search_keys(catalog, stored);
            IndexRow(
                p.id,
                p.name.clone(),
                p.display_name.clone(),
                p.species_id,
                p.species.clone(),
                u8::from(p.is_default),
                p.generation,
                (p.height, p.weight),
                p.base_experience,
                p.types.iter().map(|name| place(&types, name)).collect(),
                p.abilities.iter().map(|name| place(&abilities, name)).collect(),
                {
                    let s = p.stats;
                    [s.hp, s.attack, s.defense, s.special_attack, s.special_defense, s.speed]
                },
                IndexedSprites::pack(p.id, &stored.sprites),
                (created_at.unix(), updated_at.unix()),
                names,
                forms,
            )
        });
        let rows = rows.collect();
        Self {
            format: Self::FORMAT,
            type_names: FilterNames::build(&types, &catalog.type_claims()),
            ability_names: FilterNames::build(&abilities, &catalog.ability_claims()),
            types,
            abilities,
            generations: generations(catalog, pokemon),
            rows,
        }
    }

    /// Returns the bytes to store, before compression, and their version: the format and the first 16 hexadecimal digits of their SHA-256,
    /// so that equal catalogues have equal versions.
    ///
    /// # Errors
    /// Never in practice: the index contains nothing that JSON cannot represent.
    pub fn encode(&self) -> Result<(Vec<u8>, String), BadIndex> {
        let bytes = serde_json::to_vec(self)?;
        let hash: String = Sha256::digest(&bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((bytes, format!("{}-{hash}", Self::FORMAT)))
    }

    /// # Errors
    /// [`BadIndex`] if the bytes are not an index, or an index of another format.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadIndex> {
        let read = serde_json::from_slice::<Self>(bytes);
        let index = match read {
            Ok(index) if index.format == Self::FORMAT => index,
            other => {
                // A different format may be the reason for a different shape: the error reports the format, not the missing bracket.
                let format = serde_json::from_slice::<Value>(bytes)?["format"].as_u64().unwrap_or_default();
                return Err(match other {
                    Err(error) if format == u64::from(Self::FORMAT) => BadIndex::Malformed(error),
                    _ => BadIndex::Format(format as u32),
                });
            }
        };
        if index.rows.len() > usize::from(u16::MAX) || index.types.len() > 64 {
            return Err(BadIndex::TooMany(index.rows.len(), index.types.len()));
        }
        Ok(index)
    }
}

impl IndexRow {
    pub(super) fn row<'a>(&'a self, index: &'a DexIndex, sprite_base: &str) -> PokemonRow<'a> {
        let names = |all: &'a [String], places: &[u16]| -> Vec<&'a str> {
            places.iter().filter_map(|place| Some(all.get(usize::from(*place))?.as_str())).collect()
        };
        let [hp, attack, defense, special_attack, special_defense, speed] = self.11;
        PokemonRow {
            id: self.0,
            pokemon_id: self.0,
            name: &self.1,
            display_name: &self.2,
            height: self.7.0,
            weight: self.7.1,
            base_experience: self.8,
            types: names(&index.types, &self.9),
            abilities: names(&index.abilities, &self.10),
            stats: Stats { hp, attack, defense, special_attack, special_defense, speed },
            sprites: SpriteUrls::new(sprite_base, &self.12.unpack(self.0)),
            generation: self.6,
            species_id: self.3,
            is_default: self.5 == 1,
            created_at: Timestamp::from_unix(self.13.0),
            updated_at: Timestamp::from_unix(self.13.1),
        }
    }
}

/// The search keys of a Pokémon's own names and of its forms' names, without those that its row already has.
fn search_keys(catalog: &Catalog<'_>, stored: &StoredPokemon) -> (Vec<String>, Vec<String>) {
    let p = &stored.pokemon;
    let Some(facts) = catalog.facts().pokemon.get(&p.id) else { return Default::default() };
    let claims = Claims::of_pokemon(catalog.facts(), facts, &p.display_name, p.is_default);
    let mut known: BTreeSet<String> =
        [&p.name, &p.display_name, &p.species].map(|name| normalise(name)).into();
    let own = [std::slice::from_ref(&claims.slug), &claims.species, &claims.display].concat();
    (Claims::search_keys(&own, &mut known), Claims::search_keys(&claims.forms, &mut known))
}

/// The known generations, and those that only a served Pokémon or species names, because filters accept these as well.
fn generations(catalog: &Catalog<'_>, pokemon: &[TimedPokemon]) -> Vec<IndexedGeneration> {
    let facts = catalog.facts();
    let mut species: BTreeMap<u32, Vec<u32>> = facts.generations.keys().map(|id| (*id, Vec::new())).collect();
    for p in pokemon {
        species.entry(p.stored.pokemon.generation).or_default();
    }
    for s in catalog.served_species() {
        species.entry(s.generation).or_default().push(s.id);
    }
    let all = species.into_iter().map(|(id, ids)| {
        let known = facts.generations.get(&id);
        let mut groups: Vec<_> = facts.version_groups.values().filter(|v| v.generation == id).collect();
        groups.sort_by_key(|group| (group.order.is_none(), group.order, group.id));
        IndexedGeneration {
            id,
            title: known.and_then(|g| g.display_name.clone()).unwrap_or_else(|| format!("Generation {id}")),
            region: known.and_then(|g| g.region.clone()),
            species: ids.len() as u32,
            // Species come in id order.
            ids: ids.first().copied().zip(ids.last().copied()),
            games: groups.into_iter().flat_map(|group| group.versions.clone()).collect(),
        }
    });
    all.collect()
}
