//! A compiled document: its words and its HTML as templates, ready for any number of customers.

use aftercart_liquid::{Escape, Limits, Object, ParseError, RenderOptions, Template, Value};

use crate::{
    Block, Brand, Document, EmailData, Need, Role, Words,
    document::{Link, SUBJECT_CHARS_MAX},
    mjml, text,
    view::{View, prepared},
    wording,
};

/// Inbox providers cut an email somewhat above this, and with it the footer.
pub const HTML_BYTES_MAX: usize = 100_000;
/// What the inbox shows of a preheader at most.
const PREHEADER_CHARS_MAX: usize = 120;
/// Generous for the words of one block; a loop over products fits, a runaway one does not.
const WORDS_BYTES_MAX: usize = 16_384;

/// A document compiled with a brand.
#[derive(Clone, Debug)]
pub struct Program {
    role: Role,
    needs: Vec<Need>,
    blocks: Vec<Block>,
    /// Subject, preheader, then the words of every block in order.
    words: Vec<Spoken>,
    html: Template,
    mjml: String,
}

/// Words as templates.
#[derive(Clone, Debug)]
struct Spoken {
    /// Whose they are, for errors.
    place: String,
    /// The block they stand in; `None` for the inbox line.
    block: Option<usize>,
    sayings: Vec<(Vec<Need>, Template)>,
    chars_max: usize,
}

/// One customer's email.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub preheader: String,
    pub html: String,
    pub text: String,
}

#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error("{place}: {error}")]
    Words { place: String, error: ParseError },
    /// Our own MJML was refused: a mistake of this crate or of a brand it let through.
    #[error("the layout cannot be drawn: {0}")]
    Layout(String),
}

