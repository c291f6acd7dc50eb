//! Reviews wait for an operator's word: read by state, then approved or declined.
//!
//! Only an approved review appears in an email. Its rating counts whatever becomes of it, so that
//! declining the unkind ones makes no product look better.

use aftercart_model::{CustomerId, Product, Review, ReviewState};
use anyhow::Result;

use crate::Engine;

/// Reviews a page shows.
pub const REVIEWS_PAGE: usize = 50;

#[derive(Clone, Debug)]
pub struct ReviewsView {
    pub state: ReviewState,
    pub waiting: u64,
    pub approved: u64,
    pub declined: u64,
    /// Of the state asked for, newest first.
    pub reviews: Vec<ReviewLine>,
    /// Behind which the next page begins.
    pub older: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct ReviewLine {
    pub review: Review,
    /// `None` for one that is no longer in the catalogue.
    pub product: Option<Product>,
    /// Whoever wrote it, if they are known and not erased.
    pub customer: Option<CustomerId>,
}

impl Engine {
    /// The reviews in `state`, behind the review `before`.
    pub fn view_reviews(&self, state: ReviewState, before: Option<i64>) -> Result<ReviewsView> {
        let known = self.known()?;
        self.store().read(|tx| {
            let mut reviews: Vec<Review> = Vec::new();
            tx.scan_reviews(&mut |it| {
                reviews.extend(Some(it).filter(|it| it.state == state));
                Ok(())
            })?;
            reviews.sort_by_key(|it| std::cmp::Reverse((it.at, it.id)));
            let behind = before.and_then(|id| reviews.iter().position(|it| it.id == id));
            // A review that was decided meanwhile is not among them: its page begins anew.
            let begin = behind.map_or(0, |place| place + 1);
            let is_more = reviews.len() > begin + REVIEWS_PAGE;
            let mut lines = Vec::new();
            for review in reviews.into_iter().skip(begin).take(REVIEWS_PAGE) {
                let customer = match review.customer {
                    Some(id) => tx.customer(id)?.map(|it| it.id),
                    None => None,
                };
                let product = known.products.iter().find(|it| it.id == review.product).cloned();
                lines.push(ReviewLine { review, product, customer });
            }
            Ok(ReviewsView {
                state,
                waiting: tx.count_reviews(ReviewState::Pending)?,
                approved: tx.count_reviews(ReviewState::Approved)?,
                declined: tx.count_reviews(ReviewState::Declined)?,
                older: lines.last().filter(|_| is_more).map(|it| it.review.id),
                reviews: lines,
            })
        })
    }

    /// Gives a review its state; emails follow from the next one on. `None`: there is no such review.
    /// Saying the same twice changes nothing.
    pub fn moderate_review(&self, id: i64, state: ReviewState) -> Result<Option<Review>> {
        let moderated = self.store().write(|tx| {
            let Some(review) = tx.review(id)? else { return Ok(None) };
            tx.set_review_state(id, state)?;
            Ok(Some(Review { state, ..review }))
        })?;
        self.forget_known();
        Ok(moderated)
    }
}

#[cfg(test)]
mod tests {
    use aftercart_model::ProductId;

    use super::*;
    use crate::scenarios::{Scene, at};

    fn add(scene: &Scene, text: &str, written_at: &str) -> i64 {
        let review = Review {
            id: 0,
            product: ProductId(0),
            customer: None,
            rating: 5,
            text: text.to_owned(),
            author: "Tomás R.".to_owned(),
            bought_at: None,
            at: at(written_at),
            state: ReviewState::Pending,
        };
        scene.engine.store().write(|tx| tx.add_review(&review)).unwrap()
    }

    fn texts(scene: &Scene, state: ReviewState) -> Vec<String> {
        let view = scene.engine.view_reviews(state, None).unwrap();
        view.reviews.into_iter().map(|it| it.review.text).collect()
    }

    #[test]
    fn an_approved_review_is_known_to_the_emails_from_then_on() {
        let scene = Scene::new();
        let kind = add(&scene, "It pours well", "2026-02-20T09:00:00Z");
        let unkind = add(&scene, "It leaks", "2026-02-21T09:00:00Z");
        assert!(scene.engine.known().unwrap().reviews.is_empty(), "waiting, it appears nowhere");
        assert_eq!(
            texts(&scene, ReviewState::Pending),
            ["It leaks", "It pours well"],
            "newest first"
        );
        scene.engine.moderate_review(kind, ReviewState::Approved).unwrap().unwrap();
        scene.engine.moderate_review(unkind, ReviewState::Declined).unwrap().unwrap();
        let known = scene.engine.known().unwrap();
        let shown: Vec<&str> = known.reviews[&ProductId(0)].iter().map(|it| &*it.text).collect();
        assert_eq!(shown, ["It pours well"]);
        let view = scene.engine.view_reviews(ReviewState::Declined, None).unwrap();
        assert_eq!((view.waiting, view.approved, view.declined), (0, 1, 1));
        scene.engine.moderate_review(kind, ReviewState::Declined).unwrap().unwrap();
        assert!(scene.engine.known().unwrap().reviews.is_empty(), "a word taken back");
        assert_eq!(scene.engine.moderate_review(9_999, ReviewState::Approved).unwrap(), None);
    }

    #[test]
    fn a_page_goes_on_behind_the_last_review_of_the_one_before() {
        let scene = Scene::new();
        for number in 0..REVIEWS_PAGE + 3 {
            add(&scene, &format!("Number {number:02}"), "2026-02-20T09:00:00Z");
        }
        let page = |before| scene.engine.view_reviews(ReviewState::Pending, before).unwrap();
        let first = page(None);
        assert_eq!(first.reviews.len(), REVIEWS_PAGE);
        let second = page(first.older);
        assert_eq!((second.reviews.len(), second.older), (3, None));
        let seen = first.reviews.iter().chain(&second.reviews).map(|it| it.review.id);
        let seen: std::collections::BTreeSet<i64> = seen.collect();
        assert_eq!(seen.len(), REVIEWS_PAGE + 3, "each once");
    }
}
