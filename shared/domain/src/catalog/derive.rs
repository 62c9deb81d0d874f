//! Derives records from facts.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use super::problem::Problem;
use super::records::{
    Ability, AbilityPokemon, CosmeticForm, Evolution, EvolutionNode, EvolutionSpecies, LearnedMove, Move,
    Pokemon, StoredForm, StoredPokemon, Type, TypePokemon, VarietyRef, Way,
};
use super::served::{Served, ServedPokemon};
use crate::assets::Addresses;
use crate::facts::{ChainLink, Facts, FormFacts, PokemonFacts, SpeciesFacts};

/// A derived record, and the problems found during its derivation.
pub type Derived<T> = (T, Vec<Problem>);

/// A view of the facts with the look-ups that derivation needs. Learnsets are derived one at a time: all of them
/// at once would fill 40 MB.
pub struct Catalog<'a> {
    facts: &'a Facts,
    addresses: Cow<'a, Addresses>,
    served: Served<'a>,
    forms: HashMap<&'a str, Vec<&'a FormFacts>>,
    by_type: HashMap<&'a str, Vec<TypePokemon>>,
    by_ability: HashMap<&'a str, Vec<AbilityPokemon>>,
    learned_by: HashMap<u32, Vec<&'a str>>,
}

impl<'a> Catalog<'a> {
    #[must_use]
    pub fn new(facts: &'a Facts) -> Self {
        let mut forms: HashMap<&str, Vec<&FormFacts>> = HashMap::new();
        for form in facts.forms.values() {
            forms.entry(&form.pokemon).or_default().push(form);
        }
        let mut by_type: HashMap<&str, Vec<TypePokemon>> = HashMap::new();
        let mut by_ability: HashMap<&str, Vec<AbilityPokemon>> = HashMap::new();
        let mut learned_by: HashMap<u32, Vec<&str>> = HashMap::new();
        let served = Served::new(facts);
        for p in served.pokemon.iter().map(|served| served.facts) {
            for (slot, name) in (1..).zip(&p.types) {
                by_type.entry(name).or_default().push(TypePokemon { id: p.id, name: p.name.clone(), slot });
            }
            for a in &p.abilities {
                by_ability.entry(&a.name).or_default().push(AbilityPokemon {
                    id: p.id,
                    name: p.name.clone(),
                    is_hidden: a.is_hidden,
                    slot: a.slot,
                });
            }
            for (id, _) in p.learnset.moves().flatten() {
                learned_by.entry(id).or_default().push(&p.name);
            }
        }
        let addresses = Cow::Owned(Addresses::default());
        Self { facts, addresses, served, forms, by_type, by_ability, learned_by }
    }

    /// The same, with pictures that have these addresses instead of PokeAPI's.
    #[must_use]
    pub fn with_pictures(self, addresses: &'a Addresses) -> Self {
        Self { addresses: Cow::Borrowed(addresses), ..self }
    }

    /// Returns the served Pokémon, in id order, and a problem for each of the others.
    #[must_use]
    pub fn pokemon(&self) -> Derived<Vec<StoredPokemon>> {
        let made = self.served.pokemon.iter().map(|served| self.one_pokemon(served)).collect();
        (made, self.served.problems.clone())
    }

    fn one_pokemon(&self, served: &ServedPokemon<'a>) -> StoredPokemon {
        let ServedPokemon { facts: p, species, form, generation } = *served;
        let mut abilities: Vec<String> = Vec::new();
        for slot in &p.abilities {
            if !abilities.contains(&slot.name) {
                abilities.push(slot.name.clone());
            }
        }
        let evolution_chain_id = self.chain_of(species);
        let pokemon = Pokemon {
            id: p.id,
            pokemon_id: p.id,
            name: p.name.clone(),
            display_name: display_name(p, species, form),
            height: p.height,
            weight: p.weight,
            base_experience: p.base_experience,
            types: p.types.clone(),
            abilities,
            ability_slots: p.abilities.clone(),
            stats: p.stats,
            effort: p.effort,
            generation,
            species_id: species.id,
            species: species.name.clone(),
            is_default: self.is_default(p),
            is_baby: species.is_baby,
            is_legendary: species.is_legendary,
            is_mythical: species.is_mythical,
            gender_rate: species.gender_rate,
            capture_rate: species.capture_rate,
            base_happiness: species.base_happiness,
            hatch_counter: species.hatch_counter,
            growth_rate: species.growth_rate.clone(),
            egg_groups: species.egg_groups.clone(),
            color: species.color.clone(),
            shape: species.shape.clone(),
            habitat: species.habitat.clone(),
            has_gender_differences: species.has_gender_differences,
            forms_switchable: species.forms_switchable,
            varieties: self.varieties(species),
            evolution_chain_id,
            evolves_from: self.evolves_from(species),
            past_types: p.past_types.clone(),
            past_abilities: p.past_abilities.clone(),
            past_stats: p.past_stats.clone(),
            removed_at: None,
        };
        let lone_node = evolution_chain_id.is_none().then(|| self.lone_node(species));
        let sprites = self.addresses.sprites(&p.sprites);
        StoredPokemon { pokemon, sprites, images: self.addresses.images(p.assets()), lone_node }
    }

