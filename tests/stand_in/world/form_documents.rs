//! The documents of forms.

use serde_json::{Value, json};

use super::{
    forms::{FORMS, Form},
    pokemon::{self, type_slots},
    register::{id_of, link, names},
    sprites::form_sprites,
};

pub(super) fn documents() -> Vec<Value> {
    let document = |f: &Form| {
        let bearer = pokemon::named(f.pokemon);
        let stem = f.stem.map_or_else(|| id_of("pokemon", f.pokemon).to_string(), str::to_owned);
        let no_names = || json!([]);
        let triggers = f.is_mega.then(|| {
            let mut item = link("item", "charizardite-x");
            item["trigger"] = json!("held-item");
            item
        });
        json!({
            "form_name": f.form_name,
            "form_names": f.names.map_or_else(no_names, |[_, _, fr, en]| names(fr, en)),
            "form_order": f.order,
            "id": id_of("pokemon-form", f.name),
            "is_battle_only": f.is_mega,
            "is_default": f.is_default,
            "is_mega": f.is_mega,
            "name": f.name,
            "names": f.names.map_or_else(no_names, |[fr, en, ..]| names(fr, en)),
            "order": id_of("pokemon-form", f.name),
            "pokemon": link("pokemon", f.pokemon),
            "sprites": form_sprites(&stem, f.art.unwrap_or(bearer.art)),
            "trigger_conditions": triggers.into_iter().collect::<Vec<_>>(),
            "types": type_slots(bearer),
            "version_group": link("version-group", f.group),
        })
    };
    FORMS.iter().map(document).collect()
}
