//! The views as one text, to compare a rebuild with what was there.

use std::fmt::Write;

use crate::database::{Database, DatabaseError};
use crate::sql::Columns;
use crate::views::read::{ENTRIES, LOGS, UPDATES, entry, file, log, update};

impl Database {
    /// All view rows, one a line, sorted, from one snapshot. Two databases with equal texts show equal pages.
    ///
    /// When a checkpoint was checked is left out: that is no property of the log. All rows are held in memory.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn dump(&self) -> Result<String, DatabaseError> {
        // One transaction, so that all tables are read at one moment.
        let mut snapshot = self.reads().begin().await?;
        let mut lines = Vec::new();
        for row in sqlx::query("SELECT origin, next_index FROM view_cursor")
            .fetch_all(&mut *snapshot)
            .await?
        {
            lines.push(format!(
                "cursor {:?} {}",
                row.text("origin")?,
                row.number("next_index")?
            ));
        }
        for row in sqlx::query(LOGS).fetch_all(&mut *snapshot).await? {
            let log = log(&row)?;
            lines.push(format!(
                "log {:?} {} {} {:?}",
                log.origin, log.size, log.root, log.checkpoint
            ));
        }
        for row in sqlx::query(ENTRIES).fetch_all(&mut *snapshot).await? {
            let row = entry(&row)?;
            lines.push(format!("entry {:?} {:020} {row:?}", row.origin, row.index));
        }
        for row in sqlx::query(UPDATES).fetch_all(&mut *snapshot).await? {
            let row = update(&row)?;
            lines.push(format!("update {:?} {:020} {row:?}", row.origin, row.index));
        }
        let files = "SELECT statement_id, position, digest, name, role, size FROM view_files";
        for row in sqlx::query(files).fetch_all(&mut *snapshot).await? {
            let row = file(&row)?;
            lines.push(format!(
                "file {} {:020} {row:?}",
                row.statement, row.position
            ));
        }
        snapshot.rollback().await?;
        lines.sort_unstable();
        let mut text = String::new();
        for line in lines {
            writeln!(text, "{line}").expect("a string takes every text");
        }
        Ok(text)
    }
}
