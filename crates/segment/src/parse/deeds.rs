//! Reading deeds: acts, products, emails, and what follows `where`.

use super::{Parsed, Parser, TokenKind};
use crate::{Act, Amount, Deed, Emails, Filter, Limit, Owned, ProductTest, ValueTest, Words};

type OfEmails = fn(Emails) -> Act;
type OfProducts = fn(Vec<ProductTest>) -> Act;

const OF_PRODUCTS: [OfProducts; 4] = [Act::Bought, Act::Viewed, Act::AddedToCart, Act::Reviewed];

const OF_EMAILS: [OfEmails; 6] = [
    Act::OpenedEmail,
    Act::ClickedEmail,
    Act::WasSentEmail,
    Act::ReceivedEmail,
    Act::FailedToReceiveEmail,
    Act::ComplainedAboutEmail,
];

const PLAIN: [Act; 3] = [Act::StartedCheckout, Act::CancelledOrder, Act::GotRefund];

/// What begins a filter beside a name in quotes.
const FIELDS: [&str; 13] = [
    "quantity", "amount", "rating", "coupon", "property", "category", "kind", "tag", "brand",
    "vendor", "name", "code", "price",
];

impl Parser<'_> {
    /// What was done, or as the end of "and then within 7 days they …" was not; `None` where no act
    /// begins.
    pub(super) fn act(&mut self, is_done: bool) -> Parsed<Option<Act>> {
        let verb = |act: &Act| if is_done { act.verbs().0 } else { act.verbs().1 };
        if self.eat(verb(&Act::Ordered)) {
            return Ok(Some(Act::Ordered));
        }
        for act in OF_PRODUCTS {
            if self.eat(verb(&act(Vec::new()))) {
                return Ok(Some(act(self.products()?)));
            }
        }
        for act in PLAIN {
            if self.eat(verb(&act)) {
                return Ok(Some(act));
            }
        }
        for act in OF_EMAILS {
            if let Some(emails) = self.emails(verb(&act(Emails::default())))? {
                return Ok(Some(act(emails)));
            }
        }
        // "clicked a product" is how it is said; "a link to" is how it is printed.
        let clicked = verb(&Act::Clicked(Vec::new()));
        let short = clicked.trim_end_matches(" a link to");
        if self.eat(clicked) || self.eat(short) {
            return Ok(Some(Act::Clicked(self.products()?)));
        }
        let did = if is_done { "did" } else { "did not do" };
        if self.eat(did) {
            return Ok(Some(Act::Custom(self.words()?)));
        }
        Ok(None)
    }

    /// `opened an email of flow "x"`, `opened email "a"`.
    fn emails(&mut self, verb: &str) -> Parsed<Option<Emails>> {
        let email = if self.eat(&format!("{verb} an email")) {
            None
        } else if self.eat(&format!("{verb} email")) {
            Some(self.words()?)
        } else {
            return Ok(None);
        };
        let flow = if self.eat("of flow") { Some(self.words()?) } else { None };
        Ok(Some(Emails { email, flow }))
    }

    pub(super) fn products(&mut self) -> Parsed<Vec<ProductTest>> {
        if !self.eat("a product") && !self.eat_synonym(&["any product"]) {
            return Err(self.error());
        }
        let mut tests = Vec::new();
        loop {
            // "in category … and tagged …": no clause begins as a test does.
            let start = self.at;
            let is_joined = !tests.is_empty() && self.eat_synonym(&["and"]);
            match self.product_test(0)? {
                Some(test) => tests.push(test),
                None => {
                    if is_joined {
                        self.at = start;
                    }
                    return Ok(tests);
                }
            }
        }
    }

    fn product_test(&mut self, depth: usize) -> Parsed<Option<ProductTest>> {
        for owned in [Owned::LastOrder, Owned::AnyOrder] {
            if self.eat(&format!("related to {owned}")) {
                return Ok(Some(ProductTest::Related(owned)));
            }
            if self.eat(&format!("better than {owned}")) {
                return Ok(Some(ProductTest::Better(owned)));
            }
        }
        for (head, test) in [
            ("in category", ProductTest::InCategory as fn(Words) -> ProductTest),
            ("of kind", ProductTest::OfKind),
            ("of brand", ProductTest::OfBrand),
            ("tagged", ProductTest::Tagged),
            ("named", ProductTest::Named),
            ("coded", ProductTest::Coded),
        ] {
            if self.eat(head) {
                return Ok(Some(test(self.words()?)));
            }
        }
        if self.eat_synonym(&["of vendor", "by brand", "made by"]) {
            return Ok(Some(ProductTest::OfBrand(self.words()?)));
        }
        if self.eat("with") {
            let words = self.words()?;
            let is_whole = self.eat("in its name");
            return match is_whole {
                true => Ok(Some(ProductTest::NameHas(words))),
                false => Err(self.error()),
            };
        }
        if self.eat("priced") {
            return Ok(Some(ProductTest::Priced(self.bound()?)));
        }
        // "and not …" may be a clause of its own, so it is a test only if one follows.
        let start = self.at;
        if self.eat("not") {
            if depth < NOTS_MAX
                && let Some(test) = self.product_test(depth + 1)?
            {
                return Ok(Some(ProductTest::Not(Box::new(test))));
            }
            self.at = start;
        }
        Ok(None)
    }

    /// `where …` at the end of a clause.
    pub(super) fn filters(&mut self, deed: &mut Deed) -> Parsed<()> {
        if !self.eat("where") {
            return Ok(());
        }
        loop {
            self.filter(deed)?;
            if !(self.is_word("and") && self.is_filter_at(self.at + 1)) {
                return Ok(());
            }
            self.at += 1;
        }
    }

    /// `(where …)` behind an act within a clause.
    pub(super) fn filters_inside(&mut self, deed: &mut Deed) -> Parsed<()> {
        if !self.is_kind(&TokenKind::Open) {
            return Ok(());
        }
        self.at += 1;
        let outer = std::mem::replace(&mut self.indent, 0);
        if !self.is_word("where") {
            self.expect("`where`");
            return Err(self.error());
        }
        self.filters(deed)?;
        if !self.eat_kind(&TokenKind::Close, "`)`") {
            return Err(self.error());
        }
        self.indent = outer;
        Ok(())
    }

    fn is_filter_at(&self, token: usize) -> bool {
        let Some(token) = self.tokens.get(token) else { return false };
        let word = &self.text[token.range.clone()];
        match token.kind {
            TokenKind::Text(_) => true,
            TokenKind::Word => FIELDS.iter().any(|it| it.eq_ignore_ascii_case(word)),
            _ => false,
        }
    }

    fn filter(&mut self, deed: &mut Deed) -> Parsed<()> {
        let filter = if self.eat("quantity is") {
            Filter::Quantity(self.limit(true, Self::decimal)?)
        } else if self.eat("amount is") {
            Filter::Amount(self.limit(true, Self::amount)?)
        } else if self.eat("rating is") {
            Filter::Rating(self.limit(true, Self::decimal)?)
        } else if self.eat("coupon") {
            Filter::Coupon(self.value_test()?)
        } else {
            if let Act::Bought(tests)
            | Act::Viewed(tests)
            | Act::Clicked(tests)
            | Act::AddedToCart(tests)
            | Act::Reviewed(tests) = &mut deed.act
                && let Some(test) = self.product_field()?
            {
                tests.push(test);
                return Ok(());
            }
            self.eat_synonym(&["property"]);
            if !self.peek().is_some_and(|it| matches!(it.kind, TokenKind::Text(_))) {
                self.expect("the name of a property in double quotes");
                return Err(self.error());
            }
            Filter::Property { name: self.name()?, is: self.value_test()? }
        };
        deed.filters.push(filter);
        Ok(())
    }

    /// `category is "Kettles"`: another way to say what is tested of a product.
    fn product_field(&mut self) -> Parsed<Option<ProductTest>> {
        for (field, test) in [
            ("category", ProductTest::InCategory as fn(Words) -> ProductTest),
            ("kind", ProductTest::OfKind),
            ("brand", ProductTest::OfBrand),
            ("vendor", ProductTest::OfBrand),
            ("tag", ProductTest::Tagged),
            ("name", ProductTest::Named),
            ("code", ProductTest::Coded),
        ] {
            if field == "name" && self.eat_synonym(&["name contains"]) {
                return Ok(Some(ProductTest::NameHas(self.words()?)));
            }
            if self.eat_synonym(&[&format!("{field} is not")]) {
                let test = test(self.words()?);
                return Ok(Some(ProductTest::Not(Box::new(test))));
            }
            if self.eat(&format!("{field} is")) {
                self.eat_synonym(&["one of"]);
                return Ok(Some(test(self.words()?)));
            }
        }
        if self.eat("price is") {
            let limit: Limit<Amount> = self.limit(true, Self::amount)?;
            return Ok(Some(ProductTest::Priced(limit)));
        }
        Ok(None)
    }

    pub(super) fn value_test(&mut self) -> Parsed<ValueTest> {
        for (phrase, test) in [
            ("is set", ValueTest::IsSet),
            ("is not set", ValueTest::IsNotSet),
            ("is true", ValueTest::IsTrue),
            ("is false", ValueTest::IsFalse),
        ] {
            if self.eat(phrase) {
                return Ok(test);
            }
        }
        if self.eat("contains") {
            return Ok(ValueTest::Contains(self.words()?));
        }
        if self.eat("starts with") || self.eat_synonym(&["begins with"]) {
            return Ok(ValueTest::StartsWith(self.words()?));
        }
        if self.eat_synonym(&["is not one of"]) {
            return Ok(ValueTest::NotText(self.words()?));
        }
        if self.eat("is one of") {
            return Ok(ValueTest::Text(self.words()?));
        }
        let is_text = |it: &Self, token: usize| {
            it.tokens.get(token).is_some_and(|it| matches!(it.kind, TokenKind::Text(_)))
        };
        if self.is_word("is") && is_text(self, self.at + 1) {
            self.at += 1;
            return Ok(ValueTest::Text(self.words()?));
        }
        let start = self.at;
        if self.eat("is not") {
            if is_text(self, self.at) {
                return Ok(ValueTest::NotText(self.words()?));
            }
            self.at = start;
        }
        if self.eat("is") {
            self.expect("a name in double quotes");
            return Ok(ValueTest::Number(self.limit(true, Self::decimal)?));
        }
        Err(self.error())
    }
}

/// How often a test of a product may be turned.
const NOTS_MAX: usize = 4;
