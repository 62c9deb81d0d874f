//! Mirrored pictures and sounds: their files, and the addresses that published records give for them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    facts::{AssetKind, Facts, Sprites},
};

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Png,
    WebP,
    Avif,
    Svg,
    Ogg,
}

impl Format {
    /// The extension of a file name, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Avif => "avif",
            Self::Svg => "svg",
            Self::Ogg => "ogg",
        }
    }

    /// The value of the `Content-Type` header.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Avif => "image/avif",
            Self::Svg => "image/svg+xml",
            Self::Ogg => "audio/ogg",
        }
    }
}

/// A picture or a sound at the source. Several Pokémon and forms can have the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AssetId {
    pub kind: AssetKind,
    /// The path below the [folder](AssetKind::folder) of its kind.
    pub path: String,
}

impl AssetId {
    /// The assets that `facts` name.
    pub fn of(facts: &Facts) -> impl Iterator<Item = Self> + '_ {
        let pokemon = facts.pokemon.values().flat_map(|pokemon| pokemon.assets());
        let forms = facts.forms.values().flat_map(|form| form.assets());
        pokemon.chain(forms).map(|(kind, path)| Self { kind, path: path.to_owned() })
    }

    /// The name of the source's file, without its ending: the id of a Pokémon, and for some forms their name (`201-b`).
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default()
    }

    /// The id that the stem begins with; 0 if it begins with none.
    #[must_use]
    pub fn number(&self) -> u32 {
        let stem = self.stem();
        let digits = stem.find(|c: char| !c.is_ascii_digit()).unwrap_or(stem.len());
        stem[..digits].parse().unwrap_or_default()
    }
}

/// A stored file of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetFile {
    /// A hash of the content, which distinguishes the versions of one picture.
    pub hash: String,
    pub format: Format,
    /// The longest side of a derived picture, in pixels; `None` for a file of the source's own size and for a sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u16>,
    /// The size of the content.
    pub bytes: u32,
}

impl AssetFile {
    /// The key in the bucket, which is also the path of the address.
    #[must_use]
    pub fn key(&self, id: &AssetId) -> String {
        format!("assets/{}/{}-{}.{}", id.kind.name(), id.stem(), self.hash, self.format.extension())
    }
}

/// The state of a mirrored asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// The source's ETag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The time at which the source was last asked for it.
    pub checked_at: Timestamp,
    /// The version of the processing.
    pub version: u32,
    /// Empty if no acceptable version of it has been seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<AssetFile>,
    /// The reason for which its latest version was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
    /// The time since which the source no longer has it, or no document names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_since: Option<Timestamp>,
}

/// All mirrored assets.
pub type Manifest = BTreeMap<AssetId, Asset>;

/// The addresses that published records give for pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pictures {
    /// PokeAPI's own.
    #[default]
    Source,
    None,
    /// Those of mirrored files, below `base`, which ends with a slash.
    Mirrored {
        base: String,
    },
}

/// The pictures of a publication.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    pub pictures: Pictures,
    /// Read only if the pictures are mirrored.
    pub manifest: Manifest,
}

/// A mirrored picture or sound in one size and format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Image {
    /// The address; relative to that of the answer if it begins with a slash.
    pub url: String,
    #[serde(rename = "type")]
    pub media_type: String,
    /// The longest side in pixels; absent for a picture in its original size, and for a sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u16")]
    pub size: Option<u16>,
}

/// The mirrored files of a Pokémon by their kind: the original size first, then the derived ones, ascending.
pub type Images = BTreeMap<AssetKind, Vec<Image>>;

impl Addresses {
    /// Returns the sprites of a record: addresses of mirrored files, or paths at the source of those that are not mirrored.
    #[must_use]
    pub fn sprites(&self, sprites: &Sprites) -> Sprites {
        match &self.pictures {
            Pictures::Source => sprites.clone(),
            Pictures::None => Sprites::default(),
            Pictures::Mirrored { base } => {
                let [front, back, front_shiny, back_shiny] = AssetKind::SPRITES;
                let [a, b, c, d] = sprites.paths();
                let address = |kind, path: Option<&str>| {
                    let id = AssetId { kind, path: path?.to_owned() };
                    let file = self.files(&id).iter().find(|file| file.size.is_none());
                    Some(file.map_or_else(|| id.path.clone(), |file| format!("{base}{}", file.key(&id))))
                };
                let [a, b] = [address(front, a), address(back, b)];
                Sprites::from_paths([a, b, address(front_shiny, c), address(back_shiny, d)])
            }
        }
    }

