//! The written form: on one line with `{}`, over indented lines with `{:#}`. Both parse back to the
//! same value.

mod deeds;
mod windows;

use std::fmt::{self, Display, Formatter, Write as _};

use aftercart_model::Topic;

use self::deeds::{Where, write_reading};
use crate::{
    Act, Amount, BarReason, Condition, Count, Deed, Fact, Limit, Name, Number, Reading, Said,
    Score, Statistic, Words, WorthOf,
};

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if f.alternate() { write_page(f, self) } else { write_item(f, self) }
    }
}

/// A condition where `and` may stand: at the top, or as an item of a group in parentheses.
fn write_item(f: &mut Formatter<'_>, condition: &Condition) -> fmt::Result {
    match condition {
        Condition::All(parts) if parts.len() >= 2 => {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    f.write_str(" and ")?;
                }
                write_unit(f, part)?;
            }
            Ok(())
        }
        _ => write_unit(f, condition),
    }
}

/// A condition that holds together beside `and` and `not`.
fn write_unit(f: &mut Formatter<'_>, condition: &Condition) -> fmt::Result {
    match condition {
        Condition::All(parts) if parts.is_empty() => f.write_str("everyone"),
        Condition::Any(parts) if parts.is_empty() => f.write_str("nobody"),
        Condition::All(parts) => write_group(f, "all of", parts),
        Condition::Any(parts) => write_group(f, "any of", parts),
        Condition::NoneOf(parts) => write_group(f, "none of", parts),
        Condition::Not(part) => {
            f.write_str("not ")?;
            write_unit(f, part)
        }
        _ => write_clause(f, condition),
    }
}

fn write_group(f: &mut Formatter<'_>, head: &str, parts: &[Condition]) -> fmt::Result {
    write!(f, "{head} (")?;
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write_item(f, part)?;
    }
    f.write_char(')')
}

fn write_page(f: &mut Formatter<'_>, condition: &Condition) -> fmt::Result {
    f.write_str("customers who\n")?;
    match condition {
        Condition::All(parts) if parts.len() >= 2 => {
            for (index, part) in parts.iter().enumerate() {
                f.write_str(if index > 0 { "  and " } else { "  " })?;
                write_block(f, part, 4)?;
            }
            Ok(())
        }
        _ => {
            f.write_str("  ")?;
            write_block(f, condition, 4)
        }
    }
}

/// A condition from here to the end of its lines; the parts of a group stand at `indent`.
fn write_block(f: &mut Formatter<'_>, condition: &Condition, indent: usize) -> fmt::Result {
    let (head, parts) = match condition {
        Condition::All(parts) => ("all of", parts),
        Condition::Any(parts) => ("any of", parts),
        Condition::NoneOf(parts) => ("none of", parts),
        _ => {
            write_unit(f, condition)?;
            return f.write_char('\n');
        }
    };
    if parts.is_empty() {
        write_unit(f, condition)?;
        return f.write_char('\n');
    }
    writeln!(f, "{head}")?;
    for part in parts {
        write!(f, "{:indent$}", "")?;
        write_block(f, part, indent + 2)?;
    }
    Ok(())
}

