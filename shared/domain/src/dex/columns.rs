//! The values that filters and sorts compare, one column for each.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    bytes::{Reader, Writer},
    error::BadIndex,
    index::DexIndex,
};

/// The values of all rows, which are in id order. Every column but the last two has one entry for each row.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub ids: Vec<u32>,
    pub generations: Vec<u32>,
    /// 1 for the default form of a species.
    pub defaults: Vec<u16>,
    /// A bit for each type.
    pub types: Vec<u64>,
    /// The place of each slug among all slugs in alphabetical order.
    pub name_ranks: Vec<u16>,
    pub heights: Vec<u32>,
    pub weights: Vec<u32>,
    /// hp, attack, defense, special attack, special defense, speed.
    pub stats: [Vec<u16>; 6],
    /// Every ability of every row, ascending.
    pub abilities: Vec<u16>,
    /// For each entry of the previous column, the place of its row.
    pub ability_rows: Vec<u16>,
}

/// The value for an unknown height or weight.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// The keys of a row's JSON whose values are columns.
pub(super) const KEYS: [&str; 10] = [
    "id",
    "height",
    "weight",
    "generation",
    "hp",
    "attack",
    "defense",
    "special-attack",
    "special-defense",
    "speed",
];

impl Columns {
    pub(super) fn new(index: &DexIndex<'_>) -> Self {
        let mut columns = Self::default();
        let names: BTreeSet<&str> = index.rows.iter().map(|indexed| indexed.row.name).collect();
        let ranks: BTreeMap<&str, u16> = names.into_iter().zip(0..).collect();
        let mut held: Vec<(u16, u16)> = Vec::new();
        for (place, row) in (0..).zip(index.rows.iter().map(|indexed| &indexed.row)) {
            columns.ids.push(row.id);
            columns.generations.push(row.generation);
            columns.defaults.push(row.is_default.into());
            columns.types.push(places(&index.types, &row.types).fold(0, |bits, nth| bits | type_bit(nth)));
            columns.name_ranks.push(ranks[row.name]);
            columns.heights.push(row.height.unwrap_or(UNKNOWN));
            columns.weights.push(row.weight.unwrap_or(UNKNOWN));
            let s = row.stats;
            let stats = [s.hp, s.attack, s.defense, s.special_attack, s.special_defense, s.speed];
            columns.stats.iter_mut().zip(stats).for_each(|(column, stat)| column.push(stat));
            held.extend(places(&index.abilities, &row.abilities).map(|ability| (ability, place)));
        }
        held.sort_unstable();
        (columns.abilities, columns.ability_rows) = held.into_iter().unzip();
        columns
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.u32s(&self.ids);
        writer.u32s(&self.generations);
        writer.u16s(&self.defaults);
        writer.u64s(&self.types);
        writer.u16s(&self.name_ranks);
        writer.u32s(&self.heights);
        writer.u32s(&self.weights);
        self.stats.iter().for_each(|column| writer.u16s(column));
        writer.u16s(&self.abilities);
        writer.u16s(&self.ability_rows);
    }

    /// # Errors
    /// [`BadIndex`] if a column is malformed or has another length than the others.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, BadIndex> {
        let columns = Self {
            ids: reader.u32s()?,
            generations: reader.u32s()?,
            defaults: reader.u16s()?,
            types: reader.u64s()?,
            name_ranks: reader.u16s()?,
            heights: reader.u32s()?,
            weights: reader.u32s()?,
            stats: [
                reader.u16s()?,
                reader.u16s()?,
                reader.u16s()?,
                reader.u16s()?,
                reader.u16s()?,
                reader.u16s()?,
            ],
            abilities: reader.u16s()?,
            ability_rows: reader.u16s()?,
        };
        let rows = columns.ids.len();
        let [u16s, u32s] = [
            [&columns.defaults, &columns.name_ranks]
                .into_iter()
                .chain(&columns.stats)
                .all(|c| c.len() == rows),
            [&columns.generations, &columns.heights, &columns.weights].into_iter().all(|c| c.len() == rows),
        ];
        if !u16s
            || !u32s
            || columns.types.len() != rows
            || columns.abilities.len() != columns.ability_rows.len()
        {
            return Err(BadIndex::Malformed("its columns differ in length"));
        }
        if !columns.ids.is_sorted_by(|a, b| a < b) {
            return Err(BadIndex::Malformed("its ids do not ascend"));
        }
        Ok(columns)
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The place of the row of the Pokémon `id`.
    pub(super) fn place(&self, id: u32) -> Option<u16> {
        Some(self.ids.binary_search(&id).ok()? as u16)
    }

    pub(super) fn id(&self, place: u16) -> u32 {
        self.ids[usize::from(place)]
    }

    pub(super) fn is_default(&self, place: u16) -> bool {
        self.defaults[usize::from(place)] == 1
    }

    /// The value of the row at `place` under the key `nth` of [`KEYS`].
    pub(super) fn number(&self, nth: u8, place: usize) -> u32 {
        match nth {
            0 => self.ids[place],
            1 => self.heights[place],
            2 => self.weights[place],
            3 => self.generations[place],
            nth => self.stats[usize::from(nth - 4)][place].into(),
        }
    }

    /// The places of the rows that have `ability`.
    pub(super) fn with_ability(&self, ability: u16) -> impl Iterator<Item = u16> {
        let held = self.abilities.iter().zip(&self.ability_rows);
        held.filter(move |(held, _)| **held == ability).map(|(_, place)| *place)
    }
}

/// One bit a type; [`DexIndex::encode`] rejects more than 64.
pub(super) const fn type_bit(place: u16) -> u64 {
    1 << (place % 64)
}

/// The positions in `all` (sorted) of `some` of its texts.
fn places(all: &[&str], some: &[&str]) -> impl Iterator<Item = u16> {
    some.iter().filter_map(|name| Some(all.binary_search(name).ok()? as u16))
}
