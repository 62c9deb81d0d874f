//! The answer about generations: PokeAPI's facts, completed from `data/generations.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::index::IndexedGeneration;
use crate::catalog::humanise;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Generations {
    pub generations: Vec<Generation>,
    pub total_generations: usize,
    /// Served species of all generations.
    pub total_pokemon: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Generation {
    pub generation: u32,
    /// The name of its region ("Johto"); its title if it has no region.
    pub name: String,
    /// "Generation II"
    pub title: String,
    /// Slug of its region.
    pub region: Option<String>,
    /// The year of its first games.
    pub year: Option<u16>,
    /// Served species that it introduced.
    pub pokemon_count: u32,
    /// The lowest id of these species.
    pub start_id: Option<u32>,
    /// The highest id of these species.
    pub end_id: Option<u32>,
    /// Slugs of its games.
    pub games: Vec<String>,
    /// `#rrggbb`
    pub color: Option<String>,
    pub description: Option<String>,
}

#[derive(Default, Deserialize)]
struct Ours {
    year: Option<u16>,
    color: Option<String>,
    description: Option<String>,
}

impl Generations {
    #[must_use]
    pub fn new(indexed: &[IndexedGeneration]) -> Self {
        // A generation that the file does not know yet has nulls; the test below catches a malformed file.
        let mut ours: BTreeMap<u32, Ours> =
            serde_json::from_str(include_str!("../../data/generations.json")).unwrap_or_default();
        let generations: Vec<_> = indexed
            .iter()
            .map(|g| Generation::new(g.clone(), ours.remove(&g.id).unwrap_or_default()))
            .collect();
        Self {
            total_generations: generations.len(),
            total_pokemon: generations.iter().map(|g| g.pokemon_count).sum(),
            generations,
        }
    }
}

impl Generation {
    fn new(indexed: IndexedGeneration, ours: Ours) -> Self {
        Self {
            generation: indexed.id,
            name: indexed.region.as_deref().map_or_else(|| indexed.title.clone(), humanise),
            title: indexed.title,
            region: indexed.region,
            year: ours.year,
            pokemon_count: indexed.species,
            start_id: indexed.ids.map(|(start, _)| start),
            end_id: indexed.ids.map(|(_, end)| end),
            games: indexed.games,
            color: ours.color,
            description: ours.description,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_file_fills_known_generations_and_leaves_new_ones_null() {
        let known = |id| IndexedGeneration {
            id,
            title: format!("Generation {id}"),
            region: (id < 10).then(|| "some-where".to_owned()),
            species: 1,
            ids: Some((id, id)),
            games: Vec::new(),
        };
        let indexed: Vec<_> = (1..=10).map(known).collect();
        let answer = Generations::new(&indexed);
        for g in &answer.generations[..9] {
            assert!(
                g.year.is_some() && g.color.is_some() && g.description.is_some(),
                "generation {}",
                g.generation
            );
        }
        let names = |place: usize| (&*answer.generations[place].name, &*answer.generations[place].title);
        assert_eq!(names(0), ("Some Where", "Generation 1"));
        assert_eq!(names(9), ("Generation 10", "Generation 10"), "its region is not known");
        assert_eq!((answer.generations[9].year, &answer.generations[9].color), (None, &None));
        assert_eq!((answer.total_generations, answer.total_pokemon), (10, 10));
    }
}
