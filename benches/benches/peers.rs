//! The cost of a record with this library and with others: the operations of the `overhead` report,
//! by criterion's method.
//!
//! `cargo bench -p benches --features peers --bench peers`

use criterion::{Criterion, criterion_group, criterion_main};
use std::time::{Duration, Instant};

fn peers(c: &mut Criterion) {
    for (operation, candidates) in benches::operations() {
        let mut group = c.benchmark_group(operation);
        // Half a hundred candidates: criterion's own choice would take ten minutes.
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        for candidate in candidates {
            let mut done = 0;
            group.bench_function(&candidate.name, |bencher| {
                bencher.iter_custom(|turns| {
                    done += turns;
                    let turns = usize::try_from(turns).unwrap_or(usize::MAX);
                    let start = Instant::now();
                    candidate.run(turns);
                    let taken = start.elapsed();
                    candidate.tidy();
                    taken
                });
            });
            if let Err(error) = candidate.check(done) {
                panic!("{error}");
            }
        }
    }
}

criterion_group!(benches, peers);
criterion_main!(benches);
