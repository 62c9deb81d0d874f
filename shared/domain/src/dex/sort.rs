//! The sort keys of a list.

use std::cmp::Ordering;

use super::index::IndexRow;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortOrder {
    Ascending,
    Descending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortKey {
    Id,
    Name,
    Height,
    Weight,
    Hp,
    Attack,
    Defense,
    SpecialAttack,
    SpecialDefense,
    Speed,
    Total,
    /// The caller's favorites first, then by id; an anonymous caller has none.
    Favorites,
}

impl SortKey {
    pub const ALL: [(&str, Self); 12] = [
        ("id", Self::Id),
        ("name", Self::Name),
        ("height", Self::Height),
        ("weight", Self::Weight),
        ("hp", Self::Hp),
        ("attack", Self::Attack),
        ("defense", Self::Defense),
        ("special-attack", Self::SpecialAttack),
        ("special-defense", Self::SpecialDefense),
        ("speed", Self::Speed),
        ("total", Self::Total),
        ("favorites", Self::Favorites),
    ];

    /// The sort key called `name`; underscores are read as hyphens.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.replace('_', "-");
        Self::ALL.into_iter().find_map(|(known, key)| (known == name).then_some(key))
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find_map(|(name, key)| (key == self).then_some(name)).unwrap_or("id")
    }

    /// Positions of `rows` (which are in id order) in the order of this key, ties by id. Unknown numbers come last in both orders.
    pub(super) fn arrange(self, rows: &[IndexRow], order: SortOrder) -> Vec<u16> {
        let mut places: Vec<u16> = (0..rows.len() as u16).collect();
        let row = |place: u16| &rows[usize::from(place)];
        // A stable sort with the comparison reversed keeps ties in id order in both directions.
        places.sort_by(|a, b| {
            let (a, b) = (row(*a), row(*b));
            if let Some(known_first) = self.known_first(a, b) {
                return known_first;
            }
            let (a, b) = if order == SortOrder::Ascending { (a, b) } else { (b, a) };
            if self == Self::Name { a.1.cmp(&b.1) } else { self.number(a).cmp(&self.number(b)) }
        });
        places
    }

    /// The order of two rows if at least one of them has no number.
    fn known_first(self, a: &IndexRow, b: &IndexRow) -> Option<Ordering> {
        let (a, b) = (self.number(a).is_none(), self.number(b).is_none());
        (a || b).then(|| a.cmp(&b))
    }

    fn number(self, row: &IndexRow) -> Option<u32> {
        let stats = row.11;
        let number = match self {
            Self::Id | Self::Favorites | Self::Name => row.0,
            Self::Height => return row.7.0,
            Self::Weight => return row.7.1,
            Self::Hp => stats[0].into(),
            Self::Attack => stats[1].into(),
            Self::Defense => stats[2].into(),
            Self::SpecialAttack => stats[3].into(),
            Self::SpecialDefense => stats[4].into(),
            Self::Speed => stats[5].into(),
            Self::Total => stats.into_iter().map(u32::from).sum(),
        };
        Some(number)
    }
}
