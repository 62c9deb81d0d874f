//! Unknown fields, which are served as null: PokeAPI left them null or did not name the chain. They are reported until they are known.

use super::{derive::Catalog, problem::Problem};

impl Catalog<'_> {
    /// One problem for each null and each missing evolution chain.
    #[must_use]
    pub fn gaps(&self) -> Vec<Problem> {
        let mut gaps = Vec::new();
        let mut unknown = |resource: String, field: &str, is_unknown: bool| {
            if is_unknown {
                gaps.push(Problem { resource, reason: format!("its {field} is not known") });
            }
        };
        for p in self.served_pokemon() {
            let resource = format!("pokemon/{}", p.id);
            unknown(resource.clone(), "height", p.height.is_none());
            unknown(resource, "weight", p.weight.is_none());
        }
        for species in self.served_species() {
            let resource = format!("pokemon-species/{}", species.id);
            unknown(resource.clone(), "gender_rate", species.gender_rate.is_none());
            unknown(resource, "evolution_chain", self.chain_of(species).is_none());
        }
        for m in self.facts().moves.values() {
            unknown(format!("move/{}", m.id), "priority", m.priority.is_none());
        }
        gaps
    }
}
