//! Reading numbers, amounts, names and limits.

use aftercart_model::Currency;

use super::{Parsed, Parser, Token, TokenKind};
use crate::{Amount, AmountBound, Count, Limit, Name, Number, Words};

impl Parser<'_> {
    pub(super) fn count(&mut self) -> Parsed<Option<Count>> {
        let start = self.at;
        let count = if self.eat("at least") {
            let count = self.times()?;
            let Ok(count) = count.try_into() else {
                let problem = "at least 0 times is true of every customer".to_owned();
                return Err(self.place_at(start).error(problem, "ask for 1 or more".to_owned()));
            };
            Count::AtLeast(count)
        } else if self.eat("at most") {
            Count::AtMost(self.times()?)
        } else if self.eat_synonym(&["more than"]) {
            Count::at_least(self.times()?.saturating_add(1))
        } else if self.eat_synonym(&["less than", "fewer than"]) {
            let Some(most) = self.times()?.checked_sub(1) else {
                let problem = "less than 0 times is true of nobody".to_owned();
                return Err(self.place_at(start).error(problem, "ask for 1 or more".to_owned()));
            };
            Count::AtMost(most)
        } else if self.eat("exactly") || self.is_times() {
            Count::Exactly(self.times()?)
        } else {
            return Ok(None);
        };
        Ok(Some(count))
    }

    fn is_times(&self) -> bool {
        let is_word = ["once", "twice", "never"].iter().any(|it| self.is_word(it));
        is_word || self.peek_number().is_some()
    }

    fn times(&mut self) -> Parsed<u32> {
        for (word, count) in [("once", 1), ("twice", 2), ("never", 0)] {
            if self.is_word(word) {
                self.at += 1;
                return Ok(count);
            }
        }
        let count = self.number(0)?;
        if self.eat_unit("times", "time") { Ok(count) } else { Err(self.error()) }
    }

    /// A limit of what `value` reads. Behind "is", the value alone is one too.
    pub(super) fn limit<T: Copy>(
        &mut self,
        is_behind_is: bool,
        value: impl Fn(&mut Self) -> Parsed<T>,
    ) -> Parsed<Limit<T>> {
        if self.eat("at least") {
            return Ok(Limit::AtLeast(value(self)?));
        }
        if self.eat("at most") {
            return Ok(Limit::AtMost(value(self)?));
        }
        if self.eat("more than") || self.eat_synonym(&["above", "over"]) {
            return Ok(Limit::Above(value(self)?));
        }
        if self.eat("less than") || self.eat_synonym(&["below", "under"]) {
            return Ok(Limit::Below(value(self)?));
        }
        if self.eat("exactly") {
            return Ok(Limit::Is(value(self)?));
        }
        if self.eat("other than") || (is_behind_is && self.eat_synonym(&["not"])) {
            return Ok(Limit::IsNot(value(self)?));
        }
        if is_behind_is && self.peek_number().is_some() {
            return Ok(Limit::Is(value(self)?));
        }
        Err(self.error())
    }

    pub(super) fn bound(&mut self) -> Parsed<AmountBound> {
        self.limit(false, Self::amount)
    }

    pub(super) fn amount(&mut self) -> Parsed<Amount> {
        let start = self.at;
        let Some(digits) = self.peek_number().map(str::to_owned) else {
            self.expect("an amount such as `25.00 EUR`");
            return Err(self.error());
        };
        self.at += 1;
        let code = self.peek().filter(|it| it.kind == TokenKind::Word);
        let code = code.map(|it| self.text[it.range.clone()].to_ascii_uppercase());
        let Some(currency) = code.and_then(|it| Currency::new(&it).ok()) else {
            self.expect("a currency such as `EUR`");
            return Err(self.error());
        };
        if let Some(own) = self.currency.filter(|it| *it != currency) {
            let error =
                format!("this shop counts in {own}, not {currency}; write the amount in {own}");
            return Err(self.refuse(self.at, &error));
        }
        self.at += 1;
        Amount::read(&digits, currency).map_err(|error| self.refuse(start, &error))
    }

    pub(super) fn words(&mut self) -> Parsed<Words> {
        let mut names = Vec::new();
        let start = self.at;
        loop {
            names.push(self.quoted_text()?);
            // `or` goes on with names only before another name; else it joins conditions.
            let next = self.tokens.get(self.at + 1);
            let is_name = matches!(next, Some(Token { kind: TokenKind::Text(_), .. }));
            // No condition begins with a name, so that what follows belongs to these.
            if is_name && self.is_kind(&TokenKind::Comma) {
                let error = "a comma does not join names; write `or` between them";
                return Err(self.refuse(self.at, error));
            }
            if !(is_name && self.eat("or")) {
                break;
            }
        }
        Words::new(names).map_err(|error| self.refuse(start, &error.to_string()))
    }

    pub(super) fn name(&mut self) -> Parsed<Name> {
        let start = self.at;
        let text = self.quoted_text()?;
        Name::new(text).map_err(|error| self.refuse(start, &error.to_string()))
    }

    fn quoted_text(&mut self) -> Parsed<String> {
        let Some(Token { kind: TokenKind::Text(text), .. }) = self.peek() else {
            self.expect("a name in double quotes");
            return Err(self.error());
        };
        let text = text.clone();
        self.at += 1;
        Ok(text)
    }

    /// A whole number from `least` on.
    pub(super) fn number(&mut self, least: u32) -> Parsed<u32> {
        let Some(digits) = self.peek_number() else {
            self.expect("a number");
            return Err(self.error());
        };
        let Ok(number) = digits.parse() else {
            let error = format!(
                "`{digits}` is not a whole number from {least} to {most}; choose one that is",
                most = u32::MAX
            );
            return Err(self.refuse(self.at, &error));
        };
        self.at += 1;
        Ok(number)
    }

    pub(super) fn decimal(&mut self) -> Parsed<Number> {
        let Some(digits) = self.peek_number() else {
            self.expect("a number");
            return Err(self.error());
        };
        let number =
            Number::read(digits).map_err(|error| self.refuse(self.at, &error.to_string()))?;
        self.at += 1;
        Ok(number)
    }
}