fn write_clause(f: &mut Formatter<'_>, condition: &Condition) -> fmt::Result {
    match condition {
        Condition::Did { deed, count, window } => {
            write!(f, "{}", deed.act)?;
            // "viewed a product" says once or more by itself; "ordered" alone would read oddly.
            if deed.act == Act::Ordered || *count != Count::at_least(1) {
                write!(f, " {count}")?;
            }
            write!(f, "{window}")?;
            write_where(f, deed)
        }
        Condition::Recency { pick, deed, age } => {
            match deed.act {
                Act::Ordered => write!(f, "{pick} order was {age} ago")?,
                _ => write!(f, "{pick} {} {age} ago", deed.act)?,
            }
            write_where(f, deed)
        }
        Condition::Sequence { first, window, within, is_followed, then } => {
            write!(f, "{first}{window} and then within {within} ")?;
            then.write_inside(f, *is_followed)
        }
        Condition::Figure { statistic, of, deed, window } => {
            write!(f, "{statistic} ")?;
            write_reading(f, of, &deed.act)?;
            match of {
                Reading::Amount(limit) => write!(f, " is {limit}")?,
                Reading::Quantity(limit)
                | Reading::Rating(limit)
                | Reading::Property { is: limit, .. } => write!(f, " is {limit}")?,
            }
            write!(f, "{window}")?;
            write_where(f, deed)
        }
        Condition::Spent { bound, window } => write!(f, "spent {bound}{window}"),
        Condition::Worth { of, bound } => write!(f, "{of} is worth {bound}"),
        Condition::Score { of, limit } => write!(f, "{of} score is {limit}"),
        Condition::ExpectedOrders { limit, within } => {
            let unit = if limit.value() == Number::whole(1) { "time" } else { "times" };
            write!(f, "is expected to order {limit} {unit} in the next {within}")
        }
        Condition::ExpectedSpend { bound, within } => {
            write!(f, "is expected to spend {bound} in the next {within}")
        }
        Condition::NextOrder { within } => write!(f, "next order is expected within {within}"),
        Condition::DueAgain { products, within } => {
            f.write_str("a product")?;
            products.iter().try_for_each(|it| write!(f, " {it}"))?;
            f.write_str(" is due again")?;
            within.iter().try_for_each(|it| write!(f, " within {it}"))
        }
        Condition::ChanceGone(limit) => write!(f, "chance to be gone is {limit} %"),
        Condition::Fact { fact, is } => write!(f, "{fact} is {is}"),
        Condition::PostalCode(words) => write!(f, "postal code begins with {words}"),
        Condition::Attribute { name, is } => write!(f, "attribute {name} {is}"),
        Condition::Consent { topic, said } => write_consent(f, *topic, *said),
        Condition::IsSuppressed(reasons) => {
            f.write_str("is suppressed")?;
            for (index, reason) in reasons.iter().enumerate() {
                write!(f, " {} {reason}", if index > 0 { "or" } else { "by" })?;
            }
            Ok(())
        }
        Condition::HasEmail => f.write_str("has an email address"),
        Condition::IsOnList(words) => write!(f, "is on list {words}"),
        Condition::IsInSegment(words) => write!(f, "is in segment {words}"),
        Condition::All(_) | Condition::Any(_) | Condition::NoneOf(_) | Condition::Not(_) => {
            write_unit(f, condition)
        }
    }
}

fn write_where(f: &mut Formatter<'_>, deed: &Deed) -> fmt::Result {
    if deed.filters.is_empty() { Ok(()) } else { write!(f, " {}", Where(&deed.filters)) }
}

fn write_consent(f: &mut Formatter<'_>, topic: Topic, said: Said) -> fmt::Result {
    let (before, after) = match said {
        Said::Yes => ("has consent for", ""),
        Said::YesByOptIn => ("has consent for", " by opt-in"),
        Said::YesByDoubleOptIn => ("has consent for", " by double opt-in"),
        Said::YesBySoftOptIn => ("has consent for", " by soft opt-in"),
        Said::No => ("has withdrawn consent for", ""),
        Said::Nothing => ("was never asked about", ""),
    };
    write!(f, "{before} {}{after}", topic_word(topic))
}

pub(crate) fn topic_word(topic: Topic) -> &'static str {
    match topic {
        Topic::Marketing => "marketing",
        Topic::Feedback => "feedback",
    }
}

impl Display for Fact {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Country => "country",
            Self::Region => "region",
            Self::City => "city",
            Self::TimeZone => "time zone",
            Self::Locale => "locale",
            Self::Language => "language",
        })
    }
}

impl Display for BarReason {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
            Self::Unsubscribe => "unsubscribe",
            Self::ByHand => "hand",
            Self::Erased => "erasure",
        })
    }
}

