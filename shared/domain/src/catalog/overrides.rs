//! Manual changes by administrators. They are applied to the facts before anything is derived, so that lists, searches, types, abilities,
//! moves and evolutions agree, and the next sync does not remove them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::Claims;
use crate::{
    FieldError,
    facts::{AbilitySlot, Facts, PokemonFacts, Stats},
    field::is_unseen,
    name,
};

/// The values that replace those of PokeAPI; absent fields keep PokeAPI's values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edits {
    /// 1 to 80 characters.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 80))]
    pub display_name: Option<String>,
    /// Decimetres.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 100_000))]
    pub height: Option<u32>,
    /// Hectograms.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 100_000))]
    pub weight: Option<u32>,
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 10_000))]
    pub base_experience: Option<u32>,
    /// One or two, in slot order.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>", length(min = 1, max = 2))]
    pub types: Option<Vec<String>>,
    /// One to three, in slot order. A hidden ability remains hidden.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>", length(min = 1, max = 3))]
    pub abilities: Option<Vec<String>>,
    /// All six, each 1 to 255.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Stats")]
    pub stats: Option<Stats>,
}

/// Rejects null for a field that is present: null would look like a request to remove the edit, but removing an edit means leaving the
/// field out.
fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Edits {
    /// Whether there are no edits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns everything that is wrong with the edits; `has_type` and `has_ability` report whether a name exists.
    #[must_use]
    pub fn wrong(
        &self,
        has_type: impl Fn(&str) -> bool,
        has_ability: impl Fn(&str) -> bool,
    ) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let mut refuse = |field: &str, message: String| wrong.push(FieldError::new(field, message));
        if let Some(name) = &self.display_name {
            if has_markup(name) {
                let message = "must not contain markup: no <, no > and no character reference such as &amp;";
                refuse("display_name", message.to_owned());
            }
            let is_plain = name.trim() == name && !name.chars().any(is_unseen) && name.nfc().eq(name.chars());
            if !is_plain || !(1..=80).contains(&name.chars().count()) {
                refuse(
                    "display_name",
                    "must have 1 to 80 visible characters in composed form (NFC)".to_owned(),
                );
            }
        }
        for (field, value, most) in [
            ("height", self.height, 100_000),
            ("weight", self.weight, 100_000),
            ("base_experience", self.base_experience, 10_000),
        ] {
            if value.is_some_and(|value| !(1..=most).contains(&value)) {
                refuse(field, format!("must be a whole number from 1 to {most}"));
            }
        }
        let mut names = |field: &str, names: &Option<Vec<String>>, most, is_known: &dyn Fn(&str) -> bool| {
            let Some(names) = names else { return };
            if !(1..=most).contains(&names.len()) || names.iter().collect::<BTreeSet<_>>().len() < names.len()
            {
                refuse(field, format!("must be 1 to {most} different names"));
            }
            // A name can be as long as the request body; quoting it in full would make the answer as long.
            for name in names.iter().take(most).filter(|name| !is_known(name)) {
                let shown: String = name.chars().take(60).collect();
                refuse(field, format!("contains {shown:?}, which does not exist"));
            }
        };
        names("types", &self.types, 2, &has_type);
        names("abilities", &self.abilities, 3, &has_ability);
        if let Some(Stats { hp, attack, defense, special_attack, special_defense, speed }) = self.stats
            && [hp, attack, defense, special_attack, special_defense, speed]
                .iter()
                .any(|stat| !(1..=255).contains(stat))
        {
            refuse("stats", "must each be a whole number from 1 to 255".to_owned());
        }
        wrong
    }

    fn apply(&self, facts: &mut Facts, id: u32) {
        let Some(pokemon) = facts.pokemon.get_mut(&id) else { return };
        pokemon.height = self.height.or(pokemon.height);
        pokemon.weight = self.weight.or(pokemon.weight);
        pokemon.base_experience = self.base_experience.or(pokemon.base_experience);
        pokemon.stats = self.stats.unwrap_or(pokemon.stats);
        if let Some(names) = &self.abilities {
            pokemon.abilities = slots(pokemon, names);
        }
        if let Some(types) = &self.types {
            pokemon.types.clone_from(types);
        }
        let (species, is_default) = (pokemon.species, pokemon.is_default);
        let form = pokemon.leading_form(&facts.forms).map(|form| form.id);
        if let Some(form) = form.and_then(|id| facts.forms.get_mut(&id)) {
            if let Some(types) = &self.types {
                form.types.clone_from(types);
            }
            if !is_default && self.display_name.is_some() {
                form.display_name.clone_from(&self.display_name);
            }
        }
        // A default Pokémon is displayed under its species' name.
        if let Some(species) = facts.species.get_mut(&species)
            && is_default
            && self.display_name.is_some()
        {
            species.display_name.clone_from(&self.display_name);
        }
    }
}

