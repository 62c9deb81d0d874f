//! Validates PokeAPI's documents and reduces them to facts.

use std::collections::BTreeMap;

use domain::facts::{
    AbilityFacts, AbilitySlot, Art, AssetKind, ChainFacts, ChainLink, DamageRelations, Fact, FormFacts,
    GenerationFacts, Kind, LearnsetFacts, MoveFacts, PokemonFacts, SpeciesFacts, Sprites, Stats, TypeFacts,
    Variety, VersionGroupFacts,
};
use serde_json::{Map, Value};

use super::{
    document::{Checked, Doc, Invalid, id_in},
    past,
    types::{some_types, types},
};

/// Six times the size of the largest real fact. A stored fact must fit into an item of 400 KB: otherwise every write of
/// it would fail, and with it the sync.
const LARGEST_FACT: usize = 100_000;

/// Reduces the document of resource `id` of `kind` to its facts.
///
/// # Errors
/// [`Invalid`] names the first field that is missing, has a wrong type or is out of range.
pub fn reduce(kind: Kind, id: u32, document: &Value) -> Checked<Fact> {
    let doc = Doc::whole(document);
    let found: u32 = doc.number("id")?;
    if found != id {
        return Err(Invalid::new("id", format!("is {found} where {id} was asked for")));
    }
    let fact = match kind {
        Kind::VersionGroup => Fact::VersionGroup(version_group(&doc, id)?),
        Kind::Generation => Fact::Generation(GenerationFacts {
            id,
            name: doc.slug("name")?,
            display_name: doc.english("names")?,
            region: doc.maybe_name("main_region")?,
        }),
        Kind::Type => Fact::Type(type_facts(&doc, id)?),
        Kind::Ability => Fact::Ability(AbilityFacts {
            id,
            name: doc.slug("name")?,
            display_name: doc.english("names")?,
            generation: doc.get("generation")?.linked_id()?,
            is_main_series: doc.flag("is_main_series")?,
        }),
        Kind::Move => Fact::Move(move_facts(&doc, id)?),
        Kind::PokemonSpecies => Fact::PokemonSpecies(species(&doc, id)?),
        Kind::PokemonForm => Fact::PokemonForm(form(&doc, id)?),
        Kind::Pokemon => Fact::Pokemon(Box::new(pokemon(&doc, id)?)),
        Kind::EvolutionChain => Fact::EvolutionChain(ChainFacts {
            id,
            baby_trigger_item: doc.maybe_name("baby_trigger_item")?,
            root: link(&doc.get("chain")?, 0)?,
        }),
    };
    let size = serde_json::to_vec(&fact).map_or(usize::MAX, |json| json.len());
    if size > LARGEST_FACT {
        return Err(Invalid::new("the document", format!("its facts take {size} bytes")));
    }
    Ok(fact)
}

fn version_group(doc: &Doc<'_>, id: u32) -> Checked<VersionGroupFacts> {
    Ok(VersionGroupFacts {
        id,
        name: doc.slug("name")?,
        generation: doc.get("generation")?.linked_id()?,
        order: doc.maybe_number("order")?,
        versions: doc.list("versions")?.iter().map(|v| v.slug("name")).collect::<Checked<_>>()?,
    })
}

fn type_facts(doc: &Doc<'_>, id: u32) -> Checked<TypeFacts> {
    let relations = doc.get("damage_relations")?;
    let names =
        |field: &str| relations.list(field)?.iter().map(|t| t.slug("name")).collect::<Checked<Vec<_>>>();
    Ok(TypeFacts {
        id,
        name: doc.slug("name")?,
        display_name: doc.english("names")?,
        generation: doc.get("generation")?.linked_id()?,
        damage_class: doc.maybe_name("move_damage_class")?,
        damage_relations: DamageRelations {
            double_damage_from: names("double_damage_from")?,
            double_damage_to: names("double_damage_to")?,
            half_damage_from: names("half_damage_from")?,
            half_damage_to: names("half_damage_to")?,
            no_damage_from: names("no_damage_from")?,
            no_damage_to: names("no_damage_to")?,
        },
    })
}

fn move_facts(doc: &Doc<'_>, id: u32) -> Checked<MoveFacts> {
    let changes = doc.list("stat_changes")?;
    let changes = changes.iter().map(|c| Ok((c.get("stat")?.slug("name")?, c.number("change")?)));
    let meta = match doc.maybe("meta")? {
        Some(meta) => simple(meta.object()?),
        None => BTreeMap::new(),
    };
    Ok(MoveFacts {
        id,
        name: doc.slug("name")?,
        display_name: doc.english("names")?,
        generation: doc.get("generation")?.linked_id()?,
        move_type: doc.get("type")?.slug("name")?,
        damage_class: doc.maybe_name("damage_class")?,
        target: doc.maybe_name("target")?,
        power: doc.maybe_number("power")?,
        pp: doc.maybe_number("pp")?,
        accuracy: doc.maybe_number("accuracy")?,
        effect_chance: doc.maybe_number("effect_chance")?,
        priority: doc.maybe_number("priority")?,
        meta,
        stat_changes: changes.collect::<Checked<_>>()?,
    })
}

