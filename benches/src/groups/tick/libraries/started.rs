use std::time::Instant;

/// A histogram and when its timing began, for libraries that leave reading the clock to the user.
pub(super) type Started<'a, H> = (&'a H, Instant);
