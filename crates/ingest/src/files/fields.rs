//! What a column can hold, by kind of file, and the names that columns go by elsewhere.
//!
//! The names are compared without case, blanks and marks: `E-Mail Address` is `emailaddress`. The
//! first name of a field is its own; of two columns that could be one field, the one whose name
//! stands earlier in the list is taken. Names of other products' exports stand here as they stand
//! there, read in the documentation that `docs/guide/import-files.md` names.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Customers,
    Products,
    Orders,
    Events,
    Reviews,
}

impl Kind {
    pub const ALL: [Self; 5] =
        [Self::Customers, Self::Products, Self::Orders, Self::Events, Self::Reviews];

    pub fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Products => "products",
            Self::Orders => "orders",
            Self::Events => "events",
            Self::Reviews => "reviews",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $field:ident = $name:literal,)+) => {
        /// What a column holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $($(#[doc = $doc])+ $field,)+
        }

        impl Field {
            pub const ALL: &'static [Self] = &[$(Self::$field,)+];

            /// Its name in mappings.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$field => $name,)+
                }
            }

            /// What it is, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$field => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

fields! {
    /// The shop's own id of the customer.
    CustomerId = "customer_id",
    /// The customer's address.
    Email = "email",
    /// The id of a browser, before it is tied to a customer.
    VisitorId = "visitor_id",
    /// Given name.
    GivenName = "given_name",
    /// Family name.
    FamilyName = "family_name",
    /// Both names in one.
    FullName = "full_name",
    /// Country: an ISO 3166 code or a name.
    Country = "country",
    /// Language, such as `pt-PT`.
    Locale = "locale",
    /// Time zone, such as `Europe/Lisbon`.
    TimeZone = "time_zone",
    /// Whether they agreed to marketing: yes, or a word such as `subscribed` or `unsubscribed`.
    Marketing = "marketing",
    /// When they said so.
    MarketingAt = "marketing_at",
    /// When they agreed to marketing; a date here is a yes.
    SubscribedAt = "subscribed_at",
    /// When they confirmed it by a link; a date here is a yes.
    ConfirmedAt = "confirmed_at",
    /// When they took it back; a date here is a no.
    UnsubscribedAt = "unsubscribed_at",
    /// The words they agreed to.
    ConsentWording = "consent_wording",
    /// The address on the network they agreed from.
    ConsentIp = "consent_ip",
    /// When it came to be.
    CreatedAt = "created_at",
    /// Since when it is as the row says.
    UpdatedAt = "updated_at",
    /// The shop's own id of the product.
    ProductId = "product_id",
    /// The stock keeping unit.
    Sku = "sku",
    /// The last part of the product's address.
    Handle = "handle",
    /// The product's name.
    ProductName = "product_name",
    /// Where it stands in the catalogue.
    Category = "category",
    /// What kind of thing it is within its category.
    ProductKind = "kind",
    /// Who makes it.
    Brand = "brand",
    /// Words, with commas between.
    Tags = "tags",
    /// A line of description.
    Summary = "summary",
    /// The price of one.
    Price = "price",
    /// What one costs the shop.
    Cost = "cost",
    /// The product's page.
    Url = "url",
    /// The address of its picture.
    Picture = "picture",
    /// What the picture shows.
    PictureText = "picture_text",
    /// Units in stock.
    Stock = "stock",
    /// Whether it is for sale.
    IsActive = "is_active",
    /// The platform's own id of the order.
    OrderId = "order_id",
    /// When it was placed.
    PlacedAt = "placed_at",
    /// What the customer paid for all of it.
    Total = "total",
    /// The currency of the amounts, which must be the shop's.
    Currency = "currency",
    /// The coupon used.
    Coupon = "coupon",
    /// Units of the line.
    Quantity = "quantity",
    /// What was paid for all units of the line.
    LineAmount = "line_amount",
    /// What was taken off the order.
    Discount = "discount",
    /// What the way to the customer cost.
    Shipping = "shipping",
    /// Tax that the prices do not have in them.
    Tax = "tax",
    /// When all of it was handed to the carrier.
    FulfilledAt = "fulfilled_at",
    /// When it was cancelled.
    CancelledAt = "cancelled_at",
    /// What was paid back of it.
    Refunded = "refunded",
    /// The name of the event.
    Event = "event",
    /// When it happened.
    At = "at",
    /// What makes the event the same when it comes again.
    EventId = "event_id",
    /// The id of the review.
    ReviewId = "review_id",
    /// 1 to 5 stars.
    Rating = "rating",
    /// The review's title.
    Title = "title",
    /// What they wrote.
    Text = "text",
    /// The name under which the review stands.
    Author = "author",
    /// When they wrote it.
    WrittenAt = "written_at",
    /// Whether the review is shown: yes, no, or a word such as `approved` or `pending`.
    IsPublished = "is_published",
}

