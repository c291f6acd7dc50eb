//! The phrases of the grammar: each reader takes the words of one phrase and says what it means.
//!
//! A reader sees the rest of the sentence and takes words from its start; it never reaches over
//! punctuation but in a list. Adding a phrase is adding a reader, or an alternative to one.

use aftercart_email::Role;
use aftercart_flow::ReEntry;
use aftercart_model::{CouponOffer, Currency};
use jiff::civil;

use crate::{
    Tone,
    entities::{Entities, Entity},
    words::{Token, number, ordinal, unit_days},
};

/// What one phrase means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meaning {
    Emails(u32),
    /// All of it within so many days.
    Within(u32),
    Waits(Vec<u32>),
    /// The same wait between all emails.
    Apart(u32),
    /// Bought any of these, or anything; within so many days.
    Bought {
        what: Vec<Entity>,
        days: Option<u32>,
    },
    /// "recent buyers": how recent was not said.
    Recent,
    Window(u32),
    /// Has not bought again since.
    NotSince,
    /// Has ordered, but not for so many days.
    NotFor(u32),
    /// At least so many orders.
    OrdersMin(u32),
    FirstOrder,
    SpentMin(i64),
    ViewedRelated {
        related: bool,
        better: bool,
    },
    Viewed(Vec<Entity>),
    Recommend(Vec<Entity>),
    RecommendRelated {
        related: bool,
        better: bool,
    },
    /// In which email, and for how many days, if that was said.
    Discount {
        offer: CouponOffer,
        email: Option<u32>,
        days: Option<u32>,
    },
    NoDiscount,
    CouponDays(u32),
    Email {
        role: Role,
        place: Option<u32>,
    },
    HoldOut(u32),
    Tone(Tone),
    SendAt(civil::Time),
    Again(ReEntry),
    /// Ends when they buy.
    Leaves,
    /// Starts with an order.
    AfterOrder,
    Goal(&'static str),
    /// Parts of the plan asked for; every plan has them.
    Include(Vec<&'static str>),
    /// "make a campaign", "I want to send them": asks for nothing by itself.
    Request,
    /// "for an online shop": which every shop here is.
    ForShop,
}

pub(crate) type Reader = fn(&mut Cursor<'_>) -> Option<Meaning>;

/// In order of preference where two take as many words.
pub(crate) const READERS: &[Reader] = &[
    goal,
    for_shop,
    include,
    emails,
    within,
    waits,
    not_since,
    not_for,
    no_discount,
    hold_out,
    bought,
    buyers,
    window,
    orders,
    spent,
    viewed,
    recommend,
    discount,
    coupon_days,
    role,
    tone,
    send_at,
    again,
    leaves,
    after_order,
    request,
    polite,
    whose,
];

/// Where a reader stands in the words it may take.
pub(crate) struct Cursor<'a> {
    tokens: &'a [Token],
    at: usize,
    entities: &'a Entities,
    currency: Currency,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(tokens: &'a [Token], entities: &'a Entities, currency: Currency) -> Self {
        Self { tokens, at: 0, entities, currency }
    }

    pub(crate) fn taken(&self) -> usize {
        self.at
    }

    /// The word to take next, unless punctuation stands before it.
    fn peek(&self) -> Option<&'a str> {
        let token = self.tokens.get(self.at)?;
        (self.at == 0 || !token.begins_clause).then_some(token.text.as_str())
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// Takes one of the phrases in `alternatives`, parted by `|`; the longest that fits.
    fn eat(&mut self, alternatives: &str) -> bool {
        let fits = |phrase: &str| {
            let words: Vec<&str> = phrase.split(' ').collect();
            let rest = self.tokens.get(self.at..self.at + words.len())?;
            let is_same = rest.iter().zip(&words).enumerate().all(|(place, (token, word))| {
                token.text == *word && (self.at + place == 0 || !token.begins_clause)
            });
            is_same.then_some(words.len())
        };
        let longest = alternatives.split('|').filter_map(fits).max();
        self.at += longest.unwrap_or(0);
        longest.is_some()
    }

    /// The same as `eat`, for words that may stand there.
    fn skip(&mut self, alternatives: &str) {
        while self.eat(alternatives) {}
    }

    /// What `reader` takes, or nothing.
    fn attempt<T>(&mut self, reader: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let at = self.at;
        let read = reader(self);
        if read.is_none() {
            self.at = at;
        }
        read
    }

    fn number(&mut self) -> Option<u32> {
        self.attempt(|it| number(it.next()?))
    }

    /// `ten days`, `a week`, `two weeks`, `a fortnight`.
    fn days(&mut self) -> Option<u32> {
        self.attempt(|it| {
            it.eat("the next");
            let count = if it.eat("a") { 1 } else { it.number()? };
            count.checked_mul(unit_days(it.next()?)?).filter(|it| (1..=3_650).contains(it))
        })
    }

    /// `in the last 30 days`, `within the past month`, `this month`.
    fn window(&mut self) -> Option<u32> {
        self.attempt(|it| {
            if it.eat("this week|last week") {
                return Some(7);
            }
            if it.eat("this month|last month") {
                return Some(30);
            }
            let begins = "in|within|during|over|from|for";
            it.eat(begins);
            it.eat("the");
            it.eat("last|past|previous").then_some(())?;
            let unit = it.attempt(|it| unit_days(it.next()?));
            unit.or_else(|| it.days())
        })
    }

    /// `10%`, `10 percent`, `ten per cent`.
    fn percent(&mut self) -> Option<u32> {
        self.attempt(|it| {
            if let Some(number) = it.peek()?.strip_suffix('%') {
                it.at += 1;
                return number.parse().ok();
            }
            let number = it.number()?;
            it.eat("%|percent|per cent|pct").then_some(number)
        })
    }

    /// `€5`, `5.50 EUR`, `10 euros`, in minor units of the shop's currency alone.
    fn amount(&mut self) -> Option<i64> {
        self.attempt(|it| {
            let currency = it.currency;
            let (symbol, code) = (currency.symbol(), currency.code().to_lowercase());
            let word = it.next()?;
            let bare = word.strip_prefix(symbol).or_else(|| word.strip_suffix(symbol));
            let number = match bare {
                Some(number) => number,
                None => {
                    let names = match code.as_str() {
                        "eur" => "euro|euros",
                        "gbp" => "pound|pounds",
                        "usd" => "dollar|dollars",
                        _ => code.as_str(),
                    };
                    (it.eat(&code) || it.eat(names)).then_some(word)?
                }
            };
            minor(number, it.currency)
        })
    }

    /// One or more things of the shop: `a kettle`, `grinders, kettles and scales`.
    fn entities(&mut self) -> Vec<Entity> {
        let mut found = Vec::new();
        loop {
            let at = self.at;
            let mut has_and = false;
            // A list goes on over commas, but its first thing stands in the same clause.
            if !found.is_empty() {
                let is_joined = self.tokens.get(at).is_some_and(|it| it.begins_clause);
                has_and = self.eat_anywhere("and|or");
                if !is_joined && !has_and {
                    break;
                }
            }
            while self.eat_anywhere("a|an|the|our|any|some|one of our|something from") {}
            let may_stand = !found.is_empty() || self.peek().is_some();
            let rest = self.tokens.get(self.at..).unwrap_or_default();
            match self.entities.at_start(rest).filter(|_| may_stand && !rest.is_empty()) {
                // A comma alone may begin something else; words of names are too loose for that.
                Some((Entity::NamePart(_), _)) if !found.is_empty() && !has_and => {
                    self.at = at;
                    break;
                }
                Some((entity, taken)) => {
                    self.at += taken;
                    if !found.contains(&entity) {
                        found.push(entity);
                    }
                }
                None => {
                    self.at = at;
                    break;
                }
            }
        }
        found
    }

    /// Like `eat`, also right after punctuation.
    fn eat_anywhere(&mut self, alternatives: &str) -> bool {
        let Some(token) = self.tokens.get(self.at) else { return false };
        let is_it = alternatives.split('|').any(|it| it == token.text);
        if is_it {
            self.at += 1;
            return true;
        }
        self.eat(alternatives)
    }

    /// `in the second email`, `in email 2`, `for the last one`.
    fn place(&mut self) -> Option<u32> {
        self.attempt(|it| {
            it.eat("in|with|for|inside|as").then_some(())?;
            if it.eat("email|e-mail|mail|number") {
                return it.number();
            }
            it.eat("the");
            let place = ordinal(it.next()?)?;
            it.eat("email|e-mail|mail|one|message");
            Some(place)
        })
    }
}

/// `12.50` in minor units.
fn minor(number: &str, currency: Currency) -> Option<i64> {
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    let digits = currency.digits() as usize;
    let is_plain = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || !is_plain(whole) || !is_plain(rest) {
        return None;
    }
    if rest.len() > digits {
        return None;
    }
    format!("{whole}{rest:0<digits$}").parse().ok()
}

fn goal(it: &mut Cursor<'_>) -> Option<Meaning> {
    let upsell = "upsell|upselling|up-sell|up sell|upsells";
    let cross = "cross-sell|cross-selling|cross sell|crosssell|cross-sells";
    let raise = "raise|increase|grow|lift|improve|raising|increasing";
    let goal = if it.eat(upsell) {
        let both = it.attempt(|it| {
            it.eat_anywhere("and|or");
            (it.eat(cross) || it.eat_anywhere("cross-sell|cross-selling")).then_some(())
        });
        if both.is_some() { "upsell and cross-sell" } else { "upsell" }
    } else if it.eat(cross) {
        let both = it.attempt(|it| {
            it.eat_anywhere("and|or");
            (it.eat(upsell) || it.eat_anywhere("upsell|upselling")).then_some(())
        });
        if both.is_some() { "upsell and cross-sell" } else { "cross-sell" }
    } else {
        it.eat(raise).then_some(())?;
        it.skip("the|our|average");
        it.eat("order value|basket size|order size|revenue per customer").then_some(())?;
        "a higher order value"
    };
    it.skip("email|emails|marketing");
    it.skip("campaign|campaigns|plan|flow|sequence|series");
    Some(Meaning::Goal(goal))
}

fn for_shop(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.eat("for|at|of").then_some(())?;
    it.skip("a|an|the|our|my|this");
    it.skip("small|ecommerce|e-commerce|online|web");
    it.eat("brand|shop|store|business|webshop|company|retailer").then_some(Meaning::ForShop)
}

/// The parts that every plan has, asked for by name.
fn include(it: &mut Cursor<'_>) -> Option<Meaning> {
    let parts: [(&str, &'static str); 7] = [
        ("objective|objectives|goal|goals|aims", "objectives"),
        ("number of emails|how many emails|email count", "number of emails"),
        (
            "theme of each email|themes|theme for each email|theme of every email|email themes",
            "themes",
        ),
        (
            "timing between emails|timing between the emails|timing|time between emails|delays \
             between emails|timeline|schedule",
            "timing",
        ),
        (
            "main cta for each email|main cta of each email|cta for each email|ctas|call to action \
             for each email|main call to action for each email|calls to action|main cta",
            "calls to action",
        ),
        ("target audience|audience|who it is for", "audience"),
        ("core message|main message|key message", "core message"),
    ];
    let mut found = Vec::new();
    loop {
        let at = it.at;
        if !found.is_empty() {
            it.eat_anywhere("and|plus");
        }
        while it.eat_anywhere("the|an|a|include|including") {}
        let part = parts.iter().find(|(names, _)| it.eat_in_list(names));
        match part {
            Some((_, name)) => found.push(*name),
            None => {
                it.at = at;
                break;
            }
        }
    }
    (!found.is_empty()).then_some(Meaning::Include(found))
}

impl Cursor<'_> {
    /// Like `eat`, where the first word may stand right after punctuation.
    fn eat_in_list(&mut self, alternatives: &str) -> bool {
        let rest = self.tokens.get(self.at..).unwrap_or_default();
        let mut inner = Cursor::new(rest, self.entities, self.currency);
        let is_eaten = inner.eat(alternatives);
        self.at += inner.at;
        is_eaten
    }
}

fn emails(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.eat("a|an|the|of");
    let word = it.peek()?;
    // "a four-email sequence"
    if let Some(count) = word.strip_suffix("-email").or_else(|| word.strip_suffix("-mail")) {
        let count = number(count)?;
        it.at += 1;
        it.skip("sequence|series|campaign|flow");
        return Some(Meaning::Emails(count));
    }
    let count = it.number()?;
    it.skip("short|friendly|separate|automated|automatic|follow-up|marketing");
    it.eat("email|emails|e-mail|e-mails|mail|mails|messages").then_some(Meaning::Emails(count))
}

fn within(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("spread|sent|all|spaced|running");
    it.eat("over|within|across|during|in").then_some(())?;
    it.eat("about|roughly|around|the course of|a period of|at most|no more than");
    it.days().map(Meaning::Within)
}

fn waits(it: &mut Cursor<'_>) -> Option<Meaning> {
    let is_every = it.eat("every|at intervals of");
    let is_named = it.eat(
        "waits of|waiting|wait|waits|delays of|after|with waits of|with delays of|spaced|sent \
         after|with",
    );
    let mut days = vec![it.number()?];
    loop {
        let at = it.at;
        it.eat_anywhere("and|then|days");
        let next = it.tokens.get(it.at).and_then(|token| number(&token.text));
        match next {
            Some(next) => {
                it.at += 1;
                days.push(next);
            }
            None => {
                it.at = at;
                break;
            }
        }
    }
    it.eat("day|days").then_some(())?;
    let is_apart =
        it.eat("apart|between emails|between them|between the emails|between each|in between");
    if it.eat("after an order|after the order|after each other|later") && days.len() == 1 {
        return None;
    }
    match days[..] {
        [each] if is_apart || is_every => Some(Meaning::Apart(each)),
        [_] => None,
        _ if is_named || is_apart || days.len() >= 3 => Some(Meaning::Waits(days)),
        _ => None,
    }
}

const BUY: &str = "bought|ordered|purchased|shopped|buy|order|purchase|have bought|have ordered|\
                   have purchased|made a purchase|placed an order|completed a purchase|made an order|\
                   completed an order";

fn bought(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("have|has|had|just|recently|already|ever");
    it.eat(BUY).then_some(())?;
    it.skip("something|anything|products|a product|once|from us|with us|in our shop|here");
    if let Some(days) = it.window() {
        return Some(Meaning::Bought { what: vec![], days: Some(days) });
    }
    if it.eat("recently|lately") {
        return Some(Meaning::Recent);
    }
    let what = it.attempt(|it| {
        it.eat("from|in");
        let what = it.entities();
        (!what.is_empty()).then_some(what)
    });
    it.skip("from us|with us|in our shop|products");
    Some(Meaning::Bought { what: what.unwrap_or_default(), days: it.window() })
}

/// `recent buyers`, `repeat customers`, `kettle buyers`, `buyers of kettles`.
fn buyers(it: &mut Cursor<'_>) -> Option<Meaning> {
    let buyers = "buyers|customers|shoppers|purchasers|orderers";
    it.eat("our|all|the");
    if it.eat("recent|latest|new recent") {
        it.eat(buyers).then_some(())?;
        return Some(
            it.window()
                .map_or(Meaning::Recent, |days| Meaning::Bought { what: vec![], days: Some(days) }),
        );
    }
    if it.eat("repeat|returning|loyal|regular") {
        return it.eat(buyers).then_some(Meaning::OrdersMin(2));
    }
    if it.eat("first-time|first time|one-time|new") {
        return it.eat(buyers).then_some(Meaning::FirstOrder);
    }
    if it.eat("buyers of|customers of|owners of|purchasers of|buyers from") {
        let what = it.entities();
        let days = it.window();
        return (!what.is_empty()).then_some(Meaning::Bought { what, days });
    }
    let rest = it.tokens.get(it.at..)?;
    let (entity, taken) = it.entities.at_start(rest)?;
    it.at += taken;
    it.eat("buyers|owners|customers|purchasers").then_some(())?;
    Some(Meaning::Bought { what: vec![entity], days: it.window() })
}

fn window(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.window().map(Meaning::Window)
}

const HAVE_NOT: &str = "haven't|hasn't|have not|has not|hadn't|didn't|did not|not|never|have never|\
                        who haven't|but haven't|but have not|but not|do not|don't|and not|yet to|\
                        have yet to|but didn't|havent|but never";

fn not_since(it: &mut Cursor<'_>) -> Option<Meaning> {
    if it.eat("no|without a|without any|with no|and no|but no|without") {
        it.eat("repeat|second|further|other|new|later|follow-up").then_some(())?;
        it.eat("purchase|order|purchases|orders").then_some(())?;
        it.eat("since|since then|after that|yet");
        return Some(Meaning::NotSince);
    }
    it.eat("who|but|and");
    it.eat(HAVE_NOT).then_some(())?;
    it.eat("yet");
    let again = "come back|returned|been back|bought again|ordered again|purchased again|come again|\
                 shopped again|bought since|ordered since|bought anything since|ordered anything since|\
                 bought anything else|ordered anything else|bought since then|ordered since then|\
                 made a repeat purchase|made a second purchase|made another purchase|\
                 placed another order|placed a second order|placed a repeat order|\
                 made a second order|buy again|order again|come back since|return|repurchased|\
                 reordered|bought a second time|purchased since";
    it.eat(again).then_some(())?;
    it.eat("yet|since|again|since then");
    Some(Meaning::NotSince)
}

fn not_for(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.eat("who|but|and");
    it.eat(HAVE_NOT).then_some(())?;
    it.eat("bought|ordered|purchased|shopped|been back|visited").then_some(())?;
    it.skip("anything|from us|here");
    let days = it.window().or_else(|| {
        it.eat("for|in").then_some(())?;
        it.eat("at least|more than|over");
        it.days()
    })?;
    Some(Meaning::NotFor(days))
}

fn orders(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("have|has|with|who|placed|made");
    it.eat("ordered|bought");
    let is_more = it.eat("more than|over");
    it.eat("at least|a minimum of");
    let count = match it.attempt(|it| it.eat("twice").then_some(2)) {
        Some(count) => count,
        None => {
            let count = it.number()?;
            it.eat("time|times|orders|purchases").then_some(())?;
            count
        }
    };
    it.eat("or more|and more|at least");
    let count = count + u32::from(is_more);
    (1..=1_000).contains(&count).then_some(Meaning::OrdersMin(count))
}

fn spent(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("have|has|who");
    it.eat("spent|spend|spending|with a total of").then_some(())?;
    it.eat("more than|over|at least|above|upwards of");
    let minor = it.amount()?;
    it.eat("or more|in total|with us|in all");
    Some(Meaning::SpentMin(minor))
}

/// `related or premium`, and what of them was named.
fn related(it: &mut Cursor<'_>) -> Option<(bool, bool)> {
    let (mut related, mut better) = (false, false);
    loop {
        if it.eat("related|matching|complementary|similar|accompanying") {
            related = true;
        } else if it.eat("premium|better|upgraded|higher-end|high-end|more expensive") {
            better = true;
        } else if !((related || better) && it.eat("or|and")) {
            break;
        }
    }
    it.eat("products|product|items|things|add-ons|ones").then_some(())?;
    (related || better).then_some((related, better))
}

fn viewed(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("have|has|who|then|since|also");
    it.eat(
        "viewed|looked at|browsed|clicked|clicked on|visited|saw|seen|view|viewed or clicked|viewed \
         or clicked on|clicked or viewed|viewed and clicked|looked at or clicked",
    )
    .then_some(())?;
    it.skip("a|an|the|any");
    let read =
        it.attempt(related).map(|(related, better)| Meaning::ViewedRelated { related, better });
    let read = read.or_else(|| {
        let what = it.entities();
        (!what.is_empty()).then_some(Meaning::Viewed(what))
    })?;
    it.eat("since|since then|since that order|since their order|since their last order|afterwards");
    Some(read)
}

fn recommend(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.eat(
        "recommend|recommending|suggest|suggesting|show|showing|promote|promoting|feature|\
         featuring|sell|sell them|recommend them|show them|offer them|push|with recommendations of|\
         recommendations of|recommendations for|recommended",
    )
    .then_some(())?;
    if let Some((related, better)) = it.attempt(related) {
        return Some(Meaning::RecommendRelated { related, better });
    }
    let what = it.entities();
    (!what.is_empty()).then_some(Meaning::Recommend(what))
}

fn discount(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("a|an|the|with|limited-time|limited|give|giving|offer|them|time|include");
    let named = it.eat("discount of|coupon for|coupon of|code for|voucher for|discount");
    let offer = match it.percent() {
        Some(percent) => CouponOffer::Percent(u8::try_from(percent).ok()?),
        None => CouponOffer::AmountMinor(it.amount()?),
    };
    let tail = it.eat(
        "off|discount|coupon|discount code|coupon code|off coupon|off code|off discount|code|\
         off everything|rebate|off their next order|off the next order|discount coupon",
    );
    (named || tail).then_some(())?;
    let email = it.place();
    let days = it.attempt(|it| {
        it.eat("for|valid for").then_some(())?;
        it.days()
    });
    Some(Meaning::Discount { offer, email: email.or_else(|| it.place()), days })
}

fn no_discount(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.eat("no|without a|without any|without|don't offer a|never offer a").then_some(())?;
    it.eat("discount|discounts|coupon|coupons|code").then_some(Meaning::NoDiscount)
}

fn coupon_days(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("the|coupon|code|discount|is|which|that");
    it.eat(
        "valid for|valid|lasting|good for|expires in|expires after|expiring in|expiring after|\
         lives|that lasts|lasts|that expires in|that expires after|runs out after",
    )
    .then_some(())?;
    it.eat("about|only");
    it.days().map(Meaning::CouponDays)
}

fn role(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("a|an|the|one|last|final|gentle|short|friendly|first|with|some|limited-time|product");
    let role = if it.eat("nudge|reminder|last chance|final push|last call|nudge email") {
        Role::Nudge
    } else if it.eat(
        "reviews|review|social proof|social-proof|ratings|customer reviews|ratings and reviews|\
         reviews and ratings|customer stories|reviews from others|stories",
    ) {
        Role::SocialProof
    } else if it.eat("discount|coupon|discount code|coupon code|discount offer") {
        Role::Discount
    } else {
        it.eat(
            "offer|recommendation|recommendations|product offer|product recommendations|\
             recommended products|introduction",
        )
        .then_some(())?;
        Role::Offer
    };
    it.eat("email|e-mail|mail");
    Some(Meaning::Email { role, place: it.place() })
}

fn hold_out(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("a|an|and|with|the");
    if it.eat("no holdout|without a holdout|without holdout|hold nobody out|hold out nobody") {
        return Some(Meaning::HoldOut(0));
    }
    let before = it.eat(
        "hold out|holding out|hold back|holdout of|hold-out of|keep out|leave out|withhold|\
         control group of|holdout",
    );
    if !before {
        it.eat("hold|keep|leave");
    }
    let percent = it.percent()?;
    it.skip("of|them|customers|people");
    let after = it.eat(
        "holdout|hold-out|held out|control group|out|back|as a holdout|by lot|as a control group",
    );
    (before || after).then_some(Meaning::HoldOut(percent))
}

fn tone(it: &mut Cursor<'_>) -> Option<Meaning> {
    let is_alone_before = it.tokens.first().is_some_and(|it| it.begins_clause);
    let before = it.eat(
        "keep it|keep them|make it|make them|in a|with a|keep the tone|make the tone|sound|the \
         tone is|tone|keep it all|write it in a|be",
    );
    it.skip("very|more|and|nice|a bit|quite|rather");
    let tone = Tone::of_word(it.next()?)?;
    while it
        .attempt(|it| {
            it.eat("and|but");
            Tone::of_word(it.next()?).filter(|other| *other == tone)
        })
        .is_some()
    {}
    let after = it.eat("tone|voice|style|tone of voice|words|wording|language");
    let is_alone_after = it.tokens.get(it.at).is_none_or(|it| it.begins_clause);
    (before || after || (is_alone_before && is_alone_after)).then_some(Meaning::Tone(tone))
}

fn send_at(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("send|sent|always|them|it|everything");
    if it.eat("in the morning|in the mornings|every morning") {
        return Some(Meaning::SendAt(civil::time(10, 0, 0, 0)));
    }
    if it.eat("in the evening|in the evenings") {
        return Some(Meaning::SendAt(civil::time(18, 0, 0, 0)));
    }
    it.eat("at|around|each at").then_some(())?;
    let word = it.next()?;
    let glued = word.strip_suffix("am").map(|it| (it, Some(false)));
    let (digits, half) = glued
        .or_else(|| word.strip_suffix("pm").map(|it| (it, Some(true))))
        .unwrap_or((word, None));
    let half = match half {
        None if it.eat("am|a.m") => Some(false),
        None if it.eat("pm|p.m") => Some(true),
        half => half,
    };
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) => (hour.parse::<i8>().ok()?, minute.parse::<i8>().ok()?),
        None => (i8::try_from(number(digits)?).ok()?, 0),
    };
    let has_clock = it.eat("o'clock") || half.is_some() || digits.contains(':');
    let has_zone = it.eat(
        "their time|local time|their local time|in their zone|in their time zone|customer time",
    );
    let hour = match half {
        Some(true) if (1..12).contains(&hour) => hour + 12,
        Some(false) if hour == 12 => 0,
        _ => hour,
    };
    if !has_clock && !has_zone {
        return None;
    }
    civil::Time::new(hour, minute, 0, 0).ok().map(Meaning::SendAt)
}

