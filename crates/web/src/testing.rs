//! What the tests of pages look at: the structure of the HTML, and the text a reader sees.
//!
//! The reader of HTML here understands what `maud` writes and nothing wilder: attributes in double
//! quotes, every `<` of a text escaped. That is itself worth asserting: text that could open a tag
//! would show up as one.

/// A piece of a page in the order of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Open { tag: String, attributes: Vec<(String, String)> },
    Close { tag: String },
    Text(String),
}

impl Piece {
    fn attribute(&self, name: &str) -> Option<&str> {
        match self {
            Self::Open { attributes, .. } => {
                attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
            }
            _ => None,
        }
    }

    fn opens(&self, name: &str) -> bool {
        matches!(self, Self::Open { tag, .. } if tag == name)
    }
}

/// Elements that never have a closing tag.
const VOID: [&str; 6] = ["br", "hr", "img", "input", "link", "meta"];

pub fn pieces(html: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        if start > 0 {
            pieces.push(Piece::Text(unescape(&rest[..start])));
        }
        let end = tag_end(&rest[start..]).expect("every tag is closed") + start;
        let inside = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(tag) = inside.strip_prefix('/') {
            pieces.push(Piece::Close { tag: tag.to_owned() });
        } else if !inside.starts_with('!') {
            pieces.push(open(inside));
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(unescape(rest)));
    }
    pieces
}

/// Where the tag at the start of `html` ends; a `>` in an attribute does not end it.
fn tag_end(html: &str) -> Option<usize> {
    let mut is_quoted = false;
    html.char_indices().find_map(|(at, c)| {
        if c == '"' {
            is_quoted = !is_quoted;
        }
        (c == '>' && !is_quoted).then_some(at)
    })
}

fn open(inside: &str) -> Piece {
    let (tag, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
    let mut attributes = Vec::new();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let name_end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let name = rest[..name_end].to_owned();
        rest = &rest[name_end..];
        let value = match rest.strip_prefix("=\"") {
            Some(quoted) => {
                let end = quoted.find('"').expect("every value is closed");
                rest = &quoted[end + 1..];
                unescape(&quoted[..end])
            }
            None => String::new(),
        };
        attributes.push((name, value));
    }
    Piece::Open { tag: tag.to_owned(), attributes }
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// Asserts what every page promises, whatever stands on it.
pub fn check(html: &str) {
    let pieces = pieces(html);
    check_balance(&pieces);
    check_headings(&pieces);
    for (at, piece) in pieces.iter().enumerate() {
        let Piece::Open { tag, attributes } = piece else { continue };
        for (name, value) in attributes {
            assert!(name != "style", "an inline style on `{tag}`");
            assert!(!name.starts_with("on"), "an event attribute `{name}` on `{tag}`");
            let is_address = matches!(name.as_str(), "href" | "src" | "action");
            let is_code = value.trim().to_lowercase().starts_with("javascript:");
            assert!(!(is_address && is_code), "`{tag}` leads to code");
        }
        let names: Vec<&String> = attributes.iter().map(|(name, _)| name).collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "`{name}` twice on `{tag}`");
        }
        match tag.as_str() {
            "img" => assert!(piece.attribute("alt").is_some(), "a picture without text"),
            "script" => assert!(piece.attribute("src").is_some(), "an inline script"),
            "style" => panic!("an inline style sheet"),
            "iframe" => {
                assert!(piece.attribute("sandbox").is_some(), "a frame that may do anything");
                assert!(piece.attribute("title").is_some(), "a frame without a name");
            }
            "svg" => assert!(
                piece.attribute("aria-hidden").is_some() || piece.attribute("aria-label").is_some(),
                "a drawing that is neither decoration nor described"
            ),
            "nav" => assert!(piece.attribute("aria-label").is_some(), "a nav without a name"),
            "button" | "a" | "summary" => {
                assert!(is_named(&pieces, at), "a `{tag}` without a name: {piece:?}");
            }
            "input" | "select" | "textarea" => {
                let is_hidden = piece.attribute("type") == Some("hidden");
                assert!(is_hidden || is_labelled(&pieces, at), "no label: {piece:?}");
            }
            _ => {}
        }
    }
    check_ids(&pieces);
}