fn species(doc: &Doc<'_>, id: u32) -> Checked<SpeciesFacts> {
    let link = |field: &str| doc.maybe(field)?.map(|target| target.linked_id()).transpose();
    let varieties = doc.list("varieties")?;
    let varieties = varieties
        .iter()
        .map(|v| Ok(Variety { pokemon: v.get("pokemon")?.linked_id()?, is_default: v.flag("is_default")? }));
    let gender_rate = doc.maybe_number("gender_rate")?;
    if let Some(rate) = gender_rate.filter(|rate| !(-1..=8).contains(rate)) {
        return Err(Invalid::new("gender_rate", format!("{rate} is not between -1 and 8")));
    }
    Ok(SpeciesFacts {
        id,
        name: doc.slug("name")?,
        display_name: doc.english("names")?,
        generation: doc.get("generation")?.linked_id()?,
        evolution_chain: link("evolution_chain")?,
        evolves_from: link("evolves_from_species")?,
        is_baby: doc.flag("is_baby")?,
        is_legendary: doc.flag("is_legendary")?,
        is_mythical: doc.flag("is_mythical")?,
        gender_rate,
        capture_rate: doc.maybe_number("capture_rate")?,
        base_happiness: doc.maybe_number("base_happiness")?,
        hatch_counter: doc.maybe_number("hatch_counter")?,
        growth_rate: doc.maybe_name("growth_rate")?,
        egg_groups: doc.list("egg_groups")?.iter().map(|g| g.slug("name")).collect::<Checked<_>>()?,
        color: doc.maybe_name("color")?,
        shape: doc.maybe_name("shape")?,
        habitat: doc.maybe_name("habitat")?,
        has_gender_differences: doc.flag("has_gender_differences")?,
        forms_switchable: doc.flag("forms_switchable")?,
        varieties: varieties.collect::<Checked<_>>()?,
    })
}

fn form(doc: &Doc<'_>, id: u32) -> Checked<FormFacts> {
    Ok(FormFacts {
        id,
        name: doc.slug("name")?,
        display_name: doc.english("names")?,
        form_name: doc.get("form_name")?.text()?.to_owned(),
        label: doc.english("form_names")?,
        pokemon: doc.get("pokemon")?.slug("name")?,
        is_default: doc.flag("is_default")?,
        is_battle_only: doc.flag("is_battle_only")?,
        is_mega: doc.flag("is_mega")?,
        version_group: doc.get("version_group")?.linked_id()?,
        types: some_types(doc)?,
        sprites: sprites(doc)?,
    })
}

fn pokemon(doc: &Doc<'_>, id: u32) -> Checked<PokemonFacts> {
    let mut abilities = Vec::new();
    for slot in doc.list("abilities")? {
        // An empty slot: some forms do not have an ability that others have.
        let Some(ability) = slot.maybe("ability")? else { continue };
        let (is_hidden, place) = (slot.flag("is_hidden")?, slot.number("slot")?);
        abilities.push(AbilitySlot { name: ability.slug("name")?, is_hidden, slot: place });
    }
    abilities.sort_by_key(|slot| slot.slot);
    let (stats, effort) = stats(doc)?;
    let forms: Vec<u32> = doc.list("forms")?.iter().map(Doc::linked_id).collect::<Checked<_>>()?;
    if forms.is_empty() {
        return Err(Invalid::new("forms", "is empty"));
    }
    Ok(PokemonFacts {
        id,
        name: doc.slug("name")?,
        species: doc.get("species")?.linked_id()?,
        is_default: doc.flag("is_default")?,
        height: doc.maybe_number("height")?,
        weight: doc.maybe_number("weight")?,
        base_experience: doc.maybe_number("base_experience")?,
        types: types(doc)?,
        abilities,
        stats,
        effort,
        sprites: sprites(doc)?,
        art: art(doc, id),
        forms,
        learnset: learnset(doc)?,
        past_types: past::past_types(doc)?,
        past_abilities: past::past_abilities(doc)?,
        past_stats: past::past_stats(doc)?,
    })
}