/// Why there is no email for this customer. None of these is a reason to send another one.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the {role} email needs {}, and there is none; {}", missing.missing(), missing.remedy())]
    Missing { role: &'static str, missing: Need },
    #[error("the {0} email has no link to unsubscribe; it may not leave without one")]
    NoUnsubscribe(&'static str),
    #[error("the shop has no postal address; enter it in the settings, no email may leave without")]
    NoPostalAddress,
    #[error(
        "the {role} email has {bytes} bytes of HTML; inboxes cut at {HTML_BYTES_MAX}, remove blocks or shorten texts"
    )]
    TooLong { role: &'static str, bytes: usize },
    #[error("the {role} email, {place}: {error}")]
    Words { role: &'static str, place: String, error: aftercart_liquid::RenderError },
    #[error("the {role} email cannot be drawn: {problem}")]
    Layout { role: &'static str, problem: String },
}

/// Compiles a document in a brand's look.
pub fn compile(document: &Document, brand: &Brand) -> Result<Program, CompileError> {
    let drawn = mjml::write(document, brand);
    let layout = |error: String| CompileError::Layout(error);
    let parsed = mrml::parse(&drawn.text).map_err(|error| layout(error.to_string()))?;
    let options =
        mrml::prelude::render::RenderOptions { fonts: Default::default(), ..Default::default() };
    let html = parsed.element.render(&options).map_err(|error| layout(error.to_string()))?;
    let html =
        Template::parse(&drawn.tokens.restore(&html)).map_err(|error| layout(error.to_string()))?;
    Ok(Program {
        role: document.role,
        needs: document.needs.clone(),
        blocks: document.blocks.clone(),
        words: spoken(document)?,
        html,
        mjml: drawn.tokens.restore(&drawn.text),
    })
}

fn spoken(document: &Document) -> Result<Vec<Spoken>, CompileError> {
    let mut all = vec![
        Spoken::new("subject".to_owned(), None, &document.subject, SUBJECT_CHARS_MAX)?,
        Spoken::new("preheader".to_owned(), None, &document.preheader, PREHEADER_CHARS_MAX)?,
    ];
    for (index, block) in document.blocks.iter().enumerate() {
        for (field, words) in block.words() {
            let place = format!("block {} ({}), `{field}`", index + 1, block.name());
            all.push(Spoken::new(place, Some(index), words, block.chars_max())?);
        }
    }
    Ok(all)
}

impl Spoken {
    fn new(
        place: String,
        block: Option<usize>,
        words: &Words,
        chars_max: usize,
    ) -> Result<Self, CompileError> {
        let parse = |saying: &crate::Saying| match Template::parse(&saying.say) {
            Ok(template) => Ok((saying.when.clone(), template)),
            Err(error) => Err(CompileError::Words { place: place.clone(), error }),
        };
        let sayings = words.0.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { place, block, sayings, chars_max })
    }

    /// The first saying that holds and fits, else the last that holds, cut.
    fn choose(
        &self,
        view: &View<'_>,
        values: &Value,
    ) -> Result<String, aftercart_liquid::RenderError> {
        let mut last = String::new();
        for (when, template) in &self.sayings {
            if !when.iter().all(|need| need.is_met(view)) {
                continue;
            }
            let said = template.render(values, &options(Escape::None, WORDS_BYTES_MAX))?;
            // Line breaks come from how a file is laid out, never from what is meant.
            let said = said.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            if said.is_empty() {
                continue;
            }
            if said.chars().count() <= self.chars_max {
                return Ok(said);
            }
            last = said;
        }
        Ok(wording::excerpt(&last, self.chars_max).0)
    }
}

fn options(escape: Escape, output_bytes: usize) -> RenderOptions {
    RenderOptions { escape, limits: Limits { output_bytes, ..Limits::default() } }
}

impl Program {
    pub fn role(&self) -> Role {
        self.role
    }

    /// The first thing without which this email has nothing to say.
    pub fn missing(&self, data: &EmailData) -> Option<Need> {
        let data = prepared(data);
        self.missing_in(&View::new(&data))
    }

    fn missing_in(&self, view: &View<'_>) -> Option<Need> {
        self.needs.iter().copied().find(|need| !need.is_met(view))
    }

    /// The email for one customer, complete and fit to leave; or the reason it may not.
    pub fn render(&self, data: &EmailData) -> Result<Rendered, RenderError> {
        let role = self.role.name();
        if !crate::data::is_web_address(&data.links.unsubscribe) {
            return Err(RenderError::NoUnsubscribe(role));
        }
        if crate::data::cleaned(&data.shop.postal_address).is_empty() {
            return Err(RenderError::NoPostalAddress);
        }
        let data = prepared(data);
        if let Some(missing) = self.missing_in(&View::new(&data)) {
            return Err(RenderError::Missing { role, missing });
        }
        let rendered = self.draw(&data)?;
        match rendered.html.len() {
            0..=HTML_BYTES_MAX => Ok(rendered),
            bytes => Err(RenderError::TooLong { role, bytes }),
        }
    }

    /// The email as it would look now, for editors: also where something is missing that
    /// [`Program::render`] insists on. Never send it.
    pub fn preview(&self, data: &EmailData) -> Result<Rendered, RenderError> {
        self.draw(&prepared(data))
    }

    /// The MJML the HTML was made from, with its tags.
    pub fn mjml(&self) -> &str {
        &self.mjml
    }

    fn draw(&self, data: &EmailData) -> Result<Rendered, RenderError> {
        let role = self.role.name();
        let layout = |problem: String| RenderError::Layout { role, problem };
        let view = View::new(data);
        let values = Value::from_serialize(&view).map_err(|error| layout(error.to_string()))?;
        let (show, words) = self.choose(&view, &values)?;
        let values = with_choices(values, &show, &words);
        // One byte more than is allowed, so that the limit speaks in our words and not in its own.
        let room = options(Escape::Html, 4 * HTML_BYTES_MAX);
        let html = self.html.render(&values, &room).map_err(|error| layout(error.to_string()))?;
        let text = text::write(&self.blocks, &show, &words[2..], &view);
        let [subject, preheader] = [0, 1].map(|it: usize| words[it].replace('\u{a0}', " "));
        Ok(Rendered { subject, preheader, html, text })
    }

    /// Which blocks are shown, and all words; those of hidden blocks are empty.
    fn choose(
        &self,
        view: &View<'_>,
        values: &Value,
    ) -> Result<(Vec<bool>, Vec<String>), RenderError> {
        let mut show: Vec<bool> = self.blocks.iter().map(|it| is_shown(it, view)).collect();
        let mut words = Vec::with_capacity(self.words.len());
        for spoken in &self.words {
            if spoken.block.is_some_and(|index| !show[index]) {
                words.push(String::new());
                continue;
            }
            let said = spoken.choose(view, values).map_err(|error| RenderError::Words {
                role: self.role.name(),
                place: spoken.place.clone(),
                error,
            })?;
            if let Some(index) = spoken.block {
                show[index] &= !(said.is_empty() && is_only_words(&self.blocks[index]));
            }
            words.push(said);
        }
        Ok((show, words))
    }

    #[cfg(test)]
    pub(crate) fn html_variables(&self) -> Vec<aftercart_liquid::Variable> {
        self.html.variables()
    }
}

fn is_shown(block: &Block, view: &View<'_>) -> bool {
    let holds = |needs: &[Need]| needs.iter().all(|need| need.is_met(view));
    let leads_somewhere = match block {
        Block::Button(it) => crate::data::is_web_address(target(it.link, view)),
        _ => true,
    };
    holds(block.needs()) && holds(block.show_if()) && leads_somewhere
}

pub(crate) fn target<'a>(link: Link, view: &View<'a>) -> &'a str {
    match link {
        Link::Main => view.main.map_or("", |it| &it.url),
        Link::Proof => view.proof.as_ref().map_or("", |it| &it.product.url),
        Link::Shop => &view.links.shop,
    }
}