type Synonyms = &'static [(Field, &'static [&'static str])];

impl Field {
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }

    /// Whether it names or describes a person, so that its values stand in no message.
    pub fn is_personal(self) -> bool {
        matches!(
            self,
            Self::CustomerId
                | Self::Email
                | Self::VisitorId
                | Self::GivenName
                | Self::FamilyName
                | Self::FullName
                | Self::ConsentIp
                | Self::Author
                | Self::Text
                | Self::Title
        )
    }
}

impl Kind {
    /// The fields of this kind of file, with the names their columns go by.
    pub fn fields(self) -> Synonyms {
        match self {
            Self::Customers => CUSTOMERS,
            Self::Products => PRODUCTS,
            Self::Orders => ORDERS,
            Self::Events => EVENTS,
            Self::Reviews => REVIEWS,
        }
    }

    /// Of each of these at least one must have a column.
    pub fn needed(self) -> &'static [&'static [Field]] {
        use Field::*;
        match self {
            Self::Customers => &[&[CustomerId, Email]],
            Self::Products => &[&[ProductId, Sku], PRODUCT_FACTS],
            Self::Orders => &[&[OrderId], &[PlacedAt], &[Total, Price, LineAmount]],
            Self::Events => &[&[Event], &[At], &[CustomerId, Email, VisitorId]],
            Self::Reviews => {
                &[&[Rating], &[WrittenAt], &[ProductId, Sku, Handle, ProductName, Url]]
            }
        }
    }
}

/// What a file of products must say something of: codes alone would make products of no name.
const PRODUCT_FACTS: &[Field] = &[
    Field::ProductName,
    Field::Category,
    Field::ProductKind,
    Field::Brand,
    Field::Summary,
    Field::Price,
    Field::Cost,
    Field::Url,
    Field::Picture,
    Field::Stock,
    Field::IsActive,
];

const CUSTOMERS: Synonyms = &[
    (Field::CustomerId, &["customerid", "id", "userid", "externalid", "clientid"]),
    (
        Field::Email,
        &["email", "emailaddress", "mail", "customeremail", "useremail", "billingemail"],
    ),
    (Field::GivenName, &["givenname", "firstname", "forename", "billingfirstname", "fname"]),
    (Field::FamilyName, &["familyname", "lastname", "surname", "billinglastname", "lname"]),
    (Field::FullName, &["fullname", "name", "customername", "displayname"]),
    (
        Field::Country,
        &[
            "country",
            "countrycode",
            "defaultaddresscountrycode",
            "defaultaddresscountry",
            "billingcountry",
            "countryregion",
            "cc",
        ],
    ),
    (Field::Locale, &["locale", "language", "lang", "customerlocale"]),
    (Field::TimeZone, &["timezone", "tz"]),
    (
        Field::Marketing,
        &[
            "marketing",
            "acceptsemailmarketing",
            "acceptsmarketing",
            "emailmarketingconsent",
            "emailconsent",
            "emailmarketing",
            "consent",
            "optin",
            "newsletter",
            "subscribed",
            "issubscribed",
            "subscriptionstatus",
            "emailsubscriptionstatus",
        ],
    ),
    (
        Field::MarketingAt,
        &[
            "marketingat",
            "emailmarketingconsenttimestamp",
            "emailconsenttimestamp",
            "consenttimestamp",
            "consentat",
            "consentdate",
            "emailmarketingconsentupdatedat",
        ],
    ),
    (
        Field::SubscribedAt,
        &["subscribedat", "confirmtime", "optintime", "optindate", "optinat", "subscribedate"],
    ),
    (Field::ConfirmedAt, &["confirmedat", "doubleoptinat", "doubleoptindate"]),
    (
        Field::UnsubscribedAt,
        &["unsubscribedat", "unsubtime", "optouttime", "optoutdate", "unsubscribedate"],
    ),
    (Field::ConsentWording, &["consentwording", "consenttext", "consentdisclosure"]),
    (Field::ConsentIp, &["consentip", "confirmip", "optinip"]),
    (
        Field::CreatedAt,
        &[
            "createdat",
            "created",
            "dateadded",
            "signupdate",
            "signup",
            "dateregistered",
            "registered",
            "dateofcreation",
            "firstseen",
        ],
    ),
    (Field::UpdatedAt, &["updatedat", "updated", "lastchanged", "datemodified", "lastupdated"]),
];

