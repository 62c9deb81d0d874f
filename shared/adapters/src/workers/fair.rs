//! A bounded queue that clients share fairly.

use std::collections::VecDeque;

/// One line of entries per client; the lines take turns.
pub(super) struct FairQueue<T> {
    capacity: usize,
    len: usize,
    /// The line whose turn is next comes first. No line is empty.
    lines: VecDeque<(String, VecDeque<T>)>,
}

impl<T> FairQueue<T> {
    pub(super) const fn new(capacity: usize) -> Self {
        Self { capacity, len: 0, lines: VecDeque::new() }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn is_full(&self) -> bool {
        self.len >= self.capacity
    }

    /// Adds `entry` to the line of `client` and returns the entry that must leave, if any. A full queue drops the newest entry of its
    /// longest line, so that a single client cannot keep the others out; or `entry` itself if its own line is (nearly) as long.
    pub(super) fn push(&mut self, client: &str, entry: T) -> Option<T> {
        let position = self.lines.iter().position(|(name, _)| name == client);
        let mut leaving = None;
        if self.is_full() {
            let length = position.map_or(0, |at| self.lines[at].1.len());
            match self.lines.iter_mut().map(|(_, line)| line).max_by_key(|line| line.len()) {
                Some(longest) if longest.len() > length + 1 => leaving = longest.pop_back(),
                _ => return Some(entry),
            }
            self.len -= 1;
        }
        match position {
            Some(at) => self.lines[at].1.push_back(entry),
            None => self.lines.push_back((client.to_owned(), VecDeque::from([entry]))),
        }
        self.len += 1;
        leaving
    }

    /// Takes the oldest entry of the line whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let (client, mut line) = self.lines.pop_front()?;
        let entry = line.pop_front();
        if !line.is_empty() {
            self.lines.push_back((client, line));
        }
        self.len -= 1;
        entry
    }

    /// Drops the entries that `keep` rejects.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.lines.retain_mut(|(_, line)| {
            line.retain(|entry| keep(entry));
            !line.is_empty()
        });
        self.len = self.lines.iter().map(|(_, line)| line.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(mut queue: FairQueue<u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn clients_take_turns() {
        let mut queue = FairQueue::new(8);
        for (client, entry) in [("a", 1), ("a", 2), ("a", 3), ("b", 10), ("c", 20), ("b", 11)] {
            assert_eq!(queue.push(client, entry), None);
        }
        assert_eq!(drained(queue), [1, 10, 20, 2, 11, 3]);
    }

    #[test]
    fn a_full_queue_drops_the_newest_entry_of_the_longest_line() {
        let mut queue = FairQueue::new(4);
        for entry in 1..=4 {
            assert_eq!(queue.push("a", entry), None, "one client may use the whole queue");
        }
        assert_eq!(queue.push("a", 5), Some(5));
        assert_eq!(queue.push("b", 10), Some(4));
        assert_eq!(queue.push("b", 11), Some(3));
        assert_eq!(queue.push("b", 12), Some(12), "its own line is as long");
        assert_eq!(queue.push("a", 6), Some(6));
        // Two lines of two: the newest entry of one of them leaves for a third client.
        let left = queue.push("c", 20);
        assert!(left == Some(2) || left == Some(11), "{left:?}");
        assert_eq!(queue.len(), 4);
    }

    #[test]
    fn entries_that_are_dropped_make_room() {
        let mut queue = FairQueue::new(3);
        for (client, entry) in [("a", 1), ("a", 2), ("b", 10)] {
            assert_eq!(queue.push(client, entry), None);
        }
        queue.retain(|entry| *entry == 2);
        assert_eq!((queue.len(), queue.push("c", 20), queue.push("c", 21)), (1, None, None));
        assert!(queue.is_full());
        assert_eq!(drained(queue), [2, 20, 21]);
    }
}
