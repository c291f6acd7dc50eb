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
    #[error("the {role} email needs {}, and there is none", missing.missing())]
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
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
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
        let [subject, preheader] = [0, 1].map(|index: usize| words[index].clone());
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