const PRODUCTS: Synonyms = &[
    (Field::ProductId, &["productid", "id", "code", "productcode", "itemid"]),
    (Field::Sku, &["sku", "variantsku", "productsku", "stockcode", "itemnumber"]),
    (Field::Handle, &["handle", "producthandle", "slug", "urlhandle"]),
    (Field::ProductName, &["productname", "name", "title", "producttitle"]),
    (Field::Category, &["category", "productcategory", "categories", "collection", "productgroup"]),
    (Field::ProductKind, &["kind", "type", "producttype"]),
    (Field::Brand, &["brand", "vendor", "manufacturer", "brandname"]),
    (Field::Tags, &["tags", "producttags", "keywords"]),
    (Field::Summary, &["summary", "shortdescription", "description"]),
    (
        Field::Price,
        &["price", "productprice", "variantprice", "regularprice", "saleprice", "unitprice"],
    ),
    (Field::Cost, &["cost", "costperitem", "unitcost", "costprice"]),
    (Field::Url, &["url", "producturl", "link", "permalink"]),
    (Field::Picture, &["picture", "imagesrc", "image", "imageurl", "imagelink", "images"]),
    (Field::PictureText, &["picturetext", "imagealttext", "imagealt"]),
    (
        Field::Stock,
        &["stock", "inventory", "variantinventoryqty", "inventoryquantity", "stockquantity"],
    ),
    (Field::IsActive, &["isactive", "status", "active", "published", "availability"]),
    (Field::UpdatedAt, &["updatedat", "updated", "lastupdated", "datemodified"]),
];

const ORDERS: Synonyms = &[
    (
        Field::OrderId,
        &[
            "orderid",
            "ordernumber",
            "orderno",
            "order",
            "ordername",
            "invoice",
            "invoiceno",
            "invoicenumber",
            "id",
        ],
    ),
    (
        Field::PlacedAt,
        &[
            "placedat",
            "orderdate",
            "createdat",
            "datecreated",
            "orderplacedat",
            "ordertime",
            "purchasedate",
            "invoicedate",
            "date",
            "timestamp",
            "paidat",
        ],
    ),
    (Field::UpdatedAt, &["updatedat", "updated", "lastupdated", "datemodified"]),
    (Field::CustomerId, &["customerid", "userid", "customeruser", "externalid", "clientid"]),
    (
        Field::Email,
        &["email", "customeremail", "billingemail", "emailaddress", "contactemail", "mail"],
    ),
    (
        Field::Total,
        &["total", "ordertotal", "totalprice", "grandtotal", "totalamount", "value", "revenue"],
    ),
    (Field::Currency, &["currency", "currencycode", "ordercurrency"]),
    (
        Field::Coupon,
        &["coupon", "discountcode", "couponcode", "coupons", "vouchercode", "promocode"],
    ),
    (Field::ProductId, &["productid", "lineitemproductid", "itemid", "productcode"]),
    (Field::Sku, &["sku", "lineitemsku", "itemsku", "productsku", "stockcode"]),
    (
        Field::ProductName,
        &[
            "productname",
            "lineitemname",
            "itemname",
            "product",
            "item",
            "lineitem",
            "description",
            "name",
            "title",
        ],
    ),
    (Field::Category, &["category", "productcategory"]),
    (Field::Url, &["url", "producturl"]),
    (Field::Picture, &["picture", "imageurl", "image"]),
    (Field::Quantity, &["quantity", "lineitemquantity", "qty", "itemquantity", "units"]),
    (
        Field::Price,
        &["price", "lineitemprice", "unitprice", "itemprice", "itemcost", "productprice"],
    ),
    (
        Field::LineAmount,
        &["lineamount", "linetotal", "itemtotal", "rowtotal", "amount", "lineitemtotal"],
    ),
    (
        Field::Discount,
        &["discount", "discountamount", "orderdiscount", "totaldiscount", "discounttotal"],
    ),
    (Field::Shipping, &["shipping", "shippingamount", "ordershipping", "shippingtotal"]),
    (Field::Tax, &["tax", "taxes", "ordertax", "taxamount", "totaltax"]),
    (Field::FulfilledAt, &["fulfilledat", "shippedat", "datefulfilled", "dateshipped"]),
    (Field::CancelledAt, &["cancelledat", "canceledat", "datecancelled"]),
    (Field::Refunded, &["refunded", "refundedamount", "refundamount", "totalrefunded"]),
];

