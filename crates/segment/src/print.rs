//! The written form: on one line with `{}`, over indented lines with `{:#}`. Both parse back to the
//! same value.

use std::fmt::{self, Display, Formatter, Write as _};

use aftercart_model::Topic;

use crate::{
    Amount, AmountBound, Condition, Count, Deed, OrderAge, OrderPick, ProductTest, Span, Window,
    Words, WorthOf,
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
            write!(f, "{deed}")?;
            // "viewed a product" says once or more by itself; "ordered" alone would read oddly.
            if *deed == Deed::Ordered || *count != Count::at_least(1) {
                write!(f, " {count}")?;
            }
            write!(f, "{window}")
        }
        Condition::Spent { bound, window } => write!(f, "spent {bound}{window}"),
        Condition::Worth { of, bound } => write!(f, "{of} is worth {bound}"),
        Condition::Ordered { pick, age } => write!(f, "{pick} was {age} ago"),
        Condition::CountryIs(words) => write!(f, "country is {words}"),
        Condition::AgreedTo(topic) => write!(f, "has consent for {}", topic_word(*topic)),
        Condition::IsSuppressed => f.write_str("is suppressed"),
        Condition::HasEmail => f.write_str("has an email address"),
        Condition::All(_) | Condition::Any(_) | Condition::NoneOf(_) | Condition::Not(_) => {
            write_unit(f, condition)
        }
    }
}

pub(crate) fn topic_word(topic: Topic) -> &'static str {
    match topic {
        Topic::Marketing => "marketing",
        Topic::Feedback => "feedback",
    }
}

impl Display for Deed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordered => f.write_str("ordered"),
            Self::StartedCheckout => f.write_str("started a checkout"),
            Self::WasSentEmail => f.write_str("was sent an email"),
            Self::OpenedEmail => f.write_str("opened an email"),
            Self::ClickedEmail => f.write_str("clicked an email"),
            Self::Bought(test) => write!(f, "bought {test}"),
            Self::Viewed(test) => write!(f, "viewed {test}"),
            Self::Clicked(test) => write!(f, "clicked a link to {test}"),
            Self::AddedToCart(test) => write!(f, "added to cart {test}"),
            Self::Reviewed(test) => write!(f, "reviewed {test}"),
        }
    }
}

impl Display for ProductTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("a product"),
            Self::Related => f.write_str("a product related to their last order"),
            Self::Better => f.write_str("a product better than their last order"),
            Self::InCategory(words) => write!(f, "a product in category {words}"),
            Self::OfKind(words) => write!(f, "a product of kind {words}"),
            Self::Tagged(words) => write!(f, "a product tagged {words}"),
            Self::Named(words) => write!(f, "a product named {words}"),
            Self::NameHas(words) => write!(f, "a product with {words} in its name"),
            Self::Coded(words) => write!(f, "a product coded {words}"),
            Self::Priced(bound) => write!(f, "a product priced {bound}"),
        }
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

/// With a blank before it, or nothing at all.
impl Display for Window {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ever => Ok(()),
            Self::Last(span) => write!(f, " in the last {span}"),
            Self::SinceLastOrder => f.write_str(" since their last order"),
        }
    }
}

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let unit = if self.is_days() { "day" } else { "hour" };
        write!(f, "{} {unit}{}", self.count(), if self.count() == 1 { "" } else { "s" })
    }
}

impl Display for WorthOf {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(pick) => pick.fmt(f),
            Self::Average => f.write_str("average order"),
        }
    }
}

impl Display for OrderPick {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first order",
            Self::Last => "last order",
        })
    }
}

impl Display for OrderAge {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(span) => write!(f, "at least {span}"),
            Self::LessThan(span) => write!(f, "less than {span}"),
        }
    }
}

impl Display for AmountBound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(amount) => write!(f, "at least {amount}"),
            Self::AtMost(amount) => write!(f, "at most {amount}"),
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

impl Display for Words {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, word) in self.iter().enumerate() {
            f.write_str(if index > 0 { " or \"" } else { "\"" })?;
            for c in word.chars() {
                match c {
                    '"' => f.write_str("\\\"")?,
                    '\\' => f.write_str("\\\\")?,
                    '\n' => f.write_str("\\n")?,
                    _ => f.write_char(c)?,
                }
            }
            f.write_char('"')?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use crate::{parse, samples::any_condition};

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
        #![proptest_config(ProptestConfig::with_cases(1_000))]

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
