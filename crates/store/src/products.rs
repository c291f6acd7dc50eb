//! The catalogue and the shop's own pictures.

use aftercart_model::{Product, ProductId};
use anyhow::{Context as _, bail};

use crate::{
    Result,
    tx::{Counter, Tx},
    value::{Row, values},
};

macro_rules! select_products {
    ($rest:literal) => {
        concat!(
            "SELECT id, code, name, category, kind, tags, summary, benefits, price_minor, \
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
                   lasts_days) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
                   ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
                   category = excluded.category, kind = excluded.kind, tags = excluded.tags, \
                   summary = excluded.summary, benefits = excluded.benefits, \
                   price_minor = excluded.price_minor, cost_minor = excluded.cost_minor, \
                   url = excluded.url, picture = excluded.picture, \
                   picture_text = excluded.picture_text, stock = excluded.stock, \
                   is_active = excluded.is_active, lasts_days = excluded.lasts_days";
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
            ],
        )?;
        Ok(id)
    }

    pub fn product_by_code(&mut self, code: &str) -> Result<Option<Product>> {
        self.first(select_products!("WHERE code = ?1"), values![code], read_product)
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
