//! Objects as Shopify writes them.

use aftercart_model::Currency;
use serde_json::Value;

use super::RejectReason;
pub use crate::fields::shortened;
use crate::fields::{self, Sender};

pub struct Shopify;

impl Sender for Shopify {
    const CUTS_NAMES: bool = true;
}

pub type Fields<'a> = fields::Fields<'a, Shopify>;

impl Fields<'_> {
    /// Whether the field is named at all, be it as null.
    pub fn names(&self, name: &str) -> bool {
        self.map.contains_key(name)
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

    /// How many units: a whole number of 0 or more.
    pub fn units(&self, name: &str) -> Result<Option<u32>, RejectReason> {
        let Some(decimal) = self.decimal(name)? else { return Ok(None) };
        match decimal.whole().and_then(|it| u32::try_from(it).ok()) {
            Some(units) => Ok(Some(units)),
            None => Err(self.refuse_field(name, "send a whole number of 0 or more")),
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
            return money.amount_of("amount", times, currency);
        }
        self.amount_of(name, times, currency)
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
        money.amount_of("amount", times, currency)
    }

    fn amount_of(
        &self,
        name: &str,
        times: i64,
        currency: Currency,
    ) -> Result<Option<i64>, RejectReason> {
        let Some(decimal) = self.decimal(name)? else { return Ok(None) };
        let minor = decimal.times(times, currency.digits());
        minor.map(Some).ok_or_else(|| self.refuse_field(name, "send an amount of fewer digits"))
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
            Err(RejectReason::invalid(&fields.path(name), &given, &remedy))
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
