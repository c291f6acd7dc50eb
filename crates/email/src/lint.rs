//! Checks of a document in a brand's look, in the words an operator reads.
//!
//! Errors keep a document from being used; notes are for thought. What only one customer's data can
//! break is found at rendering instead.

use std::{collections::BTreeSet, fmt};

use aftercart_liquid::Template;
use serde_json::Value as Json;

use crate::{
    Block, Brand, CONTRAST_MIN, Document, EmailData, Need, SUBJECT_CHARS_MAX,
    brand::Colour,
    document::Words,
    program::{HTML_BYTES_MAX, compile},
    view::{View, prepared},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingLevel {
    /// Must be mended before the document is used.
    Error,
    Note,
}

/// Something to mend or to think about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub level: FindingLevel,
    /// Which block it is about, from 0; `None` for the email as a whole.
    pub block: Option<usize>,
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.level == FindingLevel::Error { "error" } else { "note" };
        write!(f, "{level}: {}", self.text)
    }
}

/// What is wrong with `document` in the look of `brand`; errors first.
pub fn lint(document: &Document, brand: &Brand) -> Vec<Finding> {
    let mut checks = Checks { document, found: Vec::new() };
    checks.inbox_line();
    checks.blocks();
    checks.words();
    checks.coupon();
    checks.brand(brand);
    checks.sample(brand);
    checks.found.sort_by_key(|it| it.level);
    checks.found
}

struct Checks<'a> {
    document: &'a Document,
    found: Vec<Finding>,
}

