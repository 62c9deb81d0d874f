//! The snapshot's facts as they are stored, and the names derived from them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::search::normalise;

/// Every fact, by kind and id.
pub struct Facts(BTreeMap<String, BTreeMap<u32, Value>>);

impl Facts {
    pub fn read(snapshot_zst: &[u8]) -> Self {
        let bytes = zstd::decode_all(snapshot_zst).expect("the snapshot is zstd");
        let text = String::from_utf8(bytes).expect("the snapshot is UTF-8");
        let mut facts = BTreeMap::<String, BTreeMap<u32, Value>>::new();
        // The first line is the header.
        for line in text.lines().skip(1) {
            let fact: Value = serde_json::from_str(line).expect("each line is JSON");
            let kind = fact["kind"].as_str().expect("each fact has a kind").to_owned();
            facts.entry(kind).or_default().insert(number(&fact["id"]), fact);
        }
        Self(facts)
    }

    pub fn all(&self, kind: &str) -> &BTreeMap<u32, Value> {
        &self.0[kind]
    }

    pub fn get(&self, kind: &str, id: u32) -> &Value {
        &self.0[kind][&id]
    }

    /// The names by which a search finds this Pokémon: its slug, its species' name, its display name.
    pub fn names(&self, id: u32) -> Vec<String> {
        let name = slug(self.get("pokemon", id)).to_owned();
        vec![name, slug(self.species_of(id)).to_owned(), self.display_name(id)]
    }

    /// The slugs and names of its forms.
    pub fn form_names(&self, id: u32) -> Vec<String> {
        let mut names = Vec::new();
        for form in list(&self.get("pokemon", id)["forms"]) {
            let form = self.get("pokemon-form", number(form));
            let texts = ["name", "display_name", "label"].map(|field| form[field].as_str());
            names.extend(texts.into_iter().flatten().map(str::to_owned));
        }
        names
    }

    pub fn species_of(&self, id: u32) -> &Value {
        self.get("pokemon-species", number(&self.get("pokemon", id)["species"]))
    }

    /// The default one of a Pokémon's forms, or the first (Koraidon's builds have no default).
    pub fn first_form(&self, id: u32) -> &Value {
        let ids = list(&self.get("pokemon", id)["forms"]);
        let forms: Vec<&Value> = ids.iter().map(|id| self.get("pokemon-form", number(id))).collect();
        forms.iter().copied().find(|form| form["is_default"] == true).unwrap_or(forms[0])
    }

    /// The English display name. A Pokémon that represents its species has the species' name.
    pub fn display_name(&self, id: u32) -> String {
        let (pokemon, species) = (self.get("pokemon", id), self.species_of(id));
        let species_name = species["display_name"].as_str().expect("each species has an English name");
        if pokemon["is_default"] == true {
            return species_name.to_owned();
        }
        if let Some(name) = self.first_form(id)["display_name"].as_str() {
            return name.to_owned();
        }
        let rest =
            slug(pokemon).strip_prefix(slug(species)).expect("a form's slug begins with its species' name");
        format!("{species_name} ({})", humanised(rest))
    }

    /// The slug that a filter's `name` means: an id, a slug, or a display name that no other resource has.
    pub fn meant(&self, kind: &str, name: &str) -> Option<String> {
        let wanted = normalise(name);
        let all = self.all(kind);
        if let Some(fact) = wanted.parse().ok().and_then(|id: u32| all.get(&id)) {
            return Some(slug(fact).to_owned());
        }
        let bears = |field: &str| {
            let bearers: Vec<&Value> = all
                .values()
                .filter(|fact| fact[field].as_str().is_some_and(|name| normalise(name) == wanted))
                .collect();
            (bearers.len() == 1).then(|| slug(bearers[0]).to_owned())
        };
        bears("name").or_else(|| bears("display_name"))
    }

    pub fn types_of(&self, id: u32) -> Vec<String> {
        texts(&self.get("pokemon", id)["types"])
    }

    /// The abilities in slot order, each once even if it fills two slots.
    pub fn abilities_of(&self, id: u32) -> Vec<String> {
        let mut slots: Vec<&Value> = list(&self.get("pokemon", id)["abilities"]).iter().collect();
        slots.sort_by_key(|slot| number(&slot["slot"]));
        let mut names = Vec::new();
        for name in slots.into_iter().map(|slot| slug(slot).to_owned()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// Converts `-low-power-mode` to `Low Power Mode`.
fn humanised(slug: &str) -> String {
    let words = slug.split('-').filter(|word| !word.is_empty());
    let capitalised = words.map(|word| word[..1].to_uppercase() + &word[1..]);
    capitalised.collect::<Vec<_>>().join(" ")
}

pub fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|number| number.try_into().ok()).expect("a number of 32 bits")
}

pub fn slug(fact: &Value) -> &str {
    fact["name"].as_str().expect("it has a name")
}

pub fn texts(value: &Value) -> Vec<String> {
    list(value).iter().map(|text| text.as_str().expect("a list of texts").to_owned()).collect()
}

/// Reads a list; the facts omit empty lists.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