/// Nothing is left of these without their words.
fn is_only_words(block: &Block) -> bool {
    matches!(block, Block::Heading(_) | Block::Text(_) | Block::Button(_) | Block::Terms(_))
}

fn with_choices(values: Value, show: &[bool], words: &[String]) -> Value {
    let Value::Object(data) = values else { return values };
    let show = Value::array(show.iter().map(|&it| Value::Bool(it)));
    let words = Value::array(words.iter().map(|it| Value::Str(it.as_str().into())));
    let chosen = [("show".into(), show), ("words".into(), words)];
    let data = data.iter().map(|(key, value)| (key.clone(), value.clone()));
    Value::Object(Object::new(data.chain(chosen)).into())
}

impl Role {
    /// As it is written in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Discount => "discount",
            Self::SocialProof => "social-proof",
            Self::Nudge => "nudge",
            Self::Feedback => "feedback",
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::{ReviewView, TextBlock, document::shipped};

    fn program(name: &str) -> Program {
        let (_, yaml) = shipped().iter().find(|(it, _)| *it == name).expect("a shipped document");
        compile(&Document::parse(yaml).unwrap(), &Brand::sample()).unwrap()
    }

    fn inbox_and_text(name: &str, data: &EmailData) -> String {
        match program(name).render(data) {
            Ok(it) => format!("{}\n{}\n\n{}", it.subject, it.preheader, it.text),
            Err(error) => error.to_string(),
        }
    }

    /// An email as it is read: a line for each text, picture and link.
    fn outline(html: &str) -> String {
        let body = &html[html.find("<body").expect("a body")..];
        let mut lines: Vec<String> = Vec::new();
        for piece in without_comments(body).split('<').skip(1) {
            let (tag, text) = piece.split_once('>').expect("a tag that closes");
            let attribute = |name: &str| {
                let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
                rest.split_once('"').map(|(value, _)| value.to_owned())
            };
            if tag.starts_with("img ") {
                lines.push(format!("[{}]", attribute("alt").expect("alternative text")));
            }
            if let Some(url) = tag.starts_with("a ").then(|| attribute("href")).flatten() {
                lines.push(format!("-> {url}"));
            }
            let text = text.replace("&#847;&zwnj;&nbsp;", "").replace("&nbsp;", " ");
            if !text.trim().is_empty() {
                lines.push(text.trim().to_owned());
            }
        }
        lines.join("\n")
    }

    fn without_comments(html: &str) -> String {
        let parts = html.split("<!--").map(|it| it.split_once("-->").map_or(it, |(_, rest)| rest));
        parts.collect()
    }

    /// The tags of a page in order, without what they hold.
    fn tags(html: &str) -> Vec<String> {
        let name = |it: &str| it.split([' ', '>']).next().unwrap_or_default().to_owned();
        html.split('<').skip(1).map(name).collect()
    }

    /// The tag that closes another than the one that is open, if any.
    fn misplaced(html: &str) -> Option<String> {
        let mut open: Vec<String> = Vec::new();
        for tag in tags(html) {
            let is_void =
                ["!doctype", "!DOCTYPE", "meta", "img", "br", "/br"].contains(&tag.as_str());
            match tag.strip_prefix('/') {
                _ if is_void || tag.starts_with('!') => {}
                Some(name) if open.last().map(String::as_str) == Some(name) => {
                    open.pop();
                }
                Some(name) => return Some(format!("</{name}> within {:?}", open.last())),
                None => open.push(tag),
            }
        }
        open.pop()
    }

