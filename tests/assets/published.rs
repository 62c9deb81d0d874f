//! Published addresses of mirrored files.

use adapters::{
    now,
    store::{AssetLedger, CatalogStore, Meter},
    sync::{self, Loaded},
};
use domain::{
    assets::{Asset, AssetFile, AssetId, Format, Image, Pictures},
    facts::AssetKind,
};
use mirror::hash_of;
use serde_json::Value;
use tests::{facts, publish_facts};

use super::support::Studio;
use crate::sync::support::{pokemon, rows};

async fn dex(store: &CatalogStore) -> Vec<Value> {
    let meter = Meter::default();
    let pointer = store.index_pointer(&meter).await.expect("a read").expect("a pointer");
    let bytes = store.index(&meter, &pointer.version, 0).await.expect("an index");
    rows(&domain::dex::Dex::load(&bytes, &pointer.version, "https://source.example/").expect("a dex"))
}

fn mirrored(store: &CatalogStore, base: &str) -> CatalogStore {
    store.clone().with_pictures(Pictures::Mirrored { base: base.to_owned() })
}

async fn republish(store: &CatalogStore) -> bool {
    sync::republish(store, &Meter::default(), "test", now()).await.expect("a publication").is_some()
}

#[tokio::test]
async fn records_and_rows_have_the_addresses_of_mirrored_files() {
    let studio = Studio::new().await;
    let plain = dex(&studio.store).await;
    assert!(plain.iter().all(|row| row.get("images").is_none()), "without a mirror, rows are as they were");
    studio.run().await;
    assert!(!republish(&studio.store).await, "PokeAPI's addresses do not depend on the mirror");

    let here = mirrored(&studio.store, "https://pokedex.example/");
    assert!(republish(&here).await);
    assert!(!republish(&here).await, "nothing has changed since");
    let (bulbasaur, ..) = pokemon(&studio.store, "bulbasaur").await.expect("it is published");
    let front = bulbasaur.sprites.front_default.expect("a sprite");
    assert!(front.starts_with("https://pokedex.example/assets/front_default/1-"), "{front}");
    let stored = studio.stored();
    let all: Vec<&Image> = bulbasaur.images.values().flatten().collect();
    assert!(all.len() > 10, "{all:?}");
    for Image { url, .. } in all {
        let key = url.strip_prefix("https://pokedex.example/").expect("below the base");
        assert!(stored.contains_key(key), "{url}");
    }
    let rows = dex(&studio.store).await;
    let row = rows.iter().find(|row| row["id"] == 1).expect("a row");
    assert_eq!(row["sprites"]["front_default"], front);
    let small = row["images"]["official_artwork"].as_array().expect("small artwork");
    assert!(small.iter().all(|image| image["size"].as_u64().is_some_and(|size| size <= 96)), "{small:?}");

    assert!(republish(&mirrored(&studio.store, "/")).await, "the base has changed");
    assert!(republish(&studio.store.clone().with_pictures(Pictures::None)).await);
    assert!(dex(&studio.store).await.iter().all(|row| row["sprites"] == serde_json::json!({})));
    assert!(republish(&studio.store).await);
    assert_eq!(untimed(dex(&studio.store).await), untimed(plain), "switched off, rows are as before");
}

/// The mirror deletes the files of a Pokémon that the source no longer has, 60 days later.
#[tokio::test]
async fn a_removed_pokemon_has_no_address_of_a_mirrored_file() {
    let studio = Studio::new().await;
    studio.run().await;
    let here = mirrored(&studio.store, "/");
    assert!(republish(&here).await);
    let meter = Meter::default();
    let forms = async || here.forms(&meter, 201).await.expect("a read").expect("Unown has forms");
    let text = |body: Vec<u8>| String::from_utf8(body).expect("text");
    assert!(text(forms().await.body).contains("/assets/"));
    let mut facts = here.facts(&meter).await.expect("a read").facts;
    facts.pokemon.remove(&201);
    publish_facts(&here, &facts, now()).await;
    let (unown, ..) = pokemon(&studio.store, "unown").await.expect("its last state");
    assert!(unown.pokemon.removed_at.is_some() && unown.images.is_empty(), "{unown:?}");
    assert_eq!(unown.sprites.paths(), [None; 4]);
    assert!(!text(forms().await.body).contains("/assets/"));
}

