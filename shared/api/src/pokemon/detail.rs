//! `GET /api/v1/pokemon/{id}`

use adapters::store::{Key, Meter, Named, Record};
use domain::{
    FieldError, Timestamp,
    assets::Images,
    catalog::{CosmeticForm, LearnedMove, Pokemon, StoredForm, StoredPokemon},
    dex::SpriteUrls,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{app::App, stored};
use door::{
    Problem, Request, Response,
    cache::{ETag, cacheable},
};

/// A Pokémon with its pictures and, on request, its forms and learnset.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PokemonDetail")]
pub struct PokemonAnswer<'a> {
    #[serde(flatten)]
    pub pokemon: &'a Pokemon,
    pub sprites: SpriteUrls,
    /// The mirrored pictures and the cry, in all sizes and formats; absent if pictures are not mirrored.
    #[serde(skip_serializing_if = "is_empty")]
    #[schemars(with = "Images")]
    pub images: &'a Images,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// With `include=forms`: every cosmetic form; empty if there is only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<CosmeticFormAnswer>")]
    pub forms: Option<Vec<CosmeticFormAnswer>>,
    /// With `include=moves`: every move that it learns in any game.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<LearnedMove>")]
    pub learnset: Option<&'a RawValue>,
}

fn is_empty(images: &&Images) -> bool {
    images.is_empty()
}

/// A cosmetic form with its pictures.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CosmeticForm")]
pub struct CosmeticFormAnswer {
    #[serde(flatten)]
    pub form: CosmeticForm,
    pub sprites: SpriteUrls,
    #[serde(skip_serializing_if = "Images::is_empty")]
    #[schemars(with = "Images")]
    pub images: Images,
}

/// The parts that `include` names.
#[derive(Clone, Copy, Default)]
pub(super) struct Include {
    moves: bool,
    forms: bool,
}

impl Include {
    fn parse(query: &[(String, String)]) -> Result<Self, Problem> {
        let mut include = Self::default();
        let mut values = query.iter().filter(|(key, _)| key == "include");
        let value = values.next().map(|(_, value)| value.as_str()).unwrap_or_default();
        let wrong = |message: &str| Problem::invalid(vec![FieldError::new("include", message)]);
        if values.next().is_some() {
            return Err(wrong("must not be repeated"));
        }
        for part in value.split(',').filter(|part| !part.is_empty()) {
            match part {
                "moves" => include.moves = true,
                "forms" => include.forms = true,
                _ => return Err(wrong("must be moves, forms or both, separated by a comma")),
            }
        }
        Ok(include)
    }
}

/// Returns a Pokémon by id or any name, with one GetItem, and one more for each included part.
pub(crate) async fn get(app: &App, request: &Request) -> Result<Response, Problem> {
    let include = Include::parse(&request.query)?;
    let (key, record) = stored::find(app, request, Named::Pokemon, "id").await?;
    let detail = Detail::read(app, &request.meter, &key, record, include).await?;
    let base = &app.config.sprite_base;
    let response = cacheable(request, &detail.etag(base), || detail.body(base))?;
    Ok(stored::located(request, response, &detail.canonical()))
}

/// The data of a response.
pub(super) struct Detail {
    stored: StoredPokemon,
    record: Record,
    include: Include,
    learnset: Option<Record>,
    forms: Option<Record>,
}

impl Detail {
    /// Reads the Pokémon's `record`, which is stored at `key`, and the included parts.
    pub(super) async fn read(
        app: &App,
        meter: &Meter,
        key: &Key,
        record: Record,
        include: Include,
    ) -> Result<Self, Problem> {
        let stored: StoredPokemon = record.parse(key)?;
        let (store, id) = (app.catalogue.store(), stored.pokemon.id);
        let learnset = if include.moves { store.learnset(meter, id).await? } else { None };
        let forms = if include.forms { store.forms(meter, id).await? } else { None };
        Ok(Self { stored, record, include, learnset, forms })
    }

    /// Returns the path of this representation.
    fn canonical(&self) -> String {
        let query = match self.include {
            Include { moves: false, forms: false } => "",
            Include { moves: true, forms: false } => "?include=moves",
            Include { moves: false, forms: true } => "?include=forms",
            Include { moves: true, forms: true } => "?include=moves,forms",
        };
        format!("{}/{}{query}", stored::folder(Named::Pokemon), self.stored.pokemon.name)
    }

    fn etag(&self, sprite_base: &str) -> ETag {
        let Self { record, include, learnset, forms, .. } = self;
        let hash = |part: &Option<Record>| part.as_ref().map(|part| part.hash.clone()).unwrap_or_default();
        ETag::of(&[
            "pokemon/id",
            &record.hash,
            &record.updated_at.to_string(),
            sprite_base,
            if include.moves { "moves" } else { "" },
            &hash(learnset),
            if include.forms { "forms" } else { "" },
            &hash(forms),
        ])
    }

    /// Returns the response's body: the JSON of a [`PokemonAnswer`].
    pub(super) fn body(&self, sprite_base: &str) -> Result<Vec<u8>, Problem> {
        let Self { stored, record, include, learnset, forms } = self;
        let forms = match forms {
            Some(forms) => forms.parse::<Vec<StoredForm>>(&Key::forms(stored.pokemon.id))?,
            None => Vec::new(),
        };
        let forms = forms.into_iter().map(|StoredForm { form, sprites, images }| CosmeticFormAnswer {
            form,
            sprites: SpriteUrls::new(sprite_base, &sprites),
            images,
        });
        let learnset: Option<&RawValue> =
            learnset.as_ref().map(|part| serde_json::from_slice(&part.body)).transpose()?;
        let nothing = RawValue::from_string("[]".to_owned())?;
        let answer = PokemonAnswer {
            pokemon: &stored.pokemon,
            sprites: SpriteUrls::new(sprite_base, &stored.sprites),
            images: &stored.images,
            created_at: record.created_at,
            updated_at: record.updated_at,
            forms: include.forms.then(|| forms.collect()),
            learnset: include.moves.then_some(learnset.unwrap_or(&nothing)),
        };
        Ok(serde_json::to_vec(&answer)?)
    }
}
