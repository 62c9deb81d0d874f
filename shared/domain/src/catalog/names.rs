//! The names by which a Pokémon, type, ability or move can be looked up, and which record keeps a name that several claim.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Catalog, Pokemon, StoredPokemon, derive::humanise};
use crate::{
    facts::{Facts, FormFacts, PokemonFacts},
    name,
};

/// The names of one record, as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    pub id: u32,
    pub slug: String,
    /// The names of the species, if the record is its default Pokémon; slug first.
    pub species: Vec<String>,
    /// The display names.
    pub display: Vec<String>,
    /// The slugs and names of its forms.
    pub forms: Vec<String>,
}

/// A table that maps names to records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameTable {
    /// For each id, the keys that lead to the record besides its id, exact slugs and best names first.
    pub keys: HashMap<u32, Vec<String>>,
    /// The keys that several records claim with equal rank, with the slugs of the claimants in id order.
    pub shared: BTreeMap<String, Vec<String>>,
    /// Slugs and species names that another record keeps, with the id of the record that does not get the name.
    pub refused: Vec<(u32, String)>,
}

impl Claims {
    fn of(id: u32, slug: &str, display: &str) -> Self {
        Self { id, slug: slug.to_owned(), display: vec![display.to_owned()], ..Self::default() }
    }

    fn displayed(id: u32, slug: &str, display: Option<&String>) -> Self {
        Self::of(id, slug, &display.cloned().unwrap_or_else(|| humanise(slug)))
    }

    /// The claims of a Pokémon with the display name `display`, which may be empty. A Pokémon that `represents_species` also claims the
    /// names of its species.
    #[must_use]
    pub fn of_pokemon(facts: &Facts, p: &PokemonFacts, display: &str, represents_species: bool) -> Self {
        let mut claims = Self::of(p.id, &p.name, display);
        if let Some(species) = facts.species.get(&p.species).filter(|_| represents_species) {
            claims.species =
                [Some(&species.name), species.display_name.as_ref()].into_iter().flatten().cloned().collect();
        }
        let forms = p.forms.iter().filter_map(|id| facts.forms.get(id));
        claims.forms = forms.flat_map(names_of_form).cloned().collect();
        claims
    }

    /// All names of the record.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.slug).chain(&self.species).chain(&self.display).chain(&self.forms)
    }

    /// The keys of `names` that `known` does not contain.
    #[must_use]
    pub fn search_keys(names: &[String], known: &mut BTreeSet<String>) -> Vec<String> {
        let keys = names.iter().flat_map(|name| name::keys(name));
        keys.filter(|key| known.insert(key.clone())).collect()
    }
}

fn names_of_form(form: &FormFacts) -> impl Iterator<Item = &String> {
    std::iter::once(&form.name).chain(&form.display_name).chain(&form.label)
}

impl NameTable {
    /// Assigns each name to a record. An id takes precedence over a slug, a slug over a species name, a species name over a display name,
    /// and a display name over a form name. Of two equal slugs or species names, the first record keeps the name; a display name or form
    /// name that several records claim leads to none of them.
    #[must_use]
    pub fn new(claims: &[Claims]) -> Self {
        let mut table = Self::default();
        // Every assigned key with its owner; `None` if it is shared.
        let mut owners: HashMap<String, Option<u32>> =
            claims.iter().map(|claim| (claim.id.to_string(), Some(claim.id))).collect();
        let mut slugs: HashSet<&str> = HashSet::new();
        for claim in claims {
            slugs.insert(&claim.slug);
            table.claim_exact(&mut owners, claim.id, &claim.slug);
        }
        for claim in claims {
            // A species whose name is also the slug of another Pokémon is not reported: the name means that Pokémon.
            for (nth, species) in
                claim.species.iter().enumerate().filter(|(_, name)| !slugs.contains(name.as_str()))
            {
                if nth == 0 {
                    table.claim_exact(&mut owners, claim.id, species);
                }
            }
            let others = claim.species.iter().skip(1).flat_map(|name| name::keys(name));
            for key in others {
                table.claim_if_free(&mut owners, claim.id, key);
            }
        }
        table.claim_together(&mut owners, claims, |claim| &claim.display);
        table.claim_together(&mut owners, claims, |claim| &claim.forms);
        table
    }

