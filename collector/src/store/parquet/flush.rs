//! Writes rows as Parquet files, and the file that reads them.

use super::days;
use super::journal::Rows;
use crate::store::columns;
use crate::store::sql::{TABLES, VIEWS, pattern};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A row of a time that is further away gets into the folder of today: a source that gives absurd
/// times must not make a folder for each.
const DAYS_BACK: i64 = 31;

/// The most rows of a group, which are in memory together.
const MAX_GROUP_ROWS: usize = 128 << 10;

/// The column of candles that version 1 lacks.
const SINCE_VERSION_2: &str = "\nUNION ALL BY NAME SELECT NULL::VARCHAR AS service WHERE false";

const UNFINISHED: &str = "unfinished";

/// Writes a file for each table and day of the rows. They are complete and on disk when this returns;
/// files of this name are replaced. Returns the folders that they are in.
pub(super) fn write(root: &Path, name: &str, rows: &[Rows]) -> io::Result<Vec<PathBuf>> {
    let today = days::number(columns::micros(SystemTime::now()));
    let mut parts: BTreeMap<PathBuf, Vec<RecordBatch>> = BTreeMap::new();
    for (table, rows) in rows {
        for (day, rows) in by_day(rows, today) {
            parts.entry(root.join(table).join(days::folder(day))).or_default().push(rows);
        }
    }
    let mut files = Vec::new();
    let written = parts.iter().try_for_each(|(folder, rows)| {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("{name}.{UNFINISHED}"));
        files.push(path.clone());
        write_file(&path, rows)
    });
    if let Err(error) = written {
        for file in files {
            let _ = fs::remove_file(file);
        }
        return Err(error);
    }
    for file in &files {
        fs::rename(file, file.with_extension("parquet"))?;
    }
    for folder in parts.keys() {
        File::open(folder)?.sync_all()?;
        if let Some(table) = folder.parent() {
            File::open(table)?.sync_all()?;
        }
    }
    Ok(parts.into_keys().collect())
}

/// Removes files that a crash left unfinished.
pub(super) fn remove_unfinished(root: &Path) -> io::Result<()> {
    for table in TABLES {
        fs::create_dir_all(root.join(table))?;
        for day in fs::read_dir(root.join(table))? {
            let day = day?.path();
            if !day.is_dir() {
                continue;
            }
            for file in fs::read_dir(day)? {
                let file = file?.path();
                if file.extension().is_some_and(|extension| extension == UNFINISHED) {
                    fs::remove_file(file)?;
                }
            }
        }
    }
    Ok(())
}

/// The runs of rows of one day.
fn by_day(rows: &RecordBatch, today: i64) -> Vec<(i64, RecordBatch)> {
    let column = rows.column_by_name("timestamp").or_else(|| rows.column_by_name("start"));
    let Some(times) =
        column.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
    else {
        return vec![(today, rows.clone())];
    };
    let day = |row| {
        let day = days::number(times.value(row));
        if (today - DAYS_BACK..=today + 1).contains(&day) { day } else { today }
    };
    let mut runs = Vec::new();
    let mut begin = 0;
    for row in 1..=times.len() {
        if row == times.len() || day(row) != day(begin) {
            runs.push((day(begin), rows.slice(begin, row - begin)));
            begin = row;
        }
    }
    runs
}

fn write_file(path: &Path, rows: &[RecordBatch]) -> io::Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let mut content = Content::new(first.schema())?;
    for rows in rows {
        content.add(rows)?;
    }
    content.write(path)
}

/// The content of a file. In memory first: the crate wraps errors of a file, so that a full disk is
/// hard to tell.
pub(super) struct Content(ArrowWriter<Vec<u8>>);

impl Content {
    pub(super) fn new(schema: SchemaRef) -> io::Result<Self> {
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_max_row_group_row_count(Some(MAX_GROUP_ROWS))
            .build();
        Ok(Self(ArrowWriter::try_new(Vec::new(), schema, Some(properties))?))
    }

    pub(super) fn add(&mut self, rows: &RecordBatch) -> io::Result<()> {
        Ok(self.0.write(rows)?)
    }

    /// Writes the file. It is on disk when this returns, and is not there after an error.
    pub(super) fn write(self, path: &Path) -> io::Result<()> {
        let content = self.0.into_inner()?;
        let mut file = File::create(path)?;
        let written = file.write_all(&content).and_then(|()| file.sync_all());
        if written.is_err() {
            let _ = fs::remove_file(path);
        }
        written
    }
}

/// Writes `views.sql`, and for each table a file without rows, so that DuckDB finds its columns.
pub(super) fn views(root: &Path) -> io::Result<()> {
    for (table, rows) in columns::empty().map_err(io::Error::other)? {
        let folder = root.join(table).join(days::folder(0));
        fs::create_dir_all(&folder)?;
        // Under another name first: a query may list the folder at any moment.
        let unfinished = folder.join(format!("empty.{UNFINISHED}"));
        write_file(&unfinished, &[rows])?;
        fs::rename(&unfinished, unfinished.with_extension("parquet"))?;
    }
    let unfinished = root.join("views.unfinished");
    fs::write(&unfinished, sql(root))?;
    fs::rename(unfinished, root.join("views.sql"))
}

/// The tables and views over the files.
pub(in crate::store) fn sql(root: &Path) -> String {
    let files = |table: &str| {
        let files = pattern(&root.join(table)).replace('\'', "''");
        // By name: files of older versions lack columns.
        format!("'{files}/day=*/*.parquet', hive_partitioning = true, union_by_name = true")
    };
    let tables = TABLES.map(|table| {
        // Where all files are of version 1, none has this column.
        let since = if table == "trading_candles" { SINCE_VERSION_2 } else { "" };
        format!(
            "CREATE OR REPLACE VIEW {table} AS\n\
             SELECT * EXCLUDE (day) FROM read_parquet({}){since};\n",
            files(table)
        )
    });
    let parts = format!(
        "CREATE OR REPLACE VIEW candle_parts AS\nSELECT * EXCLUDE (day, filename, file_row_number), \
         (parse_filename(filename), file_row_number) AS part\n\
         FROM read_parquet({}, filename = true, file_row_number = true){SINCE_VERSION_2};\n",
        files("trading_candles")
    );
    format!("{}{parts}{}", tables.concat(), VIEWS)
}
