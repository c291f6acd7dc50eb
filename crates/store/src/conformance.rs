//! One suite for both databases: what the store promises, whichever keeps it.
//!
//! Each function of the suite is run twice, on a store of its own: on SQLite in a temporary folder
//! and on PostgreSQL in an empty schema.

mod arrivals;
mod campaign;
mod catalogue;
mod erasure;
mod log;
mod orders;
mod people;
mod segments;
mod writing;

use std::collections::BTreeMap;

use aftercart_model::{told::OrderWord, *};
use proptest::test_runner::{Config, TestRunner};

use crate::{NewEvent, NewMessage, Result, Store, Tx};

// The server for tests is started by the same file that other crates use as
// `aftercart_testing::postgres`. That crate stands above this one, so the file is shared instead.
#[path = "../../testing/src/postgres.rs"]
mod server;

macro_rules! suite {
    ($($subject:ident { $($case:ident),* $(,)? })*) => {
        mod sqlite {
            $(mod $subject {$(
                #[test]
                fn $case() {
                    super::super::on_sqlite(super::super::$subject::$case);
                }
            )*})*
        }

        mod postgres {
            $(mod $subject {$(
                #[test]
                fn $case() {
                    super::super::on_postgres(super::super::$subject::$case);
                }
            )*})*
        }
    };
}

suite! {
    log {
        an_event_is_taken_once,
        a_key_with_another_content_is_a_conflict,
        the_stated_instant_is_kept_beside_the_corrected_one,
        events_come_back_as_they_were,
        a_page_of_events_goes_on_where_the_one_before_ended,
        a_page_of_events_can_be_of_some_kinds,
        the_newest_events_are_counted_by_kind,
        a_delivery_is_remembered_once,
        the_oldest_deliveries_are_forgotten,
        the_state_after_events_is_independent_of_their_order,
    }
    arrivals {
        arrivals_come_back_newest_first,
        the_oldest_arrivals_go,
        the_newest_events_from_outside_are_found,
        a_page_looks_back_no_further_than_so_far,
    }
    people {
        an_identifier_leads_to_one_customer,
        whose_facts_changed_is_told,
        merged_customers_read_as_one,
        merges_form_a_chain_with_one_root,
        a_customer_has_so_many_members,
        a_merge_keeps_the_stricter_word,
        the_ledger_keeps_every_word_and_settles_what_holds,
        mail_goes_to_the_address_tied_last,
        a_customer_comes_back_as_saved,
        customers_are_found_by_how_things_begin,
        customers_come_in_the_order_they_were_seen,
        the_newest_customers_come_first,
        ids_depend_on_the_bucket_key_alone,
        the_latest_word_on_a_topic_counts_in_any_order,
        a_suppression_is_never_weakened_in_any_order,
        a_text_with_nul_is_refused,
    }
    catalogue {
        products_are_numbered_densely,
        of_a_product_the_newest_word_holds,
        stock_is_summed_once_all_of_it_was_counted,
        pictures_and_settings_are_kept,
        old_versions_of_blobs_go,
        reviews_count_as_ratings_in_any_state,
        coupons_are_reserved_once,
        flows_keep_their_versions,
        templates_keep_their_versions,
        proposals_are_kept_with_their_state,
        rules_keep_their_versions,
    }
    segments {
        a_segment_is_saved_renamed_and_deleted,
        standings_are_of_kept_segments,
        who_is_due_is_told_in_order,
        the_size_of_a_day_is_told_once,
        lists_hold_whole_customers,
    }
    orders {
        an_order_id_is_taken_once_across_sources,
        orders_come_back_with_their_lines,
        the_trigger_order_is_told_from_the_next_by_its_id,
        a_guest_order_is_named_once,
        what_became_of_an_order_is_independent_of_arrival,
        orders_are_scanned_by_time,
        buyers_are_customers_not_orders,
    }
    campaign {
        a_trigger_key_enrols_once,
        an_enrolment_comes_back_as_saved,
        a_page_of_enrolments_can_be_of_some,
        a_stale_enrolment_is_not_saved,
        an_enrolment_is_taken_back_unless_it_has_a_message,
        enrolments_wake_in_order,
        steps_are_counted,
        a_step_has_one_message,
        a_message_changes_by_compare_and_set,
        ended_messages_never_change,
        open_messages_are_those_not_handed_over,
        open_messages_of_a_paused_flow_sleep,
        what_is_set_aside_is_counted,
        the_frequency_cap_sees_what_may_have_been_sent,
        stale_claims_are_found,
        doubts_are_found_by_age,
        touches_are_kept_apart,
        letters_are_kept_whole,
        letters_are_found,
        the_newest_letter_of_a_step_is_found,
        the_sums_of_a_campaign_hold,
        broken_sums_are_told,
        a_claim_after_a_purchase_is_told,
    }
    erasure {
        no_table_names_whoever_was_erased,
        what_others_did_stands,
        an_erased_address_stays_barred_until_it_is_lifted,
        what_was_erased_is_known_when_it_is_told_again,
        requests_wait_until_they_are_closed,
    }
    writing {
        a_failed_change_leaves_nothing,
        a_panic_takes_back_its_change_alone,
        an_ignored_failure_fails_the_change,
        a_reading_changes_nothing,
        a_reading_sees_one_moment,
        a_change_within_a_change_is_refused,
        waiting_changes_are_committed_as_one,
        a_failed_commit_fails_its_whole_group,
        many_threads_write_at_once,
        two_programs_write_in_turns,
        a_store_is_opened_again,
        a_broken_migration_leaves_the_store_at_the_one_before,
        an_older_program_refuses_a_newer_store,
    }
}