    /// Claims a slug, as it is written and normalised, and its other spellings if they are free.
    fn claim_exact(&mut self, owners: &mut HashMap<String, Option<u32>>, id: u32, slug: &str) {
        let mut spellings = name::keys(slug).into_iter();
        let Some(key) = spellings.next() else { return };
        match owners.get(&key) {
            Some(Some(owner)) if *owner == id => {}
            Some(_) => return self.refused.push((id, slug.to_owned())),
            None => {
                // The exact slug is a key as well: changes and functions of the previous release look it up.
                if key != slug {
                    self.give(owners, id, slug.to_owned());
                }
                self.give(owners, id, key);
            }
        }
        for key in spellings {
            self.claim_if_free(owners, id, key);
        }
    }

    fn claim_if_free(&mut self, owners: &mut HashMap<String, Option<u32>>, id: u32, key: String) {
        if is_free(owners, &key) {
            self.give(owners, id, key);
        }
    }

    fn give(&mut self, owners: &mut HashMap<String, Option<u32>>, id: u32, key: String) {
        owners.insert(key.clone(), Some(id));
        self.keys.entry(id).or_default().push(key);
    }

    /// Claims names of one rank: a key that a better rank assigned keeps its owner, and a key that two records claim is shared.
    fn claim_together(
        &mut self,
        owners: &mut HashMap<String, Option<u32>>,
        claims: &[Claims],
        names: impl Fn(&Claims) -> &[String],
    ) {
        let mut claimants: BTreeMap<String, BTreeMap<u32, &str>> = BTreeMap::new();
        for claim in claims {
            for key in names(claim).iter().flat_map(|name| name::keys(name)) {
                if is_free(owners, &key) {
                    claimants.entry(key).or_default().insert(claim.id, &claim.slug);
                }
            }
        }
        for (key, bearers) in claimants {
            if let (1, Some(id)) = (bearers.len(), bearers.keys().next()) {
                self.give(owners, *id, key);
            } else {
                owners.insert(key.clone(), None);
                self.shared.insert(key, bearers.into_values().map(str::to_owned).collect());
            }
        }
    }
}

/// Whether `key` is not an id and no better rank has claimed it.
fn is_free(owners: &HashMap<String, Option<u32>>, key: &str) -> bool {
    !owners.contains_key(key) && name::number(key).is_none()
}

impl Catalog<'_> {
    /// The claims of `pokemon`, in the same order.
    #[must_use]
    pub fn claims(&self, pokemon: &[StoredPokemon]) -> Vec<Claims> {
        let known = pokemon.iter().filter_map(|stored| {
            let p = self.facts().pokemon.get(&stored.pokemon.id)?;
            let Pokemon { display_name, is_default, .. } = &stored.pokemon;
            Some(Claims::of_pokemon(self.facts(), p, display_name, *is_default))
        });
        known.collect()
    }

    /// The claims of every type, in id order.
    #[must_use]
    pub fn type_claims(&self) -> Vec<Claims> {
        let types = self.facts().types.values();
        types.map(|t| Claims::displayed(t.id, &t.name, t.display_name.as_ref())).collect()
    }

    /// The claims of every ability, in id order.
    #[must_use]
    pub fn ability_claims(&self) -> Vec<Claims> {
        let abilities = self.facts().abilities.values();
        abilities.map(|a| Claims::displayed(a.id, &a.name, a.display_name.as_ref())).collect()
    }

    /// The claims of every move, in id order.
    #[must_use]
    pub fn move_claims(&self) -> Vec<Claims> {
        let moves = self.facts().moves.values();
        moves.map(|m| Claims::displayed(m.id, &m.name, m.display_name.as_ref())).collect()
    }
}