    #[test]
    fn the_sample_shop_gets_the_five_emails() {
        let sample = EmailData::sample();
        assert_snapshot!("offer_text", inbox_and_text("offer", &sample));
        assert_snapshot!("discount_text", inbox_and_text("discount", &sample));
        assert_snapshot!("social_proof_text", inbox_and_text("social-proof", &sample));
        assert_snapshot!("nudge_text", inbox_and_text("nudge", &sample));
        assert_snapshot!("feedback_text", inbox_and_text("feedback", &sample));
    }

    #[test]
    fn the_html_says_the_same() {
        for (name, _) in shipped() {
            let html = program(name).render(&EmailData::sample()).unwrap().html;
            assert_snapshot!(format!("{}_html", name.replace('-', "_")), outline(&html));
        }
    }

    #[test]
    fn a_shop_with_names_and_prices_only_reads_well_too() {
        let bare = EmailData::sample_bare();
        let all = shipped().iter().map(|(name, _)| inbox_and_text(name, &bare));
        assert_snapshot!("bare_text", all.collect::<Vec<_>>().join("\n==========\n\n"));
    }

    #[test]
    fn the_nudge_speaks_without_a_coupon_too() {
        let sample = EmailData { coupon: None, ..EmailData::sample() };
        assert_snapshot!("nudge_without_coupon_text", inbox_and_text("nudge", &sample));
    }

    #[test]
    fn social_proof_falls_back_to_what_is_known() {
        let sample = EmailData::sample();
        let review = ReviewView { product: 1, ..sample.reviews[2].clone() };
        let other = EmailData { reviews: vec![review], story: None, ..sample.clone() };
        let none = EmailData { reviews: Vec::new(), story: None, ..sample };
        assert_snapshot!("proof_of_another_product_text", inbox_and_text("social-proof", &other));
        assert_snapshot!("proof_without_reviews_text", inbox_and_text("social-proof", &none));
    }

    #[test]
    fn every_tag_closes_whatever_is_shown() {
        let sample = EmailData::sample();
        let lone = EmailData { products: sample.products[..1].to_vec(), ..sample.clone() };
        let two = EmailData { products: sample.products[..2].to_vec(), ..sample.clone() };
        let quiet = EmailData { reviews: Vec::new(), story: None, ..sample.clone() };
        let one = EmailData { reviews: sample.reviews[..2].to_vec(), ..sample.clone() };
        for (name, _) in shipped() {
            for data in [&sample, &lone, &two, &quiet, &one, &EmailData::sample_bare()] {
                let html = program(name).preview(data).unwrap().html;
                assert_eq!(misplaced(&without_comments(&html)), None, "{name}");
                // As Outlook reads it, which takes the conditional comments for content.
                let outlook = html
                    .replace("<!--[if mso | IE]>", "")
                    .replace("<!--[if mso]>", "")
                    .replace("<![endif]-->", "");
                let body = &outlook[outlook.find("<body").unwrap()..];
                assert_eq!(misplaced(body.trim_end_matches("</html>")), None, "{name} in Outlook");
            }
        }
    }

    #[test]
    fn an_email_keeps_to_its_size() {
        for (name, _) in shipped() {
            let bytes = program(name).render(&EmailData::sample()).unwrap().html.len();
            assert!((15_000..45_000).contains(&bytes), "{name}: {bytes}");
        }
    }

    #[test]
    fn what_may_not_leave_says_why() {
        let refused =
            |name: &str, data: EmailData| program(name).render(&data).unwrap_err().to_string();
        let sample = EmailData::sample();
        assert_snapshot!(refused("discount", EmailData { coupon: None, ..sample.clone() }), @"the discount email needs a coupon that still works, and there is none; launch the flow again, which gives an empty pool new codes, or let its coupon live for more days");
        assert_snapshot!(refused("offer", EmailData { products: vec![], ..sample.clone() }), @"the offer email needs a product to recommend, and there is none; import products that are in stock, that have a price and a link, and that the customer has not bought");
        let mut stuck = sample.clone();
        stuck.links.unsubscribe = "javascript:alert()".to_owned();
        assert_snapshot!(refused("nudge", stuck), @"the nudge email has no link to unsubscribe; it may not leave without one");
        let mut nowhere = sample.clone();
        nowhere.shop.postal_address = " ".to_owned();
        assert_snapshot!(refused("nudge", nowhere), @"the shop has no postal address; enter it in the settings, no email may leave without");
        let mut endless = sample;
        endless.products[0].description = "word ".repeat(25_000);
        endless.products[0].benefits.clear();
        let error = program("offer").render(&endless).unwrap_err();
        assert!(matches!(error, RenderError::TooLong { bytes, .. } if bytes > HTML_BYTES_MAX));
        let error = RenderError::TooLong { role: "offer", bytes: 164_272 };
        assert_snapshot!(error, @"the offer email has 164272 bytes of HTML; inboxes cut at 100000, remove blocks or shorten texts");
    }