#[tokio::test]
async fn a_changed_manifest_is_published_again() {
    let studio = Studio::new().await;
    let here = mirrored(&studio.store, "/");
    assert!(republish(&here).await, "from now on with mirrored files, before there are any");
    studio.run().await;
    assert!(republish(&here).await);
    studio.age().await;
    let tally = studio.run().await;
    assert!(tally.unchanged > 100, "{tally:?}");
    assert!(!republish(&here).await, "a run that changes nothing has no effect");
}

#[tokio::test]
async fn a_publication_that_was_cut_off_leaves_nothing_behind_once_the_setting_returns() {
    let studio = Studio::new().await;
    studio.run().await;
    let plain = dex(&studio.store).await;
    let here = mirrored(&studio.store, "/");
    let (mut cut_off, mut rounds) = (0, 0);
    // On a busy machine, a whole publication can pass between two looks at the clock.
    for millis in (0..).step_by(10) {
        let meter = Meter::default();
        let publication = sync::republish(&here, &meter, "test", now());
        let ended = tokio::time::timeout(std::time::Duration::from_millis(millis), publication).await;
        let pointer =
            studio.store.index_pointer(&Meter::default()).await.expect("a read").expect("a pointer");
        cut_off += usize::from(ended.is_err() && pointer.is_partial);
        let is_last = ended.is_ok();
        // Publishes if, and only if, the publication before it wrote anything.
        republish(&studio.store).await;
        for name in ["bulbasaur", "pikachu", "eevee"] {
            let Some((record, ..)) = pokemon(&studio.store, name).await else { continue };
            let front = record.sprites.front_default.expect("a sprite");
            assert!(!front.contains("/assets/"), "{name} after {millis} ms: {front}");
        }
        assert_eq!(untimed(dex(&studio.store).await), untimed(plain.clone()), "after {millis} ms");
        rounds += usize::from(is_last);
        if is_last && (cut_off > 0 || rounds == 20) {
            break;
        }
    }
    assert!(cut_off > 0, "no publication was cut off between its first write and its end");
}

/// Rows without the time of their last change.
fn untimed(rows: Vec<Value>) -> Vec<Value> {
    let untimed = rows.into_iter().map(|mut row| {
        row.as_object_mut().expect("a row").remove("updated_at");
        row
    });
    untimed.collect()
}

/// The files that the processing makes of an asset of this kind, with contents that differ.
fn files(id: &AssetId) -> Vec<AssetFile> {
    let file = |format, size| {
        let hash = hash_of(format!("{id:?} {format:?} {size:?}").as_bytes());
        AssetFile { hash, format, size, bytes: 3_000 }
    };
    match id.kind {
        AssetKind::OfficialArtwork | AssetKind::OfficialArtworkShiny | AssetKind::Home => [96, 192, 475]
            .into_iter()
            .flat_map(|size| [file(Format::Avif, Some(size)), file(Format::WebP, Some(size))])
            .collect(),
        AssetKind::DreamWorld => vec![file(Format::Svg, None)],
        AssetKind::Cry => vec![file(Format::Ogg, None)],
        _ => vec![file(Format::Png, None), file(Format::WebP, Some(96))],
    }
}

#[tokio::test]
async fn an_index_with_every_picture_stays_within_its_limit() {
    let (store, meter) = (mirrored(&tests::empty_store().await, "/"), Meter::default());
    let mut ledger = AssetLedger::default();
    for id in AssetId::of(facts()) {
        let asset = Asset {
            etag: None,
            checked_at: now(),
            version: 1,
            files: files(&id),
            rejected: None,
            gone_since: None,
        };
        ledger.record(id, asset);
    }
    let lease = store.take_mirror_lease(&meter, "test".to_owned(), 60, now()).await.expect("it is free");
    while ledger.dirty() > 0 {
        store.put_assets(&meter, &lease, &mut ledger).await.expect("a write");
    }
    let snapshot = Loaded { name: "everything", taken_at: now(), facts: facts() };
    let published = sync::load(&store, &meter, "test", &snapshot).await.expect("a publication");
    let (raw, packed) = published.index_size;
    println!("an index with every picture: {raw} bytes, {packed} compressed");
    assert!(raw > 200_000 && (100_000..=150_000).contains(&packed), "{raw} bytes, {packed} compressed");
}