    fn is_default(&self, p: &PokemonFacts) -> bool {
        self.served.default_of(p.species) == Some(p.id)
    }

    fn varieties(&self, species: &SpeciesFacts) -> Vec<VarietyRef> {
        let all = self.served.varieties(species.id).iter();
        all.map(|p| VarietyRef { id: p.id, name: p.name.clone(), is_default: self.is_default(p) }).collect()
    }

    fn evolves_from(&self, species: &SpeciesFacts) -> Option<String> {
        let before = species.evolves_from.filter(|id| self.served.default_of(*id).is_some())?;
        Some(self.facts.species.get(&before)?.name.clone())
    }

    pub(super) fn chain_of(&self, species: &SpeciesFacts) -> Option<u32> {
        self.served.chain_of(species.id)
    }

    /// The Pokémon for which records exist, in id order.
    pub(super) fn served_pokemon(&self) -> impl Iterator<Item = &'a PokemonFacts> + '_ {
        self.served.pokemon.iter().map(|served| served.facts)
    }

    /// The species with at least one served Pokémon, in id order.
    pub fn served_species(&self) -> impl Iterator<Item = &'a SpeciesFacts> + '_ {
        self.served.species()
    }

    /// The forms of a Pokémon that has several, in PokeAPI's order; empty for the others.
    #[must_use]
    pub fn cosmetic_forms(&self, id: u32) -> Vec<StoredForm> {
        let Some(p) = self.facts.pokemon.get(&id) else { return Vec::new() };
        let mut forms = self.forms.get(p.name.as_str()).cloned().unwrap_or_default();
        if forms.len() < 2 {
            return Vec::new();
        }
        let place = |form: &FormFacts| p.forms.iter().position(|id| *id == form.id).unwrap_or(usize::MAX);
        forms.sort_by_key(|form| (place(form), form.id));
        let stored = forms.into_iter().map(|form| StoredForm {
            form: CosmeticForm {
                id: form.id,
                name: form.name.clone(),
                form_name: form.form_name.clone(),
                display_name: form.display_name.clone().unwrap_or_else(|| humanise(&form.name)),
                is_default: form.is_default,
                is_battle_only: form.is_battle_only,
                is_mega: form.is_mega,
                version_group: self.version_group_name(form.version_group),
                types: form.types.clone(),
            },
            sprites: self.addresses.sprites(&form.sprites),
            images: self.addresses.images(form.assets()),
        });
        stored.collect()
    }

    fn version_group_name(&self, id: u32) -> String {
        self.facts
            .version_groups
            .get(&id)
            .map_or_else(|| format!("version-group-{id}"), |group| group.name.clone())
    }

    /// The learnset of a Pokémon across all games, with moves in id order.
    #[must_use]
    pub fn learnset(&self, id: u32) -> Derived<Vec<LearnedMove>> {
        let (mut made, mut problems) = (Vec::new(), Vec::new());
        let Some(p) = self.facts.pokemon.get(&id) else { return (made, problems) };
        let mut report =
            |reason: String| problems.push(Problem { resource: format!("pokemon/{id}"), reason });
        for line in p.learnset.moves() {
            match line {
                Err(error) => report(error.to_string()),
                Ok((id, ways)) => match self.facts.moves.get(&id) {
                    None => report(format!("it learns move {id}, which is not known")),
                    Some(learned) => {
                        let ways = ways.into_iter().map(|way| Way {
                            method: way.method,
                            level: way.level,
                            order: way.order,
                            version_groups: way
                                .version_groups
                                .iter()
                                .map(|id| self.version_group_name(*id))
                                .collect(),
                        });
                        made.push(LearnedMove { name: learned.name.clone(), ways: ways.collect() });
                    }
                },
            }
        }
        (made, problems)
    }

