//! Running the binary, and finding the data.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a store in it, and the binary to ask it.
pub struct Place {
    folder: TempDir,
}

/// What a command said.
pub struct Said {
    pub out: String,
    pub err: String,
    pub is_good: bool,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder for a test") }
    }

    /// A store with one order: customer 7 bought a kettle, product 10001, on 1 January 2011.
    pub fn with_an_order() -> Self {
        let place = Self::new();
        let rows = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
             1,10001,KETTLE,1,2011-01-01 09:00:00,20.00,7,France\n";
        std::fs::write(place.path().join("one.csv"), rows).expect("written");
        place.ask(&["import", "orders", "one.csv", "--format", "online-retail"]);
        place
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command in this folder; the store is the default one, below it.
    pub fn run(&self, args: &[&str]) -> Said {
        let output = Command::new(binary())
            .args(args)
            .current_dir(self.path())
            .env("AFTERCART_LOG", "warn")
            .output()
            .expect("the binary runs");
        Said::of(&output)
    }

    /// Runs a command that must succeed; its standard output.
    #[track_caller]
    pub fn ask(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert!(said.is_good, "{args:?} failed: {}", said.err);
        said.out
    }

    /// Runs a command that must succeed, with `--json`.
    #[track_caller]
    pub fn ask_json(&self, args: &[&str]) -> Value {
        let text = self.ask(&[args, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|err| panic!("{args:?}: {err} in {text}"))
    }

    /// Runs a command that must fail; its standard error.
    #[track_caller]
    pub fn refused(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert!(!said.is_good, "{args:?} should fail, and said {}", said.out);
        said.err
    }
}

impl Said {
    fn of(output: &Output) -> Self {
        Self {
            out: String::from_utf8(output.stdout.clone()).expect("text"),
            err: String::from_utf8(output.stderr.clone()).expect("text"),
            is_good: output.status.success(),
        }
    }
}

/// What builds the binary. It is chosen within the whole workspace and together with a test, so that
/// its dependencies have the features that all tests give them: chosen by itself it would have others,
/// and everything would be built once more.
const BUILD: [&str; 7] =
    ["build", "--quiet", "--workspace", "--bin", "aftercart", "--test", "product"];

/// The binary: the one that `./test` has built (`AFTERCART_TEST_BINARY`), else built now beside this
/// test.
#[expect(clippy::disallowed_methods, reason = "where the binary is belongs to who runs the tests")]
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let built = std::env::var_os("AFTERCART_TEST_BINARY").filter(|it| !it.is_empty());
        let binary = built.map_or_else(build, PathBuf::from);
        assert!(binary.is_file(), "no binary at {}", binary.display());
        binary
    })
}

fn build() -> PathBuf {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let built = Command::new(cargo).args(BUILD).current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(built.is_ok_and(|it| it.success()), "the binary does not build");
    let test = std::env::current_exe().expect("a test knows where it is");
    // target/debug/deps/product-… stands beside target/debug/aftercart.
    test.ancestors().nth(2).expect("a target folder").join("aftercart")
}

/// A folder of real data, or `None`, said so under the test's name.
#[expect(
    clippy::disallowed_methods,
    reason = "where real data is belongs to whoever runs the tests"
)]
pub fn real_data(test: &str, folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("AFTERCART_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let found = root.join(folder);
    if found.is_dir() {
        return Some(found);
    }
    println!("SKIPPED {test}: no folder {folder} in the test data (AFTERCART_TEST_DATA)");
    None
}

/// A tool that `./test` installs into the cache folder, or `None`, said so under the test's name.
#[expect(
    clippy::disallowed_methods,
    reason = "where the cache is belongs to whoever runs the tests"
)]
pub fn tools(test: &str, path: &str) -> Option<PathBuf> {
    let cache = match std::env::var_os("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".cache"),
    };
    let found = cache.join("aftercart").join(path);
    if found.exists() {
        return Some(found);
    }
    println!("SKIPPED {test}: no {path} in the cache folder; ./test installs it where it can");
    None
}