fn check_balance(pieces: &[Piece]) {
    let mut open: Vec<&str> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Open { tag, .. } if !VOID.contains(&tag.as_str()) => open.push(tag),
            Piece::Close { tag } => assert_eq!(open.pop(), Some(tag.as_str()), "a stray end"),
            _ => {}
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

fn check_headings(pieces: &[Piece]) {
    let count = |tag: &str| pieces.iter().filter(|it| it.opens(tag)).count();
    assert_eq!(count("h1"), 1, "one h1");
    assert_eq!(count("main"), 1, "one main");
    assert_eq!(count("title"), 1, "one title");
    let mut last = 0;
    for piece in pieces {
        let Piece::Open { tag, .. } = piece else { continue };
        let Some(level) = tag.strip_prefix('h').and_then(|it| it.parse::<usize>().ok()) else {
            continue;
        };
        assert!(level <= last + 1, "h{level} after h{last}");
        last = level;
    }
}

/// Whether the element opened at `at` has words, or a label in their place.
fn is_named(pieces: &[Piece], at: usize) -> bool {
    if pieces[at].attribute("aria-label").is_some_and(|it| !it.is_empty()) {
        return true;
    }
    let Piece::Open { tag, .. } = &pieces[at] else { return false };
    let end = Piece::Close { tag: tag.clone() };
    let inside = pieces[at + 1..].iter().take_while(|it| **it != end);
    inside.into_iter().any(|it| matches!(it, Piece::Text(text) if !text.trim().is_empty()))
}

fn is_labelled(pieces: &[Piece], at: usize) -> bool {
    if pieces[at].attribute("aria-label").is_some() {
        return true;
    }
    if let Some(id) = pieces[at].attribute("id")
        && pieces.iter().any(|it| it.opens("label") && it.attribute("for") == Some(id))
    {
        return true;
    }
    // Inside a label.
    let before = &pieces[..at];
    let opened = before.iter().filter(|it| it.opens("label")).count();
    let closed =
        before.iter().filter(|it| matches!(it, Piece::Close { tag } if tag == "label")).count();
    opened > closed
}

fn check_ids(pieces: &[Piece]) {
    let ids: Vec<&str> = pieces.iter().filter_map(|it| it.attribute("id")).collect();
    for (index, id) in ids.iter().enumerate() {
        assert!(!ids[..index].contains(id), "the id `{id}` twice");
    }
    for piece in pieces {
        if let Some(id) = piece.attribute("aria-describedby") {
            assert!(ids.contains(&id), "described by `{id}`, which is not there");
        }
    }
}

/// What a reader sees of the main part, a line to a block, so that it can be reviewed as prose.
pub fn visible_text(html: &str) -> String {
    const INLINE: [&str; 12] =
        ["a", "b", "span", "kbd", "time", "label", "button", "code", "s", "svg", "use", "option"];
    let pieces = pieces(html);
    let start = pieces.iter().position(|it| it.opens("main")).unwrap_or(0);
    let mut lines = vec![String::new()];
    let mut skipped = 0;
    for piece in &pieces[start..] {
        match piece {
            Piece::Open { tag, .. } | Piece::Close { tag } if tag == "main" => {
                if matches!(piece, Piece::Close { .. }) {
                    break;
                }
            }
            Piece::Open { tag, .. } if tag == "title" => skipped += 1,
            Piece::Close { tag } if tag == "title" => skipped -= 1,
            Piece::Text(text) if skipped == 0 => {
                lines.last_mut().expect("begins with one").push_str(text);
            }
            Piece::Open { tag, .. } | Piece::Close { tag } => {
                if tag == "svg"
                    && let Some(label) = piece.attribute("aria-label")
                {
                    lines.push(format!("[{label}]"));
                }
                if !INLINE.contains(&tag.as_str()) {
                    lines.push(String::new());
                }
            }
            Piece::Text(_) => {}
        }
    }
    let words = |line: &String| line.split_whitespace().collect::<Vec<_>>().join(" ");
    lines.iter().map(words).filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_checks_see_what_they_are_for() {
    let page = |body: &str| format!("<title>t</title><main><h1>x</h1>{body}</main>");
    let refuses = |body: &str| {
        let html = page(body);
        std::panic::catch_unwind(move || check(&html)).is_err()
    };
    check(&page("<p>fine</p>"));
    assert!(refuses("<h1>y</h1>"), "two h1");
    assert!(refuses("<p style=\"color:red\">x</p>"), "an inline style");
    assert!(refuses("<p onclick=\"x()\">x</p>"), "an event attribute");
    assert!(refuses("<script>x()</script>"), "an inline script");
    assert!(refuses("<img src=\"/x\">"), "a picture without text");
    assert!(refuses("<input name=\"q\">"), "a field without a label");
    assert!(refuses("<button></button>"), "a button without a name");
    assert!(refuses("<a href=\"javascript:x()\">x</a>"), "a link to code");
    assert!(refuses("<h3>x</h3>"), "a level left out");
    assert!(refuses("<iframe src=\"/x\" title=\"x\"></iframe>"), "a frame without a sandbox");
}
