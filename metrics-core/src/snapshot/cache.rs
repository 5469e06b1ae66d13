//! What an encoder computes once for a metric, rather than at each scrape.

use crate::sync::{Arc, OnceLock};
use std::any::Any;
use std::fmt;

type Item = Arc<dyn Any + Send + Sync>;

/// At most one item of each type. There are few types, one for each encoder, so that they are a
/// list.
#[derive(Default)]
pub(super) struct Cache {
    first: Slot,
    /// The items of the cache before this one.
    earlier: Vec<Item>,
}

type Slot = OnceLock<Box<Node>>;

struct Node {
    item: Item,
    next: Slot,
}

impl Cache {
    /// An empty cache after this one, whose items are offered to their successors.
    pub(super) fn successor(&self) -> Self {
        let mut earlier = Vec::new();
        let mut slot = &self.first;
        while let Some(node) = slot.get() {
            earlier.push(Arc::clone(&node.item));
            slot = &node.next;
        }
        let is_new =
            |old: &&Item| earlier.iter().all(|item| (**item).type_id() != (***old).type_id());
        let unused: Vec<_> = self.earlier.iter().filter(is_new).cloned().collect();
        earlier.extend(unused);
        Self { first: Slot::default(), earlier }
    }

    /// The item of a type. If there is none, `make` gets that of the cache before.
    pub(super) fn get_or_make<T: Any + Send + Sync>(
        &self,
        make: impl FnOnce(Option<&T>) -> T,
    ) -> &T {
        let mut make = Some(make);
        let mut slot = &self.first;
        loop {
            let node = slot.get_or_init(|| {
                let earlier =
                    self.earlier.iter().find_map(|item| item.downcast_ref::<Option<T>>()?.as_ref());
                let item = make.take().map(|make| make(earlier));
                Box::new(Node { item: Arc::new(item), next: Slot::default() })
            });
            if let Some(Some(item)) = node.item.downcast_ref::<Option<T>>() {
                return item;
            }
            slot = &node.next;
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

#[cfg(test)]
mod tests {
    use super::Cache;

    #[test]
    fn each_type_has_one_item() {
        let cache = Cache::default();
        assert_eq!(*cache.get_or_make(|earlier: Option<&u8>| earlier.map_or(1, |_| 9)), 1);
        assert_eq!(*cache.get_or_make(|_: Option<&&str>| "text"), "text");
        assert_eq!(*cache.get_or_make(|_: Option<&u8>| 2), 1);
    }

    #[test]
    fn a_successor_gets_the_earlier_item() {
        let cache = Cache::default();
        cache.get_or_make(|_: Option<&u8>| 1);
        cache.get_or_make(|_: Option<&u16>| 10);
        // Items of a cache that made none of them are passed on.
        let second = cache.successor();
        assert_eq!(*second.get_or_make(|earlier| earlier.map_or(0, |earlier: &u8| earlier + 1)), 2);
        let third = second.successor();
        assert_eq!(*third.get_or_make(|earlier| earlier.map_or(0, |earlier: &u8| earlier + 1)), 3);
        assert_eq!(
            *third.get_or_make(|earlier| earlier.map_or(0, |earlier: &u16| earlier + 1)),
            11
        );
    }
}