/// Whether a page that does not escape `text` would show something else: a tag or a character reference.
fn has_markup(text: &str) -> bool {
    /// Character references that browsers also accept without a semicolon, and that produce markup.
    const BARE: [&str; 8] = ["lt", "LT", "gt", "GT", "amp", "AMP", "quot", "QUOT"];
    let is_reference = |rest: &str| {
        let name = rest.split_once(';').map_or("", |(name, _)| name);
        let is_named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
        is_named || rest.starts_with('#') || BARE.iter().any(|name| rest.starts_with(name))
    };
    text.contains(['<', '>']) || text.split('&').skip(1).any(is_reference)
}

fn slots(pokemon: &PokemonFacts, names: &[String]) -> Vec<AbilitySlot> {
    let was_hidden = |name: &str| {
        let mut before = pokemon.abilities.iter().filter(|slot| slot.name == name).peekable();
        before.peek().is_some() && before.all(|slot| slot.is_hidden)
    };
    let slots = (1..).zip(names);
    slots.map(|(slot, name)| AbilitySlot { name: name.clone(), is_hidden: was_hidden(name), slot }).collect()
}

/// The changes to one Pokémon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// Whether it is hidden, as if PokeAPI did not have it.
    pub is_hidden: bool,
    pub edits: Edits,
}

/// The changes to all Pokémon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The number of the latest change; it grows with each.
    pub revision: u64,
    pub pokemon: BTreeMap<u32, Override>,
}

impl Overrides {
    /// Returns `facts` as they are published: edited, and without the hidden Pokémon. Derivation then omits species without any Pokémon.
    #[must_use]
    pub fn apply<'a>(&self, facts: &'a Facts) -> Cow<'a, Facts> {
        if self.pokemon.is_empty() {
            return Cow::Borrowed(facts);
        }
        let mut facts = facts.clone();
        for (id, changed) in &self.pokemon {
            changed.edits.apply(&mut facts, *id);
            if changed.is_hidden {
                facts.pokemon.remove(id);
            }
        }
        Cow::Owned(facts)
    }
}

impl Overrides {
    /// Returns the keys of the hidden Pokémon (ids, slugs, every name), and the ids of their evolution chains.
    #[must_use]
    pub fn hidden(&self, facts: &Facts) -> Hidden {
        let mut hidden = Hidden::default();
        for (id, changed) in self.pokemon.iter().filter(|(_, changed)| changed.is_hidden) {
            let display = changed.edits.display_name.as_deref().unwrap_or_default();
            hidden.names.insert(id.to_string());
            let Some(pokemon) = facts.pokemon.get(id) else { continue };
            // The Pokémon may have represented its species until now.
            let claims = Claims::of_pokemon(facts, pokemon, display, true);
            hidden.names.extend(claims.all().flat_map(|name| stored_keys(name)));
            if let Some(species) = facts.species.get(&pokemon.species) {
                hidden.chains.extend(species.evolution_chain);
            }
        }
        hidden
    }
}

/// The keys under which `name` may be stored: as it is written, and normalised.
fn stored_keys(name: &str) -> impl Iterator<Item = String> {
    std::iter::once(name.to_owned()).chain(name::keys(name))
}

/// See [`Overrides::hidden`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    pub names: BTreeSet<String>,
    pub chains: BTreeSet<u32>,
}
