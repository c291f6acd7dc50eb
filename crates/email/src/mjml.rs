//! Blocks to MJML: the layout of every block, with the places for words and data as tokens.
//!
//! MJML gets sections, columns, texts and buttons, in the form the engine renders like the
//! reference: `0px`, never `0`; every font named; padding inside the components of a group. Small
//! tables, loops and pictures are our own HTML, held as tokens, so they reach the email as written.
//! They print only values that were chosen before; all tags here are ours, none is an operator's.

use crate::{
    Brand,
    brand::{Band, Colour},
    document::{
        Align, Block, ButtonWidth, Document, HeadingBlock, HeadingLevel, Link, PictureOf,
        PriceKind, ProductLayout, ProductLine, ProductsBlock, ProductsShown, TextSize,
    },
    style::{WIDTH, style_sheet},
    token::Tokens,
};

const SIDE: u32 = 44;
/// Blank characters after the preheader, or the inbox would go on with the first words of the email.
const PREHEADER_FILL: usize = 40;

/// A document's MJML with its tokens, and what they stand for.
pub(crate) struct Mjml {
    pub text: String,
    pub tokens: Tokens,
}

pub(crate) fn write(document: &Document, brand: &Brand) -> Mjml {
    let mut writer = Writer { brand, tokens: Tokens::default(), out: String::new(), word: 2 };
    writer.head();
    for (index, block) in document.blocks.iter().enumerate() {
        let before = index.checked_sub(1).map(|it| &document.blocks[it]);
        writer.raw(&format!("{{% if show[{index}] %}}"));
        writer.block(block, before);
        writer.raw("{% endif %}");
    }
    writer.pixel();
    writer.out.push_str("</mj-body></mjml>");
    Mjml { text: writer.out, tokens: writer.tokens }
}

struct Writer<'a> {
    brand: &'a Brand,
    tokens: Tokens,
    out: String,
    /// The next of the texts that were chosen; 0 and 1 are subject and preheader.
    word: usize,
}

/// A kind of letters: its class in the style sheet, size, line, and whether it is set in serifs.
#[derive(Clone, Copy)]
struct Type {
    class: &'static str,
    size: u32,
    line: u32,
    is_serif: bool,
    weight: u32,
    colour: Colour,
}

