//! Reviews and what was decided of them.

use aftercart_engine::{ReviewLine, ReviewsView};
use aftercart_model::ReviewState;

use crate::{
    component::Paging,
    console::{
        ReviewsPage,
        reviews::{ReviewList, ReviewRow},
    },
};

/// `is_first`: whether these are the newest.
pub fn page(view: &ReviewsView, is_first: bool) -> ReviewsPage {
    let shown = list(view.state);
    ReviewsPage {
        shown,
        waiting: view.waiting,
        approved: view.approved,
        declined: view.declined,
        rows: view.reviews.iter().map(row).collect(),
        paging: Paging {
            newer: (!is_first).then(|| shown.href()),
            older: view
                .older
                .map(|before| format!("/reviews?list={}&before={before}", shown.name())),
        },
    }
}

pub fn state(list: ReviewList) -> ReviewState {
    match list {
        ReviewList::Waiting => ReviewState::Pending,
        ReviewList::Approved => ReviewState::Approved,
        ReviewList::Declined => ReviewState::Declined,
    }
}

fn list(state: ReviewState) -> ReviewList {
    match state {
        ReviewState::Pending => ReviewList::Waiting,
        ReviewState::Approved => ReviewList::Approved,
        ReviewState::Declined => ReviewList::Declined,
    }
}

fn row(it: &ReviewLine) -> ReviewRow {
    let product = it.product.as_ref();
    ReviewRow {
        id: it.review.id.to_string(),
        stars: it.review.rating,
        text: it.review.text.clone(),
        author: match it.review.author.as_str() {
            "" => "Somebody".to_owned(),
            name => name.to_owned(),
        },
        customer_href: it.customer.map(|id| format!("/customers/{id}")),
        product: product
            .map_or_else(|| "No longer in the catalogue".to_owned(), |it| it.name.clone()),
        product_href: product.map(|it| format!("/products?product={}", it.id.0)),
        bought_at: it.review.bought_at,
        at: it.review.at,
    }
}
