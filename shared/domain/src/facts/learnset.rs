//! A Pokémon's learnset across all games, kept as compact text: 638,000 ways to learn a move fit in 3 MB.
//!
//! One line per move, moves in id order: `<move id>=<way> <way> …`. A way is `<method>,<level>,<order>:<version group
//! id>.<version group id>…`; an absent order is empty.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};

/// One way to learn a move, and the version groups that have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Learned {
    /// A move learn method (`level-up`, `machine`, `egg`, …).
    pub method: String,
    /// The level; 0 for a method without levels.
    pub level: u16,
    /// The position among the moves learned at this level, if PokeAPI has one.
    pub order: Option<u16>,
    /// Ids, ascending.
    pub version_groups: Vec<u32>,
}

/// The compact text (see the module).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LearnsetFacts(String);

/// Method, level, order.
type HowLearned = (String, u16, Option<u16>);

/// A learnset text that does not parse.
#[derive(Debug, thiserror::Error)]
#[error("learnset line {0:?} is malformed")]
pub struct BadLearnset(String);

impl LearnsetFacts {
    /// Groups single observations `(move, method, level, order, version group)`; their order does not matter.
    pub fn group(observations: impl IntoIterator<Item = (u32, String, u16, Option<u16>, u32)>) -> Self {
        let mut moves: BTreeMap<u32, BTreeMap<HowLearned, Vec<u32>>> = BTreeMap::new();
        for (id, method, level, order, version_group) in observations {
            moves.entry(id).or_default().entry((method, level, order)).or_default().push(version_group);
        }
        let mut text = String::new();
        for (id, ways) in moves {
            if !text.is_empty() {
                text.push('\n');
            }
            let _ = write!(text, "{id}=");
            for (place, ((method, level, order), mut groups)) in ways.into_iter().enumerate() {
                groups.sort_unstable();
                groups.dedup();
                let order = order.map(|o| o.to_string()).unwrap_or_default();
                let groups: Vec<_> = groups.iter().map(u32::to_string).collect();
                let gap = if place == 0 { "" } else { " " };
                let _ = write!(text, "{gap}{method},{level},{order}:{}", groups.join("."));
            }
        }
        Self(text)
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The id of each move and the ways to learn it, in id order.
    pub fn moves(&self) -> impl Iterator<Item = Result<(u32, Vec<Learned>), BadLearnset>> + '_ {
        self.0
            .lines()
            .map(|line| parse_line(line).ok_or_else(|| BadLearnset(line.chars().take(80).collect())))
    }
}

fn parse_line(line: &str) -> Option<(u32, Vec<Learned>)> {
    let (id, ways) = line.split_once('=')?;
    let ways = ways.split(' ').map(parse_way).collect::<Option<Vec<_>>>()?;
    Some((id.parse().ok()?, ways))
}

fn parse_way(way: &str) -> Option<Learned> {
    let (head, groups) = way.split_once(':')?;
    let mut parts = head.split(',');
    let (method, level, order) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Learned {
        method: method.to_owned(),
        level: level.parse().ok()?,
        order: if order.is_empty() { None } else { Some(order.parse().ok()?) },
        version_groups: groups.split('.').map(str::parse).collect::<Result<_, _>>().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn games_that_agree_are_grouped() {
        let facts = LearnsetFacts::group([
            (84, "level-up".to_owned(), 1, Some(2), 2),
            (84, "level-up".to_owned(), 1, Some(2), 1),
            (5, "machine".to_owned(), 0, None, 1),
        ]);
        assert_eq!(facts.0, "5=machine,0,:1\n84=level-up,1,2:1.2");
    }

    #[test]
    fn a_malformed_line_is_reported_by_its_number() {
        let error = LearnsetFacts("5=machine".to_owned()).moves().next().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "learnset line \"5=machine\" is malformed");
    }

    proptest! {
        #[test]
        fn a_learnset_keeps_every_observation(mut seen in prop::collection::vec(
            (1u32..999, "[a-z]{1,9}(-[a-z]{1,5})?", 0u16..101, prop::option::of(0u16..30), 1u32..40), 0..60)
        ) {
            let facts = LearnsetFacts::group(seen.clone());
            let mut back = Vec::new();
            for line in facts.moves() {
                let (id, ways) = line.unwrap();
                for way in ways {
                    for group in way.version_groups {
                        back.push((id, way.method.clone(), way.level, way.order, group));
                    }
                }
            }
            seen.sort();
            seen.dedup();
            back.sort();
            prop_assert_eq!(seen, back);
        }
    }
}
