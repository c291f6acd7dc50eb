//! The sealed archive in a folder: a Parquet file for each block, one for the names, and a manifest
//! that says which files count and how far in the log they go.
//!
//! Files are never changed. What is new is written beside the old and brought to the disk, then the
//! manifest is replaced by one rename, then files it does not name are removed. So at any moment the
//! folder holds one whole archive up to its watermark; what came later is read from the log.

use std::{
    fs::{self, File},
    hash::Hasher as _,
    io::{ErrorKind, Write as _},
    path::Path,
    sync::Arc,
};

use aftercart_model::CustomerId;
use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use crate::{Archive, block::Block, cores::on_all_cores, parquet_file, sealed::Sealed};

const MANIFEST: &str = "archive.json";

/// Raised when older programs could not read the files.
const FORMAT: u32 = 1;

/// What stands in `archive.json`.
#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// Everything up to this place in the log is in the files.
    through: u64,
    /// What the caller knows the log by, so that files of another log are not taken for ours.
    mark: String,
    names: Entry,
    /// Of customers found to be one, the member and the root.
    roots: Vec<(CustomerId, CustomerId)>,
    blocks: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    file: String,
    /// Of the file's bytes, to tell a damaged one.
    sum: String,
}

/// A sealed archive as it was at one moment, to be written while the archive goes on.
pub struct Snapshot {
    sealed: Sealed,
    names: aftercart_segment::Names,
    roots: Vec<(CustomerId, CustomerId)>,
    through: u64,
}

impl Archive {
    /// Seals the tail and hands out what is to be written. Quick: blocks are shared, not copied.
    pub fn snapshot(&mut self) -> Snapshot {
        self.seal();
        self.has_forgotten = false;
        let mut roots: Vec<_> = self.roots.iter().map(|(from, to)| (*from, *to)).collect();
        roots.sort_unstable();
        let names = self.names.clone();
        Snapshot { sealed: self.sealed.clone(), names, roots, through: self.sealed_through }
    }

    /// The archive in `folder`; `None` if there is none, and an error if it is damaged, of another
    /// version, or does not go by `is_marked`, which is given its place in the log and its mark.
    pub fn open(
        folder: &Path,
        is_marked: impl FnOnce(u64, &str) -> Result<bool>,
    ) -> Result<Option<Self>> {
        let manifest = match fs::read(folder.join(MANIFEST)) {
            Ok(bytes) => bytes,
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(why).context("the manifest of the archive cannot be read"),
        };
        let manifest: Manifest =
            serde_json::from_slice(&manifest).context("the manifest of the archive is damaged")?;
        let Manifest { format, through, mark, names, roots, blocks } = manifest;
        ensure!(format == FORMAT, "the archive has format {format}, and this program {FORMAT}");
        ensure!(is_marked(through, &mark)?, "the archive is of another log");

        let names = parquet_file::read_names(read(folder, &names)?)
            .with_context(|| format!("`{}` of the archive is damaged", names.file))?;
        let load = |entry: &Entry| -> Result<Arc<Block>> {
            let block = parquet_file::read_block(read(folder, entry)?, &names)
                .with_context(|| format!("`{}` of the archive is damaged", entry.file))?;
            block.set_saved(entry.clone());
            Ok(Arc::new(block))
        };
        let blocks = on_all_cores(&blocks, load)?;
        let ends = |it: &Arc<Block>| (it.customers()[0], it.customers().last().copied());
        ensure!(
            blocks.windows(2).all(|it| ends(&it[0]).1 < Some(ends(&it[1]).0)),
            "the blocks of the archive overlap"
        );
        Ok(Some(Self {
            sealed: Sealed::of(blocks),
            names,
            roots: roots.into_iter().collect(),
            sealed_through: through,
            through,
            ..Self::default()
        }))
    }
}

impl Snapshot {
    /// The place in the log up to which it goes.
    pub fn through(&self) -> u64 {
        self.through
    }

    /// Puts the archive into `folder` in the place of what was there. `mark` is handed to whoever
    /// opens it. Returns how many files were written anew.
    pub fn save(&self, folder: &Path, mark: &str) -> Result<usize> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        let save_block = |block: &Arc<Block>| -> Result<(Entry, usize)> {
            match block.saved() {
                Some(entry) if folder.join(&entry.file).exists() => Ok((entry.clone(), 0)),
                _ => {
                    let bytes = parquet_file::write_block(block, &self.names)?;
                    let entry = write(folder, "block", &bytes)?;
                    block.set_saved(entry.clone());
                    Ok((entry, 1))
                }
            }
        };
        let blocks = on_all_cores(self.sealed.blocks(), save_block)?;
        let written = blocks.iter().map(|it| it.1).sum();
        let manifest = Manifest {
            format: FORMAT,
            through: self.through,
            mark: mark.to_owned(),
            names: write(folder, "names", &parquet_file::write_names(&self.names)?)?,
            roots: self.roots.clone(),
            blocks: blocks.into_iter().map(|it| it.0).collect(),
        };
        // The names of the new files must last before a manifest that speaks of them.
        sync(folder)?;
        let begun = folder.join(format!("{MANIFEST}.new"));
        write_file(&begun, &serde_json::to_vec_pretty(&manifest)?)?;
        fs::rename(&begun, folder.join(MANIFEST))
            .with_context(|| format!("cannot replace the manifest in `{}`", folder.display()))?;
        sync(folder)?;
        remove_others(folder, &manifest)?;
        Ok(written)
    }
}

/// Removes files of ours that the manifest does not name.
fn remove_others(folder: &Path, manifest: &Manifest) -> Result<()> {
    let is_named = |name: &str| {
        name == manifest.names.file || manifest.blocks.iter().any(|it| it.file == name)
    };
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_ours = name.ends_with(".parquet")
            && (name.starts_with("block-") || name.starts_with("names-"));
        if is_ours && !is_named(name) {
            fs::remove_file(entry.path())
                .with_context(|| format!("cannot remove `{}`", entry.path().display()))?;
        }
    }
    sync(folder)
}

/// Removes the archive from `folder`, so that the next start makes it anew from the log.
pub fn discard(folder: &Path) -> Result<()> {
    match fs::remove_file(folder.join(MANIFEST)) {
        Err(why) if why.kind() != ErrorKind::NotFound => {
            Err(why).context("the manifest of the archive cannot be removed")
        }
        _ => Ok(()),
    }
}

fn write(folder: &Path, what: &str, bytes: &[u8]) -> Result<Entry> {
    let sum = sum(bytes);
    let file = format!("{what}-{sum}.parquet");
    write_file(&folder.join(&file), bytes)?;
    Ok(Entry { file, sum })
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.with_context(|| format!("cannot write `{}`", path.display()))
}

fn read(folder: &Path, entry: &Entry) -> Result<Bytes> {
    if entry.file.contains(['/', '\\']) {
        bail!("the manifest of the archive is damaged");
    }
    let path = folder.join(&entry.file);
    let bytes = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    ensure!(sum(&bytes) == entry.sum, "`{}` of the archive is damaged", entry.file);
    Ok(bytes.into())
}

/// Brings the names in a folder to the disk.
fn sync(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|it| it.sync_all());
    synced.with_context(|| format!("cannot bring `{}` to the disk", folder.display()))
}

fn sum(bytes: &[u8]) -> String {
    let mut hasher = SipHasher13::new();
    hasher.write(bytes);
    format!("{:016x}", hasher.finish())
}
