//! PostgreSQL for tests: an empty schema for each, on a given server or on a temporary one.
//!
//! The server is `$AFTERCART_TEST_POSTGRES` where that is set. Else Debian's binaries start a
//! cluster in a temporary folder, one for each test process, with its durability left on. A shell
//! keeps watch over it: it waits at a pipe from the test process, and when that is gone, however it
//! went, the cluster is stopped and its folder removed.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use ::postgres::{Client, NoTls};

const VARIABLE: &str = "AFTERCART_TEST_POSTGRES";
const VERSIONS: &str = "/usr/lib/postgresql";
/// The oldest the store works with.
const VERSION_MIN: u32 = 15;

/// An empty schema of its own; it is dropped with this value.
pub struct Database {
    server: String,
    schema: String,
}

/// A server for tests, and what keeps it running.
struct Server {
    url: String,
    _watch: Option<Child>,
}

impl Database {
    /// An address whose tables are in this schema alone.
    pub fn url(&self) -> String {
        let joint = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{joint}options=-c%20search_path%3D{}", self.server, self.schema)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A schema left behind harms nobody, and the test's own failure matters more.
        if let Ok(mut client) = Client::connect(&self.server, NoTls) {
            drop(client.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.schema)));
        }
    }
}

/// An empty schema on the server for tests, or why there is no such server on this machine.
pub fn database() -> Result<Database, String> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    let server = SERVER.get_or_init(server).as_ref().map_err(Clone::clone)?;
    let mut client = Client::connect(&server.url, NoTls).expect("the server for tests answers");
    let drawn = client.query_one("SELECT 'test_' || md5(gen_random_uuid()::text)", &[]);
    let schema: String = drawn.expect("a name can be drawn").get(0);
    let created = client.batch_execute(&format!("CREATE SCHEMA {schema}"));
    created.expect("a schema can be created on the server for tests");
    Ok(Database { server: server.url.clone(), schema })
}

fn server() -> Result<Server, String> {
    #[expect(clippy::disallowed_methods, reason = "which server tests use is not configuration")]
    let given = std::env::var(VARIABLE);
    if let Ok(url) = given {
        return Ok(Server { url, _watch: None });
    }
    let Some(programs) = newest_programs() else {
        return Err(format!(
            "no PostgreSQL {VERSION_MIN} or later below {VERSIONS} and no ${VARIABLE}; install \
             Debian's `postgresql` or name a server"
        ));
    };
    Ok(start_cluster(&programs))
}

/// Debian keeps the programs of each version apart and off the search path.
fn newest_programs() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).ok()?.filter_map(|it| {
        let path = it.ok()?.path();
        let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
        let has_programs = path.join("bin/initdb").is_file() && path.join("bin/pg_ctl").is_file();
        (has_programs && version >= VERSION_MIN).then(|| (version, path.join("bin")))
    });
    versions.max().map(|(_, programs)| programs)
}

/// Nothing of a cluster for tests needs to outlive a loss of power, so `initdb` does not wait for
/// the disk; the server that is tested does.
const WATCH: &str = r#"
trap '' INT TERM
cd "$1" || exit
if "$2/initdb" -D data -U aftercart -A trust -E UTF8 --no-locale --no-sync >log 2>&1 &&
   "$2/pg_ctl" -D data -l log -w -o "-k $1 -c listen_addresses='' -c max_connections=200" start >>log 2>&1
then
    echo ready
    cat >/dev/null
    "$2/pg_ctl" -D data -m immediate -w stop >>log 2>&1
else
    cat log
fi
cd / && rm -rf "$1"
"#;

fn start_cluster(programs: &Path) -> Server {
    let folder = tempfile::Builder::new().prefix("aftercart-postgres-").tempdir();
    let folder = folder.expect("a temporary folder can be made").keep();
    let mut watch = match unprivileged_user(&folder) {
        // PostgreSQL refuses to run as root.
        Some((user, group)) => {
            set_owner(&folder, &user);
            let mut command = Command::new("setpriv");
            command.args(["--reuid", &user, "--regid", &group, "--clear-groups", "sh"]);
            command
        }
        None => Command::new("sh"),
    };
    watch.arg("-c").arg(WATCH).arg("watch").arg(&folder).arg(programs);
    watch.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut watch = watch.spawn().expect("a shell can be started");

    let mut told = BufReader::new(watch.stdout.take().expect("piped"));
    let mut line = String::new();
    told.read_line(&mut line).expect("the shell says how it went");
    if line.trim() != "ready" {
        drop(told.read_to_string(&mut line));
        panic!("PostgreSQL did not start for the tests:\n{line}");
    }
    let mut host = String::new();
    for byte in folder.to_str().expect("a readable path").bytes() {
        write!(host, "%{byte:02X}").expect("writing to a text works");
    }
    Server { url: format!("postgres://aftercart@{host}/postgres"), _watch: Some(watch) }
}

/// User and group to run the server as, where this process is root.
fn unprivileged_user(folder: &Path) -> Option<(String, String)> {
    let is_root = fs::metadata(folder).expect("just made").uid() == 0;
    let ask = |what: &str, user: &str| {
        let told = Command::new("id").args([what, user]).output().ok()?;
        told.status.success().then(|| String::from_utf8_lossy(&told.stdout).trim().to_owned())
    };
    let ids = |user| Some((ask("-u", user)?, ask("-g", user)?));
    is_root.then(|| ["postgres", "nobody"].into_iter().find_map(ids).expect("`nobody` exists"))
}

fn set_owner(folder: &Path, user: &str) {
    let owned = Command::new("chown").arg(user).arg(folder).status();
    assert!(owned.is_ok_and(|it| it.success()), "a folder can be given to user {user}");
}