    #[test]
    fn the_first_words_that_fit_are_used() {
        let mut data = EmailData::sample();
        let subject = |data: &EmailData| program("offer").render(data).unwrap().subject;
        assert_eq!(subject(&data), "To go with your ceramic dripper, Ana");
        data.customer.given_name = "Maximiliana-Josefine".to_owned();
        assert_eq!(subject(&data), "To go with your ceramic dripper");
        data.order.name_in_sentence = "hand-thrown stoneware dripper with a lid".to_owned();
        assert_eq!(subject(&data), "To go with what you bought");
        data.customer.given_name.clear();
        assert_eq!(subject(&data), "To go with what you bought");
    }

    /// `text` on one line, as it is read.
    fn flowing(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_email_that_names_the_code_says_its_terms_and_one_end() {
        let mut naming = 0;
        for (name, _) in shipped() {
            let rendered = program(name).render(&EmailData::sample()).unwrap();
            let html = outline(&rendered.html);
            for part in [&rendered.text, &html].map(|it| flowing(it)) {
                if part.contains("NEXT-7F3K") {
                    naming += 1;
                    assert!(part.contains("€25 or more"), "{name}: {part}");
                    assert!(part.contains("until midnight on Monday 23 March"), "{name}: {part}");
                }
                assert!(!part.contains("23:59"), "{name}");
            }
        }
        assert_eq!(naming, 6, "three emails, each as HTML and as text");
        let mut free = EmailData::sample();
        free.coupon.as_mut().unwrap().order_min.clear();
        for (name, _) in shipped() {
            let text = flowing(&program(name).render(&free).unwrap().text);
            assert!(!text.contains("or more") && !text.contains(" ,"), "{name}: {text}");
        }
    }

    #[test]
    fn things_that_come_in_many_read_as_many() {
        use aftercart_model::{Currency, Product, ProductId, Rating};

        let product = |name: &str, kind: &str, minor: i64| Product {
            kind: kind.to_owned(),
            ..Product::bare(ProductId(0), "1", name, minor)
        };
        let mut data = EmailData::sample();
        let view = |name: &str, kind: &str| crate::ProductView {
            url: "https://shop.example/1".to_owned(),
            relation: crate::Relation::GoesWith,
            rating: crate::RatingView::new(&Rating { counts: [0, 0, 0, 1, 2] }),
            ..crate::ProductView::new(&product(name, kind, 3_000), Currency::EUR)
        };
        let cups = product("Espresso cups, hand-thrown, 2", "cups", 3_800);
        let at = jiff::Timestamp::constant(1_773_057_600, 0); // 2026-03-09T12:00:00Z
        data.order = crate::OrderView::new(&cups, at, &jiff::tz::TimeZone::UTC);
        data.products = vec![view("Filters, 200, unbleached", "filters")];
        data.pair = Default::default();
        data.reviews.clear();
        let inbox = |name: &str| {
            let it = program(name).render(&data).unwrap();
            format!("{} | {}", it.subject, it.preheader)
        };
        let lines: Vec<String> = shipped().iter().map(|(name, _)| inbox(name)).collect();
        assert_snapshot!(lines.join("\n"), @"
        To go with your espresso cups, Ana | Filters, 200, unbleached (€30.00)
        10% off what goes with your espresso cups | Your own code works until midnight on Monday 23 March, on an order of €25 or more
        A closer look at the filters | 4.7 of 5 stars from 3 buyers
        Ana, your 10% ends tonight | Filters, 200, unbleached (€30.00)
        How do you like the espresso cups, Ana? | One tap is an answer; a few words help the next person to choose
        ");
        let texts: Vec<String> = shipped()
            .iter()
            .map(|(name, _)| flowing(&program(name).render(&data).unwrap().text))
            .collect();
        for text in texts {
            for slip in ["cups is", "filters is", "filters it", "cups, 2", "filters, 200"] {
                assert!(!text.contains(slip), "{slip}: {text}");
            }
        }
    }

    #[test]
    fn operators_words_are_escaped_like_any_other() {
        let yaml = shipped()[0].1;
        let mut document = Document::parse(yaml).unwrap();
        let text = "Salt & <b>pepper</b> for {{ customer.given_name | raw }}".into();
        document.blocks[3] = Block::Text(TextBlock { text, ..Default::default() });
        let mut data = EmailData::sample();
        data.customer.given_name = "<i>Ana</i>".to_owned();
        let rendered = compile(&document, &Brand::sample()).unwrap().render(&data).unwrap();
        let escaped = "Salt &amp; &lt;b&gt;pepper&lt;/b&gt; for &lt;i&gt;Ana&lt;/i&gt;";
        assert!(rendered.html.contains(escaped));
        assert!(rendered.text.contains("Salt & <b>pepper</b> for <i>Ana</i>"));
    }

    /// The sample with `text` in every field a customer or a catalogue fills.
    fn filled_with(text: &str) -> EmailData {
        let mut data = EmailData::sample();
        let text = || text.to_owned();
        data.customer.given_name = text();
        data.order.name = text();
        data.order.name_in_sentence = text();
        data.order.noun = text();
        data.order.picture_text = text();
        for product in &mut data.products {
            product.name = text();
            product.short_name = text();
            product.size = text();
            product.name_in_sentence = text();
            product.noun = text();
            product.picture_text = text();
            product.summary = text();
            product.reason = text();
            product.description = text();
            product.benefits = vec![text(), text(), text()];
        }
        data.pair.heading = text();
        data.pair.lead = text();
        data.pair.fact = text();
        data.pair.scene_text = text();
        data.pair.picture_text = text();
        for step in &mut data.steps {
            step.picture_text = text();
            step.verb = text();
            step.what = text();
        }
        for review in &mut data.reviews {
            review.text = text();
            review.author = text();
            review.bought = text();
        }
        let story = data.story.as_mut().expect("the sample has a story");
        story.heading = text();
        story.quote = text();
        story.picture_text = text();
        data.coupon.as_mut().expect("the sample has a coupon").code = text();
        data.shop.name = text();
        data.shop.postal_address = text();
        data
    }

    const HOSTILE: [&str; 12] = [
        "<script>alert(1)</script>",
        "\" onload=\"alert(1)",
        "' onclick='x",
        "</td></tr></table>",
        "<!--[if mso]><x><![endif]-->",
        "-->",
        "{{ coupon.code }}",
        "{% for i in (1..9999999) %}x{% endfor %}",
        "{% raw %}",
        "ZQ0001QZ ZQ0000QZ",
        "&lt;b&gt; &amp;",
        "a\r\nBcc: x@y.example",
    ];

    #[test]
    fn data_is_never_read_as_a_template() {
        for (name, _) in shipped() {
            let rendered = program(name).render(&filled_with("{{ shop.name | upcase }}")).unwrap();
            assert!(
                rendered.html.contains("{{ shop.name | upcase }}"),
                "{name} prints it as it is"
            );
            assert!(
                rendered.text.contains("{{ shop.name | upcase }}"),
                "{name} prints it as it is"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever the texts are, the email has the same tags as with a harmless one.
        #[test]
        fn no_text_reaches_html_unescaped(
            hostile in proptest::sample::select(&HOSTILE[..]), noise in "\\PC{0,12}",
            which in 0_usize..5,
        ) {
            let program = program(shipped()[which].0);
            let quiet = program.render(&filled_with("x")).unwrap();
            let loud = program.render(&filled_with(&format!("x{hostile}{noise}"))).unwrap();
            prop_assert_eq!(tags(&loud.html), tags(&quiet.html));
            for line in [&loud.subject, &loud.preheader] {
                prop_assert!(!line.contains(['\r', '\n']));
            }
        }

        #[test]
        fn a_subject_is_never_longer_than_a_phone_shows(
            text in "[\\PC ]{1,80}", which in 0_usize..5,
        ) {
            let rendered = program(shipped()[which].0).preview(&filled_with(&text)).unwrap();
            prop_assert!(rendered.subject.chars().count() <= SUBJECT_CHARS_MAX);
            prop_assert!(!rendered.subject.is_empty());
        }
    }
}
