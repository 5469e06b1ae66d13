//! A connection to a database: the calls of ADBC that a store needs.

use adbc_core::error::{Error, Result, Status};
use adbc_core::options::{IngestMode, OptionDatabase, OptionStatement, OptionValue};
use adbc_core::{Connection as _, Database as _, Driver as _, Optionable as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedDatabase, ManagedStatement};
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, RecordBatch};
use std::path::Path;

use super::library::Library;

/// An open database. It is closed with its last connection.
pub(super) struct Database(ManagedDatabase);

impl Database {
    /// Opens the file, or creates it.
    pub(super) fn open(library: &Library, file: &Path, options: &[(&str, &str)]) -> Result<Self> {
        let Some(file) = file.to_str() else {
            let message = "the name of the file is no UTF-8";
            return Err(Error::with_message_and_status(message, Status::InvalidArguments));
        };
        let path = [("path", file)];
        let options = options.iter().chain(&path).map(|(name, value)| {
            (OptionDatabase::Other((*name).to_owned()), OptionValue::String((*value).to_owned()))
        });
        library.driver.clone().new_database_with_opts(options).map(Self)
    }

    /// A further connection.
    pub(super) fn connect(&self) -> Result<Connection> {
        self.0.new_connection().map(Connection)
    }
}

/// A connection. It commits each statement, unless `BEGIN` came before.
pub(super) struct Connection(ManagedConnection);

impl Connection {
    /// Runs statements.
    pub(super) fn execute(&mut self, sql: &str) -> Result<()> {
        self.statement(sql)?.execute_update().map(|_| ())
    }

    /// Runs a statement, and returns all of its rows.
    pub(super) fn rows(&mut self, sql: &str) -> Result<Vec<RecordBatch>> {
        self.statement(sql)?.execute()?.map(|rows| Ok(rows?)).collect()
    }

    /// The one number that a statement returns; `None` where it is null or there is no row.
    pub(super) fn number(&mut self, sql: &str) -> Result<Option<i64>> {
        let rows = self.rows(sql)?;
        let first = rows.iter().find(|rows| rows.num_rows() > 0);
        Ok(first.and_then(|rows| {
            let column = rows.column(0).as_primitive_opt::<Int64Type>()?;
            column.is_valid(0).then(|| column.value(0))
        }))
    }

    /// Appends rows to a table.
    pub(super) fn append(&mut self, table: &str, rows: RecordBatch) -> Result<()> {
        let mut statement = self.0.new_statement()?;
        statement.set_option(OptionStatement::TargetTable, table.into())?;
        statement.set_option(OptionStatement::IngestMode, IngestMode::Append.into())?;
        statement.bind(rows)?;
        statement.execute_update().map(|_| ())
    }

    /// A statement that is not run yet.
    pub(super) fn statement(&mut self, sql: &str) -> Result<ManagedStatement> {
        let mut statement = self.0.new_statement()?;
        statement.set_sql_query(sql)?;
        Ok(statement)
    }
}
