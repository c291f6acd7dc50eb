//! What platforms tell beyond orders: changes of them, the catalogue, the stock, whenever it comes.

use aftercart_model::ProductFacts;

use super::*;

fn saved(code: &str, codes_also: &[&str], facts: ProductFacts) -> IncomingBody {
    let codes_also = codes_also.iter().map(|it| (*it).to_owned()).collect();
    IncomingBody::ProductSaved { code: code.to_owned(), codes_also, facts: Box::new(facts) }
}

#[test]
fn an_edited_order_is_what_it_was_edited_to_whichever_is_told_first() {
    let states = [false, true].map(|is_edit_first| {
        let mut scene = Scene::new();
        scene.join("ana");
        let now = scene.now();
        let placed = scene.order_event("ana", "1001", &["dripper", "mug"], now - hours(2));
        let IncomingBody::OrderPlaced { order, lines, .. } = placed.body.clone() else {
            panic!("an order")
        };
        let placed_at = Some(placed.at);
        let (lines, coupon) = (lines[..1].to_vec(), None);
        let body =
            IncomingBody::OrderRevised { order, placed_at, lines, total_minor: 2_400, coupon };
        let edited = Incoming { at: now - hours(1), ..scene.event("ana", body) };
        for event in if is_edit_first { [&edited, &placed] } else { [&placed, &edited] } {
            assert!(matches!(scene.record(event), Recorded::New { .. }));
        }
        assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: wait-offer until Tue 3 Mar 12:00");
        scene.engine.store().read(|tx| tx.order(&order_id("1001"))).unwrap().unwrap()
    });
    assert_eq!(states[0].total_minor, 2_400);
    assert_eq!(states[0].lines.len(), 1);
    assert_eq!(states[0], states[1]);
}

#[test]
fn a_product_is_found_by_all_of_its_codes_once_the_catalogue_names_them() {
    let mut scene = Scene::new();
    scene.view("ana", "SKU-7");
    let facts = ProductFacts { name: Some("Pour-over stand".to_owned()), ..Default::default() };
    let body = saved("7001", &["SKU-7", "inventory:70"], facts);
    let event = scene.event("nobody", body);
    scene.record(&Incoming { identifiers: Vec::new(), ..event });
    let product = |code| scene.engine.store().read(|tx| tx.product_by_code(code)).unwrap().unwrap();
    let products = ["7001", "SKU-7", "inventory:70"].map(product);
    assert_eq!(products[0].name, "Pour-over stand", "what was viewed got its name");
    assert!(products.iter().all(|it| it.id == products[0].id), "one product");
}

#[test]
fn what_is_gone_from_the_catalogue_or_only_counted_is_not_for_sale() {
    let mut scene = Scene::new();
    let tell = |scene: &mut Scene, at, body| {
        let event = scene.event("nobody", body);
        scene.record(&Incoming { at, identifiers: Vec::new(), ..event });
    };
    let now = scene.now();
    tell(&mut scene, now, IncomingBody::ProductRemoved { code: "kettle".to_owned() });
    assert!(!scene.product("kettle").is_active);
    let active = ProductFacts { is_active: Some(true), ..Default::default() };
    tell(&mut scene, now - hours(1), saved("kettle", &[], active.clone()));
    assert!(!scene.product("kettle").is_active, "an older word than its removal");
    tell(&mut scene, now + hours(1), saved("kettle", &[], active));
    assert!(scene.product("kettle").is_active, "it is back");

    let counted = |units| IncomingBody::StockCounted {
        code: "inventory:71".to_owned(),
        place: "Lisbon".to_owned(),
        units,
    };
    tell(&mut scene, now, counted(5));
    let bare = scene.product("inventory:71");
    assert!(!bare.is_active, "nobody said what it is");
    assert_eq!(bare.stock, Some(5));
    tell(&mut scene, now + hours(1), counted(0));
    assert_eq!(scene.product("inventory:71").stock, Some(0));
}