    /// Every evolution chain with at least one served Pokémon, in id order.
    pub fn evolutions(&self) -> impl Iterator<Item = Evolution> + '_ {
        self.facts.chains.values().filter_map(|chain| {
            Some(Evolution {
                evolution_chain_id: chain.id,
                baby_trigger_item: chain.baby_trigger_item.clone(),
                chain: self.node(&chain.root)?,
            })
        })
    }

    /// Returns `None` for a species without a served Pokémon, unless others evolve from it.
    fn node(&self, link: &ChainLink) -> Option<EvolutionNode> {
        let evolves_to: Vec<_> = link.evolves_to.iter().filter_map(|next| self.node(next)).collect();
        let pokemon_id = self.served.default_of(link.species);
        if pokemon_id.is_none() && evolves_to.is_empty() {
            return None;
        }
        let known = self.facts.species.get(&link.species).and_then(|species| species.display_name.clone());
        Some(EvolutionNode {
            species: EvolutionSpecies {
                id: link.species,
                name: link.species_name.clone(),
                display_name: known.unwrap_or_else(|| humanise(&link.species_name)),
                pokemon_id,
            },
            is_baby: link.is_baby,
            conditions: link.conditions.clone(),
            evolves_to,
        })
    }

    /// The tree of a species that belongs to no known chain.
    fn lone_node(&self, species: &SpeciesFacts) -> EvolutionNode {
        EvolutionNode {
            species: EvolutionSpecies {
                id: species.id,
                name: species.name.clone(),
                display_name: species_name(species),
                pokemon_id: self.served.default_of(species.id),
            },
            is_baby: species.is_baby,
            conditions: Vec::new(),
            evolves_to: Vec::new(),
        }
    }

    /// Every type, in id order.
    pub fn types(&self) -> impl Iterator<Item = Type> + '_ {
        let mut moves: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for m in self.facts.moves.values() {
            moves.entry(&m.move_type).or_default().push(m.name.clone());
        }
        self.facts.types.values().map(move |t| Type {
            id: t.id,
            name: t.name.clone(),
            display_name: t.display_name.clone().unwrap_or_else(|| humanise(&t.name)),
            generation: t.generation,
            damage_class: t.damage_class.clone(),
            damage_relations: t.damage_relations.clone(),
            pokemon: self.by_type.get(t.name.as_str()).cloned().unwrap_or_default(),
            moves: moves.get(t.name.as_str()).cloned().unwrap_or_default(),
            removed_at: None,
        })
    }

    /// Every ability, in id order.
    pub fn abilities(&self) -> impl Iterator<Item = Ability> + '_ {
        self.facts.abilities.values().map(|a| Ability {
            id: a.id,
            name: a.name.clone(),
            display_name: a.display_name.clone().unwrap_or_else(|| humanise(&a.name)),
            generation: a.generation,
            is_main_series: a.is_main_series,
            pokemon: self.by_ability.get(a.name.as_str()).cloned().unwrap_or_default(),
            removed_at: None,
        })
    }

    /// Every move, in id order.
    pub fn moves(&self) -> impl Iterator<Item = Move> + '_ {
        self.facts.moves.values().map(|m| Move {
            id: m.id,
            name: m.name.clone(),
            display_name: m.display_name.clone().unwrap_or_else(|| humanise(&m.name)),
            generation: m.generation,
            move_type: m.move_type.clone(),
            damage_class: m.damage_class.clone(),
            target: m.target.clone(),
            power: m.power,
            pp: m.pp,
            accuracy: m.accuracy,
            effect_chance: m.effect_chance,
            priority: m.priority,
            meta: m.meta.clone(),
            stat_changes: m.stat_changes.clone(),
            learned_by: self
                .learned_by
                .get(&m.id)
                .map(|names| names.iter().map(|name| (*name).to_owned()).collect())
                .unwrap_or_default(),
            removed_at: None,
        })
    }

    #[must_use]
    pub const fn facts(&self) -> &'a Facts {
        self.facts
    }
}

fn display_name(p: &PokemonFacts, species: &SpeciesFacts, form: &FormFacts) -> String {
    // A form keeps its own name if it represents its species only because the default form is not served.
    if p.is_default {
        return species_name(species);
    }
    form.display_name.clone().unwrap_or_else(|| {
        let rest = p.name.strip_prefix(species.name.as_str()).unwrap_or(&p.name).trim_start_matches('-');
        format!("{} ({})", species_name(species), humanise(rest))
    })
}

fn species_name(species: &SpeciesFacts) -> String {
    species.display_name.clone().unwrap_or_else(|| humanise(&species.name))
}

/// Turns `limited-build` into `Limited Build`, the display name if PokeAPI has no English one.
pub(crate) fn humanise(slug: &str) -> String {
    let words = slug.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect::<Vec<_>>().join(" ")
}
