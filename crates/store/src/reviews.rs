//! Reviews and ratings.

use aftercart_model::{CustomerId, ProductId, Rating, Review, ReviewState};
use anyhow::bail;

use crate::{
    Result,
    tx::{Counter, Tx, bucket_of},
    value::{Row, values},
};

macro_rules! select_reviews {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.product, coalesce(c.merged_into, r.customer), r.rating, r.text, \
             r.author, r.bought_at, r.at, r.state FROM reviews r \
             LEFT JOIN customers c ON c.bucket = r.bucket AND c.id = r.customer ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Keeps a review and returns its number. The number it comes with is not looked at.
    pub fn add_review(&mut self, review: &Review) -> Result<i64> {
        if !(1..=5).contains(&review.rating) {
            bail!("a rating of {} is out of range; give 1 to 5", review.rating);
        }
        let bucket = bucket_of(review.customer);
        let id = self.next_in_bucket(Counter::Review, aftercart_model::Bucket(bucket))?;
        let sql = "INSERT INTO reviews (bucket, id, product, customer, rating, text, author, \
                   bought_at, at, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        self.execute(
            sql,
            values![
                bucket,
                id,
                review.product,
                review.customer,
                review.rating,
                &review.text,
                &review.author,
                review.bought_at,
                review.at,
                review.state,
            ],
        )?;
        Ok(id)
    }

    /// A product's reviews in whatever state, newest first; each by the root.
    pub fn reviews_of(&mut self, product: ProductId) -> Result<Vec<Review>> {
        let sql = select_reviews!("WHERE r.product = ?1 ORDER BY r.at DESC, r.id DESC");
        self.all(sql, values![product], read_review)
    }

    /// What a customer wrote, in the order in which it was kept.
    pub fn reviews_by(&mut self, customer: CustomerId) -> Result<Vec<Review>> {
        let sql = select_reviews!("WHERE r.bucket = ?1 AND r.customer = ?2 ORDER BY r.id");
        self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member], read_review)
        })
    }

    pub fn review(&mut self, id: i64) -> Result<Option<Review>> {
        let bucket = aftercart_model::CustomerId(id).bucket().0;
        let sql = select_reviews!("WHERE r.bucket = ?1 AND r.id = ?2");
        self.first(sql, values![bucket, id], read_review)
    }

    pub fn set_review_state(&mut self, id: i64, state: ReviewState) -> Result<()> {
        let sql = "UPDATE reviews SET state = ?3 WHERE bucket = ?1 AND id = ?2";
        let bucket = aftercart_model::CustomerId(id).bucket().0;
        if self.execute(sql, values![bucket, id, state])? == 0 {
            bail!("review {id} is not in the store");
        }
        Ok(())
    }

    /// How each rated product is rated, by product; every rating counts, approved or not.
    pub fn ratings(&mut self) -> Result<Vec<(ProductId, Rating)>> {
        let sql = "SELECT product, rating, count(*) FROM reviews GROUP BY product, rating \
                   ORDER BY product, rating";
        let mut ratings: Vec<(ProductId, Rating)> = Vec::new();
        for (product, stars, count) in self.all(sql, &[], |row| {
            Ok((row.get::<ProductId>(0)?, row.get::<u8>(1)?, row.get::<u32>(2)?))
        })? {
            if ratings.last().is_none_or(|(last, _)| *last != product) {
                ratings.push((product, Rating::default()));
            }
            let (_, rating) = ratings.last_mut().expect("pushed above");
            rating.counts[usize::from(stars) - 1] = count;
        }
        Ok(ratings)
    }

    pub fn count_reviews(&mut self, state: ReviewState) -> Result<u64> {
        self.one("SELECT count(*) FROM reviews WHERE state = ?1", values![state])
    }

    /// All reviews in the order in which they were kept.
    pub fn scan_reviews(&mut self, f: &mut dyn FnMut(Review) -> Result<()>) -> Result<()> {
        self.scan(select_reviews!("ORDER BY r.id"), &[], read_review, f)
    }
}

fn read_review(row: &Row<'_>) -> Result<Review> {
    let mut cells = row.cells();
    Ok(Review {
        id: cells.take()?,
        product: cells.take()?,
        customer: cells.take()?,
        rating: cells.take()?,
        text: cells.take()?,
        author: cells.take()?,
        bought_at: cells.take()?,
        at: cells.take()?,
        state: cells.take()?,
    })
}
