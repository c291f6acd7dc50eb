//! An object of a payload, whose fields are read by name and refused by their whole path.
//!
//! Ids are whole numbers of 64 bits and are kept as text: a float would round the last digits away,
//! and a rounded id is another order's.

use aftercart_model::{Currency, Timestamp};
use serde_json::{Map, Value};

use super::RejectReason;
use crate::decimal::Decimal;

/// How much of a bad value is shown.
const SHOWN_CHARS_MAX: usize = 40;

/// The longest text kept of a name, a tag or a code.
const NAME_CHARS_MAX: usize = 200;

#[derive(Clone)]
pub struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub fn of_body(body: &'a Value) -> Result<Self, RejectReason> {
        match body {
            Value::Object(map) => Ok(Self { path: String::new(), map }),
            _ => Err(unusable("the body", "send one JSON object")),
        }
    }

    /// A field that is there: neither missing nor null.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|it| !it.is_null())
    }

    /// Whether the field is named at all, be it as null.
    pub fn names(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    pub fn path(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    pub fn missing(&self, name: &str) -> RejectReason {
        RejectReason::Missing { field: self.path(name) }
    }

    pub fn object(&self, name: &str) -> Result<Option<Fields<'a>>, RejectReason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Fields { path: self.path(name) + ".", map })),
            Some(other) => Err(self.refuse(name, other, "send an object")),
        }
    }

    /// The objects of an array, each with its place in its path; none where the field is missing.
    pub fn objects(&self, name: &str) -> Result<Vec<Fields<'a>>, RejectReason> {
        let items = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.refuse(name, other, "send an array")),
        };
        let object = |(index, item): (usize, &'a Value)| match item {
            Value::Object(map) => {
                Ok(Fields { path: format!("{}{name}[{index}].", self.path), map })
            }
            other => Err(self.refuse(&format!("{name}[{index}]"), other, "send an object")),
        };
        items.iter().enumerate().map(object).collect()
    }

    /// The texts of an array, or of a text with commas between them: Shopify writes tags both ways.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, RejectReason> {
        let texts: Vec<&str> = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.split(',').collect(),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(other) => return Err(self.refuse(name, other, "send texts")),
        };
        let texts = texts.into_iter().map(str::trim).filter(|it| !it.is_empty());
        Ok(Some(texts.map(shortened).collect()))
    }

    /// Text without blanks around it; none where it is empty. A number is taken as it is written.
    pub fn text(&self, name: &str) -> Result<Option<String>, RejectReason> {
        let text = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(other) => return Err(self.refuse(name, other, "send a text")),
        };
        Ok(Some(text).filter(|it| !it.is_empty()))
    }

    /// Text of at most as many characters as a name has; what goes beyond is cut off.
    pub fn name(&self, name: &str) -> Result<Option<String>, RejectReason> {
        Ok(self.text(name)?.map(|it| shortened(&it)))
    }

    /// An id as text: a whole number, or the number at the end of a global id such as
    /// `gid://shopify/Order/450789469`.
    pub fn id(&self, name: &str) -> Result<Option<String>, RejectReason> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().to_owned(),
            _ => String::new(),
        };
        match whole_id(&text) {
            Some(id) => Ok(Some(id.to_owned())),
            None => Err(self.refuse(name, value, "send a whole number of at most 20 digits")),
        }
    }

    pub fn id_needed(&self, name: &str) -> Result<String, RejectReason> {
        self.id(name)?.ok_or_else(|| self.missing(name))
    }

    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, RejectReason> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse() {
            Ok(at) => Ok(Some(at)),
            Err(_) => Err(invalid(&self.path(name), &text, "write it as `2026-03-01T12:00:00Z`")),
        }
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, RejectReason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(self.refuse(name, other, "send `true` or `false`")),
        }
    }

    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, RejectReason> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let decimal = Decimal::parse(text.as_bytes());
        decimal
            .map(Some)
            .ok_or_else(|| invalid(&self.path(name), &text, "send a number, such as `19.99`"))
    }

    /// How many units: a whole number of 0 or more.
    pub fn units(&self, name: &str) -> Result<Option<u32>, RejectReason> {
        let Some(decimal) = self.decimal(name)? else { return Ok(None) };
        match decimal.whole().and_then(|it| u32::try_from(it).ok()) {
            Some(units) => Ok(Some(units)),
            None => {
                let value = self.get(name).unwrap_or(&Value::Null);
                Err(self.refuse(name, value, "send a whole number of 0 or more"))
            }
        }
    }

    /// `times` an amount in the shop's currency. Where Shopify gives the amount twice, in the shop's
    /// currency and in the customer's, it is the shop's in `NAME_set.shop_money`.
    pub fn money(
        &self,
        name: &str,
        times: i64,
        currency: Currency,
    ) -> Result<Option<i64>, RejectReason> {
        if let Some(set) = self.object(&format!("{name}_set"))?
            && let Some(money) = set.object("shop_money")?
        {
            check_currency(&money, "currency_code", currency)?;
            return money.amount("amount", times, currency);
        }
        self.amount(name, times, currency)
    }

    /// As [`Fields::money`] in the form of GraphQL: `NAME.shopMoney`.
    pub fn money_bag(
        &self,
        name: &str,
        times: i64,
        currency: Currency,
    ) -> Result<Option<i64>, RejectReason> {
        let Some(set) = self.object(name)? else { return Ok(None) };
        let Some(money) = set.object("shopMoney")? else { return Ok(None) };
        check_currency(&money, "currencyCode", currency)?;
        money.amount("amount", times, currency)
    }

    fn amount(
        &self,
        name: &str,
        times: i64,
        currency: Currency,
    ) -> Result<Option<i64>, RejectReason> {
        let Some(decimal) = self.decimal(name)? else { return Ok(None) };
        let value = self.get(name).unwrap_or(&Value::Null);
        let minor = decimal.times(times, currency.digits());
        minor.map(Some).ok_or_else(|| self.refuse(name, value, "send an amount of fewer digits"))
    }

    pub fn refuse(&self, name: &str, value: &Value, remedy: &str) -> RejectReason {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(_) => "[…]".to_owned(),
            Value::Object(_) => "{…}".to_owned(),
            other => other.to_string(),
        };
        invalid(&self.path(name), &text, remedy)
    }
}