fn stats(doc: &Doc<'_>) -> Checked<(Stats, Stats)> {
    let mut seen = BTreeMap::new();
    for stat in doc.list("stats")? {
        seen.insert(stat.get("stat")?.slug("name")?, (stat.number("base_stat")?, stat.number("effort")?));
    }
    let stat = |name: &str| -> Checked<(u16, u16)> {
        seen.get(name).copied().ok_or_else(|| Invalid::new("stats", format!("has no {name}")))
    };
    let all = [
        stat("hp")?,
        stat("attack")?,
        stat("defense")?,
        stat("special-attack")?,
        stat("special-defense")?,
        stat("speed")?,
    ];
    let six = |[hp, attack, defense, special_attack, special_defense, speed]: [u16; 6]| Stats {
        hp,
        attack,
        defense,
        special_attack,
        special_defense,
        speed,
    };
    Ok((six(all.map(|(base, _)| base)), six(all.map(|(_, effort)| effort))))
}

/// Turns addresses of pictures into paths below the source's sprite folder, from whatever host they are served.
fn sprites(doc: &Doc<'_>) -> Checked<Sprites> {
    let [front, back, front_shiny, back_shiny] = AssetKind::SPRITES.map(|kind| asset(doc, kind));
    Ok(Sprites::from_paths([front?, back?, front_shiny?, back_shiny?]))
}

/// The paths of all other pictures and of the cry. A Pokémon does not need them, so an address that is not of PokeAPI's folders is
/// reported and left out.
fn art(doc: &Doc<'_>, id: u32) -> Art {
    let others = AssetKind::ALL.into_iter().filter(|kind| !AssetKind::SPRITES.contains(kind));
    let found = others.filter(|kind| doc.has(kind.field())).filter_map(|kind| match asset(doc, kind) {
        Ok(path) => Some((kind, path?)),
        Err(error) => {
            tracing::warn!(id, %error, "a picture is left out");
            None
        }
    });
    found.collect()
}

/// The path of an asset below PokeAPI's folder for its kind, if the document has an address for it.
fn asset(doc: &Doc<'_>, kind: AssetKind) -> Checked<Option<String>> {
    let mut found = None;
    for field in kind.field() {
        let next = found.as_ref().unwrap_or(doc).maybe(field)?;
        let Some(next) = next else { return Ok(None) };
        found = Some(next);
    }
    let Some(address) = found else { return Ok(None) };
    let text = address.text()?;
    let path = text.rsplit_once(&format!("/{}/", kind.folder())).map(|(_, path)| path);
    let plain = |path: &&str| {
        !path.is_empty()
            && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
            && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.".contains(&b))
    };
    let path = path.filter(plain).ok_or_else(|| {
        Invalid::new(address.path(), format!("{text:?} is not an address below {}", kind.folder()))
    })?;
    Ok(Some(path.to_owned()))
}

fn learnset(doc: &Doc<'_>) -> Checked<LearnsetFacts> {
    let mut observations = Vec::new();
    for learned in doc.list("moves")? {
        let id = learned.get("move")?.linked_id()?;
        for way in learned.list("version_group_details")? {
            let method = way.get("move_learn_method")?.slug("name")?;
            let group = way.get("version_group")?.linked_id()?;
            observations.push((
                id,
                method,
                way.number("level_learned_at")?,
                way.maybe_number("order")?,
                group,
            ));
        }
    }
    Ok(LearnsetFacts::group(observations))
}

/// No real chain is deeper than three; the limit keeps a hostile one from exhausting the stack.
const DEEPEST_CHAIN: usize = 16;

fn link(doc: &Doc<'_>, depth: usize) -> Checked<ChainLink> {
    if depth > DEEPEST_CHAIN {
        return Err(Invalid::new(doc.path(), "is nested too deep"));
    }
    let species = doc.get("species")?;
    let conditions = doc.list("evolution_details")?;
    let next = doc.list("evolves_to")?;
    Ok(ChainLink {
        species: species.linked_id()?,
        species_name: species.slug("name")?,
        is_baby: doc.flag("is_baby")?,
        conditions: conditions.iter().map(|way| Ok(simple(way.object()?))).collect::<Checked<_>>()?,
        evolves_to: next.iter().map(|next| link(next, depth + 1)).collect::<Checked<_>>()?,
    })
}

/// Every key that is not null, known or unknown: a named resource as its name, a resource without a name as its id.
fn simple(object: &Map<String, Value>) -> BTreeMap<String, Value> {
    let kept = object.iter().filter(|(_, value)| !value.is_null());
    kept.map(|(key, value)| (key.clone(), simple_value(value))).collect()
}

fn simple_value(value: &Value) -> Value {
    match value {
        Value::Object(object) => match (object.get("name"), object.get("url").and_then(Value::as_str)) {
            (Some(name @ Value::String(_)), _) => name.clone(),
            (None, Some(url)) if object.len() == 1 => {
                id_in(url).map_or_else(|_| Value::from(url), Value::from)
            }
            _ => Value::from_iter(simple(object)),
        },
        Value::Array(values) => values.iter().map(simple_value).collect(),
        other => other.clone(),
    }
}
