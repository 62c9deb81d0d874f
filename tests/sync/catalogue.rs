//! The whole content of a table, in a form in which two tables can be compared.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use adapters::{
    aws,
    store::{CatalogStore, Key, Meter, Tables},
};
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use domain::dex::Dex;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::raw_client;
use tokio::sync::OnceCell;

use super::support::{rows, small, synced};

/// All items by `pk/sk` with unpacked bodies, except time stamps, the state of a sync, versions of the index that are no longer current,
/// and what remains of records that were removed or renamed: this content must not depend on how a catalogue was made. An index is named
/// after its times, so here it is `INDEX#current`.
pub async fn catalogue(store: &CatalogStore) -> BTreeMap<String, Value> {
    let mut items = items(store).await;
    // The parts of a removed record stay with it.
    let removed = items.values().filter(|item| item["is_removed"] == true);
    let removed: BTreeSet<String> = removed.map(|item| item["pk"].to_string()).collect();
    items.retain(|_, item| !is_past(item) && !removed.contains(&item["pk"].to_string()));
    let current =
        items.get(&Key::index_pointer().to_string()).and_then(|pointer| pointer["version"].as_str());
    let current = current.unwrap_or_default().to_owned();
    items.into_iter().filter_map(|(key, item)| timeless(key, item, &current)).collect()
}

/// The items that remain of removed and renamed records, without times.
pub async fn past(store: &CatalogStore) -> BTreeMap<String, Value> {
    let past = items(store).await.into_iter().filter(|(_, item)| is_past(item));
    let timeless = past.filter_map(|(key, item)| timeless(key, item, "")).map(|(key, mut item)| {
        item.as_object_mut().map(|item| item.remove("hash"));
        for fields in ["/body", "/body/pokemon"] {
            let fields = item.pointer_mut(fields).and_then(Value::as_object_mut);
            fields.map(|fields| fields.remove("removed_at"));
        }
        (key, item)
    });
    timeless.collect()
}

/// Whether an item remains of a record that was removed or renamed.
pub fn is_past(item: &Value) -> bool {
    item["is_removed"] == true || item["former_name_of"].is_number()
}

/// The catalogue that an undisturbed sync makes of the small world.
pub async fn undisturbed_catalogue() -> &'static BTreeMap<String, Value> {
    static SOUND: OnceCell<BTreeMap<String, Value>> = OnceCell::const_new();
    SOUND.get_or_init(async || catalogue(&synced(&small().await).await).await).await
}

/// Like [`catalogue`], for a table too large to hold twice: digests of its items, without facts (they have ETags) and
/// without the mark of a seed.
pub async fn digests(url: &str, table: &str) -> BTreeMap<String, Value> {
    let client = aws::at(url);
    let pointer =
        CatalogStore::new(client.clone(), &Tables::beside(table)).index_pointer(&Meter::default()).await;
    let current = pointer.expect("it is readable").expect("the catalogue has an index").version;
    let mut all = BTreeMap::new();
    let others = |key: &str| key.starts_with("FACTS/") || key.starts_with("META/");
    each(&client, table, |key, item| {
        if let Some((key, item)) = timeless(key, item, &current).filter(|(key, _)| !others(key)) {
            let digest = Sha256::digest(item.to_string());
            let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
            all.insert(key, Value::from(hex));
        }
    })
    .await;
    all
}

fn timeless(mut key: String, mut item: Value, current: &str) -> Option<(String, Value)> {
    if key == "SYNC/STATE" {
        return None;
    }
    if key == Key::index_pointer().to_string() {
        item["version"] = json!("current");
    }
    if let Some(copy) = key.strip_prefix("INDEX#") {
        key = format!("INDEX#current{}", copy.strip_prefix(current)?);
        item["hash"] = json!("current");
        for row in item["body"]["rows"].as_array_mut().expect("rows") {
            let row = row.as_object_mut().expect("a row");
            assert!(row.remove("created_at").is_some() && row.remove("updated_at").is_some(), "{row:?}");
        }
    }
    for field in ["created_at", "updated_at", "swapped_at", "pk", "sk"] {
        item.as_object_mut().expect("an item").remove(field);
    }
    Some((key, item))
}

/// The versions of the index that are stored, current or not.
pub async fn index_versions(store: &CatalogStore) -> BTreeSet<String> {
    let keys = items(store).await.into_keys();
    keys.filter_map(|key| Some(key.strip_prefix("INDEX#")?.split_once('/')?.0.to_owned())).collect()
}

/// The contents of a stored index that responses show.
fn index(bytes: &[u8]) -> Option<Value> {
    let dex = Dex::load(bytes, "", "").ok()?;
    let types: Value = serde_json::from_slice(dex.types_json()).expect("JSON");
    Some(json!({"rows": rows(&dex), "types": types, "generations": dex.generations().ok()?}))
}

/// All items by `pk/sk`, with unpacked bodies.
pub async fn items(store: &CatalogStore) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    each(&raw_client().await, store.table(), |key, item| drop(all.insert(key, item))).await;
    all
}

async fn each(client: &Client, table: &str, mut take: impl FnMut(String, Value)) {
    let mut from = None;
    loop {
        let scan = client.scan().table_name(table).consistent_read(true).set_exclusive_start_key(from);
        let page = scan.send().await.expect("the table is readable");
        for item in page.items() {
            let item = readable(item);
            let part = |name: &str| item[name].as_str().expect("a key").to_owned();
            take(format!("{}/{}", part("pk"), part("sk")), item);
        }
        from = page.last_evaluated_key;
        if from.is_none() {
            return;
        }
    }
}

/// On failure, names the items that differ instead of printing two whole catalogues.
pub fn assert_same(got: &BTreeMap<String, Value>, expected: &BTreeMap<String, Value>, what: &str) {
    let missing: Vec<_> = expected.keys().filter(|key| !got.contains_key(*key)).collect();
    let extra: Vec<_> = got.keys().filter(|key| !expected.contains_key(*key)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "{what}: missing {missing:?}, extra {extra:?}");
    for (key, item) in expected {
        let [got, expected] = [&got[key], item].map(Value::to_string);
        let same = got.bytes().zip(expected.bytes()).take_while(|(got, expected)| got == expected).count();
        let part = |text: &str| {
            String::from_utf8_lossy(&text.as_bytes()[same.saturating_sub(40)..])
                .chars()
                .take(200)
                .collect::<String>()
        };
        assert!(got == expected, "{what}: {key} is …{}… not …{}…", part(&got), part(&expected));
    }
    assert!(!expected.is_empty(), "{what}: there is nothing to compare");
}

fn readable(item: &HashMap<String, AttributeValue>) -> Value {
    let fields = item.iter().map(|(name, value)| {
        let value = match value {
            AttributeValue::N(number) => number.parse::<i64>().map_or_else(|_| json!(number), Value::from),
            AttributeValue::B(packed) => {
                let body = zstd::decode_all(packed.as_ref()).ok();
                let body = body.and_then(|body| serde_json::from_slice(&body).ok().or_else(|| index(&body)));
                body.unwrap_or_else(|| json!(format!("not packed JSON: {packed:?}")))
            }
            AttributeValue::S(text) if name == "body" => {
                serde_json::from_str(text).unwrap_or_else(|_| json!(text))
            }
            AttributeValue::S(text) => json!(text),
            AttributeValue::Bool(value) => json!(value),
            other => panic!("{name} is {other:?}"),
        };
        (name.clone(), value)
    });
    // The lists are sorted, so that equal items are equal as text.
    Value::Object(fields.collect::<BTreeMap<_, _>>().into_iter().collect())
}
