//! `migrate` and `rebuild-views`.

use center::config::Config;
use center::indexer;
use center::node::Node;
use store::database::Database;

use crate::failure::Failure;

/// Brings the database to this program's schema.
pub(crate) async fn migrate(config: &Config) -> Result<Vec<String>, Failure> {
    let database = Database::open_file(&config.data.join("node.sqlite")).await?;
    let version = database.schema_version();
    database.close().await;
    Ok(vec![format!("schema {version}")])
}

/// Throws the views away and makes them again from logs and bodies.
pub(crate) async fn rebuild(config: Config) -> Result<Vec<String>, Failure> {
    let node = Node::open(config).await?;
    node.database.clear_views().await?;
    let mut lines = Vec::new();
    for source in &node.sources {
        let entries = indexer::catch_up(&node, source).await?;
        lines.push(format!("{}: {entries} entries", source.origin));
    }
    Ok(lines)
}