impl Checks<'_> {
    fn error(&mut self, block: Option<usize>, text: String) {
        self.found.push(Finding { level: FindingLevel::Error, block, text });
    }

    fn note(&mut self, block: Option<usize>, text: String) {
        self.found.push(Finding { level: FindingLevel::Note, block, text });
    }

    fn inbox_line(&mut self) {
        if self.document.subject.is_empty() {
            self.error(None, "there is no subject; write one".to_owned());
        }
        if self.document.preheader.is_empty() {
            self.note(None, "there is no preheader; add a fact the subject leaves out".to_owned());
        }
        let is_always = |words: &Words| words.0.iter().any(|it| it.when.is_empty());
        if !is_always(&self.document.subject) {
            let text = "every subject hangs on something; add one that always holds";
            self.error(None, text.to_owned());
        }
    }

    fn blocks(&mut self) {
        let blocks = &self.document.blocks;
        let footers = blocks.iter().filter(|it| matches!(it, Block::Footer(_))).count();
        match (footers, blocks.last()) {
            (0, _) => self.error(
                None,
                "there is no footer; add one, it holds the link to unsubscribe and the postal address"
                    .to_owned(),
            ),
            (1, Some(Block::Footer(footer))) if footer.show_if.is_empty() => {}
            (1, Some(Block::Footer(_))) => self.error(
                Some(blocks.len() - 1),
                "the footer hangs on something; it must always be shown".to_owned(),
            ),
            _ => self.error(None, "the footer must be one, at the end; move it".to_owned()),
        }
        let is_action = |it: &&Block| matches!(it, Block::Button(_) | Block::RatingRequest(_));
        match blocks.iter().filter(is_action).count() {
            0 => self.error(None, "there is no button; add the one thing to do".to_owned()),
            1 => {}
            actions => self.note(None, format!("{actions} buttons compete; keep one main action")),
        }
    }

    fn words(&mut self) {
        let known = known_paths();
        for (index, block) in self.document.blocks.iter().enumerate() {
            let needs_words = matches!(
                block,
                Block::Heading(_) | Block::Text(_) | Block::Button(_) | Block::Footer(_)
            );
            for (field, words) in block.words() {
                let place = format!("block {} ({}), `{field}`", index + 1, block.name());
                if words.is_empty() && needs_words {
                    self.error(
                        Some(index),
                        format!("{place} is empty; write it or remove the block"),
                    );
                }
                self.tags(Some(index), &place, words, &known);
            }
        }
        let document = self.document;
        self.tags(None, "subject", &document.subject, &known);
        self.tags(None, "preheader", &document.preheader, &known);
    }

    /// A code without its least order is a promise that the checkout breaks.
    fn coupon(&mut self) {
        let strings = self.document.strings();
        let says = |tag: &str| strings.iter().any(|(_, text)| text.contains(tag));
        let is_code = |it: &Block| matches!(it, Block::Coupon(_) | Block::CouponLine(_));
        let names_code = self.document.blocks.iter().any(is_code) || says("coupon.code");
        if names_code && !says("coupon.order_min") {
            let text = "the email names the coupon and not its least order; add `{{ coupon.order_min }}` where there is one";
            self.note(None, text.to_owned());
        }
    }

    fn tags(&mut self, block: Option<usize>, place: &str, words: &Words, known: &BTreeSet<String>) {
        for saying in &words.0 {
            let template = match Template::parse(&saying.say) {
                Ok(template) => template,
                Err(error) => {
                    self.error(block, format!("{place}: {error}"));
                    continue;
                }
            };
            for variable in template.variables() {
                if !known.contains(&general(&variable.path)) {
                    let path = variable.path;
                    let near = nearest(&path, known);
                    self.error(
                        block,
                        format!(
                            "{place}: the merge tag `{path}` is unknown; did you mean `{near}`"
                        ),
                    );
                }
            }
        }
    }

    fn brand(&mut self, brand: &Brand) {
        for (name, text, ground) in brand.pairs() {
            let contrast = Colour::contrast(text, ground);
            if contrast < CONTRAST_MIN {
                self.error(
                    None,
                    format!(
                        "brand: {name}: {text} on {ground} has contrast {contrast:.1}; choose a pair with {CONTRAST_MIN} or more"
                    ),
                );
            }
        }
        if brand.logo_text.trim().is_empty() {
            self.error(
                None,
                "brand: the logo has no text; write the shop's name, it is read where the picture is not shown"
                    .to_owned(),
            );
        }
    }

    /// What shows once the email is filled with the sample shop.
    fn sample(&mut self, brand: &Brand) {
        let Ok(program) = compile(self.document, brand) else { return };
        let data = EmailData::sample();
        let rendered = match program.preview(&data) {
            Ok(rendered) => rendered,
            Err(error) => return self.error(None, error.to_string()),
        };
        let bytes = rendered.html.len();
        if bytes > HTML_BYTES_MAX {
            self.error(
                None,
                format!(
                    "{bytes} bytes of HTML with the sample shop; inboxes cut at {HTML_BYTES_MAX}"
                ),
            );
        }
        let without_text =
            rendered.html.split("<img").skip(1).filter(|it| !tag(it).contains(" alt=\"")).count();
        if without_text > 0 {
            self.error(None, format!("{without_text} pictures have no alternative text; write it"));
        }
        if rendered.subject.ends_with('…') {
            let text = format!(
                "the subject is cut after {SUBJECT_CHARS_MAX} characters; add a shorter one below it"
            );
            self.note(None, text);
        }
        if !rendered.preheader.is_empty() && rendered.preheader == rendered.subject {
            self.note(None, "the preheader repeats the subject; add a fact instead".to_owned());
        }
        let data = prepared(&data);
        let view = View::new(&data);
        let never = |it: &&Need| !it.is_met(&view) && ALWAYS_POSSIBLE.contains(it);
        if let Some(need) = self.document.needs.iter().find(never) {
            self.error(None, format!("the sample shop lacks {}", need.missing()));
        }
    }
}

/// What the sample shop has, so that a need of it that fails is our mistake.
const ALWAYS_POSSIBLE: [Need; 4] = [Need::Product, Need::Coupon, Need::Reviews, Need::RatingLinks];

fn tag(rest: &str) -> &str {
    rest.split('>').next().unwrap_or(rest)
}

/// Every path of the data, items of arrays as `[]`.
pub(crate) fn known_paths() -> BTreeSet<String> {
    let data = prepared(&EmailData::sample());
    let view = serde_json::to_value(View::new(&data)).expect("the view is plain data");
    let mut paths = BTreeSet::new();
    collect("", &view, &mut paths);
    paths
}

fn collect(path: &str, value: &Json, paths: &mut BTreeSet<String>) {
    if !path.is_empty() {
        paths.insert(path.to_owned());
    }
    match value {
        Json::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                collect(&path, value, paths);
            }
        }
        Json::Array(items) => {
            for built_in in ["size", "first", "last"] {
                paths.insert(format!("{path}.{built_in}"));
            }
            for item in items {
                collect(&format!("{path}[]"), item, paths);
            }
        }
        _ => {}
    }
}

