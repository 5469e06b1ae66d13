//! Folders of Parquet files.

use crate::duckdb::{CHECK_VIEWS, DUCKDB};
use crate::folder::Folder;
use crate::rows;
use tests::programs::python;
use tickmetrics_collector::store::parquet::Parquet;
use tickmetrics_collector::store::{Keep, Store as _};

#[test]
fn views_give_what_the_rows_give_by_hand() {
    let folder = Folder::new("parquet-[views]*'");
    let batches = rows::cycles(&mut fastrand::Rng::with_seed(2));
    let open = || Box::new(Parquet::open(&folder.0, Keep::default()).unwrap());
    let views = open().views();
    // Two runs, so that there are several files.
    for batches in batches.chunks(batches.len() / 2) {
        let mut store = open();
        batches.iter().for_each(|batch| store.write(batch).unwrap());
        store.close().unwrap();
    }
    python("duckdb", DUCKDB, &[CHECK_VIEWS, views.to_str().unwrap()], "");
}