const EVENTS: Synonyms = &[
    (Field::Event, &["event", "eventname", "name", "type", "activity"]),
    (
        Field::At,
        &[
            "at",
            "timestamp",
            "time",
            "eventtime",
            "occurredat",
            "createdat",
            "date",
            "datetime",
            "originaltimestamp",
        ],
    ),
    (Field::EventId, &["eventid", "messageid", "id", "uuid"]),
    (Field::CustomerId, &["customerid", "userid", "externalid"]),
    (Field::Email, &["email", "customeremail", "emailaddress"]),
    (Field::VisitorId, &["visitorid", "anonymousid", "deviceid", "cookieid"]),
    (Field::ProductId, &["productid", "itemid"]),
    (Field::Sku, &["sku"]),
    (Field::ProductName, &["productname"]),
    (Field::Price, &["price"]),
    (Field::Quantity, &["quantity", "qty"]),
];

const REVIEWS: Synonyms = &[
    (Field::ReviewId, &["reviewid", "id"]),
    (Field::Rating, &["rating", "reviewscore", "score", "stars", "reviewrating"]),
    (Field::Title, &["title", "reviewtitle", "headline"]),
    (
        Field::Text,
        &["text", "body", "reviewcontent", "content", "review", "comment", "reviewbody", "message"],
    ),
    (
        Field::Author,
        &[
            "author",
            "reviewername",
            "reviewerdisplayname",
            "displayname",
            "name",
            "nickname",
            "customername",
            "username",
        ],
    ),
    (
        Field::Email,
        &["email", "revieweremail", "customeremail", "useremail", "emailaddress", "authoremail"],
    ),
    (Field::CustomerId, &["customerid", "userid"]),
    (
        Field::WrittenAt,
        &[
            "writtenat",
            "reviewdate",
            "reviewcreationdate",
            "createdat",
            "datecreated",
            "date",
            "submittedat",
        ],
    ),
    (Field::ProductId, &["productid", "shopifyproductid", "externalproductid"]),
    (Field::Sku, &["sku", "productsku"]),
    (Field::Handle, &["handle", "producthandle"]),
    (Field::ProductName, &["productname", "producttitle", "product"]),
    (Field::Url, &["url", "producturl"]),
    (
        Field::IsPublished,
        &["ispublished", "published", "reviewstatus", "curated", "state", "status", "isapproved"],
    ),
];

/// A column's name without case, blanks and marks.
pub fn plain(name: &str) -> String {
    name.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_leads_to_one_field_of_a_kind() {
        for kind in Kind::ALL {
            let mut seen = BTreeSet::new();
            for (field, names) in kind.fields() {
                assert_eq!(names[0], plain(field.name()), "the first name is its own");
                for name in *names {
                    assert_eq!(*name, plain(name), "names stand as they are compared");
                    assert!(seen.insert(*name), "{kind}: `{name}` stands twice");
                }
            }
        }
    }

    #[test]
    fn what_a_kind_needs_it_can_have() {
        for kind in Kind::ALL {
            let has = |field: &Field| kind.fields().iter().any(|(it, _)| it == field);
            assert!(kind.needed().iter().all(|any_of| any_of.iter().all(has)), "{kind}");
        }
    }

    #[test]
    fn every_field_has_a_name_of_its_own() {
        for field in Field::ALL {
            assert_eq!(Field::named(field.name()), Some(*field));
            assert!(field.meaning().ends_with('.'), "{}", field.name());
        }
    }
}
