//! Writes the sample shop's pictures into a folder, to look at them.
//!
//! `cargo run --release --example pictures -- FOLDER`

use std::{env, fs, path::PathBuf};

use aftercart_server::demo::pictures::pictures;
use anyhow::{Context, Result};

fn main() -> Result<()> {
    let folder = env::args_os().nth(1).context("name the folder to write into")?;
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let pictures = pictures();
    for picture in &pictures {
        let path = folder.join(&picture.name);
        fs::write(&path, &picture.png)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    println!("{} pictures in {}", pictures.len(), folder.display());
    Ok(())
}
