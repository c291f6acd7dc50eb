//! Reading clauses: what is asked by how they begin.

use aftercart_model::Topic;

use super::{Parsed, Parser, TokenKind};
use crate::{
    Act, BarReason, Condition, Count, Deed, Fact, Number, Pick, ProductTest, Reading, Said, Score,
    Statistic, Window, WorthOf,
};

impl Parser<'_> {
    pub(super) fn clause(&mut self) -> Parsed<Condition> {
        if let Some(act) = self.act(true).or_else(|error| self.not_done(error))? {
            return self.did(act);
        }
        if let Some(act) = self.act(false)? {
            let window = self.window()?;
            let mut deed = Deed::from(act);
            self.filters(&mut deed)?;
            return Ok(Condition::Did { deed, count: Count::Exactly(0), window });
        }
        if self.eat("spent") {
            let bound = self.bound()?;
            return Ok(Condition::Spent { bound, window: self.window()? });
        }
        if let Some(clause) = self.order()? {
            return Ok(clause);
        }
        if let Some(clause) = self.figure()? {
            return Ok(clause);
        }
        for pick in [Pick::Last, Pick::First] {
            if self.eat(&pick.to_string()) {
                let Some(act) = self.act(true)? else { return Err(self.error()) };
                return self.recency(pick, act);
            }
        }
        if let Some(clause) = self.prediction()? {
            return Ok(clause);
        }
        if let Some(clause) = self.due_again()? {
            return Ok(clause);
        }
        if let Some(clause) = self.fact()? {
            return Ok(clause);
        }
        Err(self.error())
    }

    /// "did not order" begins as `did "Quiz"` does.
    fn not_done(&mut self, error: super::ParseConditionError) -> Parsed<Option<Act>> {
        if self.at > 0 && self.is_word("not") {
            self.at -= 1;
            return Ok(None);
        }
        Err(error)
    }

    fn did(&mut self, act: Act) -> Parsed<Condition> {
        let mut deed = Deed::from(act);
        self.filters_inside(&mut deed)?;
        let mut count = self.count()?;
        let mut window = self.window()?;
        if count.is_none() && window != Window::Ever {
            // "ordered in the last 30 days at least 2 times" is as good English.
            count = self.count()?;
        }
        if window == Window::Ever {
            window = self.window()?;
        }
        self.filters(&mut deed)?;
        if count.is_none() && self.is_word("and") {
            if self.is_word_at(self.at + 1, "then") {
                return self.sequence(deed, window);
            }
            self.expect_at(self.at + 1, "`then within`");
        }
        Ok(Condition::Did { deed, count: count.unwrap_or(Count::at_least(1)), window })
    }

    fn sequence(&mut self, first: Deed, window: Window) -> Parsed<Condition> {
        if !self.eat("and then within") {
            return Err(self.error());
        }
        let within = self.span()?;
        let (is_followed, act) = match self.act(true).or_else(|error| self.not_done(error))? {
            Some(act) => (true, act),
            None => match self.act(false)? {
                Some(act) => (false, act),
                None => return Err(self.error()),
            },
        };
        let mut then = Deed::from(act);
        self.filters_inside(&mut then)?;
        self.filters(&mut then)?;
        Ok(Condition::Sequence { first, window, within, is_followed, then })
    }

    /// What begins with `last order`, `first order`, `average order`.
    fn order(&mut self) -> Parsed<Option<Condition>> {
        for (head, of, pick) in [
            ("last order", WorthOf::Last, Some(Pick::Last)),
            ("first order", WorthOf::First, Some(Pick::First)),
            ("average order", WorthOf::Average, None),
        ] {
            if !self.eat(head) {
                continue;
            }
            if self.eat("is worth") {
                return Ok(Some(Condition::Worth { of, bound: self.bound()? }));
            }
            let Some(pick) = pick else { return Err(self.error()) };
            if !self.eat("was") {
                return Err(self.error());
            }
            return self.recency(pick, Act::Ordered).map(Some);
        }
        Ok(None)
    }

    fn recency(&mut self, pick: Pick, act: Act) -> Parsed<Condition> {
        let mut deed = Deed::from(act);
        self.filters_inside(&mut deed)?;
        let age = self.age()?;
        self.filters(&mut deed)?;
        Ok(Condition::Recency { pick, deed, age })
    }

    /// `total "score" of "Quiz Finished" is at least 20`, `largest amount when they ordered is …`.
    fn figure(&mut self) -> Parsed<Option<Condition>> {
        let start = self.at;
        let statistics = Statistic::ALL.into_iter();
        let Some(statistic) = statistics.into_iter().find(|it| self.eat(&it.to_string())) else {
            return Ok(None);
        };
        let is_name = self.peek().is_some_and(|it| matches!(it.kind, TokenKind::Text(_)));
        let measured = match () {
            () if is_name => Measured::Property(self.name()?),
            () if self.eat("amount") => Measured::Amount,
            () if self.eat("quantity") => Measured::Quantity,
            () if self.eat("rating") => Measured::Rating,
            () if matches!(statistic, Statistic::First | Statistic::Last) => {
                // "last viewed a product at least 30 days ago".
                self.at = start;
                return Ok(None);
            }
            () => {
                self.expect("the name of a property in double quotes");
                return Err(self.error());
            }
        };
        let act = match () {
            () if self.eat("of") => Act::Custom(self.words()?),
            () if self.eat("when they") => match self.act(true)? {
                Some(act) => act,
                None => return Err(self.error()),
            },
            () => return Err(self.error()),
        };
        if !self.eat("is") {
            return Err(self.error());
        }
        let of = match measured {
            Measured::Amount => Reading::Amount(self.limit(true, Self::amount)?),
            Measured::Quantity => Reading::Quantity(self.limit(true, Self::decimal)?),
            Measured::Rating => Reading::Rating(self.limit(true, Self::decimal)?),
            Measured::Property(name) => {
                Reading::Property { name, is: self.limit(true, Self::decimal)? }
            }
        };
        let window = self.window()?;
        let mut deed = Deed::from(act);
        self.filters(&mut deed)?;
        Ok(Some(Condition::Figure { statistic, of, deed, window }))
    }

    fn prediction(&mut self) -> Parsed<Option<Condition>> {
        for of in [Score::Recency, Score::Frequency, Score::Monetary] {
            if self.eat(&format!("{of} score is")) {
                return Ok(Some(Condition::Score { of, limit: self.limit(true, Self::decimal)? }));
            }
        }
        if self.eat("is expected to order") {
            let limit = self.limit(false, Self::expected_times)?;
            if !self.eat("in the next") {
                return Err(self.error());
            }
            return Ok(Some(Condition::ExpectedOrders { limit, within: self.span()? }));
        }
        if self.eat("is expected to spend") {
            let bound = self.bound()?;
            if !self.eat("in the next") {
                return Err(self.error());
            }
            return Ok(Some(Condition::ExpectedSpend { bound, within: self.span()? }));
        }
        if self.eat("next order is expected within") {
            self.eat_synonym(&["the next"]);
            return Ok(Some(Condition::NextOrder { within: self.span()? }));
        }
        if self.eat("chance to be gone is") {
            let limit = self.limit(true, Self::decimal)?;
            if !self.eat("%") && !self.eat_synonym(&["percent", "per cent"]) {
                return Err(self.error());
            }
            return Ok(Some(Condition::ChanceGone(limit)));
        }
        Ok(None)
    }

    /// `a product in category "Coffee" is due again within 7 days`, `product "House roast" is due
    /// again`.
    fn due_again(&mut self) -> Parsed<Option<Condition>> {
        let is_text = |it: &Self, at: usize| {
            it.tokens.get(at).is_some_and(|it| matches!(it.kind, TokenKind::Text(_)))
        };
        let products = if self.is_word("product") && is_text(self, self.at + 1) {
            self.at += 1;
            vec![ProductTest::Named(self.words()?)]
        } else if self.is_word_at(self.at + 1, "product")
            && ["a", "any"].iter().any(|it| self.is_word(it))
        {
            self.products()?
        } else {
            self.expect("`a product`");
            return Ok(None);
        };
        if !self.eat("is due again") {
            return Err(self.error());
        }
        if !self.eat("within") {
            return Ok(Some(Condition::DueAgain { products, within: None }));
        }
        self.eat_synonym(&["the next"]);
        Ok(Some(Condition::DueAgain { products, within: Some(self.span()?) }))
    }

    fn expected_times(&mut self) -> Parsed<Number> {
        for (word, count) in [("once", 1), ("twice", 2)] {
            if self.eat_synonym(&[word]) {
                return Ok(Number::whole(count));
            }
        }
        let count = self.decimal()?;
        if self.eat_unit("times", "time") { Ok(count) } else { Err(self.error()) }
    }

    fn fact(&mut self) -> Parsed<Option<Condition>> {
        for fact in Fact::ALL {
            if self.eat(&format!("{fact} is")) {
                self.eat_synonym(&["one of"]);
                return Ok(Some(Condition::Fact { fact, is: self.words()? }));
            }
        }
        if self.eat("postal code begins with") || self.eat_synonym(&["postal code starts with"]) {
            return Ok(Some(Condition::PostalCode(self.words()?)));
        }
        if self.eat("attribute") {
            let name = self.name()?;
            return Ok(Some(Condition::Attribute { name, is: self.value_test()? }));
        }
        for (head, said) in [
            ("has consent for", Said::Yes),
            ("has withdrawn consent for", Said::No),
            ("was never asked about", Said::Nothing),
        ] {
            if self.eat(head) {
                return self.consent(said).map(Some);
            }
        }
        if self.eat("has an email address") {
            return Ok(Some(Condition::HasEmail));
        }
        if self.eat("is suppressed") {
            return Ok(Some(Condition::IsSuppressed(self.bar_reasons()?)));
        }
        if self.eat("is on list") {
            return Ok(Some(Condition::IsOnList(self.words()?)));
        }
        if self.eat("is in segment") {
            return Ok(Some(Condition::IsInSegment(self.words()?)));
        }
        Ok(None)
    }

    fn consent(&mut self, said: Said) -> Parsed<Condition> {
        let topic = match () {
            () if self.eat("marketing") => Topic::Marketing,
            () if self.eat("feedback") => Topic::Feedback,
            () => return Err(self.error()),
        };
        let by = [
            ("by opt-in", Said::YesByOptIn),
            ("by double opt-in", Said::YesByDoubleOptIn),
            ("by soft opt-in", Said::YesBySoftOptIn),
        ];
        if said == Said::Yes {
            for (phrase, said) in by {
                if self.eat(phrase) {
                    self.refuse_more_ways()?;
                    return Ok(Condition::Consent { topic, said });
                }
            }
        }
        Ok(Condition::Consent { topic, said })
    }

    /// "by opt-in or soft opt-in" reads as if it were one clause.
    fn refuse_more_ways(&self) -> Parsed<()> {
        let starts = |at| ["opt-in", "double", "soft"].iter().any(|it| self.is_word_at(at, it));
        let is_by = self.is_word_at(self.at + 1, "by");
        if self.is_word("or") && starts(self.at + 1 + usize::from(is_by)) {
            let error =
                "a clause asks for one way of consent; write `or` and the whole clause again";
            return Err(self.refuse(self.at, error));
        }
        Ok(())
    }

    fn bar_reasons(&mut self) -> Parsed<Vec<BarReason>> {
        const REASONS: [BarReason; 5] = [
            BarReason::Bounce,
            BarReason::Complaint,
            BarReason::Unsubscribe,
            BarReason::ByHand,
            BarReason::Erased,
        ];
        let mut reasons = Vec::new();
        if !self.eat("by") {
            return Ok(reasons);
        }
        loop {
            self.eat_synonym(&["a", "an"]);
            let Some(reason) = REASONS.into_iter().find(|it| self.eat(&it.to_string())) else {
                return Err(self.error());
            };
            reasons.push(reason);
            // `or` goes on with reasons only before another; else it joins conditions.
            let is_more = REASONS.iter().any(|it| self.is_word_at(self.at + 1, &it.to_string()));
            if !(is_more && self.eat("or")) {
                return Ok(reasons);
            }
        }
    }
}

enum Measured {
    Amount,
    Quantity,
    Rating,
    Property(crate::Name),
}