/// A moment for tests: 2026-03-01T12:00:00Z.
const NOON: Timestamp = Timestamp::constant(1_772_366_400, 0);
const KEY: [u8; 16] = *b"a key for tests!";

fn on_sqlite(case: fn(&Store)) {
    let folder = tempfile::tempdir().unwrap();
    case(&Store::open_with_bucket_key(folder.path().to_str().unwrap(), KEY).unwrap());
}

fn on_postgres(case: fn(&Store)) {
    with_postgres(|url| case(&Store::open_with_bucket_key(url, KEY).unwrap()));
}

/// Hands over the address of an empty schema, where this machine has PostgreSQL.
pub(crate) fn with_postgres(case: impl FnOnce(&str)) {
    match server::database() {
        Ok(database) => case(&database.url()),
        Err(reason) => println!("SKIPPED store conformance on PostgreSQL: {reason}"),
    }
}

/// Runs a law on some dozens of cases; each finds the store as the one before left it.
fn law<S: proptest::strategy::Strategy>(
    strategy: S,
    law: impl Fn(S::Value) -> proptest::test_runner::TestCaseResult,
) {
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&strategy, law).unwrap();
}

fn write<T>(store: &Store, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> T {
    store.write(f).unwrap()
}

fn read<T>(store: &Store, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> T {
    store.read(f).unwrap()
}

/// `seconds` after noon.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOON.as_second() + seconds).unwrap()
}

fn address(name: &str) -> EmailAddress {
    EmailAddress::new(&format!("{name}@mail.example")).unwrap()
}

fn new_customer(store: &Store) -> CustomerId {
    write(store, |tx| tx.create_customer(None, NOON))
}

fn order_id(id: &str) -> OrderId {
    OrderId::new(id).unwrap()
}

fn flow_id() -> FlowId {
    FlowId::new("upsell-cross-sell").unwrap()
}

fn step_id(id: &str) -> StepId {
    StepId::new(id).unwrap()
}

fn viewed(source: &str, key: &str, customer: Option<CustomerId>, seconds: i64) -> NewEvent {
    NewEvent {
        key: EventKey { source: source.to_owned(), key: key.to_owned() },
        customer,
        at: at(seconds),
        stated_at: None,
        received_at: at(seconds + 1),
        body: EventBody::ProductViewed { product: ProductId(7) },
    }
}

fn order(id: &str, customer: Option<CustomerId>, seconds: i64, lines: u32) -> Order {
    let line = |n| OrderLine { product: ProductId(n), quantity: n + 1, amount_minor: 100 };
    Order {
        id: order_id(id),
        customer,
        placed_at: at(seconds),
        lines: (0..lines).map(line).collect(),
        total_minor: 100 * i64::from(lines),
        coupon: None,
        refunded_minor: 0,
        cancelled_at: None,
    }
}

/// Accepts an order as the engine does: the event, then the projection.
fn place(tx: &mut Tx<'_>, order: &Order) -> Result<bool> {
    match tx.append_event(&placed(order, order.id.as_str()))? {
        crate::Appended::New { seq } => tx.insert_order(seq, order),
        _ => Ok(false),
    }
}

/// The event that places an order, under a key of the shop.
fn placed(order: &Order, key: &str) -> NewEvent {
    NewEvent {
        key: EventKey { source: "shop".to_owned(), key: key.to_owned() },
        customer: order.customer,
        at: order.placed_at,
        stated_at: None,
        received_at: order.placed_at,
        body: EventBody::OrderPlaced {
            order: order.id.clone(),
            lines: order.lines.clone(),
            total_minor: order.total_minor,
            coupon: order.coupon.clone(),
        },
    }
}

fn enrolment(customer: CustomerId, trigger_key: &str, position: Position) -> NewEnrolment {
    NewEnrolment {
        customer,
        flow: flow_id(),
        flow_version: 1,
        trigger_key: trigger_key.to_owned(),
        trigger_order: Some(order_id(trigger_key)),
        position,
        is_held_out: false,
        entered_at: NOON,
    }
}

fn waiting(step: &str, seconds: i64) -> Position {
    Position::Waiting { step: step_id(step), until: at(seconds) }
}

fn message(customer: CustomerId, enrolment: EnrolmentId, step: &str) -> NewMessage {
    NewMessage {
        customer,
        enrolment,
        flow: flow_id(),
        flow_version: 1,
        step: step_id(step),
        template: TemplateId::new(step).unwrap(),
        template_version: 2,
        class: MessageClass::Marketing,
        topic: Topic::Marketing,
        planned_at: NOON,
        due_at: at(60),
        expires_at: at(3_600),
        subject: None,
        products: vec![ProductId(3), ProductId(1)],
        coupon: Some("NEXT10-AB".to_owned()),
    }
}

/// A customer with one waiting enrolment and one planned message of the step `offer`.
fn planned(store: &Store, trigger_key: &str) -> (CustomerId, EnrolmentId, MessageId) {
    write(store, |tx| {
        let customer = tx.create_customer(None, NOON)?;
        let enrolment = tx.enrol(&enrolment(customer, trigger_key, waiting("offer", 60)))?.unwrap();
        let message = tx.plan_message(&message(customer, enrolment, "offer"))?.unwrap();
        Ok((customer, enrolment, message))
    })
}

/// Moves a message to `state` as the engine does, and says whether it went.
fn move_message(store: &Store, id: MessageId, state: MessageState) -> bool {
    write(store, |tx| {
        let mut message = tx.message(id)?.unwrap();
        message.state = state;
        if state == MessageState::Claimed {
            message.claimed_at = Some(at(100));
            message.attempts += 1;
        }
        if state == MessageState::Sent {
            message.sent_at = Some(at(101));
        }
        tx.save_message(&message)
    })
}

fn state_map(store: &Store) -> BTreeMap<MessageState, u64> {
    read(store, |tx| tx.state_counts()).into_iter().collect()
}