impl Writer<'_> {
    fn head(&mut self) {
        let brand = self.brand;
        let title = self.tokens.hold("{{ words[0] }}");
        let fill = "&#847;&zwnj;&nbsp;".repeat(PREHEADER_FILL);
        let preview = self.tokens.hold(format!("{{{{ words[1] }}}}{fill}"));
        let meta = self.tokens.hold(
            "<meta name=\"color-scheme\" content=\"light dark\">\
             <meta name=\"supported-color-schemes\" content=\"light dark\">\
             <meta name=\"format-detection\" content=\"telephone=no,date=no,address=no\">",
        );
        let sheet = self.tokens.hold(style_sheet(brand));
        let (fonts, page) = (brand.body_font.as_str(), brand.light.page);
        self.out.push_str(&format!(
            "<mjml lang=\"en\"><mj-head><mj-title>{title}</mj-title><mj-preview>{preview}</mj-preview>\
             <mj-breakpoint width=\"{WIDTH}px\" />\
             <mj-attributes><mj-all padding=\"0px\" font-family=\"{fonts}\" /></mj-attributes>\
             <mj-raw>{meta}</mj-raw><mj-style>{sheet}</mj-style></mj-head>\
             <mj-body width=\"{WIDTH}px\" background-color=\"{page}\" css-class=\"gp\">"
        ));
    }

    fn block(&mut self, block: &Block, before: Option<&Block>) {
        match block {
            Block::Logo(_) => self.logo(),
            Block::Hero(_) => self.hero(),
            Block::Picture(it) => self.picture_block(it.of),
            Block::Heading(it) => self.heading(it, before),
            Block::Text(it) => self.text_block(it.size, it.align, before),
            Block::Button(it) => self.button(it.link, it.width, before),
            Block::Product(it) => match it.layout {
                ProductLayout::Beside => self.product_beside(it.price),
                ProductLayout::Card => self.product_card(it.price),
            },
            Block::Products(it) => self.products(it, before),
            Block::GoTogether(_) => self.go_together(),
            Block::Band(_) => self.band(),
            Block::Coupon(_) => self.coupon(matches!(before, Some(Block::Band(_)))),
            Block::CouponLine(_) => self.coupon_line(),
            Block::Price(it) => self.price(it.price, it.align),
            Block::Rating(_) => self.rating(),
            Block::Reviews(_) => self.reviews(),
            Block::Quote(_) => self.quote(),
            Block::Story(_) => self.story(),
            Block::Divider(_) => self.divider(),
            Block::Terms(_) => self.terms(),
            Block::RatingRequest(_) => self.rating_request(),
            Block::Footer(_) => self.footer(),
        }
    }

    // ---- blocks

    fn logo(&mut self) {
        let brand = self.brand;
        let (accent, edge) = (brand.light.accent, brand.light.edge);
        let logo = match &brand.logo_picture {
            Some(picture) => {
                let image = |class: &str, url: &str, hide: &str| {
                    format!(
                        "<img class=\"{class}\" src=\"{}\" alt=\"{}\" width=\"{}\" \
                         style=\"{hide}border:0px;height:auto;max-height:40px;margin:0px auto\">",
                        escaped(url),
                        escaped(&brand.logo_text),
                        picture.width
                    )
                };
                let night = "display:none;max-height:0px;overflow:hidden;";
                format!(
                    "{}<!--[if !mso]><!-->{}<!--<![endif]-->",
                    image("ld", &picture.url, "display:block;"),
                    image("ln", &picture.dark_url, night)
                )
            }
            None => escaped(&brand.logo_text).replace(
                " &amp; ",
                &format!(" <span class=\"ca\" style=\"color:{accent}\">&amp;</span> "),
            ),
        };
        let logo = format!(
            "{{% if links.shop %}}<a href=\"{{{{ links.shop }}}}\" style=\"color:inherit;text-decoration:none\">{logo}</a>{{% else %}}{logo}{{% endif %}}"
        );
        let letters = Type { colour: brand.light.logo, ..self.serif("cl", 22, 26) };
        let text = self.text(letters, "center", "letter-spacing=\"0.3px\"", &logo);
        self.section(
            "s ge",
            &format!("background-color=\"{edge}\" padding=\"22px {SIDE}px\""),
            &text,
        );
    }

    fn hero(&mut self) {
        let image = self.image("pair.scene", "pair.scene_text", 600, "w p0", "0px");
        let image = linked("main.url", &image);
        let text = self.picture_text(&image);
        self.section("", "padding=\"0px\"", &text);
    }

    fn picture_block(&mut self, of: PictureOf) {
        let (source, text) = match of {
            PictureOf::Pair => ("pair.picture", "pair.picture_text"),
            PictureOf::Main => ("main.picture", "main.picture_text"),
        };
        let image = self.image(source, text, 512, "w p4", "12px");
        let text = self.picture_text(&linked("main.url", &image));
        self.margined(34, &text);
    }

    fn heading(&mut self, block: &HeadingBlock, before: Option<&Block>) {
        let word = self.take_word();
        let (letters, top) = match block.level {
            HeadingLevel::First => (self.serif("ct h1 bal", 38, 44), 36),
            HeadingLevel::Second => (self.serif("ct h2 bal", 25, 32), 34),
        };
        let top = if matches!(before, Some(Block::Picture(_))) { 24 } else { top };
        let text = self.text(letters, align(block.align), "", &word);
        self.margined(top, &text);
    }

    fn text_block(&mut self, size: TextSize, side: Align, before: Option<&Block>) {
        let word = self.take_word();
        let is_after = |is: fn(&Block) -> bool| before.is_some_and(is);
        let (letters, top) = match size {
            TextSize::Body => (self.body(), if is_after(is_subheading) { 8 } else { 16 }),
            TextSize::Small => (self.quiet(15, 22), if is_after(is_box) { 22 } else { 16 }),
        };
        let text = self.text(letters, align(side), "", &word);
        // A centred text is set narrower than a heading, or its lines would be too long to read.
        let inset = if side == Align::Centre && size == TextSize::Body { 32 } else { 0 };
        let padding = SIDE + inset;
        self.section("s", &format!("padding=\"{top}px {padding}px 0px\""), &text);
    }

    fn button(&mut self, link: Link, width: ButtonWidth, before: Option<&Block>) {
        let is_after_words = matches!(before, Some(Block::Text(_) | Block::Price(_)));
        let top = if is_after_words { 26 } else { 30 };
        let word = self.take_word();
        let word = self.tokens.hold(word);
        let href = self.tokens.hold(format!("{{{{ {} }}}}", link_path(link)));
        let (ground, letters) = (self.brand.light.button, self.brand.light.button_text);
        let width = match width {
            ButtonWidth::Auto => "",
            ButtonWidth::Full => " width=\"512px\"",
        };
        let button = format!(
            "<mj-button css-class=\"bt\" href=\"{href}\" background-color=\"{ground}\" \
             color=\"{letters}\" font-size=\"16px\" font-weight=\"600\" line-height=\"24px\" \
             border-radius=\"8px\" inner-padding=\"14px 32px\"{width}>{word}</mj-button>"
        );
        self.margined(top, &button);
    }

    fn product_beside(&mut self, price: PriceKind) {
        let image = self.image("main.picture", "main.picture_text", 248, "w p1", "12px");
        let picture = linked("main.url", &image);
        let name = self.letters(self.serif("ct", 22, 28));
        let row = self.letters(self.plain("cb", 15, 22));
        let rule = self.brand.light.rule;
        let price = self.price_html(price, "main", 18);
        let stars = self.rating_html("main");
        let name_link = linked("main.url", "{{ main.name }}");
        let cell = format!(
            "<div class=\"ct\" style=\"{name}\">{name_link}</div>\
             {{% if main.benefits %}}<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin:10px 0px 6px\">\
             {{% for benefit in main.benefits limit: 3 %}}<tr><td class=\"cb rr\" style=\"{row};padding:4px 0px;{{% unless forloop.last %}}border-bottom:1px solid {rule}{{% endunless %}}\">{{{{ benefit }}}}</td></tr>{{% endfor %}}</table>\
             {{% elsif main.description %}}<div class=\"cb\" style=\"{row};padding:8px 0px\">{{{{ main.description }}}}</div>\
             {{% elsif main.summary %}}<div class=\"cb\" style=\"{row};padding:8px 0px\">{{{{ main.summary }}}}</div>{{% endif %}}\
             <div style=\"padding:8px 0px 0px;line-height:26px\">{price}{stars}</div>"
        );
        let html = self.card(&format!(
            "{{% if main.picture %}}<td class=\"b bx\" width=\"248\" valign=\"middle\" style=\"padding:20px 0px 20px 20px;width:248px\">{picture}</td>\
             <td class=\"b by\" valign=\"middle\" style=\"padding:20px 20px 20px 28px\">{cell}</td>\
             {{% else %}}<td align=\"center\" style=\"padding:28px 24px;text-align:center\">{cell}</td>{{% endif %}}"
        ));
        let text = self.html(&html);
        self.margined(34, &text);
    }

    fn product_card(&mut self, price: PriceKind) {
        let image =
            self.image("main.picture", "main.picture_text", 512, "w p5", "16px 16px 0px 0px");
        let picture = linked("main.url", &image);
        let name = self.letters(self.serif("ct", 22, 28));
        let line = self.letters(self.quiet(15, 22));
        let price = self.price_stacked(price);
        let name_link = linked("main.url", "{{ main.short_name }}");
        let html = self.card(&format!(
            "<td>{{% if main.picture %}}{picture}{{% endif %}}\
             <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr>\
             <td valign=\"middle\" style=\"padding:20px 12px 22px 26px\"><div class=\"ct\" style=\"{name}\">{name_link}</div>\
             <div class=\"cq\" style=\"{line}\">{{% if main.size %}}{{{{ main.size }}}}{{% if main.summary %}}. {{% endif %}}{{% endif %}}{{{{ main.summary }}}}</div></td>\
             <td valign=\"middle\" align=\"right\" style=\"padding:20px 26px 22px 0px;white-space:nowrap\">{price}</td>\
             </tr></table></td>"
        ));
        let text = self.html(&html);
        self.margined(28, &text);
    }

    fn products(&mut self, block: &ProductsBlock, before: Option<&Block>) {
        let (line, price) = (block.line, block.price);
        let top = if matches!(before, Some(Block::Heading(_))) { 20 } else { 40 };
        self.raw("{% if more[1] %}");
        let left = self.small_product("more[0]", line, price);
        let right = self.small_product("more[1]", line, price);
        self.out.push_str(&format!(
            "<mj-section css-class=\"s\" padding=\"{top}px {SIDE}px 0px\">\
             <mj-column css-class=\"pc\" width=\"256px\" padding-right=\"10px\">{left}</mj-column>\
             <mj-column css-class=\"pc\" width=\"256px\" padding-left=\"10px\">{right}</mj-column></mj-section>"
        ));
        if block.shows == ProductsShown::Three {
            self.raw("{% if more[2] %}");
            self.product_row("more[2]", line, price, 24);
            self.raw("{% endif %}");
        }
        self.raw("{% else %}");
        self.product_row("more[0]", line, price, top);
        self.raw("{% endif %}");
    }

    /// A product over the whole width: picture left, words right.
    fn product_row(&mut self, product: &str, line: ProductLine, price: PriceKind, top: u32) {
        let picture = format!("{product}.picture");
        let image = self.image(&picture, &format!("{product}.picture_text"), 124, "", "12px");
        let image = linked(&format!("{product}.url"), &image);
        let words = self.small_words(product, line, price);
        let html = self.card(&format!(
            "{{% if {picture} %}}<td width=\"124\" valign=\"middle\" style=\"padding:16px 0px 16px 16px;width:124px\">{image}</td>{{% endif %}}\
             <td valign=\"middle\" style=\"padding:16px 20px\">{words}</td>"
        ));
        let text = self.html(&html);
        self.margined(top, &text);
    }

    fn small_product(&mut self, product: &str, line: ProductLine, price: PriceKind) -> String {
        let image = self.image(
            &format!("{product}.picture"),
            &format!("{product}.picture_text"),
            246,
            "p2",
            "12px",
        );
        let picture = linked(&format!("{product}.url"), &image);
        let words = self.small_words(product, line, price);
        let rule = self.brand.light.rule;
        self.html(&format!(
            "{{% if {product}.picture %}}<table class=\"pp\" role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\">\
             <tr><td class=\"pa\">{picture}</td></tr><tr><td class=\"pb pq\" style=\"padding:14px 2px 0px\">{words}</td></tr></table>\
             {{% else %}}<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"border-collapse:separate\">\
             <tr><td class=\"rr\" style=\"border:1px solid {rule};border-radius:12px;padding:16px 18px\">{words}</td></tr></table>{{% endif %}}"
        ))
    }

    fn small_words(&self, product: &str, line: ProductLine, price: PriceKind) -> String {
        let (first, second) = match line {
            ProductLine::Summary => ("summary", "reason"),
            ProductLine::Reason => ("reason", "summary"),
        };
        let name = self.letters(Type { weight: 600, ..self.plain("ct", 16, 22) });
        let quiet = self.letters(self.quiet(15, 21));
        let price = self.price_html(price, product, 16);
        let name_link = linked(&format!("{product}.url"), &format!("{{{{ {product}.name }}}}"));
        format!(
            "<div class=\"ct\" style=\"{name}\">{name_link}</div>\
             {{% if {product}.{first} %}}<div class=\"cq\" style=\"{quiet};padding:4px 0px 0px\">{{{{ {product}.{first} }}}}</div>\
             {{% elsif {product}.{second} %}}<div class=\"cq\" style=\"{quiet};padding:4px 0px 0px\">{{{{ {product}.{second} }}}}</div>{{% endif %}}\
             <div style=\"padding:6px 0px 0px;line-height:22px\">{price}</div>"
        )
    }

    fn go_together(&mut self) {
        let word = self.take_word();
        let heading = self.text(self.serif("ct h2 bal", 25, 32), "center", "", &word);
        self.margined(36, &heading);
        let verb = self.letters(Type { weight: 600, ..self.plain("ct", 15, 21) });
        let what = self.letters(self.plain("cb", 15, 21));
        let column = |writer: &mut Self, index: usize| {
            let step = format!("steps[{index}]");
            let (source, text) = (format!("{step}.picture"), format!("{step}.picture_text"));
            let image = writer.image(&source, &text, 162, "w p3", "12px");
            let html = format!(
                "{{% if {source} %}}{image}{{% endif %}}\
                 <div class=\"ct\" style=\"{verb};padding:10px 0px 0px\">{{{{ {step}.verb }}}}</div>\
                 <div class=\"cb\" style=\"{what}\">{{{{ {step}.what }}}}</div>"
            );
            let held = writer.tokens.hold(html);
            format!(
                "<mj-column><mj-text css-class=\"g3\" align=\"center\" font-size=\"15px\" \
                 line-height=\"21px\" padding=\"0px 6px\">{held}</mj-text></mj-column>"
            )
        };
        let columns: String = (0..3).map(|index| column(self, index)).collect();
        let side = SIDE - 6;
        self.out.push_str(&format!(
            "<mj-section css-class=\"s3\" padding=\"20px {side}px 0px\"><mj-group>{columns}</mj-group></mj-section>"
        ));
    }

    fn band(&mut self) {
        let (above, number, below) = (self.take_word(), self.take_word(), self.take_word());
        let Band { ground, text, .. } = self.brand.discount_band;
        let on = |letters: Type| Type { colour: text, ..letters };
        let parts = [
            self.text(on(self.plain("", 16, 26)), "center", "", &above),
            self.text(on(self.serif("hn", 112, 128)), "center", "", &number),
            self.text(on(self.plain("", 18, 28)), "center", "padding=\"6px 0px 0px\"", &below),
        ];
        self.section(
            "s",
            &format!("background-color=\"{ground}\" padding=\"48px {SIDE}px 94px\""),
            &parts.concat(),
        );
    }

    fn coupon(&mut self, is_over_band: bool) {
        let (label, note) = (self.take_word(), self.take_word());
        let palette = &self.brand.light;
        let (ground, accent) = (palette.coupon, palette.accent);
        let fonts = self.brand.code_font.as_str();
        let code = Type { weight: 600, ..self.plain("ct", 28, 36) };
        let code = self.text(
            code,
            "center",
            &format!("letter-spacing=\"2px\" padding=\"2px 0px\" font-family=\"{fonts}\""),
            "{{ coupon.code }}",
        );
        let parts = [
            self.text(self.quiet(14, 21), "center", "", &label),
            code,
            self.text(self.quiet(14, 21), "center", "", &note),
        ];
        let (class, top) = if is_over_band { ("s up", 0) } else { ("s", 34) };
        self.out.push_str(&format!(
            "<mj-wrapper css-class=\"{class}\" padding=\"{top}px {SIDE}px 0px\">\
             <mj-section css-class=\"gk\" background-color=\"{ground}\" border=\"2px dashed {accent}\" \
             border-radius=\"16px\" padding=\"20px 24px\"><mj-column>{}</mj-column></mj-section></mj-wrapper>",
            parts.concat()
        ));
    }

    fn coupon_line(&mut self) {
        let (before, after) = (self.take_word(), self.take_word());
        let (fonts, text) = (self.brand.code_font.as_str(), self.brand.light.text);
        let html = format!(
            "{before} <span class=\"ct\" style=\"font-family:{fonts};font-weight:600;color:{text};white-space:nowrap\">{{{{ coupon.code }}}}</span> {after}"
        );
        let text = self.text(self.quiet(15, 26), "center", "", &html);
        self.margined(16, &text);
    }

    fn price(&mut self, price: PriceKind, side: Align) {
        let html = self.price_html(price, "main", 20);
        let text = self.text(self.body(), align(side), "", &html);
        self.margined(10, &text);
    }

    fn rating(&mut self) {
        let note = self.take_word();
        let image =
            self.image("proof.product.picture", "proof.product.picture_text", 168, "w p6", "12px");
        let palette = &self.brand.light;
        let (accent, rule) = (palette.accent, palette.rule);
        let name = self.letters(self.serif("ct", 22, 28));
        let mean = self.letters(Type { weight: 600, ..self.plain("ct", 26, 34) });
        let quiet = self.letters(self.quiet(15, 22));
        let stars = self.stars("proof.product.rating", 20);
        let name_link = linked("proof.product.url", "{{ proof.product.name }}");
        let bar = self.letters(self.quiet(14, 20));
        let html = format!(
            "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr>\
             {{% if proof.product.picture %}}<td class=\"rp\" width=\"168\" valign=\"middle\" style=\"width:168px\">{image}</td>{{% endif %}}\
             <td valign=\"middle\" style=\"{{% if proof.product.picture %}}padding:0px 0px 0px 28px{{% endif %}}\"><div class=\"ct\" style=\"{name}\">{name_link}</div>\
             <div style=\"padding:4px 0px\"><span class=\"ct\" style=\"{mean}\">{{{{ proof.product.rating.mean }}}}</span>&nbsp; {stars}</div>\
             <div class=\"cq\" style=\"{quiet}\">{note}</div></td></tr></table>\
             <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin:22px 0px 0px\">\
             {{% for bar in proof.product.rating.bars %}}<tr>\
             <td class=\"cq\" width=\"34\" style=\"{bar};padding:8px 0px;width:34px\">{{{{ bar.stars }}}}</td>\
             <td style=\"padding:8px 0px\"><table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr>\
             {{% if bar.percent > 0 %}}<td class=\"ra\" width=\"{{{{ bar.percent }}}}%\" height=\"8\" style=\"background:{accent};border-radius:2px;font-size:0px;line-height:8px\">&nbsp;</td>{{% endif %}}\
             {{% if bar.rest > 0 %}}<td class=\"rb\" width=\"{{{{ bar.rest }}}}%\" height=\"8\" style=\"background:{rule};border-radius:2px;font-size:0px;line-height:8px\">&nbsp;</td>{{% endif %}}\
             </tr></table></td>\
             <td class=\"cq\" width=\"40\" align=\"right\" style=\"{bar};padding:8px 0px;width:40px;text-align:right\">{{{{ bar.count }}}}</td></tr>{{% endfor %}}</table>"
        );
        let text = self.html(&html);
        self.margined(34, &text);
    }

    fn reviews(&mut self) {
        let first = self.review("proof.reviews[0]");
        let second = self.review("proof.reviews[1]");
        let html = format!(
            "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"border-collapse:separate\"><tr>{first}\
             {{% if proof.reviews[1] %}}<td class=\"bg\" width=\"16\" style=\"width:16px\">&nbsp;</td>{second}{{% endif %}}</tr></table>"
        );
        let html = format!("{{% if proof.reviews[0] %}}{html}{{% endif %}}");
        let text = self.html(&html);
        self.raw("{% if proof.reviews[0] %}");
        self.margined(36, &text);
        self.raw("{% endif %}");
    }

    fn review(&self, review: &str) -> String {
        let rule = self.brand.light.rule;
        let stars = self.stars(review, 17);
        let quote = self.letters(self.plain("ct", 16, 26));
        let author = self.letters(Type { weight: 600, ..self.plain("ct", 14, 21) });
        let bought = self.letters(self.quiet(14, 21));
        format!(
            "<td class=\"bv rr\" width=\"248\" valign=\"top\" style=\"border:1px solid {rule};border-radius:16px;padding:22px 22px 20px\">{stars}\
             <div class=\"ct\" style=\"{quote};padding:10px 0px 12px\">“{{{{ {review}.text }}}}”</div>\
             <div class=\"ct\" style=\"{author}\">{{{{ {review}.author }}}}</div>\
             <div class=\"cq\" style=\"{bought}\">{{{{ {review}.bought }}}}{{% if {review}.is_excerpt %}}{{% if {review}.bought %}}. {{% endif %}}Excerpt{{% endif %}}</div></td>"
        )
    }

    fn quote(&mut self) {
        let Band { ground, text, accent } = self.brand.quote_band;
        let on = |letters: Type| Type { colour: text, ..letters };
        let stars = self.stars_in("proof.quote", 24, [("", accent), ("", text)]);
        let parts = [
            self.text(self.body(), "center", "", &stars),
            self.text(
                on(self.serif("hq bal", 36, 47)),
                "center",
                "padding=\"12px 0px 18px\"",
                "“{{ proof.quote.text }}”",
            ),
            self.text(
                on(self.plain("", 16, 26)),
                "center",
                "",
                "{{ proof.quote.author }}{% if proof.quote.bought %}{% if proof.quote.author %}, {% endif %}{{ proof.quote.bought }}{% endif %}{% if proof.quote.is_excerpt %} (excerpt){% endif %}",
            ),
        ];
        self.section(
            "s",
            &format!("background-color=\"{ground}\" padding=\"50px 64px 54px\""),
            &parts.concat(),
        );
    }

    fn story(&mut self) {
        let image =
            self.image("story.picture", "story.picture_text", 216, "w p7", "16px 0px 0px 16px");
        let heading = self.letters(self.serif("ct", 22, 28));
        let quote = self.letters(self.plain("cb", 16, 25));
        let html = self.card(&format!(
            "{{% if story.picture %}}<td class=\"b\" width=\"216\" valign=\"top\" style=\"width:216px\">{image}</td>{{% endif %}}\
             <td class=\"b bs\" valign=\"middle\" style=\"padding:20px 24px 20px 26px\"><div class=\"ct\" style=\"{heading}\">{{{{ story.heading }}}}</div>\
             <div class=\"cb\" style=\"{quote};padding:8px 0px 0px\">“{{{{ story.quote }}}}”</div></td>"
        ));
        let text = self.html(&html);
        self.margined(34, &text);
    }

    fn divider(&mut self) {
        let rule = self.brand.light.rule;
        let html = format!(
            "<div class=\"rr\" style=\"border-top:1px solid {rule};font-size:0px;line-height:0px\">&nbsp;</div>"
        );
        let text = self.html(&html);
        self.margined(34, &text);
    }

    fn terms(&mut self) {
        let word = self.take_word();
        let text = self.text(self.quiet(14, 21), "left", "", &word);
        self.margined(20, &text);
    }

    fn rating_request(&mut self) {
        let (low, high) = (self.take_word(), self.take_word());
        let image = self.image("order.picture", "order.picture_text", 248, "p1", "12px");
        let palette = &self.brand.light;
        let (rule, accent, page) = (palette.rule, palette.accent, palette.page);
        let quiet = self.letters(self.quiet(14, 21));
        let sans = self.brand.body_font.as_str();
        let html = self.card(&format!(
            "<td class=\"rt\" align=\"center\" style=\"padding:28px 20px 26px;text-align:center\">\
             {{% if order.picture %}}<div style=\"width:248px;margin:0px auto 22px\">{image}</div>{{% endif %}}\
             <table role=\"presentation\" align=\"center\" cellpadding=\"0\" cellspacing=\"0\" style=\"border-collapse:separate;margin:0px auto\"><tr>\
             {{% for link in links.ratings %}}<td class=\"sp\" style=\"padding:0px 4px\"><a class=\"st gp rr\" href=\"{{{{ link }}}}\" aria-label=\"{{{{ forloop.index }}}} of {{{{ forloop.length }}}} stars\" \
             style=\"display:block;width:60px;height:60px;line-height:60px;background:{page};border:1px solid {rule};border-radius:12px;text-decoration:none;text-align:center;font-family:{sans};font-size:28px\">\
             <span class=\"ca\" style=\"color:{accent}\">★</span></a>\
             <div class=\"cq\" style=\"{quiet};padding:4px 0px 0px\">{{{{ forloop.index }}}}</div></td>{{% endfor %}}</tr>\
             <tr><td colspan=\"5\" style=\"padding:2px 4px 0px\"><table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr>\
             <td class=\"cq\" align=\"left\" style=\"{quiet};text-align:left\">{low}</td>\
             <td class=\"cq\" align=\"right\" style=\"{quiet};text-align:right\">{high}</td></tr></table></td></tr></table></td>"
        ));
        let text = self.html(&html);
        self.margined(28, &text);
    }

    fn footer(&mut self) {
        let why = self.take_word();
        let edge = self.brand.light.edge;
        let quiet = self.brand.light.quiet;
        let a = |href: &str, text: &str| {
            format!(
                "<a href=\"{{{{ {href} }}}}\" style=\"color:{quiet};text-decoration:underline\">{text}</a>"
            )
        };
        let dot = " &nbsp;·&nbsp; ";
        let links = format!(
            "{}{{% if links.preferences %}}{dot}{}{{% endif %}}{{% if links.browser %}}{dot}{}{{% endif %}}",
            a("links.unsubscribe", "Unsubscribe"),
            a("links.preferences", "Choose what you get"),
            a("links.browser", "See it in a browser"),
        );
        let name = Type { colour: self.brand.light.logo, ..self.serif("cl", 18, 26) };
        let parts = [
            self.text(name, "center", "", "{{ shop.name }}"),
            self.text(self.quiet(13, 21), "center", "padding=\"6px 0px 0px\"", &why),
            self.text(self.quiet(13, 21), "center", "", &links),
            self.text(
                self.quiet(13, 21),
                "center",
                "padding=\"9px 0px 0px\"",
                "{{ shop.postal_address }}",
            ),
        ];
        self.out.push_str(&format!(
            "<mj-section padding=\"{SIDE}px 0px 0px\"><mj-column></mj-column></mj-section>\
             <mj-section css-class=\"s ge\" background-color=\"{edge}\" padding=\"26px {SIDE}px 34px\"><mj-column>{}</mj-column></mj-section>",
            parts.concat()
        ));
    }

    fn pixel(&mut self) {
        self.raw(
            "{% if links.pixel %}<img src=\"{{ links.pixel }}\" alt=\"\" width=\"1\" height=\"1\" \
             style=\"display:block;width:1px;height:1px;border:0px\">{% endif %}",
        );
    }

    // ---- parts

    fn raw(&mut self, text: &str) {
        let held = self.tokens.hold(text);
        self.out.push_str(&format!("<mj-raw>{held}</mj-raw>"));
    }

    /// A section of one column.
    fn section(&mut self, class: &str, attributes: &str, content: &str) {
        let class =
            if class.is_empty() { String::new() } else { format!(" css-class=\"{class}\"") };
        self.out.push_str(&format!(
            "<mj-section{class} {attributes}><mj-column>{content}</mj-column></mj-section>"
        ));
    }

    fn margined(&mut self, top: u32, content: &str) {
        self.section("s", &format!("padding=\"{top}px {SIDE}px 0px\""), content);
    }

    fn text(&mut self, letters: Type, align: &str, more: &str, html: &str) -> String {
        let held = self.tokens.hold(html);
        let Type { class, size, line, weight, colour, .. } = letters;
        let class =
            if class.is_empty() { String::new() } else { format!(" css-class=\"{class}\"") };
        let fonts = if letters.is_serif {
            format!(" font-family=\"{}\"", self.brand.heading_font.as_str())
        } else {
            String::new()
        };
        let fonts = if more.contains("font-family") { String::new() } else { fonts };
        let weight =
            if weight == 400 { String::new() } else { format!(" font-weight=\"{weight}\"") };
        let more = if more.is_empty() { String::new() } else { format!(" {more}") };
        format!(
            "<mj-text{class} align=\"{align}\" font-size=\"{size}px\" line-height=\"{line}px\" \
             color=\"{colour}\"{fonts}{weight}{more}>{held}</mj-text>"
        )
    }

    /// Our own HTML as the content of a column.
    fn html(&mut self, html: &str) -> String {
        let held = self.tokens.hold(html);
        let colour = self.brand.light.body;
        format!(
            "<mj-text css-class=\"cb\" font-size=\"16px\" line-height=\"26px\" color=\"{colour}\">{held}</mj-text>"
        )
    }

    /// A picture alone: what stands in its place when it is not shown is set small.
    fn picture_text(&mut self, html: &str) -> String {
        let held = self.tokens.hold(html);
        let colour = self.brand.light.body;
        format!(
            "<mj-text align=\"center\" font-size=\"15px\" line-height=\"21px\" color=\"{colour}\">{held}</mj-text>"
        )
    }

    /// A rounded box as wide as the text, with these cells.
    fn card(&self, cells: &str) -> String {
        let ground = self.brand.light.card;
        format!(
            "<table class=\"gc\" role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" bgcolor=\"{ground}\" \
             style=\"background:{ground};border-radius:16px;border-collapse:separate;overflow:hidden\"><tr>{cells}</tr></table>"
        )
    }

    fn image(&self, source: &str, text: &str, width: u32, class: &str, radius: &str) -> String {
        let ground = self.brand.picture_ground;
        let letters = self.letters(self.plain("", 15, 21));
        let class = format!(" class=\"px{}{class}\"", if class.is_empty() { "" } else { " " });
        format!(
            "<img{class} src=\"{{{{ {source} }}}}\" alt=\"{{{{ {text} }}}}\" width=\"{width}\" \
             style=\"display:block;width:{width}px;max-width:100%;height:auto;border:0px;border-radius:{radius};background:{ground};{letters};text-align:center\">"
        )
    }

    fn price_html(&self, kind: PriceKind, product: &str, size: u32) -> String {
        let palette = &self.brand.light;
        let (text, now, quiet) = (palette.text, palette.price, palette.quiet);
        let fonts = self.brand.body_font.as_str();
        let full = format!(
            "<span class=\"ct\" style=\"font-family:{fonts};font-size:{size}px;font-weight:600;color:{text}\">{{{{ {product}.price }}}}</span>"
        );
        match kind {
            PriceKind::Full => full,
            PriceKind::Reduced => format!(
                "{{% if {product}.price_now %}}<s class=\"cq\" style=\"font-family:{fonts};font-size:16px;color:{quiet}\">{{{{ {product}.price }}}}</s>&nbsp; \
                 <span class=\"cp\" style=\"font-family:{fonts};font-size:{size}px;font-weight:600;color:{now}\">{{{{ {product}.price_now }}}}</span>{{% else %}}{full}{{% endif %}}"
            ),
        }
    }

    /// The old price above the new one, at the end of a card.
    fn price_stacked(&self, kind: PriceKind) -> String {
        let html = self.price_html(kind, "main", 20);
        html.replace("</s>&nbsp; ", "</s><br>")
    }

    fn rating_html(&self, product: &str) -> String {
        let (accent, quiet) = (self.brand.light.accent, self.brand.light.quiet);
        let fonts = self.brand.body_font.as_str();
        format!(
            "{{% if {product}.rating %}}<span style=\"white-space:nowrap\">&nbsp; <span class=\"ca\" style=\"font-size:15px;color:{accent}\">★</span> \
             <span class=\"cq\" style=\"font-family:{fonts};font-size:14px;color:{quiet}\">{{{{ {product}.rating.mean }}}} from {{{{ {product}.rating.count }}}}</span></span>{{% endif %}}"
        )
    }

    /// Stars as text, in the accent of the page.
    fn stars(&self, rated: &str, size: u32) -> String {
        let palette = &self.brand.light;
        self.stars_in(rated, size, [("ca", palette.accent), ("cx", palette.rule)])
    }

    /// Stars as text, those given and those missing each with a class and a colour.
    fn stars_in(&self, rated: &str, size: u32, colours: [(&str, Colour); 2]) -> String {
        let fonts = self.brand.body_font.as_str();
        let [(class, lit), (unlit_class, unlit)] = colours;
        format!(
            "<span role=\"img\" aria-label=\"{{{{ {rated}.stars.text }}}}\" class=\"{class}\" style=\"font-family:{fonts};font-size:{size}px;line-height:{size}px;letter-spacing:3px;color:{lit};white-space:nowrap\">\
             {{{{ {rated}.stars.lit }}}}<span class=\"{unlit_class}\" style=\"color:{unlit}\">{{{{ {rated}.stars.unlit }}}}</span></span>"
        )
    }

    fn take_word(&mut self) -> String {
        self.word += 1;
        format!("{{{{ words[{}] }}}}", self.word - 1)
    }

    fn serif(&self, class: &'static str, size: u32, line: u32) -> Type {
        Type { is_serif: true, ..self.plain(class, size, line) }
    }

    fn body(&self) -> Type {
        self.plain("cb", 16, 26)
    }

    fn quiet(&self, size: u32, line: u32) -> Type {
        Type { colour: self.brand.light.quiet, ..self.plain("cq", size, line) }
    }

    fn plain(&self, class: &'static str, size: u32, line: u32) -> Type {
        let palette = &self.brand.light;
        let colour = if class == "cb" { palette.body } else { palette.text };
        Type { class, size, line, is_serif: false, weight: 400, colour }
    }

    /// Inline style of a kind of letters.
    fn letters(&self, letters: Type) -> String {
        let Type { size, line, is_serif, weight, colour, .. } = letters;
        let fonts = if is_serif { &self.brand.heading_font } else { &self.brand.body_font };
        let weight = if weight == 400 { String::new() } else { format!(";font-weight:{weight}") };
        format!(
            "font-family:{};font-size:{size}px;line-height:{line}px;color:{colour}{weight}",
            fonts.as_str()
        )
    }
}

fn is_box(block: &Block) -> bool {
    matches!(block, Block::Product(_) | Block::RatingRequest(_) | Block::Story(_))
}

fn is_subheading(block: &Block) -> bool {
    matches!(block, Block::Heading(it) if it.level == HeadingLevel::Second)
}

fn align(side: Align) -> &'static str {
    match side {
        Align::Centre => "center",
        Align::Left => "left",
    }
}

pub(crate) fn link_path(link: Link) -> &'static str {
    match link {
        Link::Main => "main.url",
        Link::Proof => "proof.product.url",
        Link::Shop => "links.shop",
    }
}

fn linked(url: &str, html: &str) -> String {
    format!(
        "{{% if {url} %}}<a href=\"{{{{ {url} }}}}\" style=\"color:inherit;text-decoration:none\">{html}</a>{{% else %}}{html}{{% endif %}}"
    )
}

/// Text of the brand's own, fit for HTML and free of anything the template language would read.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '{' => safe.push_str("&#123;"),
            '}' => safe.push_str("&#125;"),
            '%' => safe.push_str("&#37;"),
            _ => safe.push(c),
        }
    }
    safe
}