impl Display for Score {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recency => "recency",
            Self::Frequency => "frequency",
            Self::Monetary => "monetary",
        })
    }
}

impl Display for Statistic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Total => "total",
            Self::Average => "average",
            Self::Smallest => "smallest",
            Self::Largest => "largest",
            Self::First => "first",
            Self::Last => "last",
        })
    }
}

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (head, count) = match self {
            Self::AtLeast(count) => ("at least ", count.get()),
            Self::AtMost(count) => ("at most ", *count),
            Self::Exactly(0) => ("", 0),
            Self::Exactly(count) => ("exactly ", *count),
        };
        write!(f, "{head}{count} {}", if count == 1 { "time" } else { "times" })
    }
}

impl Display for WorthOf {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first order",
            Self::Last => "last order",
            Self::Average => "average order",
        })
    }
}

impl<T: Display> Display for Limit<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(it) => write!(f, "at least {it}"),
            Self::AtMost(it) => write!(f, "at most {it}"),
            Self::Above(it) => write!(f, "more than {it}"),
            Self::Below(it) => write!(f, "less than {it}"),
            Self::Is(it) => write!(f, "exactly {it}"),
            Self::IsNot(it) => write!(f, "other than {it}"),
        }
    }
}

impl Display for Amount {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let digits = self.currency().digits();
        let scale = 10_i64.pow(digits);
        write!(f, "{}", self.minor() / scale)?;
        if digits > 0 {
            write!(f, ".{:0width$}", self.minor() % scale, width = digits as usize)?;
        }
        write!(f, " {}", self.currency())
    }
}

/// Without zeros that say nothing.
impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let millionths = self.millionths().unsigned_abs();
        f.write_str(if self.millionths() < 0 { "-" } else { "" })?;
        write!(f, "{}", millionths / 1_000_000)?;
        match format!("{:06}", millionths % 1_000_000).trim_end_matches('0') {
            "" => Ok(()),
            rest => write!(f, ".{rest}"),
        }
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        quoted(f, self.as_str())
    }
}

impl Display for Words {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, word) in self.iter().enumerate() {
            f.write_str(if index > 0 { " or " } else { "" })?;
            quoted(f, word)?;
        }
        Ok(())
    }
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            _ => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use crate::{
        parse,
        samples::{LAW_CASES, any_condition},
    };

    const LOOKING_AGAIN: &str = "\
        ordered at least once in the last 30 days and any of (viewed a product related to their \
        last order in the last 14 days, clicked a product better than their last order) and not \
        all of (is suppressed, country is \"PT\" or \"ES\") and last order is worth at least 25 EUR";

    #[test]
    fn a_condition_is_printed_on_one_line_or_as_a_page() {
        let condition = parse(LOOKING_AGAIN).unwrap();
        assert_snapshot!(condition, @r#"ordered at least 1 time in the last 30 days and any of (viewed a product related to their last order in the last 14 days, clicked a link to a product better than their last order) and not all of (is suppressed, country is "PT" or "ES") and last order is worth at least 25.00 EUR"#);
        assert_snapshot!(format!("{condition:#}"), @r#"
            customers who
              ordered at least 1 time in the last 30 days
              and any of
                viewed a product related to their last order in the last 14 days
                clicked a link to a product better than their last order
              and not all of (is suppressed, country is "PT" or "ES")
              and last order is worth at least 25.00 EUR
        "#);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(LAW_CASES))]

        #[test]
        fn parsing_a_printed_condition_gives_it_back(condition in any_condition()) {
            let line = condition.to_string();
            prop_assert_eq!(parse(&line), Ok(condition.clone()), "{}", line);
            let page = format!("{condition:#}");
            prop_assert_eq!(parse(&page), Ok(condition.clone()), "{}", page);
        }

        #[test]
        fn a_stored_condition_is_its_written_form(condition in any_condition()) {
            let text = String::from(condition.clone());
            prop_assert_eq!(crate::Condition::try_from(text), Ok(condition));
        }
    }
}
