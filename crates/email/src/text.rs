//! The text part, written from the same blocks and the same words as the HTML.
//!
//! For people who read mail as text, for watches and for readers aloud: every action has its full
//! address on a line of its own, and so has the code, so that both can be picked up whole.

use crate::{
    Block, ProductView,
    data::{cleaned, is_web_address},
    document::{PriceKind, ProductLine},
    program::target,
    view::{Quoted, View},
};

/// Where lines are broken, addresses excepted.
const LINE_CHARS_MAX: usize = 72;

/// `words` are those of the blocks, in order; a hidden block has its words too.
pub(crate) fn write(blocks: &[Block], show: &[bool], words: &[String], view: &View<'_>) -> String {
    let mut words = words;
    let mut parts: Vec<String> = Vec::new();
    for (block, &is_shown) in blocks.iter().zip(show) {
        let (own, rest) = words.split_at(block.words().len());
        words = rest;
        if is_shown {
            parts.extend(part(block, own, view).filter(|it| !it.is_empty()));
        }
    }
    let mut text = parts.join("\n\n");
    text.push('\n');
    text
}

fn part(block: &Block, words: &[String], view: &View<'_>) -> Option<String> {
    let word = |index: usize| words.get(index).map_or("", String::as_str);
    Some(match block {
        Block::Logo(_) => wrapped(&view.shop.name),
        Block::Hero(_) | Block::Picture(_) => return None,
        Block::Heading(_) | Block::Text(_) | Block::Terms(_) => wrapped(word(0)),
        Block::Button(it) => action(word(0), target(it.link, view)),
        Block::Product(it) => product(view.main?, it.price),
        Block::Products(it) => {
            let small = |product: &ProductView| small_product(product, it.line, it.price);
            view.more.iter().take(it.shows.most()).map(small).collect::<Vec<_>>().join("\n\n")
        }
        Block::GoTogether(_) => {
            let steps = view.steps.iter().map(|it| wrapped(&format!("- {} {}", it.verb, it.what)));
            format!("{}\n\n{}", wrapped(word(0)), lines(steps))
        }
        Block::Band(_) => lines([word(0), word(1), word(2)].map(wrapped)),
        Block::Coupon(_) => {
            lines([wrapped(word(0)), cleaned(&view.coupon?.code), wrapped(word(1))])
        }
        Block::CouponLine(_) => {
            lines([wrapped(word(0)), cleaned(&view.coupon?.code), wrapped(word(1))])
        }
        Block::Price(it) => price(view.main?, it.price),
        Block::Rating(_) => rating(view, word(0))?,
        Block::Reviews(_) => {
            let reviews = &view.proof.as_ref()?.reviews;
            reviews.iter().map(review).collect::<Vec<_>>().join("\n\n")
        }
        Block::Quote(_) => review(view.proof.as_ref()?.quote.as_ref()?),
        Block::Story(_) => {
            let story = view.story?;
            lines([wrapped(&story.heading), wrapped(&format!("“{}”", cleaned(&story.quote)))])
        }
        Block::Divider(_) => "* * *".to_owned(),
        Block::RatingRequest(_) => stars_to_tap(view, word(0), word(1)),
        Block::Footer(_) => footer(view, word(0)),
    })
}

fn action(text: &str, url: &str) -> String {
    format!("{}:\n{url}", wrapped(text))
}

fn product(product: &ProductView, kind: PriceKind) -> String {
    let mut all = vec![wrapped(&product.name), price_and_rating(product, kind)];
    let benefits: Vec<String> =
        product.benefits.iter().take(3).map(|it| wrapped(&format!("- {}", cleaned(it)))).collect();
    if benefits.is_empty() {
        let summary =
            if product.description.is_empty() { &product.summary } else { &product.description };
        all.push(wrapped(summary));
    }
    all.extend(benefits);
    all.push(address(&product.url));
    lines(all)
}

