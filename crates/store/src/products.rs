//! The catalogue and the shop's own pictures.

use std::collections::BTreeMap;

use aftercart_model::{Product, ProductFacts, ProductId, Timestamp};
use anyhow::{Context as _, bail};

use crate::{
    Result,
    tx::{Counter, Tx},
    value::{Row, values},
};

macro_rules! select_products {
    ($rest:literal) => {
        concat!(
            "SELECT id, code, name, category, kind, brand, tags, summary, benefits, price_minor, \
             cost_minor, url, picture, picture_text, stock, is_active, lasts_days FROM products ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Keeps a product under its code and returns its id: the known one, or the next. The id it
    /// comes with is not looked at.
    pub fn save_product(&mut self, product: &Product) -> Result<ProductId> {
        let sql = "SELECT id FROM products WHERE code = ?1";
        let known: Option<ProductId> = self.first(sql, values![&product.code], |row| row.get(0))?;
        let id = match known {
            Some(id) => id,
            // Numbered from 0, so that arrays can be indexed by it.
            None => ProductId(u32::try_from(self.next(Counter::Product)? - 1)?),
        };
        let tags = serde_json::to_string(&product.tags)?;
        let benefits = serde_json::to_string(&product.benefits)?;
        let sql = "INSERT INTO products (id, code, name, category, kind, tags, summary, benefits, \
                   price_minor, cost_minor, url, picture, picture_text, stock, is_active, \
                   lasts_days, brand, told_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, \
                   ?17, '{}') \
                   ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
                   category = excluded.category, kind = excluded.kind, tags = excluded.tags, \
                   summary = excluded.summary, benefits = excluded.benefits, \
                   price_minor = excluded.price_minor, cost_minor = excluded.cost_minor, \
                   url = excluded.url, picture = excluded.picture, \
                   picture_text = excluded.picture_text, stock = excluded.stock, \
                   is_active = excluded.is_active, lasts_days = excluded.lasts_days, \
                   brand = excluded.brand";
        self.execute(
            sql,
            values![
                id,
                &product.code,
                &product.name,
                &product.category,
                &product.kind,
                &tags,
                &product.summary,
                &benefits,
                product.price_minor,
                product.cost_minor,
                &product.url,
                &product.picture,
                &product.picture_text,
                product.stock,
                product.is_active,
                product.lasts_days,
                &product.brand,
            ],
        )?;
        Ok(id)
    }

    /// The product that goes by a code, its own or another.
    pub fn product_by_code(&mut self, code: &str) -> Result<Option<Product>> {
        let own = self.first(select_products!("WHERE code = ?1"), values![code], read_product)?;
        if own.is_some() {
            return Ok(own);
        }
        let sql =
            select_products!("WHERE id = (SELECT product FROM product_codes WHERE code = ?1)");
        self.first(sql, values![code], read_product)
    }

    /// The id of the product that goes by `code`.
    pub fn product_id(&mut self, code: &str) -> Result<Option<ProductId>> {
        let own =
            self.first("SELECT id FROM products WHERE code = ?1", values![code], |row| row.get(0))?;
        if own.is_some() {
            return Ok(own);
        }
        let sql = "SELECT product FROM product_codes WHERE code = ?1";
        self.first(sql, values![code], |row| row.get(0))
    }

    /// Lets a product go by further codes. One that leads to another product stays with that.
    pub fn add_product_codes(&mut self, product: ProductId, codes: &[String]) -> Result<()> {
        for code in codes {
            let sql = "INSERT INTO product_codes (code, product) \
                       SELECT CAST(?1 AS TEXT), CAST(?2 AS BIGINT) \
                       WHERE NOT EXISTS (SELECT 1 FROM products WHERE code = ?1) \
                       ON CONFLICT DO NOTHING";
            self.execute(sql, values![code, product])?;
        }
        Ok(())
    }

    /// Hears what a catalogue says of a product as of `at`: of each fact the newest word holds,
    /// whenever it is told; of two words of one instant the same one, whichever came first.
    pub fn tell_product(
        &mut self,
        id: ProductId,
        at: Timestamp,
        facts: &ProductFacts,
    ) -> Result<()> {
        let sql = select_products!("WHERE id = ?1");
        let Some(mut product) = self.first(sql, values![id], read_product)? else {
            bail!("product {} is not in the catalogue; save it first", id.0);
        };
        let told: String = self.one("SELECT told_at FROM products WHERE id = ?1", values![id])?;
        let told = serde_json::from_str(&told).context("when a product was told cannot be read")?;
        let mut ear = Ear { told, at_ms: at.as_millisecond() };
        let ProductFacts {
            name,
            category,
            kind,
            brand,
            tags,
            summary,
            price_minor,
            cost_minor,
            url,
            picture,
            picture_text,
            stock,
            is_active,
        } = facts;
        ear.hear("name", &mut product.name, name);
        ear.hear("category", &mut product.category, category);
        ear.hear("kind", &mut product.kind, kind);
        ear.hear("brand", &mut product.brand, brand);
        ear.hear("tags", &mut product.tags, tags);
        ear.hear("summary", &mut product.summary, summary);
        ear.hear("price", &mut product.price_minor, price_minor);
        ear.hear("cost", &mut product.cost_minor, &cost_minor.map(Some));
        ear.hear("url", &mut product.url, url);
        ear.hear("picture", &mut product.picture, picture);
        ear.hear("picture_text", &mut product.picture_text, picture_text);
        ear.hear("stock", &mut product.stock, stock);
        ear.hear("is_active", &mut product.is_active, is_active);
        self.save_product(&product)?;
        let told = serde_json::to_string(&ear.told)?;
        self.execute("UPDATE products SET told_at = ?2 WHERE id = ?1", values![id, &told])?;
        if stock.is_some() { self.sum_stock(id) } else { Ok(()) }
    }

    /// Hears how many units of what goes by `code` lie at one place. Of several counts of one place
    /// the newest holds; of two of one instant the smaller, since what is not there cannot be sold.
    pub fn count_stock(
        &mut self,
        product: ProductId,
        code: &str,
        place: &str,
        at: Timestamp,
        units: i64,
    ) -> Result<()> {
        let sql = "INSERT INTO stock_counts (product, code, place, at, units) \
                   VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (product, code, place) DO UPDATE \
                   SET at = excluded.at, units = excluded.units \
                   WHERE excluded.at > stock_counts.at \
                   OR (excluded.at = stock_counts.at AND excluded.units < stock_counts.units)";
        self.execute(sql, values![product, code, place, at, units])?;
        self.sum_stock(product)
    }

    /// A product's stock is the sum of its counts once every item of its inventory was counted and
    /// one of them later than the catalogue's own word on the whole; else that word.
    fn sum_stock(&mut self, product: ProductId) -> Result<()> {
        let sql = "SELECT count(DISTINCT code), CAST(sum(units) AS BIGINT), max(at) FROM stock_counts \
                   WHERE product = ?1";
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let counted = self.first(sql, values![product], read)?;
        let Some((items, Some(units), Some(at))): Option<(u64, Option<i64>, Option<Timestamp>)> =
            counted
        else {
            return Ok(());
        };
        let sql = "SELECT count(*) FROM product_codes \
                   WHERE product = ?1 AND code LIKE 'inventory:%'";
        let known: u64 = self.one(sql, values![product])?;
        let told: String =
            self.one("SELECT told_at FROM products WHERE id = ?1", values![product])?;
        let told: ToldAt = serde_json::from_str(&told)?;
        let is_newer = told.get("stock").is_none_or(|told| *told < at.as_millisecond());
        if items < known || !is_newer {
            return Ok(());
        }
        self.set_stock(product, Some(units))
    }

    /// The whole catalogue; a product stands at the index of its id.
    pub fn products(&mut self) -> Result<Vec<Product>> {
        self.all(select_products!("ORDER BY id"), &[], read_product)
    }

    pub fn set_stock(&mut self, product: ProductId, stock: Option<i64>) -> Result<()> {
        let sql = "UPDATE products SET stock = ?2 WHERE id = ?1";
        if self.execute(sql, values![product, stock])? == 0 {
            bail!("product {} is not in the catalogue; save it first", product.0);
        }
        Ok(())
    }

    pub fn save_picture(&mut self, name: &str, content_type: &str, bytes: &[u8]) -> Result<()> {
        let sql = "INSERT INTO pictures (name, content_type, bytes) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (name) DO UPDATE \
                   SET content_type = excluded.content_type, bytes = excluded.bytes";
        self.execute(sql, values![name, content_type, bytes]).map(drop)
    }

    /// A picture's content type and bytes.
    pub fn picture(&mut self, name: &str) -> Result<Option<(String, Vec<u8>)>> {
        let sql = "SELECT content_type, bytes FROM pictures WHERE name = ?1";
        self.first(sql, values![name], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

/// Since when facts are so, in milliseconds, by their names.
type ToldAt = BTreeMap<String, i64>;

/// Weighs facts of one instant against what is known of a product.
struct Ear {
    told: ToldAt,
    at_ms: i64,
}

impl Ear {
    fn hear<T: Clone + PartialOrd>(&mut self, name: &str, known: &mut T, said: &Option<T>) {
        let Some(said) = said else { return };
        let holds = match self.told.get(name) {
            None => true,
            Some(told) => (*told, &*known) < (self.at_ms, said),
        };
        if holds {
            self.told.insert(name.to_owned(), self.at_ms);
            known.clone_from(said);
        }
    }
}

fn read_product(row: &Row<'_>) -> Result<Product> {
    let mut cells = row.cells();
    let words = |text: String| {
        serde_json::from_str(&text).context("a product's tags or benefits cannot be read")
    };
    Ok(Product {
        id: cells.take()?,
        code: cells.take()?,
        name: cells.take()?,
        category: cells.take()?,
        kind: cells.take()?,
        brand: cells.take()?,
        tags: words(cells.take()?)?,
        summary: cells.take()?,
        benefits: words(cells.take()?)?,
        price_minor: cells.take()?,
        cost_minor: cells.take()?,
        url: cells.take()?,
        picture: cells.take()?,
        picture_text: cells.take()?,
        stock: cells.take()?,
        is_active: cells.take()?,
        lasts_days: cells.take()?,
    })
}
