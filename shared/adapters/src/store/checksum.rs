//! A checksum of a set of items, whatever the order in which they are read.

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest as _, Sha256};

use super::item::Item;

/// The checksum of the items so far: the sum of their hashes, so that tables with equal items have equal checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checksum(u128);

impl Checksum {
    pub(super) fn add(&mut self, item: &Item) {
        let mut hasher = Sha256::new();
        map(&mut hasher, item);
        let hash = hasher.finalize();
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        self.0 = self.0.wrapping_add(u128::from_be_bytes(half));
    }
}

impl std::fmt::Display for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A part of an item: a letter for its type, its length, its bytes. No two different items have the same sequence of parts.
fn part(hasher: &mut Sha256, kind: u8, bytes: &[u8]) {
    hasher.update([kind]);
    hasher.update((bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

fn map(hasher: &mut Sha256, attributes: &Item) {
    part(hasher, b'M', &(attributes.len() as u64).to_be_bytes());
    let mut names: Vec<_> = attributes.keys().collect();
    names.sort_unstable();
    for name in names {
        part(hasher, b'K', name.as_bytes());
        value(hasher, &attributes[name]);
    }
}

fn value(hasher: &mut Sha256, attribute: &AttributeValue) {
    match attribute {
        AttributeValue::S(text) => part(hasher, b'S', text.as_bytes()),
        AttributeValue::N(number) => part(hasher, b'N', number.as_bytes()),
        AttributeValue::B(bytes) => part(hasher, b'B', bytes.as_ref()),
        AttributeValue::Bool(flag) => part(hasher, b'F', &[u8::from(*flag)]),
        AttributeValue::M(attributes) => map(hasher, attributes),
        AttributeValue::L(values) => {
            part(hasher, b'L', &(values.len() as u64).to_be_bytes());
            values.iter().for_each(|one| value(hasher, one));
        }
        AttributeValue::Ss(texts) => set(hasher, b's', texts.iter().map(String::as_bytes).collect()),
        AttributeValue::Ns(numbers) => set(hasher, b'n', numbers.iter().map(String::as_bytes).collect()),
        AttributeValue::Bs(all) => set(hasher, b'b', all.iter().map(AsRef::as_ref).collect()),
        // Null, and types that the SDK does not know yet.
        _ => part(hasher, b'0', &[]),
    }
}

fn set(hasher: &mut Sha256, kind: u8, mut members: Vec<&[u8]>) {
    members.sort_unstable();
    part(hasher, kind, &(members.len() as u64).to_be_bytes());
    members.into_iter().for_each(|member| part(hasher, kind, member));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(values: &[(&str, AttributeValue)]) -> Item {
        values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn sum(items: &[Item]) -> Checksum {
        let mut checksum = Checksum::default();
        items.iter().for_each(|item| checksum.add(item));
        checksum
    }

    #[test]
    fn the_order_of_items_and_of_members_does_not_matter() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let (one, other) = (item(&[("pk", text("1")), ("sk", text("a"))]), item(&[("pk", text("2"))]));
        assert_eq!(sum(&[one.clone(), other.clone()]), sum(&[other, one]));
        let set = |members: &[&str]| {
            item(&[("s", AttributeValue::Ss(members.iter().map(|one| (*one).to_owned()).collect()))])
        };
        assert_eq!(sum(&[set(&["a", "b"])]), sum(&[set(&["b", "a"])]));
    }

    #[test]
    fn every_difference_of_an_item_changes_the_checksum() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let items = [
            item(&[("pk", text("1"))]),
            item(&[("pk", AttributeValue::N("1".to_owned()))]),
            item(&[("pk", text("1")), ("x", text(""))]),
            item(&[("pk", text("1")), ("x", AttributeValue::Bool(false))]),
            item(&[("pk", text("1")), ("x", AttributeValue::L(vec![text("a"), text("b")]))]),
            item(&[("pk", text("1")), ("x", AttributeValue::L(vec![text("ab")]))]),
            item(&[("pk", text("1")), ("x", AttributeValue::Ss(vec!["a".to_owned(), "b".to_owned()]))]),
            item(&[("pk", text("1")), ("x", AttributeValue::M(item(&[("a", text("b"))])))]),
            item(&[("pk1", text(""))]),
        ];
        for (nth, one) in items.iter().enumerate() {
            for other in &items[nth + 1..] {
                assert_ne!(
                    sum(std::slice::from_ref(one)),
                    sum(std::slice::from_ref(other)),
                    "{one:?} {other:?}"
                );
            }
        }
        let twice = [items[0].clone(), items[0].clone()];
        assert_ne!(sum(&twice), sum(&items[..1]), "a second copy");
        assert_ne!(sum(&[]), sum(&items[..1]), "nothing");
    }
}