fn small_product(product: &ProductView, line: ProductLine, kind: PriceKind) -> String {
    let (first, second) = match line {
        ProductLine::Summary => (&product.summary, &product.reason),
        ProductLine::Reason => (&product.reason, &product.summary),
    };
    let line = if cleaned(first).is_empty() { second } else { first };
    lines([wrapped(&product.name), wrapped(line), price(product, kind), address(&product.url)])
}

fn price(product: &ProductView, kind: PriceKind) -> String {
    let (now, full) = (cleaned(&product.price_now), cleaned(&product.price));
    match kind {
        PriceKind::Reduced if !now.is_empty() => format!("{now} instead of {full}"),
        _ => full,
    }
}

fn price_and_rating(product: &ProductView, kind: PriceKind) -> String {
    let price = price(product, kind);
    match &product.rating {
        Some(rating) => {
            format!("{price}, rated {} of {} by {}", rating.mean, rating.bars.len(), rating.count)
        }
        None => price,
    }
}

fn rating(view: &View<'_>, note: &str) -> Option<String> {
    let product = view.proof.as_ref()?.product;
    let rating = product.rating.as_ref()?;
    let mean = format!("{} of {} stars {note}", rating.mean, rating.bars.len());
    let bar = |it: &crate::BarView| format!("{}: {}", stars_word(it.stars), it.count);
    let head = [wrapped(&product.name), wrapped(&mean)];
    Some(lines(head.into_iter().chain(rating.bars.iter().map(bar))))
}

fn review(review: &Quoted<'_>) -> String {
    let who = [cleaned(review.author), cleaned(review.bought), review.stars.text.clone()];
    let excerpt = review.is_excerpt.then(|| "excerpt".to_owned());
    let who: Vec<String> = who.into_iter().chain(excerpt).filter(|it| !it.is_empty()).collect();
    lines([wrapped(&format!("“{}”", review.text)), wrapped(&who.join(", "))])
}

fn stars_to_tap(view: &View<'_>, low: &str, high: &str) -> String {
    let count = view.links.ratings.len();
    let star = |(index, url): (usize, &String)| {
        let stars = index + 1;
        let name = stars_word(stars as u8);
        let meaning = match stars {
            1 => low,
            _ if stars == count => high,
            _ => "",
        };
        let name = if meaning.is_empty() { name } else { format!("{name} ({meaning})") };
        action(&name, url)
    };
    view.links.ratings.iter().enumerate().rev().map(star).collect::<Vec<_>>().join("\n")
}

fn stars_word(stars: u8) -> String {
    if stars == 1 { "1 star".to_owned() } else { format!("{stars} stars") }
}

fn footer(view: &View<'_>, why: &str) -> String {
    let link = |text: &str, url: &str| {
        if is_web_address(url) { action(text, url) } else { String::new() }
    };
    let links = lines([
        link("Unsubscribe", &view.links.unsubscribe),
        link("Choose what you get", &view.links.preferences),
        link("See it in a browser", &view.links.browser),
    ]);
    let parts = [wrapped(why), links, wrapped(&view.shop.postal_address)];
    let parts: Vec<String> = parts.into_iter().filter(|it| !it.is_empty()).collect();
    format!("----\n\n{}", parts.join("\n\n"))
}

fn address(url: &str) -> String {
    if is_web_address(url) { url.to_owned() } else { String::new() }
}

/// The lines that have something in them.
fn lines(all: impl IntoIterator<Item = String>) -> String {
    all.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n")
}

/// `text` on one or more lines, broken between words.
fn wrapped(text: &str) -> String {
    let mut whole = String::with_capacity(text.len() + 8);
    let mut length = 0;
    for word in cleaned(text).split_whitespace() {
        let chars = word.chars().count();
        if length > 0 && length + 1 + chars > LINE_CHARS_MAX {
            whole.push('\n');
            length = 0;
        } else if length > 0 {
            whole.push(' ');
            length += 1;
        }
        whole.push_str(word);
        length += chars;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        let text = wrapped(&"seven77 ".repeat(20));
        assert!(text.lines().all(|it| it.chars().count() <= LINE_CHARS_MAX));
        assert_eq!(wrapped(&"x".repeat(100)).lines().count(), 1, "a word is never broken");
    }
}