    /// Returns the mirrored files of `assets`.
    #[must_use]
    pub fn images<'a>(&self, assets: impl Iterator<Item = (AssetKind, &'a str)>) -> Images {
        let Pictures::Mirrored { base } = &self.pictures else { return Images::new() };
        let all = assets.filter_map(|(kind, path)| {
            let id = AssetId { kind, path: path.to_owned() };
            let files = self.files(&id).iter().map(|file| Image {
                url: format!("{base}{}", file.key(&id)),
                media_type: file.format.media_type().to_owned(),
                size: file.size,
            });
            Some((kind, files.collect::<Vec<_>>())).filter(|(_, files)| !files.is_empty())
        });
        all.collect()
    }

    fn files(&self, id: &AssetId) -> &[AssetFile] {
        self.manifest.get(id).map_or(&[], |asset| &asset.files)
    }
}

/// The longest side of a picture in a list, in pixels.
const IN_A_LIST: u16 = 96;

/// Returns those of `images` that fit a list: small artwork, or else a small sprite.
#[must_use]
pub fn thumbnails(images: &Images) -> Images {
    let small = |kind| {
        let files =
            images.get(&kind)?.iter().filter(|image| image.size.is_some_and(|size| size <= IN_A_LIST));
        let files: Vec<Image> = files.cloned().collect();
        Some((kind, files)).filter(|(_, files)| !files.is_empty())
    };
    small(AssetKind::OfficialArtwork).or_else(|| small(AssetKind::FrontDefault)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(kind: AssetKind, path: &str) -> AssetId {
        AssetId { kind, path: path.to_owned() }
    }

    #[test]
    fn the_stem_and_the_number_come_from_the_file_name() {
        let letter = asset(AssetKind::FrontShiny, "pokemon/shiny/201-b.png");
        assert_eq!((letter.stem(), letter.number()), ("201-b", 201));
        let egg = asset(AssetKind::FrontDefault, "pokemon/egg.png");
        assert_eq!((egg.stem(), egg.number()), ("egg", 0));
    }

    fn file(hash: &str, format: Format, size: Option<u16>) -> AssetFile {
        AssetFile { hash: hash.to_owned(), format, size, bytes: 1 }
    }

    fn addresses(base: &str) -> Addresses {
        let known = |files| Asset {
            etag: None,
            checked_at: Timestamp::from_unix(0),
            version: 1,
            files,
            rejected: None,
            gone_since: None,
        };
        let sprite = vec![file("aa", Format::Png, None), file("bb", Format::WebP, Some(96))];
        let artwork = vec![file("cc", Format::Avif, Some(96)), file("dd", Format::WebP, Some(475))];
        let manifest = Manifest::from([
            (asset(AssetKind::FrontDefault, "pokemon/25.png"), known(sprite)),
            (asset(AssetKind::OfficialArtwork, "pokemon/other/official-artwork/25.png"), known(artwork)),
            (asset(AssetKind::Cry, "pokemon/latest/25.ogg"), known(Vec::new())),
        ]);
        Addresses { pictures: Pictures::Mirrored { base: base.to_owned() }, manifest }
    }

    #[test]
    fn mirrored_sprites_have_addresses_and_the_others_keep_their_paths() {
        let sprites = Sprites {
            front_default: Some("pokemon/25.png".to_owned()),
            back_default: Some("pokemon/back/25.png".to_owned()),
            ..Sprites::default()
        };
        let mirrored = addresses("https://example.com/").sprites(&sprites);
        assert_eq!(
            mirrored.front_default.as_deref(),
            Some("https://example.com/assets/front_default/25-aa.png")
        );
        assert_eq!(mirrored.back_default, sprites.back_default);
        let of = |pictures| Addresses { pictures, ..addresses("/") }.sprites(&sprites);
        assert_eq!(of(Pictures::Source), sprites);
        assert_eq!(of(Pictures::None), Sprites::default());
    }

    #[test]
    fn images_list_the_files_of_each_kind_and_lists_show_small_artwork() {
        let assets = [
            (AssetKind::FrontDefault, "pokemon/25.png"),
            (AssetKind::OfficialArtwork, "pokemon/other/official-artwork/25.png"),
            (AssetKind::Cry, "pokemon/latest/25.ogg"),
        ];
        let mut images = addresses("/").images(assets.into_iter());
        let kinds: Vec<_> = images.keys().copied().collect();
        assert_eq!(
            kinds,
            [AssetKind::FrontDefault, AssetKind::OfficialArtwork],
            "a rejected cry has no file"
        );
        let small = thumbnails(&images);
        let artwork = &small[&AssetKind::OfficialArtwork];
        assert_eq!((small.len(), artwork.len()), (1, 1));
        assert_eq!(artwork[0].url, "/assets/official_artwork/25-cc.avif");
        images.remove(&AssetKind::OfficialArtwork);
        assert_eq!(thumbnails(&images)[&AssetKind::FrontDefault][0].media_type, "image/webp");
        assert!(Addresses::default().images(assets.into_iter()).is_empty());
    }
}
