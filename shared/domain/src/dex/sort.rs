//! The sort keys of a list.

use super::columns::{Columns, UNKNOWN};

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

    /// The places of all rows (which are in id order) in the order of this key, ties by id. Unknown numbers come last in both orders.
    pub(super) fn arrange(self, columns: &Columns, order: SortOrder) -> Vec<u16> {
        let mut places: Vec<u16> = (0..columns.len() as u16).collect();
        // A stable sort keeps ties in id order in both directions.
        places.sort_by_key(|place| match self.number(columns, usize::from(*place)) {
            UNKNOWN => (true, UNKNOWN),
            number if order == SortOrder::Ascending => (false, number),
            number => (false, u32::MAX - number),
        });
        places
    }

    fn number(self, columns: &Columns, place: usize) -> u32 {
        let stat = |nth: usize| u32::from(columns.stats[nth][place]);
        match self {
            Self::Id | Self::Favorites => columns.ids[place],
            Self::Name => columns.name_ranks[place].into(),
            Self::Height => columns.heights[place],
            Self::Weight => columns.weights[place],
            Self::Hp => stat(0),
            Self::Attack => stat(1),
            Self::Defense => stat(2),
            Self::SpecialAttack => stat(3),
            Self::SpecialDefense => stat(4),
            Self::Speed => stat(5),
            Self::Total => (0..6).map(stat).sum(),
        }
    }
}