/// One instance is one shop with one currency; an amount in another would be a wrong number.
pub fn check_currency(
    fields: &Fields<'_>,
    name: &str,
    currency: Currency,
) -> Result<(), RejectReason> {
    match fields.text(name)? {
        Some(given) if given != currency.code() => {
            let remedy = format!("the shop here counts in {currency}, give it Shopify's currency");
            Err(invalid(&fields.path(name), &given, &remedy))
        }
        _ => Ok(()),
    }
}

/// The digits of an id, out of a global id if it is one.
pub fn whole_id(text: &str) -> Option<&str> {
    let text = match text.strip_prefix("gid://shopify/") {
        Some(rest) => rest.split('?').next()?.rsplit_once('/')?.1,
        None => text,
    };
    // 2^64 has 20 digits.
    let is_whole = (1..=20).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    is_whole.then_some(text)
}

/// At most as much of `text` as a name may have.
pub fn shortened(text: &str) -> String {
    text.chars().take(NAME_CHARS_MAX).collect()
}

pub fn invalid(field: &str, text: &str, remedy: &str) -> RejectReason {
    let text = text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect();
    RejectReason::Invalid { field: field.to_owned(), text, remedy: remedy.to_owned() }
}

pub fn unusable(field: &str, remedy: &str) -> RejectReason {
    RejectReason::Unusable { field: field.to_owned(), remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_keep_every_digit() {
        let read = |value: Value| {
            let body = json!({ "id": value });
            Fields::of_body(&body).unwrap().id("id").map(Option::unwrap_or_default)
        };
        assert_eq!(read(json!(820_982_911_946_154_508_u64)).unwrap(), "820982911946154508");
        assert_eq!(read(json!(u64::MAX)).unwrap(), "18446744073709551615", "the largest");
        assert_eq!(read(json!("gid://shopify/Order/450789469")).unwrap(), "450789469");
        let level = "gid://shopify/InventoryLevel/24826418?inventory_item_id=2718";
        assert_eq!(read(json!(level)).unwrap(), "24826418");
        assert_eq!(read(json!(null)).unwrap(), "", "none");
        for bad in [json!(8.2e17), json!(-1), json!("#1001"), json!(["1"]), json!("gid://shopify/")]
        {
            let error = read(bad.clone()).unwrap_err().to_string();
            assert!(error.starts_with("`id` is `"), "{bad}: {error}");
        }
    }

    #[test]
    fn the_amount_in_the_shops_currency_is_read() {
        let body = json!({
            "price": "12.00",
            "price_set": {
                "shop_money": {"amount": "10.005", "currency_code": "EUR"},
                "presentment_money": {"amount": "12.00", "currency_code": "USD"}
            },
            "tax": 1.5
        });
        let fields = Fields::of_body(&body).unwrap();
        assert_eq!(fields.money("price", 2, Currency::EUR).unwrap(), Some(2_001), "rounded once");
        assert_eq!(fields.money("tax", 1, Currency::EUR).unwrap(), Some(150), "there is but one");
        let error = fields.money("price", 1, Currency::GBP).unwrap_err().to_string();
        insta::assert_snapshot!(error, @"`price_set.shop_money.currency_code` is `EUR`; the shop here counts in GBP, give it Shopify's currency");
    }
}
