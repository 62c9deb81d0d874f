//! The dex index: its size, and the cost of loading it at a cold start.

use std::{hint::black_box, time::Duration};

use adapters::store::{CatalogStore, Key, Meter, Tables};
use anyhow::{Context as _, Result};
use api::Config;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use bench::{
    child::{Binaries, LocalEngine},
    machine::{own_cpu, own_memory},
};
use domain::dex::Dex;
use local::tables;

use crate::{
    effort::Effort,
    report::{Report, Spread, Target},
};

const GROUP: &str = "index";
const KB: f64 = 1000.0;
/// The number of dexes that are held at once to measure the memory of one.
const HELD: u8 = 8;

pub fn measure(binaries: &Binaries, effort: &Effort, report: &mut Report) -> Result<()> {
    let engine = LocalEngine::start(binaries)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stored = runtime.block_on(Stored::fetch(engine.client()))?;
    drop((runtime, engine));

    // The load that matters for a cold start: nothing is warm, and all memory is new.
    let (first, cold) = own_cpu(|| stored.load());
    let first = first?;
    let bytes = stored.unpack()?;
    report.add(GROUP, "raw", "KB", bytes.len() as f64 / KB, Target::AtMost(300.0));
    report.add(GROUP, "zstd", "KB", stored.packed.len() as f64 / KB, Target::AtMost(150.0));

    let mut load = Vec::new();
    let mut unpack = Vec::new();
    let mut check = Vec::new();
    for _ in 0..effort.rounds {
        load.push(milliseconds(effort, || stored.load())?);
        unpack.push(milliseconds(effort, || stored.unpack())?);
        check.push(milliseconds(effort, || Ok(Dex::load(&bytes, &stored.version, &stored.sprite_base)?))?);
    }
    report.add(GROUP, "load: unpack and check (CPU)", "ms", Spread::of(load), Target::AtMost(1.0));
    report.add(GROUP, "load, unpacking alone", "ms", Spread::of(unpack), None);
    report.add(GROUP, "load, checking alone", "ms", Spread::of(check), None);
    report.add(GROUP, "load, the first in a process (one reading)", "ms", in_milliseconds(cold), None);

    let before = own_memory()?;
    let held = (0..HELD).map(|_| stored.load()).collect::<Result<Vec<_>>>()?;
    let each = (own_memory()? - before) / f64::from(HELD);
    report.add(GROUP, "memory held, roughly", "KB", each / KB, None);
    black_box((first, held));
    Ok(())
}

/// The index as DynamoDB stores it.
struct Stored {
    version: String,
    packed: Vec<u8>,
    sprite_base: String,
}

impl Stored {
    async fn fetch(client: Client) -> Result<Self> {
        let store = CatalogStore::new(client.clone(), &Tables::beside(tables::CATALOG));
        let pointer = store.index_pointer(&Meter::default()).await?.context("there is no index")?;
        let key = Key::index_copy(&pointer.version, 0);
        let item = client
            .get_item()
            .table_name(tables::CATALOG)
            .key("pk", AttributeValue::S(key.pk))
            .key("sk", AttributeValue::S(key.sk))
            .send()
            .await?
            .item
            .context("the index's copy is not there")?;
        let packed = item.get("body").and_then(|body| body.as_b().ok()).context("the copy has no body")?;
        let sprite_base = Config::new(tables::CATALOG).sprite_base;
        Ok(Self { version: pointer.version, packed: packed.as_ref().to_vec(), sprite_base })
    }

    /// Decompresses the index as the store does.
    fn unpack(&self) -> Result<Vec<u8>> {
        let size = zstd::bulk::Decompressor::upper_bound(&self.packed)
            .context("the compressed copy does not state its size")?;
        Ok(zstd::bulk::decompress(&self.packed, size)?)
    }

    /// Loads the index as a function does at a cold start.
    fn load(&self) -> Result<Dex> {
        Ok(Dex::load(&self.unpack()?, &self.version, &self.sprite_base)?)
    }
}

/// Milliseconds of CPU time that `work` takes, averaged over a round.
fn milliseconds<T>(effort: &Effort, mut work: impl FnMut() -> Result<T>) -> Result<f64> {
    let (done, took) =
        own_cpu(|| (0..effort.loads).try_for_each(|_| work().map(|made| drop(black_box(made)))));
    done?;
    Ok(in_milliseconds(took) / effort.loads as f64)
}

fn in_milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
