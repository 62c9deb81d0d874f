//! Addresses of pictures.

use serde_json::{Value, json};

/// The pictures that exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Art {
    Full,
    FrontOnly,
    None,
}

/// `stem` is an id, and for some forms their name: `201-b`.
pub(super) fn form_sprites(stem: &str, art: Art) -> Value {
    let front = |folder: &str| (art != Art::None).then(|| picture(folder, stem));
    let back = |folder: &str| (art == Art::Full).then(|| picture(folder, stem));
    json!({
        "back_default": back("back/"),
        "back_female": null,
        "back_shiny": back("back/shiny/"),
        "back_shiny_female": null,
        "front_default": front(""),
        "front_female": null,
        "front_shiny": front("shiny/"),
        "front_shiny_female": null,
        "versions": {
            "generation-vi": {
                "x-y": { "front_default": front("versions/generation-vi/x-y/"), "front_female": null },
            },
        },
    })
}

pub(super) fn pokemon_sprites(id: u32, art: Art) -> Value {
    let stem = id.to_string();
    let front = |folder: &str| (art != Art::None).then(|| picture(folder, &stem));
    let back = |folder: &str| (art == Art::Full).then(|| picture(folder, &stem));
    let mut sprites = form_sprites(&stem, art);
    sprites["other"] = json!({
        "dream_world": { "front_default": null, "front_female": null },
        "home": {
            "front_default": front("other/home/"),
            "front_female": null,
            "front_shiny": front("other/home/shiny/"),
            "front_shiny_female": null,
        },
        "official-artwork": {
            "front_default": front("other/official-artwork/"),
            "front_shiny": front("other/official-artwork/shiny/"),
        },
        "showdown": {
            "back_default": back("other/showdown/back/"),
            "back_female": null,
            "back_shiny": back("other/showdown/back/shiny/"),
            "back_shiny_female": null,
            "front_default": front("other/showdown/"),
            "front_female": null,
            "front_shiny": front("other/showdown/shiny/"),
            "front_shiny_female": null,
        },
    });
    sprites
}

fn picture(folder: &str, stem: &str) -> String {
    format!("/sprites/pokemon/{folder}{stem}.png")
}
