//! The words of a sentence, with their places, and numbers and spans of time among them.
//!
//! The marks of a sentence are not words; they say that the next one begins a clause, over which no
//! phrase reaches. Any other sign, `💣` or `<`, is a token like a word, so that it is never passed
//! over in silence.

/// One word, folded for comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// Bytes of the sentence.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// It is the first, or punctuation stands before it.
    pub(crate) begins_clause: bool,
}

pub(crate) fn tokens(sentence: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut begins_clause = true;
    let chars: Vec<(usize, char)> = sentence.char_indices().collect();
    let mut at = 0;
    while at < chars.len() {
        let (start, c) = chars[at];
        let is_taken: fn(&[(usize, char)], usize) -> bool = match () {
            () if is_word(&chars, at) => is_word,
            () if is_sign(&chars, at) => is_sign,
            () => {
                begins_clause |= is_mark(c);
                at += 1;
                continue;
            }
        };
        let is_signs = !is_word(&chars, at);
        while at < chars.len() && is_taken(&chars, at) {
            at += 1;
        }
        let end = chars.get(at).map_or(sentence.len(), |it| it.0);
        let text = &sentence[start..end];
        // Joiners and selectors alone are seen by nobody.
        if !is_signs || text.chars().any(|it| !is_unseen(it)) {
            tokens.push(Token { text: fold(text), start, end, begins_clause });
        }
        // No phrase reaches over a sign either.
        begins_clause = is_signs;
    }
    tokens
}

/// What parts sentences and their clauses: blank but for the pause it makes.
fn is_mark(c: char) -> bool {
    ".,;:!?…'’‘\"“”„«»()[]-–—/|•·¡¿".contains(c)
}

/// Drawn only together with the sign before: joiners, variation selectors, zero-width blanks.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Neither a word nor a mark nor blank.
fn is_sign(chars: &[(usize, char)], at: usize) -> bool {
    let c = chars[at].1;
    !(is_word(chars, at) || is_mark(c) || c.is_whitespace() || c.is_control())
}

/// Letters, digits and signs of amounts; a hyphen, colon, point or apostrophe inside a word.
fn is_word(chars: &[(usize, char)], at: usize) -> bool {
    let alphanumeric = |at: usize| chars.get(at).is_some_and(|it| it.1.is_alphanumeric());
    let digit = |at: usize| chars.get(at).is_some_and(|it| it.1.is_ascii_digit());
    match chars[at].1 {
        c if c.is_alphanumeric() => true,
        // An accent written after its letter.
        '\u{300}'..='\u{36f}' => at > 0,
        '%' | '€' | '£' | '$' | '¥' | '&' => true,
        '-' | '\'' | '’' => at > 0 && alphanumeric(at - 1) && alphanumeric(at + 1),
        '.' | ':' => at > 0 && digit(at - 1) && digit(at + 1),
        _ => false,
    }
}

fn fold(word: &str) -> String {
    let folded = word.to_lowercase().replace('’', "'");
    if folded == "&" { "and".to_owned() } else { folded }
}

const SMALL: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];
const TENS: [(&str, u32); 7] = [
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
];

/// A whole number in digits or words.
pub(crate) fn number(word: &str) -> Option<u32> {
    if word.bytes().all(|it| it.is_ascii_digit()) {
        return word.parse().ok();
    }
    let small = SMALL.iter().position(|it| *it == word);
    small
        .and_then(|it| u32::try_from(it).ok())
        .or_else(|| TENS.iter().find(|(name, _)| *name == word).map(|it| it.1))
}

const ORDINALS: [(&str, u32); 14] = [
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("fifth", 5),
    ("sixth", 6),
    ("1st", 1),
    ("2nd", 2),
    ("3rd", 3),
    ("4th", 4),
    ("5th", 5),
    ("6th", 6),
    ("last", 4),
    ("final", 4),
];

pub(crate) fn ordinal(word: &str) -> Option<u32> {
    ORDINALS.iter().find(|(name, _)| *name == word).map(|it| it.1)
}

/// Days in a unit of time.
pub(crate) fn unit_days(word: &str) -> Option<u32> {
    match word {
        "day" | "days" => Some(1),
        "week" | "weeks" => Some(7),
        "fortnight" | "fortnights" => Some(14),
        "month" | "months" => Some(30),
        "year" | "years" => Some(365),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(sentence: &str) -> String {
        let mark = |it: &Token| format!("{}{}", if it.begins_clause { "|" } else { "" }, it.text);
        tokens(sentence).iter().map(mark).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn punctuation_begins_a_clause() {
        assert_eq!(words("Four e-mails: 2,3 & 2.5 days."), "|four e-mails |2 |3 and 2.5 days");
        assert_eq!(
            words("Haven’t come back; €5 off - at 10:30"),
            "|haven't come back |€5 off |at 10:30"
        );
        assert_eq!(words(" \t\n"), "");
        let tokens = tokens("a Kettle!");
        assert_eq!((tokens[1].start, tokens[1].end), (2, 8), "places are bytes of the sentence");
    }

    #[test]
    fn signs_that_are_no_marks_are_tokens() {
        assert_eq!(words("Four emails 💣💥, spent <€200"), "|four emails 💣💥 |spent < |€200");
        assert_eq!(words("offer + 10% off #now"), "|offer + |10% off # |now");
        assert_eq!(words("❤️ 👩‍🍳"), "|❤️ |👩‍🍳", "one sign each, however many characters");
        assert_eq!(words("a\u{200b} - b\u{feff}"), "|a |b", "nothing that nobody sees");
        assert_eq!(words("cafe\u{301} (new!)"), "|cafe\u{301} |new");
    }

    #[test]
    fn numbers_are_digits_or_words() {
        assert_eq!(number("30"), Some(30));
        assert_eq!(number("twelve"), Some(12));
        assert_eq!(number("thirty"), Some(30));
        assert_eq!(number("kettle"), None);
        assert_eq!(number("99999999999"), None, "too large to mean anything");
    }
}
