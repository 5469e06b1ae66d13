//! Rows as CSV, JSON and Parquet, and the files they go to.

use super::cell::{self, Cell};
use crate::Result;
use crate::failure::Failure;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tickmetrics_collector::store::query::Answer;

pub(crate) fn count(answer: &Answer) -> usize {
    answer.rows.iter().map(arrow_array::RecordBatch::num_rows).sum()
}

/// Calls a function with the cells of each row.
fn each(answer: &Answer, mut call: impl FnMut(Vec<Cell>)) -> Result<()> {
    for rows in &answer.rows {
        for row in 0..rows.num_rows() {
            let cells = rows.columns().iter().map(|column| Cell::of(&**column, row));
            call(cells.collect::<Result<_, _>>().map_err(Failure::told)?);
        }
    }
    Ok(())
}

/// A header and rows by RFC 4180 (<https://www.rfc-editor.org/rfc/rfc4180>). NULL is an empty field,
/// and an empty text is `""`. A list, a MAP or a STRUCT is JSON.
pub(super) fn csv(answer: &Answer) -> Result<String> {
    let mut out = String::new();
    let fields = answer.schema.fields();
    let names = fields.iter().map(|it| field(it.name()));
    out.push_str(&names.collect::<Vec<_>>().join(","));
    out.push_str("\r\n");
    each(answer, |cells| {
        let cells = cells.iter().map(|cell| match cell {
            Cell::Null => String::new(),
            Cell::Text(text) => field(text),
            other => {
                let mut json = String::new();
                other.json(&mut json);
                field(&json)
            }
        });
        out.push_str(&cells.collect::<Vec<_>>().join(","));
        out.push_str("\r\n");
    })?;
    Ok(out)
}

fn field(text: &str) -> String {
    if text.is_empty() || text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// One object a line.
pub(super) fn json(answer: &Answer) -> Result<String> {
    let mut out = String::new();
    let fields = answer.schema.fields();
    each(answer, |cells| {
        cell::object(fields.iter().map(|it| &**it.name()).zip(&cells), &mut out);
        out.push('\n');
    })?;
    Ok(out)
}

pub(super) fn parquet(answer: &Answer) -> Result<Vec<u8>> {
    let mut writer = Rows::new(Vec::new(), answer)?;
    writer.add(answer)?;
    writer.finish()
}

/// A Parquet file that is written.
pub(crate) struct Rows<W: std::io::Write + Send>(ArrowWriter<W>);

impl<W: std::io::Write + Send> Rows<W> {
    /// A file with the columns of an answer.
    pub(crate) fn new(to: W, answer: &Answer) -> Result<Self> {
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(compression).build();
        let writer = ArrowWriter::try_new(to, answer.schema.clone(), Some(properties));
        writer.map(Self).map_err(|error| wrong(&error))
    }

    pub(crate) fn add(&mut self, answer: &Answer) -> Result<()> {
        let written = answer.rows.iter().try_for_each(|rows| self.0.write(rows));
        written.and_then(|()| self.0.flush()).map_err(|error| wrong(&error))
    }

    pub(crate) fn finish(self) -> Result<W> {
        self.0.into_inner().map_err(|error| wrong(&error))
    }
}

fn wrong(error: &parquet::errors::ParquetError) -> Failure {
    Failure::told(format!("the rows can't be written as Parquet: {error}"))
}

/// A file that has its name only once it is complete.
pub(crate) struct NewFile {
    path: PathBuf,
    unfinished: PathBuf,
    is_complete: bool,
}

impl NewFile {
    /// A temporary name beside the path.
    pub(crate) fn create(path: &Path) -> Result<(Self, File)> {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(format!(".{}.unfinished", std::process::id()));
        let unfinished = PathBuf::from(unfinished);
        let file = File::create_new(&unfinished).map_err(|error| unwritten(path, &error))?;
        Ok((Self { path: path.into(), unfinished, is_complete: false }, file))
    }

    /// Gives a file its name, and replaces one that has it.
    pub(crate) fn complete(mut self, file: &File) -> Result<()> {
        file.sync_all()
            .and_then(|()| fs::rename(&self.unfinished, &self.path))
            .map_err(|error| unwritten(&self.path, &error))?;
        self.is_complete = true;
        Ok(())
    }

    pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
        let (new, mut file) = Self::create(path)?;
        file.write_all(bytes).map_err(|error| unwritten(path, &error))?;
        new.complete(&file)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_complete {
            // What is left has a name that nobody takes for a whole file.
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}

pub(crate) fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::told(format!("{} can't be written: {error}", path.display()))
}
