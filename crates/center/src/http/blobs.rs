//! `/api/v1/blobs/sha256/<hex>`: bytes by their digest, uploaded in pieces that may break anywhere.
//!
//! Reading needs no permission. Who uploads shows an admitted key's signature over the digest (`evidence::upload`):
//! strangers must not fill the disk that the log needs. What nobody finishes is swept away.

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use evidence::upload;
use futures_util::stream::{self, Stream, StreamExt};
use serde::Deserialize;
use store::blob_rows::{NewBlob, Place};
use store::blobs::{Begin, BlobError, BlobReader, Upload};
use tlog::hash::Hash;

use crate::door::not_admitted;
use crate::http::drain::drain;
use crate::http::problem::{Problem, UPLOAD_OFFSET};
use crate::node::Shared;

/// Who uploads.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    key: Option<String>,
    signature: Option<String>,
}

/// Whether the blob is here; for an uploader, how far it has come.
pub async fn head(
    State(node): State<Shared>,
    Path(hex): Path<String>,
    Query(permission): Query<Permission>,
) -> Result<Response, Problem> {
    let digest = parse(&hex)?;
    if let Some(size) = public_size(&node, digest).await? {
        return Ok((StatusCode::OK, [(header::CONTENT_LENGTH, size.to_string())]).into_response());
    }
    // Only an uploader learns of unfinished uploads, and only an uploader's question may open one.
    if check(&node, digest, &permission).await.is_err() {
        return Err(Problem::not_found());
    }
    match node.blobs.begin(digest, None).await {
        Ok(Begin::Upload(upload)) => {
            let offset = [(UPLOAD_OFFSET, upload.offset().to_string())];
            Ok((StatusCode::NOT_FOUND, offset).into_response())
        }
        Ok(Begin::Held { .. }) | Err(BlobError::Missing) => Err(Problem::not_found()),
        Err(error) => Err(error.into()),
    }
}

/// D2, for bytes: the key is admitted here, and signed this digest.
async fn check(node: &Shared, digest: Hash, permission: &Permission) -> Result<(), Problem> {
    let key = permission
        .key
        .as_deref()
        .and_then(Hash::from_hex)
        .ok_or_else(not_admitted)?;
    let admitted = node.admitted(key).await.ok_or_else(not_admitted)?;
    let signature = permission.signature.as_deref().unwrap_or_default();
    if !upload::is_allowed(&admitted.key, digest, signature) {
        return Err(not_admitted().into());
    }
    Ok(())
}