fn again(it: &mut Cursor<'_>) -> Option<Meaning> {
    if it.eat("only once per customer|once per customer|once ever|never again|never twice") {
        return Some(Meaning::Again(ReEntry::Never));
    }
    it.skip("and|let|them|in|may|come|start|enter");
    it.eat(
        "again after|not again for|not again within|at most once every|once every|at most once in|\
         no more than once every|again only after",
    )
    .then_some(())?;
    it.days().map(|days| Meaning::Again(ReEntry::AfterDays(days)))
}

fn leaves(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("and|that|it|should|which|emails|the|everything");
    let stop = "stop|stops|stop as soon as|ends|end|exit|exits|stopping|leave|leaves|stop emailing|\
                stop sending|exit criteria|until";
    it.eat(stop).then_some(())?;
    it.eat("them");
    it.eat("when|once|if|as soon as|on|after|the moment|whenever");
    it.skip("they|someone|the|customer|a|any|somebody|people");
    it.eat(
        "buy|order|buys|orders|purchase|buy again|order again|buys again|orders again|bought|\
         ordered|come back|bought again|purchase completed|purchases",
    )
    .then_some(Meaning::Leaves)
}

fn after_order(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("starting|starts|start|triggered|sent|that|and");
    it.eat(
        "after an order|after a purchase|after each order|after every order|after they order|after \
         they buy|after the order|after the purchase|after someone buys|after someone orders|by an \
         order|by a purchase|when they buy|when someone buys|when they order|after checkout|after \
         their order|after their purchase|with an order|after the first order|post-purchase",
    )
    .then_some(Meaning::AfterOrder)
}