/// `products[0].name` and `products.first.name` as `products[].name`.
fn general(path: &str) -> String {
    let mut whole = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('[') {
        whole.push_str(&rest[..at]);
        whole.push_str("[]");
        rest = rest[at..].find(']').map_or("", |end| &rest[at + end + 1..]);
    }
    whole.push_str(rest);
    for end in ["first", "last"] {
        whole = whole.replace(&format!(".{end}."), "[].");
    }
    whole
}

/// The known path that differs least.
fn nearest<'a>(path: &str, known: &'a BTreeSet<String>) -> &'a str {
    let best = known.iter().min_by_key(|it| aftercart_model::distance(path, it));
    best.map_or("customer.given_name", String::as_str)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{HeadingBlock, Palette, shipped};

    fn offer() -> Document {
        Document::parse(shipped()[0].1).unwrap()
    }

    fn errors(document: &Document, brand: &Brand) -> String {
        let found = lint(document, brand);
        let errors = found.iter().filter(|it| it.level == FindingLevel::Error);
        errors.map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn shipped_documents_have_nothing_to_mend() {
        for (name, yaml) in shipped() {
            let found = lint(&Document::parse(yaml).unwrap(), &Brand::sample());
            assert_eq!(found, [], "{name}");
        }
    }

    #[test]
    fn an_unknown_merge_tag_is_named_with_its_block() {
        let mut document = offer();
        let text = "Hello {{ customer.givn_name }} {{ products[1].nam }}".into();
        document.blocks[2] = Block::Heading(HeadingBlock { text, ..Default::default() });
        assert_snapshot!(errors(&document, &Brand::sample()), @r#"
error: block 3 (heading), `text`: the merge tag `customer.givn_name` is unknown; did you mean `customer.given_name`
error: block 3 (heading), `text`: the merge tag `products[].nam` is unknown; did you mean `products[].name`
"#);
    }

    #[test]
    fn a_coupon_without_its_least_order_is_noted() {
        let nudge = shipped().iter().find(|it| it.0 == "nudge").unwrap().1;
        let notes = |yaml: &str| {
            let found = lint(&Document::parse(yaml).unwrap(), &Brand::sample());
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        assert_snapshot!(notes(&nudge.replace("coupon.order_min", "coupon.lives_for")), @"note: the email names the coupon and not its least order; add `{{ coupon.order_min }}` where there is one");
    }

    #[test]
    fn a_broken_tag_is_named_with_its_block() {
        let mut document = offer();
        let text = "Hello {{ customer.given_name".into();
        document.blocks[2] = Block::Heading(HeadingBlock { text, ..Default::default() });
        assert_snapshot!(errors(&document, &Brand::sample()), @"error: block 3 (heading), `text`: line 1, column 7: `{{` is never closed; close it with `}}`");
    }

    #[test]
    fn an_email_without_footer_or_button_is_refused() {
        let mut document = offer();
        document.blocks.retain(|it| !matches!(it, Block::Footer(_) | Block::Button(_)));
        assert_snapshot!(errors(&document, &Brand::sample()), @r#"
error: there is no footer; add one, it holds the link to unsubscribe and the postal address
error: there is no button; add the one thing to do
"#);
    }

    #[test]
    fn a_brand_that_cannot_be_read_is_refused() {
        let sample = Brand::sample();
        let pale = Palette { quiet: Colour::rgb(0xBBBBBB), ..sample.light.clone() };
        assert_snapshot!(errors(&offer(), &Brand { light: pale, ..sample }), @r#"
error: brand: quiet on the page: #BBBBBB on #FFFFFF has contrast 1.9; choose a pair with 4.5 or more
error: brand: quiet on the footer: #BBBBBB on #FBF5EA has contrast 1.8; choose a pair with 4.5 or more
error: brand: quiet on the coupon: #BBBBBB on #FFFFFF has contrast 1.9; choose a pair with 4.5 or more
"#);
    }

    #[test]
    fn all_that_the_html_prints_is_known() {
        let mut known = known_paths();
        known.extend(["show[]", "words[]"].map(str::to_owned));
        for (name, yaml) in shipped() {
            let program = compile(&Document::parse(yaml).unwrap(), &Brand::sample()).unwrap();
            for variable in program.html_variables() {
                let path = general(&variable.path);
                assert!(known.contains(&path), "{name}: {path}");
            }
        }
    }
}
