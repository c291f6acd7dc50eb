//! The console in a real Chromium, by WebDriver: every page whole, at a desk and on a phone, in both
//! themes, without a word from the browser's console; the emails in narrow windows; and the way out of
//! the mail by its button.

use std::{
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::support::{Place, binary};

/// How long a program may take to answer on its port.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A program that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn wait_for(port: u16) {
    let begin = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begin.elapsed() < READY_WITHIN, "nothing answers on port {port}");
        std::thread::yield_now();
    }
}

/// A demo of a few days, serving.
fn demo(place: &Place) -> (Program, u16) {
    let port = free_port();
    let child = Command::new(binary())
        .args(["demo", "--days", "12", "--listen", &format!("127.0.0.1:{port}")])
        .current_dir(place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut program = Program(child);
    let out = program.0.stdout.take().expect("piped");
    let mut lines = BufReader::new(out).lines();
    let serves = lines.any(|line| line.expect("text").starts_with("Try next"));
    assert!(serves, "the demo ends before it serves");
    wait_for(port);
    (program, port)
}

/// A browser as wide as a desk's or a phone's.
async fn browser(is_phone: bool) -> Option<(Program, Client, Place)> {
    if !Path::new("/usr/bin/chromedriver").exists() || !Path::new("/usr/bin/chromium").exists() {
        return None;
    }
    let port = free_port();
    let profile = Place::new();
    let child = Command::new("/usr/bin/chromedriver")
        .arg(format!("--port={port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver runs");
    let driver = Program(child);
    wait_for(port);
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
    ];
    let mut arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
    arguments.push(format!("--user-data-dir={}", profile.path().display()));
    arguments.push("--window-size=1440,1000".to_owned());
    let mut options = json!({ "binary": "/usr/bin/chromium", "args": arguments });
    if is_phone {
        // A window of a desk never gets this narrow.
        options["mobileEmulation"] =
            json!({ "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2.0 } });
    }
    let mut capabilities = serde_json::Map::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .expect("a session");
    Some((driver, client, profile))
}

/// What is wrong with the page the browser shows; empty if nothing is.
const FAULTS: &str = r#"
    const faults = [];
    const one = (of, what) => {
        const count = document.querySelectorAll(of).length;
        if (count !== 1) faults.push(`${count} ${what}`);
    };
    one('h1', 'headings of the first rank');
    one('main', 'main parts');
    if (document.documentElement.scrollWidth > window.innerWidth + 1)
        faults.push(`${document.documentElement.scrollWidth} wide in ${window.innerWidth}`);
    for (const image of document.images)
        if (image.complete && image.naturalWidth === 0 && image.getAttribute('src'))
            faults.push(`picture ${image.getAttribute('src')} does not load`);
    for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
        if (!field.labels?.length && !field.getAttribute('aria-label')
            && !field.getAttribute('aria-labelledby'))
            faults.push(`field ${field.name} has no label`);
    for (const button of document.querySelectorAll('button, a[href]'))
        if (!button.textContent.trim() && !button.getAttribute('aria-label'))
            faults.push(`${button.outerHTML.slice(0, 80)} says nothing`);
    return faults;
"#;

async fn faults(client: &Client) -> Vec<String> {
    let found = client.execute(FAULTS, Vec::new()).await.expect("the script runs");
    let found = found.as_array().cloned().unwrap_or_default();
    found.into_iter().map(|it: Value| it.as_str().unwrap_or_default().to_owned()).collect()
}

const PAGES: [&str; 13] = [
    "/",
    "/flows",
    "/flows/upsell-cross-sell",
    "/flows/upsell-cross-sell?step=discount",
    "/flows/upsell-cross-sell?view=enrolments",
    "/reports",
    "/reports/upsell-cross-sell",
    "/customers",
    "/products",
    "/inbox",
    "/segments",
    "/segments/upsell",
    "/segments/new",
];

#[test]
fn every_page_is_whole_at_a_desk_and_on_a_phone() {
    let name = "every_page_is_whole_at_a_desk_and_on_a_phone";
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let Some((_driver, desk, _profile)) = browser(false).await else {
            println!("SKIPPED {name}: no chromium and chromedriver on this machine");
            return;
        };
        let place = Place::new();
        let (_demo, port) = demo(&place);
        let base = format!("http://127.0.0.1:{port}");
        every_page_is_whole(&desk, &base).await;
        a_customer_is_found(&desk, &base).await;
        a_letter_is_read(&desk, &base).await;
        a_segment_is_written_and_built(&desk, &base).await;
        letters_fit(&desk, &base, &[500, 560, 610]).await;
        desk.close().await.expect("closed");
        let (_driver, phone, _profile) = browser(true).await.expect("it was there before");
        every_page_is_whole(&phone, &base).await;
        letters_fit(&phone, &base, &[390]).await;
        phone.close().await.expect("closed");
    });
}

async fn every_page_is_whole(client: &Client, base: &str) {
    for page in PAGES {
        client.goto(&format!("{base}{page}")).await.expect("the page comes");
        let found = faults(client).await;
        assert!(found.is_empty(), "{page}: {}", found.join("; "));
    }
}

async fn a_customer_is_found(client: &Client, base: &str) {
    client.goto(&format!("{base}/customers?q=ana")).await.expect("the page comes");
    let first = client.find(Locator::Css("main table a[href^='/customers/']")).await;
    first.expect("somebody whose name begins so").click().await.expect("a link");
    let found = faults(client).await;
    assert!(found.is_empty(), "a customer: {}", found.join("; "));
    let heading = client.find(Locator::Css("h1")).await.expect("a heading").text().await;
    assert!(heading.expect("text").to_lowercase().contains("ana"));
}

/// What is typed is counted, the builder follows, and what is built is written.
async fn a_segment_is_written_and_built(client: &Client, base: &str) {
    client.goto(&format!("{base}/segments/new")).await.expect("the page comes");
    let written = client.find(Locator::Id("condition")).await.expect("a field to write in");
    written.send_keys("ordered at least 1 time in the last 30 days").await.expect("typed");
    let many = counted(client, None).await;
    let verb = ".builder .clause-row select[name=w]";
    client.find(Locator::Css(verb)).await.expect("the builder follows");
    let limit = ".builder .clause-row .select:nth-of-type(2) select";
    let limit = client.find(Locator::Css(limit)).await.expect("a choice");
    limit.select_by_value("exactly").await.expect("chosen");
    let few = counted(client, Some(&many)).await;
    assert_ne!(few, many);
    let asks = "return document.getElementById('condition').value";
    let asked = client.execute(asks, Vec::new()).await.expect("the script runs");
    let asked = asked.as_str().expect("a text").split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(asked, "customers who ordered exactly 1 time in the last 30 days");
    let found = faults(client).await;
    assert!(found.is_empty(), "a segment: {}", found.join("; "));

    let written = client.find(Locator::Id("condition")).await.expect("a field to write in");
    written.send_keys(" and orderd").await.expect("typed");
    let fault = client.wait().at_most(READY_WITHIN).for_element(Locator::Id("condition-error"));
    let fault = fault.await.expect("the word is named").text().await.expect("text");
    assert!(fault.contains("did you mean `ordered`?"), "{fault}");

    client
        .goto(&format!("{base}/segments/new?condition=ordered+exactly+1+time"))
        .await
        .expect("comes");
    let name = client.find(Locator::Id("segment-name")).await.expect("a name to give");
    name.send_keys("Bought once").await.expect("typed");
    client
        .find(Locator::Css("#segment-save button"))
        .await
        .expect("a button")
        .click()
        .await
        .expect("pressed");
    let saved =
        client.wait().at_most(READY_WITHIN).for_element(Locator::Css("#segment-state .good"));
    saved.await.expect("it is saved");
    assert_eq!(heading(client).await.as_deref(), Some("Bought once"));
}

/// How many customers the page counts, once they are others than `before`.
async fn counted(client: &Client, before: Option<&str>) -> String {
    let begin = Instant::now();
    loop {
        if let Ok(figure) = client.find(Locator::Css(".segment-strip .number")).await
            && let Ok(text) = figure.text().await
            && before != Some(&*text)
        {
            return text;
        }
        assert!(begin.elapsed() < READY_WITHIN, "nobody is counted");
    }
}

/// The HTML of every email the inbox shows, with its address.
const LETTERS: &str = r#"
    const done = arguments[0];
    const links = [...document.querySelectorAll("main a[href^='/inbox/']")];
    const addresses = [...new Set(links.map((it) => `${it.pathname}/html`))];
    const read = async (it) => [it, await (await fetch(it)).text()];
    Promise.all(addresses.map(read)).then(done);
"#;

/// No email has to be scrolled sideways: on a phone, in a split screen or in a reading pane. They
/// are opened from files, because a letter that the console shows lets no script measure it.
async fn letters_fit(client: &Client, base: &str, widths: &[u32]) {
    let place = Place::new();
    client.goto(&format!("{base}/inbox")).await.expect("the page comes");
    let letters = client.execute_async(LETTERS, Vec::new()).await.expect("the letters");
    let letters = letters.as_array().expect("a list");
    assert!(letters.len() > 10, "{} letters", letters.len());
    for letter in letters {
        let file = place.path().join("letter.html");
        std::fs::write(&file, letter[1].as_str().expect("HTML")).expect("written");
        client.goto(&format!("file://{}", file.display())).await.expect("the letter");
        for width in widths {
            client.set_window_size(*width, 900).await.expect("another width");
            let sizes = "return [document.documentElement.scrollWidth, window.innerWidth]";
            let sizes = client.execute(sizes, Vec::new()).await.expect("the script runs");
            assert!(sizes[0].as_u64() <= sizes[1].as_u64(), "{}: {sizes}", letter[0]);
        }
    }
}

/// From the inbox to the letter, and out of the mail by its button. A letter read in the console is
/// inert, so the way out is taken from its headers.
async fn a_letter_is_read(client: &Client, base: &str) {
    client.goto(&format!("{base}/inbox")).await.expect("the page comes");
    let letter = client.find(Locator::Css("main a[href^='/inbox/']")).await.expect("a letter");
    let address = letter.attr("href").await.expect("readable").expect("an address");
    letter.click().await.expect("a link");
    client.find(Locator::Css("iframe[sandbox]")).await.expect("a sandboxed frame");
    let found = faults(client).await;
    assert!(found.is_empty(), "a letter: {}", found.join("; "));
    let address = address.split('?').next().expect("a path");
    client.goto(&format!("{base}{address}?view=headers")).await.expect("the page comes");
    let source = client.source().await.expect("the page");
    let begin = source.find("/u/").expect("the header List-Unsubscribe");
    let token = source[begin..].split(['<', '>', '&', '"', ' ']).next().expect("a token");
    client.goto(&format!("{base}{token}")).await.expect("the page comes");
    let found = faults(client).await;
    assert!(found.is_empty(), "the way out: {}", found.join("; "));
    let before = heading(client).await;
    let button = client.find(Locator::Css("main form button")).await.expect("a button");
    button.click().await.expect("pressed");
    let begin = Instant::now();
    // The answer replaces the page while it is looked at.
    while heading(client).await.is_none_or(|it| Some(it) == before) {
        assert!(begin.elapsed() < READY_WITHIN, "the page never says that it is done");
    }
}

/// The heading of the page shown; `None` while one page gives way to another.
async fn heading(client: &Client) -> Option<String> {
    client.find(Locator::Css("h1")).await.ok()?.text().await.ok()
}