/// The polite beginning of a request, which asks for nothing yet.
fn request(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.eat("make|set up|put together|come up with|start|plan out|set|run|launch").then_some(())?;
    it.eat("me|us");
    it.eat("a|an|the").then_some(())?;
    it.skip("new|simple|email|marketing|post-purchase");
    it.eat("campaign|sequence|series|flow|plan|email campaign").then_some(Meaning::Request)
}

/// Who asks and whom the emails go to, in pronouns: "I want to send them", "please give me".
fn polite(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("please|and|then|also");
    let asks = "i want|i need|i would like|i'd like|i want you|we want|we need|we would like|we'd \
                like|could you|can you|would you|will you|i'd love|we'd love|you should|let us|we \
                should|i'll need|i'm looking for|we're looking for";
    let has_asked = it.eat(asks);
    if has_asked {
        it.skip("you|to|please");
    }
    let at = it.taken();
    let verbs = "send|give|email|mail|write|offer|tell|show|make|create|draft|build|prepare|help|\
                 get|remind|thank|nudge";
    let has_verb = it.eat(verbs);
    let whom = has_verb && it.eat("me|us|them");
    if has_verb && !whom && !has_asked {
        return None;
    }
    if has_verb && !whom {
        it.at = at;
    }
    (has_asked || whom).then_some(Meaning::Request)
}

/// "our customers who": the shop's own people, of whom more is said right away.
fn whose(it: &mut Cursor<'_>) -> Option<Meaning> {
    it.skip("to|for|of|all");
    it.eat("our|my|your").then_some(())?;
    it.eat("customers|buyers|shoppers|clients|people").then_some(())?;
    matches!(it.peek(), Some("who" | "that" | "which" | "whom")).then_some(Meaning::Request)
}
