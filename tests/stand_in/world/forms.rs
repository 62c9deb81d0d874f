//! Forms: one of most Pokémon, three of Unown.

use serde_json::Value;

use super::register::link;
use super::sprites::Art;

pub(super) struct Form {
    pub name: &'static str,
    pub pokemon: &'static str,
    pub form_name: &'static str,
    pub group: &'static str,
    /// French and English names of the whole Pokémon, then of the form; plain forms have neither.
    pub names: Option<[&'static str; 4]>,
    pub is_default: bool,
    pub is_mega: bool,
    pub order: u32,
    /// The id in picture addresses, if it differs from the id of the Pokémon.
    pub stem: Option<&'static str>,
    pub art: Option<Art>,
}

const PLAIN: Form = Form {
    name: "",
    pokemon: "",
    form_name: "",
    group: "red-green-japan",
    names: None,
    is_default: true,
    is_mega: false,
    order: 1,
    stem: None,
    art: None,
};
const UNOWN: Form = Form { pokemon: "unown", group: "gold-silver", ..PLAIN };

#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form { name: "bulbasaur", pokemon: "bulbasaur", ..PLAIN },
    Form { name: "ivysaur", pokemon: "ivysaur", ..PLAIN },
    Form { name: "venusaur", pokemon: "venusaur", ..PLAIN },
    Form { name: "charmander", pokemon: "charmander", ..PLAIN },
    Form { name: "charmeleon", pokemon: "charmeleon", ..PLAIN },
    Form { name: "charizard", pokemon: "charizard", ..PLAIN },
    Form { name: "nidoran-f", pokemon: "nidoran-f", ..PLAIN },
    Form { name: "eevee", pokemon: "eevee", ..PLAIN },
    Form { name: "espeon", pokemon: "espeon", group: "gold-silver", ..PLAIN },
    Form { name: "unown-a", form_name: "a", names: Some(["Zarbi A", "Unown A", "A", "A"]), ..UNOWN },
    Form {
        name: "unown-b", form_name: "b", names: Some(["Zarbi B", "Unown B", "B", "B"]), is_default: false,
        order: 2, stem: Some("201-b"), ..UNOWN
    },
    Form {
        name: "unown-c", form_name: "c", names: Some(["Zarbi C", "Unown C", "C", "C"]), is_default: false,
        order: 3, stem: Some("201-c"), art: Some(Art::None), ..UNOWN
    },
    Form {
        name: "deoxys-normal", pokemon: "deoxys-normal", form_name: "normal", group: "ruby-sapphire",
        names: Some(["Deoxys Normal", "Normal Deoxys", "Forme Normale", "Normal Forme"]), ..PLAIN
    },
    Form {
        name: "flabebe-red", pokemon: "flabebe", form_name: "red", group: "x-y",
        names: Some(["Flabébé Rouge", "Red Flabébé", "Fleur Rouge", "Red Flower"]), ..PLAIN
    },
    Form { name: "sylveon", pokemon: "sylveon", group: "x-y", ..PLAIN },
    Form {
        name: "deoxys-attack", pokemon: "deoxys-attack", form_name: "attack", group: "firered-leafgreen",
        names: Some(["Deoxys Attaque", "Attack Deoxys", "Forme Attaque", "Attack Forme"]), order: 2, ..PLAIN
    },
    Form {
        name: "charizard-mega-x", pokemon: "charizard-mega-x", form_name: "mega-x", group: "x-y",
        names: Some(["Méga-Dracaufeu X", "Mega Charizard X", "Méga-Dracaufeu X", "Mega Charizard X"]),
        is_mega: true, order: 2, ..PLAIN
    },
];

/// Links to the forms of a Pokémon.
pub(super) fn of_pokemon(name: &str) -> Vec<Value> {
    FORMS.iter().filter(|f| f.pokemon == name).map(|f| link("pokemon-form", f.name)).collect()
}