/// The bytes.
pub async fn get(
    State(node): State<Shared>,
    Path(hex): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let digest = parse(&hex)?;
    let row = node
        .database
        .blob(digest)
        .await?
        .filter(|row| !row.withheld);
    let etag = format!("\"{digest}\"");
    let fixed = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (
            header::CACHE_CONTROL,
            "public, max-age=31536000, immutable".to_owned(),
        ),
        (header::ETAG, etag.clone()),
        // A blob is anybody's bytes: a browser must neither guess a type nor run it on this origin.
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
    ];
    if row.is_some()
        && headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|seen| seen == etag.as_str())
    {
        return Ok((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    match row.map(|row| row.place) {
        Some(Place::Row { .. }) => {
            let text = node
                .database
                .body(digest)
                .await?
                .ok_or_else(Problem::not_found)?;
            Ok((fixed, text).into_response())
        }
        Some(Place::File { size }) => {
            let reader = node.blobs.read(digest).await?;
            let length = [(header::CONTENT_LENGTH, size.to_string())];
            Ok((fixed, length, Body::from_stream(pieces(reader))).into_response())
        }
        Some(Place::Absent) | None => Err(Problem::not_found()),
    }
}

/// Takes bytes from `Upload-Offset` on, checks the digest when `Upload-Length` is reached.
pub async fn put(
    State(node): State<Shared>,
    Path(hex): Path<String>,
    Query(permission): Query<Permission>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let digest = parse(&hex)?;
    if let Err(refused) = check(&node, digest, &permission).await {
        drain(&mut body.into_data_stream()).await;
        return Err(refused);
    }
    let offset = number(&headers, UPLOAD_OFFSET.as_str())?.unwrap_or(0);
    let length = number(&headers, header::CONTENT_LENGTH.as_str())?
        .ok_or_else(|| Problem::bad_request("Content-Length is missing"))?;
    let total = match number(&headers, "upload-length")? {
        Some(total) => total,
        None => offset
            .checked_add(length)
            .ok_or_else(|| Problem::bad_request("too long"))?,
    };
    let mut body = body.into_data_stream();
    let upload = match node.blobs.begin(digest, Some(total)).await {
        Ok(Begin::Upload(upload)) => receive(upload, offset, &mut body).await,
        Ok(Begin::Held { size }) => {
            drain(&mut body).await;
            record(&node, digest, size).await?;
            return Ok(StatusCode::OK.into_response());
        }
        Err(error) => Err(error.into()),
    };
    let upload = match upload {
        Ok(upload) => upload,
        Err(refused) => {
            drain(&mut body).await;
            return Err(refused);
        }
    };
    if upload.offset() < total {
        let told = [(UPLOAD_OFFSET, upload.offset().to_string())];
        return Ok((StatusCode::ACCEPTED, told).into_response());
    }
    let size = upload.finish().await?;
    // A crash here leaves a file without a row: the next upload or HEAD of it finds the file and writes the row.
    record(&node, digest, size).await?;
    Ok(StatusCode::CREATED.into_response())
}

async fn receive(
    mut upload: Upload,
    offset: u64,
    body: &mut BodyDataStream,
) -> Result<Upload, Problem> {
    let mut at = offset;
    let mut waiting: Vec<u8> = Vec::new();
    while let Some(piece) = body.next().await {
        // A broken connection keeps what came: the sender asks with HEAD and goes on.
        let piece: Bytes = piece.map_err(|_| Problem::bad_request("the body broke off"))?;
        waiting.extend_from_slice(&piece);
        if waiting.len() >= PIECE {
            at = upload.append(at, std::mem::take(&mut waiting)).await?;
        }
    }
    upload.append(at, waiting).await?;
    Ok(upload)
}

async fn record(node: &Shared, digest: Hash, size: u64) -> Result<(), Problem> {
    let row = NewBlob::File {
        digest,
        size,
        withheld: false,
    };
    Ok(node.database.record_blobs(&[row], node.now()).await?)
}

async fn public_size(node: &Shared, digest: Hash) -> Result<Option<u64>, Problem> {
    let row = node
        .database
        .blob(digest)
        .await?
        .filter(|row| !row.withheld);
    Ok(row.and_then(|row| match row.place {
        Place::Absent => None,
        Place::File { size } | Place::Row { size } => Some(size),
    }))
}

/// The bytes of a blob in pieces, read as the reader takes them.
fn pieces(reader: BlobReader) -> impl Stream<Item = Result<Vec<u8>, BlobError>> + Send {
    stream::unfold((reader, 0), |(reader, at)| async move {
        if at >= reader.size() {
            return None;
        }
        match reader.read_at(at, PIECE).await {
            Ok(bytes) => {
                let next = at + bytes.len() as u64;
                Some((Ok(bytes), (reader, next)))
            }
            // The length is already promised: breaking off tells the reader that bytes are missing.
            Err(error) => Some((Err(error), (reader, u64::MAX))),
        }
    })
}

fn parse(hex: &str) -> Result<Hash, Problem> {
    Hash::from_hex(hex)
        .ok_or_else(|| Problem::bad_request("the address is not 64 lower-case hexadecimal digits"))
}

fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let parsed = value.to_str().ok().and_then(|text| text.parse().ok());
    parsed
        .map(Some)
        .ok_or_else(|| Problem::bad_request(format!("{name} is no number")))
}

/// Bytes that are gathered before they go to the disk.
const PIECE: usize = 256 * 1024;
