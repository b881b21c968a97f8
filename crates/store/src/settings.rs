//! Small facts of this node, by name: which log it runs, when it last backed up. Never a secret.

use crate::database::{Database, DatabaseError, Transaction};
use crate::sql::Columns;

impl Database {
    /// The value under `name`, if one was ever set.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, DatabaseError> {
        let row = sqlx::query("SELECT value FROM settings WHERE name = $1")
            .bind(name)
            .fetch_optional(self.reads())
            .await?;
        row.map(|row| row.text("value")).transpose()
    }

    /// Sets `name` to `value`, durably.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn set_setting(&self, name: &str, value: &str) -> Result<(), DatabaseError> {
        let mut transaction = self.begin().await?;
        transaction.set_setting(name, value).await?;
        transaction.commit().await
    }
}

impl Transaction {
    /// [`Database::set_setting`] as part of this transaction.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn set_setting(&mut self, name: &str, value: &str) -> Result<(), DatabaseError> {
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
